"""A simulated motion sensor with a push-pull output."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("motion",)
SENSES = (Sense("motion", 0.0),)


def plug(wiring: "Wiring", config: Any) -> "PirSim":
    """Lead its output to its pin."""
    return PirSim(wiring.pins.wire(config.gpio))


class PirSim:
    """Knob `motion`. Faults: absent, stuck. Does not imitate the hold or the first minute."""

    fault, motion = wire_fault(), Flag()

    def __init__(self, pin: SimPin) -> None:
        self._pin = pin
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, self.motion)
