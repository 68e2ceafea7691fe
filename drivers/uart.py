"""A part on a UART: opened by a name that stays, read frame by frame, past garbage."""

import errno
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from drivers.board import Board
from drivers.frames import Frames
from drivers.sensor import ChecksumError, WrongDeviceError

if TYPE_CHECKING:
    from serial import Serial

# never by number: ttyUSB0 is whichever adapter came first, and ttyS0 or ttyAMA0 depends on the Pi
UartPort = Annotated[
    str, Meta(pattern=r"^/dev/serial(0|1|/by-id/[\w.:+,@-]+|/by-path/[\w.:+,@-]+)\Z")
]
HEADER = "/dev/serial0"  # GPIO 14 and 15; on a Pi 5 only with dtparam=uart0_console
_SPOILT = 3  # so many spoilt frames in one read are a storm


class Uart:
    """One part on one port, for one thread. `patience_s` is how long its next frame may take."""

    def __init__(self, board: Board, port: str, baud: int, *, patience_s: float) -> None:
        self._board, self._baud, self._patience_s = board, baud, patience_s
        self.place = port
        self._serial: Serial | None = None

    def open(self) -> None:
        """Open the port; anew if it was open, since an adapter may have been replugged.

        Raises:
            OSError: There is no such port, or somebody else has it.
        """
        self.close()
        with self._errors():
            self._serial = self._board.uart(self.place, self._baud)

    def say(self, data: bytes) -> None:
        """Send.

        Raises:
            OSError: The port is not open, or gone.
        """
        serial = self._opened()
        with self._errors():
            serial.write(data)

    def forget(self) -> None:
        """Drop what came before now: it may be minutes old.

        Raises:
            OSError: The port is not open, or gone.
        """
        serial = self._opened()
        with self._errors():
            serial.reset_input_buffer()

    def hear(self, frames: Frames) -> bytes:
        """Wait for the next whole frame; the last one, if several come at once.

        Raises:
            OSError: The port is not open, gone or silent.
            ChecksumError: Frames begin, but none is whole.
            WrongDeviceError: Bytes come, but no frame begins.
        """
        from serial.serialutil import Timeout  # noqa: PLC0415  # only where used

        serial, heard, left = self._opened(), 0, Timeout(self._patience_s)
        frames.clear()
        with self._errors():
            while not left.expired() and frames.spoilt < _SPOILT:
                data = serial.read(max(1, serial.in_waiting))
                heard += len(data)
                if found := frames.feed(data):
                    return found[-1]
        if not heard:
            raise OSError(errno.ETIMEDOUT, f"{self.place}: silent for {self._patience_s:g} s")
        if frames.spoilt or frames.begun():
            raise ChecksumError(f"{self.place}: {heard} bytes, frames cut short or spoilt")
        what = "another part, or another baud rate"
        raise WrongDeviceError(f"{self.place}: {heard} bytes and no frame begins: {what}")

    def close(self) -> None:
        """Give the port back; never raises."""
        serial, self._serial = self._serial, None
        if serial is not None:
            with suppress(OSError):
                serial.close()

    def _opened(self) -> "Serial":
        if self._serial is None:
            raise OSError(errno.ENODEV, f"{self.place}: not open")
        return self._serial

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Give errors a place; those of termios are no OSErrors."""
        try:
            yield
        except termios.error as error:
            raise OSError(errno.EIO, f"{self.place}: {error}") from error
        except OSError as error:
            raise OSError(error.errno or errno.EIO, f"{self.place}: {error}") from error
