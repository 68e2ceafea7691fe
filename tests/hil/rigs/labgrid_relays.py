"""Switches labgrid's outputs and power for the board rig: a program for labgrid's own Python.

    LABGRID_PYTHON labgrid_relays.py ENVIRONMENT.yaml

One line in, `NAME on` or `NAME off`; one line out, `ok` or `error: WHY`. NAME is a driver of the
environment's target `main`: of a digital output, or of power. labgrid has its own virtual
environment since it brings a pyserial of its own, which would displace the one of the parts.
"""

import sys
from typing import Any

from labgrid import Environment  # type: ignore[import-not-found]  # in its own environment
from labgrid.protocol import DigitalOutputProtocol, PowerProtocol  # type: ignore[import-not-found]


def main() -> int:
    """Serve until the input ends."""
    environment = Environment(sys.argv[1])
    target = environment.get_target()
    if target is None:
        sys.stdout.write("error: the environment has no target `main`\n")
        return 1
    sys.stdout.write("ok\n")
    sys.stdout.flush()
    for line in sys.stdin:
        name, _, word = line.strip().partition(" ")
        try:
            _switch(target, name, word == "on")
        except Exception as error:  # noqa: BLE001  # labgrid raises of every kind: the other end judges
            sys.stdout.write(f"error: {name}: {error!r}\n")
        else:
            sys.stdout.write("ok\n")
        sys.stdout.flush()
    environment.cleanup()
    return 0


def _switch(target: Any, name: str, is_on: bool) -> None:
    for each in target.drivers:
        if each.name == name and isinstance(each, DigitalOutputProtocol | PowerProtocol):
            target.activate(each)
            if isinstance(each, DigitalOutputProtocol):
                each.set(is_on)
            elif is_on:
                each.on()
            else:
                each.off()
            return
    raise LookupError("no such output or power in the environment")


if __name__ == "__main__":
    sys.exit(main())
