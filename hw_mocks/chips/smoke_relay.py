"""A simulated smoke alarm's volt-free relay contact between a pin and ground."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("alarm",)
# smoke has to find its way into the chamber of a photoelectric alarm
SENSES = (Sense("alarm", 12.0),)


def plug(wiring: "Wiring", config: Any) -> "SmokeRelaySim":
    """Hang it between its pin and ground."""
    return SmokeRelaySim(wiring.pins.wire(config.gpio), normally_closed=config.normally_closed)


class SmokeRelaySim:
    """Knob `alarm`. While `provoked` it says so too. Faults: absent, stuck. No bounce."""

    fault, alarm, provoked = wire_fault(), Flag(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = True) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        is_alarm = self.alarm or self.provoked
        put(self._pin, self.fault, False if is_alarm != self._normally_closed else None)
