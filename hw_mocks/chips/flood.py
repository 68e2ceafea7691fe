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
    """Knob `wet`. While `provoked` it says so too. Faults: absent, stuck. No bounce."""

    fault, wet, provoked = wire_fault(), Flag(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = False) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        is_wet = self.wet or self.provoked
        put(self._pin, self.fault, False if is_wet != self._normally_closed else None)
