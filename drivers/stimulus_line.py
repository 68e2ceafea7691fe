"""A pin that acts on a sensor: through a resistor, a transistor, or an LED in its chamber."""

from drivers.board import Board
from drivers.output_pin import OutputPin
from drivers.stimulus import LineStimulus


class StimulusLine:
    """Off at start and after `close`; used by the sensor's own thread alone."""

    def __init__(self, board: Board, at: LineStimulus) -> None:
        self._pin = OutputPin(board, at.gpio, active_high=at.active_high)

    def provoke(self, *, on: bool) -> None:
        """Act on the sensor, or no longer.

        Raises:
            OSError: The pin cannot be had or moved; it then floats, which is off.
        """
        self._pin.switch(on=on)

    def close(self) -> None:
        """Let go; never raises."""
        self._pin.close()
