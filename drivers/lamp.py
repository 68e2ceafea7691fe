"""The lamp: a light for those who cannot hear the siren, and the device's own state."""

from drivers.board import Board
from drivers.output_pin import OutputPin


class Lamp:
    """Lit while on; dark at start and after `close`. Used by the annunciator's thread alone.

    An indicator LED may hang on the pin itself through 330 Ω or more (3.3 V, 2 V across a red LED:
    4 mA; a pin gives at most 16 mA, 12 mA on a Pi 5, all pins together about 50 mA). A beacon
    needs a transistor and its own supply, as the siren does.
    """

    def __init__(self, board: Board, *, gpio: int, active_high: bool = True) -> None:
        self._pin = OutputPin(board, gpio, active_high=active_high)

    def on(self) -> None:
        """Light up.

        Raises:
            OSError: The pin cannot be had or moved; the next call tries anew.
        """
        self._pin.switch(on=True)

    def off(self) -> None:
        """Go dark.

        Raises:
            OSError: The pin cannot be had or moved; the next call tries anew.
        """
        self._pin.switch(on=False)

    def close(self) -> None:
        """Go dark and give the pin back; never raises."""
        self._pin.close()
