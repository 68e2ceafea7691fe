"""A simulated pressure mat between a pin and ground."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("occupied",)


def plug(wiring: "Wiring", config: Any) -> "BedSim":
    """Hang it between its pin and ground."""
    return BedSim(wiring.pins.wire(config.gpio), normally_closed=config.normally_closed)


class BedSim:
    """Knob `occupied`. Faults: absent, stuck. Does not imitate bounce."""

    fault, occupied = wire_fault(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = False) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.occupied != self._normally_closed else None)
