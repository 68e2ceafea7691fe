"""A simulated push-button between a pin and ground."""

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin


class ButtonSim:
    """Knob `pressed`. Faults: absent, stuck. Does not imitate bounce."""

    fault, pressed = wire_fault(), Flag()

    def __init__(self, pin: SimPin) -> None:
        self._pin = pin
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.pressed else None)
