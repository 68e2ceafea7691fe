"""Contact, button or motion sensor: one quantity that is 1.0 or 0.0."""

from collections.abc import Callable

from drivers.edge_input import EdgeInput
from drivers.sensor import Quantity


class TwoState:
    """An `EdgeInput` as a sensor of one quantity, 1.0 or 0.0: contact, button, motion sensor.

    `active` is the value while the wire is drawn away from its pull, so the other value is what
    a cut wire gives. Which of the two is the alarm is the part's own configuration to say.
    """

    def __init__(self, pin: EdgeInput, quantity: Quantity, *, active: bool) -> None:
        self._pin, self._quantity, self._active = pin, quantity, active

    def open(self) -> None:
        """Claim the pin.

        Raises:
            OSError: The pin cannot be had.
        """
        self._pin.open()

    def read(self) -> dict[Quantity, float]:
        """Give the oldest latched level, or else the level now.

        Raises:
            OSError: The pin is not open, or cannot be read.
        """
        return {self._quantity: float(self._pin.read() == self._active)}

    def pending(self) -> bool:
        """Whether an edge waits that `read` has not given yet."""
        return self._pin.pending()

    def on_edge(self, callback: Callable[[], None]) -> None:
        """Call `callback` after every edge, in gpiozero's thread: it must not raise."""
        self._pin.on_edge(callback)

    def close(self) -> None:
        """Give the pin back; never raises."""
        self._pin.close()
