"""Sensirion SCD41 and SCD40, photoacoustic CO2, on I2C, through adafruit_scd4x."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensirion import insist
from drivers.sensor import (
    ChecksumError,
    NotReadyError,
    Quantity,
    Sensor,
    Span,
    WrongDeviceError,
)
from drivers.sheet import Sheet
from drivers.sysfs import KernelDevice, KernelSensor

if TYPE_CHECKING:
    from adafruit_scd4x import SCD4X

_PATIENCE = 3  # reads without a measurement after which it is started anew


class Scd41Config(I2cConfig, frozen=True, kw_only=True, tag="scd41"):
    """A measurement takes 5 s, so asking sooner is refused. `sysfs`: read the kernel's `scd4x`.

    `self_calibration` takes the lowest CO2 of each week for fresh air: switch it off where people
    sleep or work around the clock. `altitude_m` is where it hangs, above the sea.
    """

    address: Annotated[int, Meta(ge=0x62, le=0x62)] = 0x62
    every_s: Annotated[float, Meta(ge=5, le=3600)] = 6.0
    self_calibration: bool = True
    altitude_m: Annotated[int, Meta(ge=0, le=3000)] = 0
    sysfs: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.CO2_PPM: Span(0.0, 40_000.0, saturates=40_000.0, frozen_after_s=6 * 3600.0),
        Quantity.TEMPERATURE_C: Span(-45.0, 130.0, frozen_after_s=6 * 3600.0),
        Quantity.RELATIVE_HUMIDITY_PCT: Span(0.0, 100.0),
    }
    warm_up_s: ClassVar[float] = 60.0  # its response time (63 %)
    may_stand_alone: ClassVar[bool] = False  # warmed by its own lamp, and slow
    library: ClassVar[str] = "adafruit_scd4x"
    sheet: ClassVar[Sheet] = Sheet(
        part="Sensirion SCD41 (SCD40)",
        purpose="gas",
        range="400 to 5000 ppm rated, 0 to 40,000 shown; -10 to 60 °C; 0 to 100 %",
        accuracy="±(50 ppm + 2.5 to 5 %); ±0.8 °C; ±6 %",
        rate="5 s",
        warm_up="60 s; CO2 is true after a week with fresh air once, or a forced calibration",
        price="€€€",
        wiring="I2C at 0x62, 3.3 V that bears pulses of 205 mA, 10 kΩ pull-ups",
        limits=(
            "self-calibration takes the lowest value of each week for 400 ppm, so where windows "
            "are never opened it reads too little. Temperature has a fixed 4 °C taken off for its "
            "own heat: no heat detector. To start it (once, and after it was unplugged) holds the "
            "bus's thread for 0.5 s"
        ),
        library="adafruit-circuitpython-scd4x, Blinka; or the kernel's scd4x (iio)",
        source="Sensirion SCD4x data sheet, version 1.7",
    )

    def build(self, board: Board) -> Sensor:
        """Make the driver; opens nothing yet."""
        if not self.sysfs:
            return Scd41(board, self)
        channels = {
            Quantity.CO2_PPM: ("in_concentration_co2", 1e4),  # the kernel gives percent
            Quantity.TEMPERATURE_C: ("in_temp", 1e-3),
            Quantity.RELATIVE_HUMIDITY_PCT: ("in_humidityrelative", 1e-3),
        }
        return KernelSensor(KernelDevice(board, "scd4x", self.bus, self.address), channels)


class Scd41:
    """CO2, 400 to 5000 ppm ±(50 ppm + 5 %), a new value every 5 s.

    While it has none the library gives its last one again, and the chip, when it has lost its
    power, waits in vain for somebody to start it: here a value is given once, and none is old.
    """

    def __init__(self, board: Board, config: Scd41Config) -> None:
        self._chip, self._config = I2cChip(board, config.bus, config.address), config
        self._library: SCD4X | None = None
        self._empty = 0  # reads in a row for which it had nothing

    def open(self) -> None:
        """Start measuring, unless it does: starting anew would begin the 5 s anew.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: What answers has no serial number with its checksums right.
        """
        from adafruit_scd4x import SCD4X  # noqa: PLC0415  # only where wired

        if self._library is not None and not self._chip.is_stale():
            return
        bus = self._chip.bus()
        with self._chip.errors(WrongDeviceError):
            library = SCD4X(bus, self._chip.address)
            insist(lambda: library.serial_number)
            library.self_calibration_enabled = self._config.self_calibration
            library.altitude = self._config.altitude_m
            library.start_periodic_measurement()
        self._library, self._empty = library, 0

    def read(self) -> dict[Quantity, float]:
        """ppm, °C and % of a measurement that nobody has seen yet.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: It has no new measurement, or a checksum is wrong.
        """
        library = self._library
        if library is None:
            raise NotReadyError(f"{self._chip.place}: not open")
        try:
            with self._chip.errors():
                ready, co2_ppm = library.data_ready, library.CO2
        except (OSError, ChecksumError):
            self._library = None  # it may have lost its power, or be another one by now
            raise
        self._empty = 0 if ready else self._empty + 1
        if self._empty >= _PATIENCE:
            self._library = None
        if not ready or not co2_ppm:  # 0 ppm is no air: the chip's word for nothing measured
            raise NotReadyError(f"{self._chip.place}: no new measurement")
        with self._chip.errors():
            celsius, humidity_pct = library.temperature, library.relative_humidity
        return {
            Quantity.CO2_PPM: float(co2_ppm),
            Quantity.TEMPERATURE_C: float(celsius),
            Quantity.RELATIVE_HUMIDITY_PCT: float(humidity_pct),
        }

    def close(self) -> None:
        """Leave it measuring: its calibration lives on that."""
        self._library = None
