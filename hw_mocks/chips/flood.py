"""A simulated float switch between a pin and ground."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("wet",)


def plug(wiring: "Wiring", config: Any) -> "FloodSim":
    """Hang it between its pin and ground."""
    return FloodSim(wiring.pins.wire(config.gpio), normally_closed=config.normally_closed)


class FloodSim:
    """Knob `wet`. Faults: absent, stuck. Does not imitate bounce."""

    fault, wet = wire_fault(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = False) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.wet != self._normally_closed else None)
