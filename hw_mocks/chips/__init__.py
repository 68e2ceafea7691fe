"""Simulated parts, one module a driver and named as the driver is.

Each module has `KNOBS`, what can be turned beside `fault`; `plug(wiring, config)`, which makes the
part and hangs it on the wires; `SENSES`, if it feels the simulated room; and
`commission(state, config, taken_at)`, if an installer stores something for it.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hw_mocks.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Chip:
    """What a chip's module says of its part."""

    knobs: tuple[str, ...]
    plug: "Callable[[Wiring, Any], Any]"
    senses: tuple[Sense, ...]
    commission: "Callable[[Path, Any, str], None] | None" = None


def chip(driver: str) -> Chip:
    """The part that this driver speaks to.

    Raises:
        ImportError: It has no simulated part.
    """
    module = import_module(f"{__name__}.{driver}")
    senses, commission = getattr(module, "SENSES", ()), getattr(module, "commission", None)
    return Chip(module.KNOBS, module.plug, senses, commission)
