"""Bosch BME680 and BME688 on I2C: climate, pressure and a gas cell, through adafruit_bme680."""

import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, cast

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import Bounded, I2cChip, I2cConfig
from drivers.sensor import NotReadyError, Quantity, Sensor, Span, WrongDeviceError
from drivers.sheet import Sheet
from drivers.sysfs import KernelDevice, KernelSensor

if TYPE_CHECKING:
    from adafruit_bme680 import Adafruit_BME680_I2C
    from busio import I2C

_VARIANT, _GAS_LSB, _GAS_LSB_BME688, _H2_H1 = 0xF0, 0x2B, 0x2D, 0xE1
_GAS_VALID, _HEAT_STABLE = 0x20, 0x10
_HEATER_C, _HEATER_MS = 320, 150  # as the library has it
_TRANSFERS = 2000  # a measurement that waits for 3 s takes some 600
_READS_PER_S = 250  # what is asked within 4 ms of a measurement is answered from it


class Bme680Config(I2cConfig, frozen=True, kw_only=True, tag="bme680"):
    """`address` is 0x77, or 0x76 with SDO at ground. `sysfs`: read the kernel's `bme680`."""

    address: Annotated[int, Meta(ge=0x76, le=0x77)] = 0x77
    sysfs: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.TEMPERATURE_C: Span(-50.0, 150.0, saturates=85.0, frozen_after_s=6 * 3600.0),
        Quantity.RELATIVE_HUMIDITY_PCT: Span(0.0, 100.0),  # cropped; condensation holds it there
        Quantity.PRESSURE_HPA: Span(250.0, 1200.0, frozen_after_s=6 * 3600.0),
        Quantity.GAS_KOHM: Span(0.0, 110_000.0, frozen_after_s=24 * 3600.0),
    }
    may_stand_alone: ClassVar[bool] = False  # warmed by its own heater
    library: ClassVar[str] = "adafruit_bme680"
    sheet: ClassVar[Sheet] = Sheet(
        part="Bosch BME680, BME688",
        purpose="heat and climate",
        range="-40 to 85 °C; 0 to 100 %; 300 to 1100 hPa; gas cell up to 100 MΩ",
        accuracy="±1 °C; ±3 %; ±1 hPa; gas: a bare resistance, falling with gas",
        rate="each poll; a measurement takes 0.2 s, its gas heater included",
        warm_up="none; gas counts after 5 min, a new cell after 48 h",
        price="€€",
        wiring="I2C at 0x77 (0x76 with SDO at ground), 3.3 V, 10 kΩ pull-ups",
        limits=(
            "its heater warms it by 1 to 2 °C. The library mixes up four bits of the humidity's "
            "calibration (3.7.16), up to 3 % of error, which the driver mends. Gas is a resistance "
            "that no two cells share, given only with the chip's word that it is valid and the "
            "heater was stable. Each measurement holds the bus's thread for 0.2 s"
        ),
        library="adafruit-circuitpython-bme680, Blinka; or the kernel's bme680 (iio)",
        source="Bosch BST-BME680-DS001",
    )

    def build(self, board: Board) -> Sensor:
        """Make the driver; opens nothing yet."""
        if not self.sysfs:
            return Bme680(board, self.bus, self.address)
        channels = {
            Quantity.TEMPERATURE_C: ("in_temp", 1e-3),
            Quantity.RELATIVE_HUMIDITY_PCT: ("in_humidityrelative", 1e-3),
            Quantity.PRESSURE_HPA: ("in_pressure", 10.0),  # the kernel gives kPa
            Quantity.GAS_KOHM: ("in_resistance", 1e-3),
        }
        return KernelSensor(KernelDevice(board, "bme680", self.bus, self.address), channels)


class Bme680:
    """-40 to 85 °C ±1 °C, 0 to 100 % ±3 %, 300 to 1100 hPa ±1 hPa, and a gas cell's resistance.

    The library measures when first asked, and answers from that as long as `_READS_PER_S` says.
    """

    def __init__(self, board: Board, bus: int, address: int) -> None:
        self._chip = I2cChip(board, bus, address)
        self._library: Adafruit_BME680_I2C | None = None
        self._bus: Bounded | None = None
        self._gas_lsb = _GAS_LSB

    def open(self) -> None:
        """Reset it, see whether it is one, and read its calibration.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: Another chip answers.
        """
        from adafruit_bme680 import Adafruit_BME680_I2C  # noqa: PLC0415  # only where wired

        self._library, self._bus = None, Bounded(self._chip.bus(), _TRANSFERS)
        with self._chip.errors(WrongDeviceError):
            bus, address = cast("I2C", self._bus), self._chip.address
            library = Adafruit_BME680_I2C(bus, address, refresh_rate=_READS_PER_S)
            if not library.set_gas_heater(_HEATER_C, _HEATER_MS):  # its own try was not looked at
                raise OSError(errno.EIO, "the gas heater could not be set")
        high_gas = self._chip.exchange(bytes([_VARIANT]), 1) == b"\x01"
        self._gas_lsb = _GAS_LSB_BME688 if high_gas else _GAS_LSB
        e1, e2, e3 = self._chip.exchange(bytes([_H2_H1]), 3)
        h1, h2 = e3 << 4 | e2 & 0x0F, e1 << 4 | e2 >> 4  # table 13; the library swaps e2's halves
        library._humidity_calibration[:2] = h1, h2  # noqa: SLF001  # else up to 3 % wrong
        self._library = library

    def read(self) -> dict[Quantity, float]:
        """°C, %, hPa and kΩ, measured now.

        Raises:
            OSError: Nobody answers, the bus is locked, or no measurement ends within 3 s.
            SensorError: The gas cell's heater is not stable, or it is not open.
        """
        library = self._library
        if library is None:
            raise NotReadyError(f"{self._chip.place}: not open")
        if self._bus is not None:
            self._bus.renew()
        with self._chip.errors(lambda said: OSError(errno.ETIMEDOUT, said)):
            reading = {
                Quantity.TEMPERATURE_C: float(library.temperature),
                Quantity.RELATIVE_HUMIDITY_PCT: float(library.relative_humidity),
                Quantity.PRESSURE_HPA: float(library.pressure),
                Quantity.GAS_KOHM: library.gas / 1000,
            }
        status = self._chip.exchange(bytes([self._gas_lsb]), 1)[0]
        if not (status & _GAS_VALID and status & _HEAT_STABLE):
            raise NotReadyError(f"{self._chip.place}: gas heater not stable: {status:#04x}")
        return reading

    def close(self) -> None:
        """It sleeps between measurements."""
