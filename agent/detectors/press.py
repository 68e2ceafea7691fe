"""A press of a button: told from one that is held, or stuck, or has a shorted wire."""

from dataclasses import dataclass, field

from agent.values import Reading
from drivers.sensor import Quantity

_PRESSED = 0.5


@dataclass(slots=True, eq=False)
class Presses:
    """What was a press, of readings of `BUTTON`: closed after it was seen open.

    A button that is found closed at the start, or that stays closed, is pressed by nobody. So what
    switches something off cannot do so for ever by a short circuit.
    """

    _closed: dict[str, bool] = field(default_factory=dict, init=False)

    def update(self, reading: Reading) -> bool:
        """Take a reading in; tell whether a press begins with it."""
        if reading.quantity is not Quantity.BUTTON:
            return False
        before = self._closed.get(reading.sensor)
        now = self._closed[reading.sensor] = reading.value >= _PRESSED
        return now and before is False
