"""The single wire of an Aosong DHT22 or DHT11, through the real adafruit_dht.

Both are read by watching the pin (`docs/adr/0003-dht-bitbang.md`). About one frame in three is
spoilt by the host's scheduling, and one wrong value in about a thousand passes the 8-bit checksum
(Adafruit_CircuitPython_DHT #33, #72): a single value of a DHT decides nothing.
"""

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drivers.board import Board
from drivers.sensor import ChecksumError, NotReadyError, SensorError, WrongDeviceError

if TYPE_CHECKING:
    from microcontroller import Pin

WIRE = "dht"  # one thread for all of them: two at once would spoil each other's timing
LEAST_EVERY_S = 2.0  # both datasheets, "sampling period": asked sooner, they fall silent
WIRING = (
    "data to any GPIO with 4.7 to 10 kΩ to 3.3 V; supply 3.3 V: modules with a pull-up of their "
    "own must not be fed 5 V. Not GPIO 4 where the 1-Wire overlay has it"
)
LIMITS = (
    "one value is no evidence, two in a row are: about a third of the reads fail, and one wrong "
    "value in "
    "500 to 1000 passes the 8-bit checksum (Adafruit_CircuitPython_DHT #33, #72). Each answer was "
    "measured at the request before, so after a pause the first one is old. It has no identity: a "
    "DHT11 in place of a DHT22 shows as more than 100 % humidity, a DHT22 in place of a DHT11 as "
    "less than 5 %; both are `WrongDeviceError`. Condensation holds humidity near 100 % for hours. "
    "A read keeps a core busy for 0.25 s ([why](adr/0003-dht-bitbang.md))."
)


class DhtReader:
    """One transaction at a time. `part` is the library's class, `DHT22` or `DHT11`.

    The library keeps the last value and gives it again, without a word, when asked within 2 s of
    a failed read. So each measurement is made by a new object of its class, which holds a pin's
    name and nothing older.
    """

    def __init__(self, board: Board, gpio: int, part: Callable[..., Any]) -> None:
        self._board, self._gpio, self._part = board, gpio, part
        self._pin: Pin | None = None

    def open(self) -> None:
        """Find the pin. A DHT has no identity to ask for: `read` tells what answers.

        Raises:
            OSError: This board has no such pin.
        """
        self._pin = self._board.blinka_pin(self._gpio)

    def read(self) -> tuple[float, float]:
        """Temperature in °C and relative humidity in %, as the part took them when last asked.

        Raises:
            OSError: Nobody answered, or the pin cannot be had.
            SensorError: The frame was short or its checksum wrong, or another part sent it.
        """
        if self._pin is None:
            raise NotReadyError(f"gpio{self._gpio}: not opened")
        part = self._part(self._pin, use_pulseio=False)
        if (trace := self._board.trace) is not None:
            trace.watch_pulses(part, f"gpio{self._gpio}")
        try:
            part.measure()
            return float(part.temperature), float(part.humidity)
        except RuntimeError as error:
            raise self._in_our_words(str(error)) from error

    def _in_our_words(self, message: str) -> OSError | SensorError:
        place = f"gpio{self._gpio}: {message}"
        if message.startswith(("A full buffer", "Checksum")):
            return ChecksumError(place)
        if message.startswith("Received unplausible"):  # after the checksum was found right
            return WrongDeviceError(f"{place} More than 100 % humidity: is it a DHT11?")
        return OSError(errno.ENODEV, place)
