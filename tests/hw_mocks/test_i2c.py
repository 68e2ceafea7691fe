import errno
from collections.abc import Iterator

import pytest
from adafruit_bus_device.i2c_device import I2CDevice
from Adafruit_PureIO.smbus import SMBus

from drivers.board import Board
from hw_mocks import blinka
from hw_mocks.i2c import SimI2C, ioctl


class Registers:
    """A chip with an 8-bit register pointer that moves on by itself."""

    def __init__(self) -> None:
        self.content = bytearray(range(256))
        self.pointer = 0

    def write(self, data: bytes) -> None:
        if data:
            self.pointer = data[0]
            self.content[self.pointer : self.pointer + len(data) - 1] = data[1:]

    def read(self, count: int) -> bytes:
        self.pointer += count
        return bytes(self.content[self.pointer - count : self.pointer])


@pytest.fixture
def bus() -> Iterator[SimI2C]:
    wires, bus = blinka.install(), SimI2C({0x40: Registers()})
    wires.attach_i2c(3, bus)
    yield bus
    wires.detach_i2c(3)


def test_a_scan_finds_the_chips_and_nothing_else(bus: SimI2C) -> None:
    bus.chips[0x76] = Registers()
    assert Board().i2c(3).scan() == [0x40, 0x76]


def test_write_then_read_is_one_transfer_of_two_messages(bus: SimI2C) -> None:
    answer = bytearray(3)
    with I2CDevice(Board().i2c(3), 0x40) as device:
        device.write(bytes([0x20, 0xAA]))
        device.write_then_readinto(bytes([0x1F]), answer)
    assert answer == bytes([0x1F, 0xAA, 0x21])
    assert bus.chips.keys() == {0x40}


def test_reading_goes_on_where_the_pointer_stands(bus: SimI2C) -> None:
    assert bus.chips
    with SMBus(3) as smbus:
        assert smbus.read_byte_data(0x40, 0x10) == 0x10
        assert smbus.read_bytes(0x40, 2) == bytes([0x11, 0x12])
        assert smbus.read_word_data(0x40, 0x10) == 0x1110


def test_nobody_at_an_address_is_errno_121_as_on_a_raspberry_pi(bus: SimI2C) -> None:
    assert bus.chips
    with SMBus(3) as smbus:
        for transfer in (smbus.write_quick, smbus.read_byte, lambda at: smbus.write_bytes(at, b"")):
            with pytest.raises(OSError, match="Remote I/O error") as caught:
                transfer(0x41)
            assert caught.value.errno == errno.EREMOTEIO


def test_a_locked_bus_times_out_for_every_chip(bus: SimI2C) -> None:
    bus.locked = True
    with SMBus(3) as smbus, pytest.raises(TimeoutError):
        smbus.read_byte(0x40)


def test_a_bus_that_is_not_there_cannot_be_opened(bus: SimI2C) -> None:
    assert bus.chips
    with pytest.raises(FileNotFoundError):
        SMBus(4)
    with pytest.raises(OSError, match="/dev/i2c-4"):
        Board().i2c(4)


def test_a_request_that_is_not_imitated_says_so(bus: SimI2C) -> None:
    with pytest.raises(OSError, match="ioctl") as caught:
        ioctl(bus.open(), 0x0720, None)
    assert caught.value.errno == errno.ENOTTY
