"""An I2S MEMS microphone (INMP441, SPH0645) through ALSA: blocks that know what was lost.

Both give 24 or 18 bits at the top of 32, for left or right as their pin says; to the kernel they
are `dtoverlay=googlevoicehat-soundcard`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.board import Board

if TYPE_CHECKING:
    from sounddevice import RawInputStream

_BYTES = 4


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of one channel, 32 bits with sign; `lost` came before them and were never read."""

    samples: memoryview
    lost: int


class Microphone:
    """Blocks of `block_frames` samples of one channel, for one thread that reads fast enough.

    `delivered` and `lost` are counts of samples since the object was made: a level over a second
    of which a part is missing is no level of that second.
    """

    def __init__(  # noqa: PLR0913  # what PortAudio wants to know
        self,
        board: Board,
        card: str,
        *,
        rate_hz: int = 48_000,
        channels: int = 2,
        channel: int = 0,
        block_frames: int = 4_800,
    ) -> None:
        self._board, self.card = board, card
        self._rate_hz, self._channels, self._channel = rate_hz, channels, channel
        self._frames, self._clock = block_frames, board.pace.clock
        self._stream: RawInputStream | None = None
        self._read_at = 0.0
        self.delivered = self.lost = 0

    def open(self) -> None:
        """Find the card and start to capture; anew if it was open.

        Raises:
            OSError: No PortAudio, no such card, it is in use or cannot do what is asked.
        """
        self.close()
        with self._errors():
            self._stream = self._board.microphone(
                self.card, rate_hz=self._rate_hz, channels=self._channels, frames=self._frames
            )
            self._stream.start()
        self._read_at = self._clock()

    def read(self) -> Block:
        """Wait for the next block.

        PortAudio tells that samples were lost, not how many: the time since the last block does,
        to some milliseconds.

        Raises:
            OSError: It is not open, or the card is gone.
        """
        if self._stream is None:
            raise OSError(errno.ENODEV, f"{self.card}: not open")
        with self._errors():
            data, was_overrun = self._stream.read(self._frames)
        before, self._read_at = self._read_at, self._clock()
        lost = 0
        if was_overrun:
            lost = max(1, round((self._read_at - before) * self._rate_hz) - self._frames)
        self.delivered += self._frames
        self.lost += lost
        return Block(memoryview(bytes(data)).cast("i")[self._channel :: self._channels], lost)

    @property
    def lost_ratio(self) -> float:
        """The share of all samples that was lost, 0 to 1."""
        return self.lost / max(1, self.delivered + self.lost)

    def close(self) -> None:
        """Stop; never raises."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """PortAudio's errors are no OSErrors."""
        from sounddevice import PortAudioError  # noqa: PLC0415  # only where one is wired

        try:
            yield
        except PortAudioError as error:
            raise OSError(errno.EIO, f"{self.card}: {error}") from error
