"""The siren: a sounder behind a transistor on one pin."""

from typing import Annotated

from msgspec import Meta

from drivers.board import Board
from drivers.output_pin import OutputPin

# lgpio makes the tone in a thread of its own, up to 10 kHz and to some 0.1 ms
ToneHz = Annotated[int, Meta(ge=300, le=5000)]


class Siren:
    """Sounds while on; off at start and after `close`. Used by the annunciator's thread alone.

    A pin gives at most 16 mA at 3.3 V (12 mA on a Pi 5), all pins together about 50 mA, and a
    sounder takes 15 to 300 mA at 5 to 12 V: it hangs on a logic-level MOSFET or a relay board
    with a 10 kΩ pull towards off, and on its own supply, with a freewheeling diode if it has a
    coil. `active_high` is False for relay boards that switch on at 0 V.

    Sounders with a tone of their own are switched; a bare piezo or loudspeaker is given a square
    wave of `frequency_hz` while on: 520 Hz wakes sleepers and those who hear badly (NFPA 72,
    18.4.5), 3100 Hz is where most piezos are loudest. Whether it sounds cannot be read back: only
    somebody who listens proves it.
    """

    def __init__(
        self,
        board: Board,
        *,
        gpio: int,
        active_high: bool = True,
        frequency_hz: ToneHz | None = None,
    ) -> None:
        self._pin = OutputPin(board, gpio, active_high=active_high, frequency_hz=frequency_hz)

    def on(self) -> None:
        """Sound.

        Raises:
            OSError: The pin cannot be had or moved; the next call tries anew.
        """
        self._pin.switch(on=True)

    def off(self) -> None:
        """Be silent.

        Raises:
            OSError: The pin cannot be had or moved; the next call tries anew.
        """
        self._pin.switch(on=False)

    def close(self) -> None:
        """Be silent and give the pin back; never raises."""
        self._pin.close()
