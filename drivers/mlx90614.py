"""Melexis MLX90614 infrared spot thermometer on SMBus (I2C), with its packet error code checked."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensor import ChecksumError, NotReadyError, Quantity, Sensor, Span, WrongDeviceError
from drivers.sheet import Sheet
from drivers.sysfs import KernelDevice, KernelSensor

_AMBIENT, _OBJECT = 0x06, 0x07  # RAM, T_A and T_OBJ1 (table 9)
_SMBUS_ADDRESS = 0x20 | 0x0E  # EEPROM (table 7): the one word that names the part's own address
_ERROR_FLAG = 0x8000
_KELVIN_PER_BIT, _ZERO_C = 0.02, 273.15


class Mlx90614Config(I2cConfig, frozen=True, kw_only=True, tag="mlx90614"):
    """`address` is 0x5A unless another was written into it. `sysfs`: the kernel's `mlx90614`."""

    address: Annotated[int, Meta(ge=0x08, le=0x77)] = 0x5A
    sysfs: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.SURFACE_TEMPERATURE_C: Span(
            -70.02, 382.2, saturates=380.0, frozen_after_s=6 * 3600.0
        ),
        Quantity.TEMPERATURE_C: Span(-40.02, 125.02, saturates=125.0, frozen_after_s=6 * 3600.0),
    }
    may_stand_alone: ClassVar[bool] = False  # the temperature of its own case
    library: ClassVar[str] = "haetae"
    sheet: ClassVar[Sheet] = Sheet(
        part="Melexis MLX90614",
        purpose="heat and climate",
        range="surface -70 to 380 °C, own case -40 to 125 °C, steps of 0.02 °C",
        accuracy="±0.5 °C from 0 to 60 °C, ±4 °C at 380 °C",
        rate="0.1 to 1 s by its filter",
        warm_up="none (0.25 s)",
        price="€€",
        wiring="SMBus at 0x5A, 100 kHz at most, 3.3 V (-B types)",
        limits=(
            "the mean of a cone of 90° (other types 5 to 35°): a small hot spot is thinned by what "
            "is round it. Bare metal reads far too cold. Glass and film before it are all it sees. "
            "Register code of our own, since adafruit_mlx90614 leaves the packet error code unread"
        ),
        library="haetae; or the kernel's mlx90614 (iio)",
        source="Melexis 3901090614, revision 013",
    )

    def build(self, board: Board) -> Sensor:
        """Make the driver; opens nothing yet."""
        if not self.sysfs:
            return Mlx90614(board, self.bus, self.address)
        channels = {
            Quantity.SURFACE_TEMPERATURE_C: ("in_temp_object", 1e-3),
            Quantity.TEMPERATURE_C: ("in_temp_ambient", 1e-3),
        }
        return KernelSensor(KernelDevice(board, "mlx90614", self.bus, self.address), channels)


class Mlx90614:
    """Surfaces from -70 to 380 °C, ±0.5 °C near room temperature; its own from -40 to 125 °C."""

    def __init__(self, board: Board, bus: int, address: int) -> None:
        self._chip = I2cChip(board, bus, address)

    def open(self) -> None:
        """See whether it knows its own address, which is all the identity it has.

        Raises:
            OSError: No such bus, or nobody answers.
            SensorError: Another chip answers, or the answer was spoilt.
        """
        if (own := self._word(_SMBUS_ADDRESS) & 0x7F) != self._chip.address:
            raise WrongDeviceError(f"{self._chip.place}: says that its address is {own:#04x}")

    def read(self) -> dict[Quantity, float]:
        """°C of what it looks at, and of its own case.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: The answer was spoilt, or the part says that it is wrong.
        """
        return {
            Quantity.SURFACE_TEMPERATURE_C: self._celsius(_OBJECT),
            Quantity.TEMPERATURE_C: self._celsius(_AMBIENT),
        }

    def close(self) -> None:
        """It measures all the time."""

    def _celsius(self, register: int) -> float:
        if (raw := self._word(register)) & _ERROR_FLAG:
            raise NotReadyError(f"{self._chip.place}: register {register:#04x} is flagged wrong")
        return raw * _KELVIN_PER_BIT - _ZERO_C

    def _word(self, command: int) -> int:
        """Read a word: low byte, high byte, packet error code over all five bytes before."""
        data = self._chip.exchange(bytes([command]), 3)
        write = self._chip.address << 1
        if set(data) == {0xFF}:  # nobody drives the line any more
            raise WrongDeviceError(f"{self._chip.place}: answers nothing but ones")
        if crc8(bytes([write, command, write | 1]) + data):
            raise ChecksumError(f"{self._chip.place}: {data.hex(' ')} fails its error code")
        return int.from_bytes(data[:2], "little")


def crc8(data: bytes) -> int:
    """SMBus packet error code: x^8 + x^2 + x + 1; 0 over data and its code."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x07 if crc & 0x80 else 0)) & 0xFF
    return crc
