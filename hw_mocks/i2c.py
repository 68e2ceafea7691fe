"""Simulated I2C buses: what is behind `/dev/i2c-N`, under the real Adafruit_PureIO.

The kernel's side of i2c-dev is imitated: `I2C_SLAVE` followed by read or write, `I2C_RDWR` with
its array of messages, and the errors the controller of a Raspberry Pi gives. Not imitated: bus
speed, repeated start as opposed to stop and start, 10-bit addresses, SMBus ioctls.
"""

import errno
import os
from ctypes import string_at
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hw_mocks.gpio import SimPin

_I2C_SLAVE, _I2C_RDWR = 0x0703, 0x0707  # linux/i2c-dev.h
_M_RD = 0x0001  # linux/i2c.h


class I2CChip(Protocol):
    """One chip on the bus. A chip that does not acknowledge raises `nack()`."""

    def write(self, data: bytes) -> None:
        """The host writes; `data` is empty when it only probes the address."""

    def read(self, count: int) -> bytes:
        """The host clocks out `count` bytes."""


def nack() -> OSError:
    """What i2c-dev gives when nobody acknowledges on a Raspberry Pi (i2c-bcm2835)."""
    return OSError(errno.EREMOTEIO, os.strerror(errno.EREMOTEIO))


def timed_out() -> OSError:
    """What i2c-dev gives when a chip holds the clock or the data line down."""
    return OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


class SimI2C:
    """One bus: chips by their 7-bit address.

    `locked`: some chip holds SDA down, as after a reset in the middle of a byte; every transfer
    then times out. Where the lines are led to pins, `frees_after` clocks on SCL by hand free it;
    None: no clock does. Not imitated: that the transfers themselves move the pins.
    """

    def __init__(self, chips: dict[int, I2CChip] | None = None) -> None:
        self.chips = chips or {}
        self.frees_after: int | None = 9
        self._locked, self._clocks = False, 0
        self._sda: SimPin | None = None

    def lead_to(self, sda: "SimPin", scl: "SimPin") -> None:
        """Have the lines at these pins."""
        self._sda = sda
        sda.drive(None)
        scl.on_level.append(self._scl_moved)

    @property
    def locked(self) -> bool:
        """Whether SDA is held down."""
        return self._locked

    @locked.setter
    def locked(self, locked: bool) -> None:
        self._locked, self._clocks = locked, 0
        if self._sda is not None:
            self._sda.drive(False if locked else None)

    def _scl_moved(self, high: bool) -> None:
        if self._locked and high:
            self._clocks += 1
            if self._clocks == self.frees_after:
                self.locked = False

    def chip(self, address: int) -> I2CChip:
        """The chip that acknowledges this address.

        Raises:
            OSError: None does (EREMOTEIO), or the bus is locked (ETIMEDOUT).
        """
        if self.locked:
            raise timed_out()
        if address not in self.chips:
            raise nack()
        return self.chips[address]

    def open(self) -> "DevI2C":
        """The device file, opened."""
        return DevI2C(self)


class DevI2C:
    """An open `/dev/i2c-N`; it is its own file number, so that `ioctl` finds it."""

    def __init__(self, bus: SimI2C) -> None:
        self.bus, self.address = bus, 0

    def fileno(self) -> "DevI2C":
        """Itself."""
        return self

    def read(self, count: int) -> bytes:
        """One read transfer with the selected chip."""
        return self.bus.chip(self.address).read(count)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """One write transfer to the selected chip."""
        self.bus.chip(self.address).write(bytes(data))
        return len(data)

    def close(self) -> None:
        """Nothing is held."""


def ioctl(device: DevI2C, request: int, argument: Any) -> int:
    """Imitate `fcntl.ioctl` for an open bus.

    Raises:
        OSError: What the chip or the bus answers; ENOTTY for a request that is not imitated.
    """
    if request == _I2C_SLAVE:
        device.address = argument
    elif request == _I2C_RDWR:
        for message in (argument.msgs[i] for i in range(argument.nmsgs)):
            chip = device.bus.chip(message.addr)
            if message.flags & _M_RD:
                for i, byte in enumerate(chip.read(message.len)):
                    message.buf[i] = byte
            else:
                chip.write(string_at(message.buf, message.len) if message.len else b"")
    else:
        raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
    return 0
