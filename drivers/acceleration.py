"""Where an ADXL345's accelerations come from: its FIFO on the bus, or the kernel's driver."""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from drivers.i2c_chip import I2cChip
from drivers.pose import Vector
from drivers.sensor import NotReadyError, WrongDeviceError
from drivers.sysfs import KernelDevice

if TYPE_CHECKING:
    from adafruit_adxl34x import ADXL345

_DEVICE_ID, _ADXL345 = b"\x00", 0xE5
_FIFO_CTL, _FIFO_STATUS, _STREAM = 0x38, b"\x39", 0x9F  # the newest 32 samples
_RATE_50_HZ, _RANGE_16_G = 0x09, 0x03
_KERNEL_SAMPLES = 8


class Source(Protocol):
    """Where accelerations come from; `place` begins messages."""

    place: str

    def open(self) -> None:
        """Find the chip, and have it measure."""

    def samples(self) -> Sequence[Vector]:
        """Accelerations of the last moments in m/s², oldest first."""


class BusSource:
    """The chip's FIFO, through the library; the library itself knows neither FIFO nor identity."""

    def __init__(self, chip: I2cChip) -> None:
        self._chip, self.place = chip, chip.place
        self._library: ADXL345 | None = None

    def open(self) -> None:
        """Set it up; what its FIFO holds stays there."""
        from adafruit_adxl34x import ADXL345  # noqa: PLC0415  # only where wired

        self._library = None
        if (found := self._chip.exchange(_DEVICE_ID, 1)[0]) != _ADXL345:
            raise WrongDeviceError(f"{self.place}: device id {found:#04x}, not {_ADXL345:#04x}")
        bus = self._chip.bus()
        with self._chip.errors():
            library = ADXL345(bus, self._chip.address)
            library.data_rate, library.range = _RATE_50_HZ, _RANGE_16_G
        self._chip.write(bytes([_FIFO_CTL, _STREAM]))
        self._library = library

    def samples(self) -> list[Vector]:
        """Empty the FIFO."""
        library = self._library
        if library is None:
            raise NotReadyError(f"{self.place}: not open")
        entries = self._chip.exchange(_FIFO_STATUS, 1)[0] & 0x3F
        with self._chip.errors():
            return [library.acceleration for _ in range(entries)]


class KernelSource:
    """One sample a read from the kernel, and the last few of them together."""

    def __init__(self, device: KernelDevice) -> None:
        self._device, self.place = device, device.place
        self._last: deque[Vector] = deque(maxlen=_KERNEL_SAMPLES)

    def open(self) -> None:
        """Find it."""
        self._device.open()

    def samples(self) -> list[Vector]:
        """Take one more."""
        x, y, z = (self._device.value(f"in_accel_{axis}") for axis in "xyz")
        self._last.append((x, y, z))
        return list(self._last)
