"""What Sensirion's chips have in common on I2C: words of 16 bits, each with its checksum."""

from collections.abc import Callable
from typing import TypeVar

from drivers.sensor import ChecksumError, WrongDeviceError

_ATTEMPTS = 3
Answer = TypeVar("Answer")


def insist(ask: Callable[[], Answer]) -> Answer:
    """Ask up to three times: bits flip now and then, but another chip's answer never fits.

    Raises:
        RuntimeError: A library's word for a wrong checksum, at the last attempt too.
        WrongDeviceError: Our own code's checksum was wrong each time.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return ask()
        except ChecksumError:
            continue
        except RuntimeError as error:
            if isinstance(error.__cause__, OSError):  # nobody answers: no use in asking
                raise
    try:
        return ask()
    except ChecksumError as error:
        raise WrongDeviceError(str(error)) from error


def crc8(word: bytes) -> int:
    """x^8 + x^5 + x^4 + 1, from 0xFF, most significant bit first: 0x92 over BE EF."""
    crc = 0xFF
    for byte in word:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x31 if crc & 0x80 else 0)) & 0xFF
    return crc


def packed(*words: int) -> bytes:
    """Words as they go over the wire."""
    pairs = [word.to_bytes(2, "big") for word in words]
    return b"".join(pair + bytes([crc8(pair)]) for pair in pairs)


def unpacked(data: bytes, place: str) -> list[int]:
    """Words as they came; `place` begins the message.

    Raises:
        ChecksumError: A checksum is wrong.
    """
    words = []
    for start in range(0, len(data), 3):
        pair, crc = data[start : start + 2], data[start + 2]
        if crc8(pair) != crc:
            raise ChecksumError(f"{place}: {pair.hex(' ')} with checksum {crc:02x}")
        words.append(int.from_bytes(pair, "big"))
    return words
