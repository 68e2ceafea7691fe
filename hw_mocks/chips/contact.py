"""Simulated volt-free contacts between a pin and ground: door, smoke alarm relay."""

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin


class DoorSim:
    """Knob `open`. Faults: absent, stuck. Does not imitate bounce."""

    fault, open = wire_fault(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = True) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.open != self._normally_closed else None)


class SmokeRelaySim:
    """Knob `alarm`. Faults: absent, stuck. Does not imitate bounce."""

    fault, alarm = wire_fault(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = True) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.alarm != self._normally_closed else None)
