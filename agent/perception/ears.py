"""The living microphone: its card through PortAudio, its blocks through the ear, numbers out."""

from typing import TYPE_CHECKING

from drivers.board import Board
from drivers.i2s_mic import OVERLOAD_DB, I2sMicConfig
from drivers.microphone import Microphone
from drivers.sensor import DisconnectedError, Quantity

if TYPE_CHECKING:
    from agent.perception.ear import Ear

RATE_HZ, BLOCK_FRAMES = 48_000, 4_800  # a tenth of a second
_FULL_SCALE = 2.0**31
_SETTLE_BLOCKS = 20  # an INMP441 wakes within 85 ms, a high-pass settles within 2 s


class Ears:
    """Opens the card of one configured microphone and listens; used by one thread.

    No sample outlives what the ear needs for the next half second.
    """

    def __init__(self, config: I2sMicConfig, board: Board) -> None:
        self._card, channel = config.card, 0 if config.side == "left" else 1
        self._microphone = Microphone(
            board, config.card, rate_hz=RATE_HZ, channel=channel, block_frames=BLOCK_FRAMES
        )
        self._ear: Ear | None = None
        self._unsettled = 0

    def open(self) -> None:
        """Start to capture, anew if it was open: nothing of before counts.

        Raises:
            OSError: No such card, it is in use, or no PortAudio.
        """
        from agent.perception.ear import Ear  # noqa: PLC0415  # numpy, where there is a microphone

        self._ear, self._unsettled = Ear(RATE_HZ, OVERLOAD_DB), _SETTLE_BLOCKS
        self._microphone.open()

    def listen(self) -> dict[Quantity, float]:
        """Wait for the next half second; give its numbers.

        Raises:
            OSError: It is not open, or the card is gone.
            DisconnectedError: Nobody drives the data line: all samples are the same.
        """
        import numpy as np  # noqa: PLC0415  # as above

        found: dict[Quantity, float] = {}
        while not found:
            block = self._microphone.read()
            samples = np.array(block.samples, dtype=np.float64) / _FULL_SCALE
            if samples.min() == samples.max():
                what = f"{len(samples)} equal samples"
                raise DisconnectedError(f"{self._card}: {what}: no microphone on the data line")
            if self._unsettled:
                self._unsettled -= 1
            elif self._ear is not None:
                found = self._ear.hear(samples, block.lost)
        return found

    def close(self) -> None:
        """Stop to capture; never raises."""
        self._microphone.close()
