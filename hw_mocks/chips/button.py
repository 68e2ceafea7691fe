"""A simulated push-button between a pin and ground."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("pressed",)


def plug(wiring: "Wiring", config: Any) -> "ButtonSim":
    """Hang it between its pin and ground."""
    return ButtonSim(wiring.pins.wire(config.gpio))


class ButtonSim:
    """Knob `pressed`. Faults: absent, stuck. Does not imitate bounce."""

    fault, pressed = wire_fault(), Flag()

    def __init__(self, pin: SimPin) -> None:
        self._pin = pin
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.pressed else None)
