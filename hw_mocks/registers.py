"""What simulated I2C chips have in common: how they fail, and how most of them are addressed."""

from hw_mocks.faults import Fault
from hw_mocks.i2c import nack, timed_out


def answer(fault: Fault) -> None:
    """Raise what the bus gives where a part does not answer at all.

    Raises:
        OSError: It is absent, or holds the clock until the controller gives up.
    """
    if fault is Fault.ABSENT:
        raise nack()
    if fault is Fault.SLOW:
        raise timed_out()


class Registers:
    """Bytes behind a pointer that the first byte of a write sets and that then moves on.

    A chip has one of these for what it was told, and fills in what it measures before a read.
    """

    def __init__(self, reset: dict[int, bytes] | None = None) -> None:
        self.bytes = bytearray(256)
        self.pointer = 0
        for register, value in (reset or {}).items():
            self.put(register, value)

    def put(self, register: int, value: bytes) -> None:
        """Set some bytes."""
        self.bytes[register : register + len(value)] = value

    def write(self, data: bytes) -> None:
        """Take a write from the bus in: where, and what."""
        if data:
            self.pointer = data[0]
            self.put(data[0], data[1:])

    def read(self, count: int) -> bytes:
        """Give `count` bytes from where the pointer is."""
        return bytes(self.bytes[self.pointer : self.pointer + count]).ljust(count, b"\0")
