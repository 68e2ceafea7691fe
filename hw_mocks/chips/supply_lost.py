"""A simulated mains contact of a charger between a pin and ground."""

from typing import TYPE_CHECKING, Any

from hw_mocks.chips.two_state import Flag, put, wire_fault
from hw_mocks.gpio import SimPin
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("lost",)
# the charger's relay drops out at once
SENSES = (Sense("lost", 0.0, of=lambda room: float(room.mains_v <= 0)),)


def plug(wiring: "Wiring", config: Any) -> "SupplyLostSim":
    """Hang it between its pin and ground."""
    return SupplyLostSim(wiring.pins.wire(config.gpio), normally_closed=config.normally_closed)


class SupplyLostSim:
    """Knob `lost`. Faults: absent, stuck. Does not imitate bounce."""

    fault, lost = wire_fault(), Flag()

    def __init__(self, pin: SimPin, *, normally_closed: bool = True) -> None:
        self._pin, self._normally_closed = pin, normally_closed
        self.show()

    def show(self) -> None:
        """Move the wire."""
        put(self._pin, self.fault, False if self.lost != self._normally_closed else None)
