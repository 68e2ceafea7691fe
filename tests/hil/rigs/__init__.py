"""The rigs, a module each; its `make(folder)` gives the rig, with `folder` for its files."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from tests.hil.rigs.rig import Rig

RIGS: Mapping[str, str] = MappingProxyType(
    {
        "sim": "simulated wires: the agent as a process on this machine",
        "nspawn": "a booted system: our packages and units under systemd-nspawn",
        "qemu": "an emulated Pi: our SD card's image under QEMU",
        "board": "a real board over SSH, and a bench of relays",
    }
)


def make(name: str, folder: Path) -> Rig:
    """The rig of that name, not switched on yet.

    Raises:
        RigUnavailableError: It cannot be had here; the message says what to do about it.
    """
    rig: Rig = import_module(f"{__name__}.{name}").make(folder)
    return rig
