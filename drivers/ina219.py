"""Texas Instruments INA219 voltage and current monitor on I2C: the supply, or a UPS cell."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensor import NotReadyError, Quantity, Sensor, Span, WrongDeviceError
from drivers.sheet import Sheet
from drivers.sysfs import KernelDevice, KernelSensor

_CONFIGURATION, _SHUNT, _BUS = 0x00, 0x01, 0x02
_RESET = 0x8000
_POWER_ON = 0x399F  # 32 V, ±320 mV, 12 bits, both for ever (table 2): as good a setting as any
_CONVERTED = 0x0002
_V_PER_BIT, _SHUNT_V_PER_BIT = 0.004, 10e-6
_SUPPLY: Mapping[Quantity, Span] = {
    Quantity.SUPPLY_V: Span(0.0, 32.764),  # it bears 26 V
    Quantity.SUPPLY_A: Span(-327.7, 327.7),  # ±0.32 V over the smallest shunt
}
_CELL: Mapping[Quantity, Span] = {Quantity.BATTERY_V: Span(0.0, 32.764)}


class _ByUse:
    """What one configured part gives; asked of the class, what it can give at all."""

    def __get__(
        self, config: "Ina219Config | None", kind: type | None = None
    ) -> Mapping[Quantity, Span]:
        if config is None:
            return {**_SUPPLY, **_CELL}
        return _CELL if config.battery else _SUPPLY


class Ina219Config(I2cConfig, frozen=True, kw_only=True, tag="ina219"):
    """`battery`: it sits at a UPS cell and gives `BATTERY_V`; else at the supply.

    `shunt_ohm` is the resistor between VIN+ and VIN-, R100 on the usual board. `sysfs`: read the
    kernel's `ina219`, whose own shunt resistor is then what counts.
    """

    address: Annotated[int, Meta(ge=0x40, le=0x4F)] = 0x40
    battery: bool = False
    shunt_ohm: Annotated[float, Meta(ge=0.001, le=10)] = 0.1
    sysfs: bool = False

    spans: ClassVar[Mapping[Quantity, Span]] = _ByUse()  # type: ignore[assignment]  # gives one
    library: ClassVar[str] = "haetae"
    sheet: ClassVar[Sheet] = Sheet(
        part="Texas Instruments INA219",
        purpose="power",
        range="0 to 26 V, ±3.2 A over 0.1 Ω",
        accuracy="±0.5 % (-B), ±1 % (-A) and the shunt's; steps of 4 mV and 0.1 mA",
        rate="1 ms",
        warm_up="none",
        price="€",
        wiring="I2C at 0x40 to 0x4F by A0 and A1, 3.3 V; VIN+ and VIN- in the line, common ground",
        limits=(
            "over 3.2 A (0.1 Ω) the current stands at its end, with no word of it. It has no "
            "identity but its power-on configuration. Register code of our own, since the "
            "adafruit_register below adafruit_ina219 has one buffer for all threads: two buses "
            "get each other's volts (seen in 1.13.0)"
        ),
        library="haetae; or the kernel's ina2xx (hwmon)",
        source="Texas Instruments SBOS448G",
    )

    def build(self, board: Board) -> Sensor:
        """Make the driver; opens nothing yet."""
        if not self.sysfs:
            return Ina219(board, self)
        channels = {
            Quantity.SUPPLY_V: ("in1", 1e-3),
            Quantity.SUPPLY_A: ("curr1", 1e-3),
            Quantity.BATTERY_V: ("in1", 1e-3),
        }
        chosen = {quantity: channels[quantity] for quantity in self.spans}
        return KernelSensor(KernelDevice(board, "ina219", self.bus, self.address), chosen)


class Ina219:
    """0 to 26 V in steps of 4 mV, and ±0.32 V over a shunt in steps of 10 µV, every 1 ms."""

    def __init__(self, board: Board, config: Ina219Config) -> None:
        self._chip, self._config = I2cChip(board, config.bus, config.address), config

    def open(self) -> None:
        """See whether it stands as after power-on, or does so when reset.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: Another chip answers.
        """
        if self._word(_CONFIGURATION) == _POWER_ON:
            return
        self._chip.write(bytes([_CONFIGURATION]) + _RESET.to_bytes(2, "big"))
        if (found := self._word(_CONFIGURATION)) != _POWER_ON:
            raise WrongDeviceError(f"{self._chip.place}: after a reset {found:#06x}, not 0x399f")

    def read(self) -> dict[Quantity, float]:
        """V, and A unless it is at a cell.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            NotReadyError: It has not converted since its reset.
        """
        bus = self._word(_BUS)
        if not bus & _CONVERTED:
            raise NotReadyError(f"{self._chip.place}: no conversion yet")
        volts = (bus >> 3) * _V_PER_BIT
        if self._config.battery:
            return {Quantity.BATTERY_V: volts}
        raw = self._word(_SHUNT)
        shunt_v = (raw - 0x10000 if raw & 0x8000 else raw) * _SHUNT_V_PER_BIT
        return {Quantity.SUPPLY_V: volts, Quantity.SUPPLY_A: shunt_v / self._config.shunt_ohm}

    def close(self) -> None:
        """Leave it converting, which takes 1 mA."""

    def _word(self, register: int) -> int:
        return int.from_bytes(self._chip.exchange(bytes([register]), 2), "big")
