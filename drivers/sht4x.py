"""Sensirion SHT40, SHT41 and SHT45 on I2C, through adafruit_sht4x."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensirion import insist
from drivers.sensor import NotReadyError, Quantity, Sensor, Span, WrongDeviceError
from drivers.sheet import Sheet
from drivers.stimulus import Answer, Reach
from drivers.sysfs import KernelDevice, KernelSensor

if TYPE_CHECKING:
    from adafruit_sht4x import SHT4x


class Sht4xConfig(I2cConfig, frozen=True, kw_only=True, tag="sht4x"):
    """`address` is 0x44, or 0x45, 0x46 by its order code. `sysfs`: read the kernel's `sht4x`."""

    address: Annotated[int, Meta(ge=0x44, le=0x46)] = 0x44
    sysfs: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.TEMPERATURE_C: Span(-45.0, 130.0, saturates=125.0, frozen_after_s=6 * 3600.0),
        # cropped to 0 and 100 by the library, and condensation holds it there for hours
        Quantity.RELATIVE_HUMIDITY_PCT: Span(0.0, 100.0),
    }
    # 200 mW for a second: it must feel 20 °C of that; no heater takes the chip beyond 125 °C
    own_stimulus: ClassVar[Answer | None] = Answer(
        rise=20.0, most=105.0, on_s=10.0, back_s=30.0, reaches=Reach.DANGER
    )
    library: ClassVar[str] = "adafruit_sht4x"
    sheet: ClassVar[Sheet] = Sheet(
        part="Sensirion SHT40, SHT41, SHT45",
        purpose="heat and climate",
        range="-40 to 125 °C, 0 to 100 %",
        accuracy="±0.2 °C, ±1.8 % (SHT40), ±0.1 °C, ±1 % (SHT45)",
        rate="each poll; a measurement takes 9 ms, humidity settles in 4 s",
        warm_up="none",
        price="€",
        wiring="I2C at 0x44 (0x45, 0x46 by order code), 3.3 V, 10 kΩ pull-ups",
        limits=(
            "above 80 % for days its humidity creeps up by 1 to 3 % and comes back in dry air. "
            "Solvents and cleaning spray spoil it for hours. Its heater is used in its self-test "
            "alone, two or three seconds of it. Through the kernel (`sysfs`) a value may be 2 s old"
        ),
        library="adafruit-circuitpython-sht4x, Blinka; or the kernel's sht4x (hwmon)",
        source="Sensirion SHT4x data sheet, version 6.5",
    )

    def build(self, board: Board) -> Sensor:
        """Make the driver; opens nothing yet."""
        if not self.sysfs:
            return Sht4x(board, self.bus, self.address)
        channels = {
            Quantity.TEMPERATURE_C: ("temp1", 1e-3),
            Quantity.RELATIVE_HUMIDITY_PCT: ("humidity1", 1e-3),
        }
        return KernelSensor(KernelDevice(board, "sht4x", self.bus, self.address), channels)


class Sht4x:
    """-40 to 125 °C ±0.2 °C, 0 to 100 % ±1.8 %: one high-precision measurement a read, 9 ms."""

    def __init__(self, board: Board, bus: int, address: int) -> None:
        self._chip = I2cChip(board, bus, address)
        self._library: SHT4x | None = None

    def open(self) -> None:
        """Reset it and see whether a serial number comes with its checksums right.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: What answers has no such serial number.
        """
        from adafruit_sht4x import SHT4x  # noqa: PLC0415  # only where wired

        self._library, bus = None, self._chip.bus()
        with self._chip.errors(WrongDeviceError):
            library = SHT4x(bus, self._chip.address)
            insist(lambda: library.serial_number)
        self._library = library

    def read(self) -> dict[Quantity, float]:
        """°C and %, measured now.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: A checksum is wrong, or it is not open.
        """
        if self._library is None:
            raise NotReadyError(f"{self._chip.place}: not open")
        with self._chip.errors():
            celsius, humidity_pct = self._library.measurements
        return {
            Quantity.TEMPERATURE_C: float(celsius),
            Quantity.RELATIVE_HUMIDITY_PCT: float(humidity_pct),
        }

    def provoke(self, *, on: bool) -> None:
        """Have each measurement made at the end of a second of 200 mW, or of none.

        A heated read takes 1.1 s, in which the bus has no other.

        Raises:
            SensorError: It is not open.
        """
        from adafruit_sht4x import Mode  # noqa: PLC0415  # only where wired

        if self._library is None:
            raise NotReadyError(f"{self._chip.place}: not open")
        self._library.mode = Mode.HIGHHEAT_1S if on else Mode.NOHEAT_HIGHPRECISION

    def close(self) -> None:
        """Nothing to put to rest: it sleeps between measurements."""
