"""How Sensirion's simulated chips answer: words with checksums, once for each command.

The checksum is computed here anew, so that the driver's is not proven by itself.
"""

from hw_mocks.i2c import nack

CRC_POLYNOMIAL = 0x131


def with_checksums(*words: int) -> bytes:
    """Words as these chips send them."""
    sent = b""
    for word in words:
        rest = (word << 8) ^ 0xFF0000
        for bit in range(23, 7, -1):
            if rest >> bit & 1:
                rest ^= CRC_POLYNOMIAL << (bit - 8)
        sent += word.to_bytes(2, "big") + bytes([rest & 0xFF])
    return sent


def ticks(value: float, low: float, high: float) -> int:
    """The 16-bit number that stands for `value` between `low` and `high`, held within them."""
    return max(0, min(0xFFFF, round((value - low) / (high - low) * 0xFFFF)))


def flipped(data: bytes) -> bytes:
    """The same with one bit changed."""
    return bytes([data[0] ^ 0x10]) + data[1:]


class Outbox:
    """The one answer that waits to be read; reading without one is not acknowledged."""

    def __init__(self) -> None:
        self._waiting = b""

    def put(self, data: bytes) -> None:
        """Have an answer ready, instead of an older one."""
        self._waiting = data

    def take(self, count: int) -> bytes:
        """Give the answer away.

        Raises:
            OSError: There is none.
        """
        if not self._waiting:
            raise nack()
        data, self._waiting = self._waiting, b""
        return data[:count]
