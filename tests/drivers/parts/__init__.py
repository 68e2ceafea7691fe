"""Every driver with its simulated part: what `test_conformance` holds all of them to.

Each driver has a module here, of its own name, with `PARTS`: the ways to configure it.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drivers import catalog
from drivers.board import Board, SensorConfig
from drivers.sensor import Quantity
from hw_mocks.faults import Fault

Row = tuple[Mapping[str, float], Mapping[Quantity, float]]


@dataclass(frozen=True)
class Part:
    """One way to configure one driver.

    `vectors` are knob settings and the reading that each must give, at least two that differ;
    `within` is half a step of the part. `faults` names every fault that the simulated part can
    show, `stuck` apart, with the error that it must raise or the reading that it must give;
    `stuck` must go on giving the first vector, whatever the knobs say. `prepare` does what an
    installer does once, such as taking a baseline.
    """

    table: dict[str, Any]
    vectors: tuple[Row, ...]
    faults: Mapping[Fault, type[Exception] | Mapping[Quantity, float]]
    within: float = 0.0
    note: str = ""
    prepare: Callable[[Board, SensorConfig], None] = lambda _board, _config: None
    config: SensorConfig = field(init=False)

    def __post_init__(self) -> None:
        converted = catalog.decode(self.table | {"name": "under_test"})
        object.__setattr__(self, "config", converted)

    def __str__(self) -> str:
        return f"{self.driver} {self.note}".strip()

    @property
    def driver(self) -> str:
        return str(self.table["driver"])


def collect() -> Iterator[Part]:
    """The parts of every driver of the catalogue; a driver without any is an ImportError."""
    for driver in catalog.DRIVERS:
        yield from importlib.import_module(f"{__name__}.{driver}").PARTS
