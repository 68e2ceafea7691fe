"""A simulated BME680: calibration, one forced measurement at a time, and its raw counts."""

import struct
from typing import TYPE_CHECKING, Any

from hw_mocks import bosch
from hw_mocks.blinka import VirtualTime
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import Registers, answer
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_CHIP_ID, _MEASURE, _STATUS = 0xD0, 0x74, 0x1D
_LOOKS = 5  # looks at the status until a measurement is there
KNOBS = ("celsius", "humidity_pct", "hpa", "gas_kohm", "heats")
SENSES = (
    Sense("celsius", 20.0, 0.05, low=-40.0, high=85.0),
    Sense("humidity_pct", 8.0, 0.2, high=100.0),
    Sense("hpa", 1.0, 0.05, of=lambda _: 1013.0),
    Sense("gas_kohm", 10.0, share=0.01, of=lambda room: 150.0 / (1.0 + room.reducing_ppm / 5.0)),
)


class PassingTime(VirtualTime):
    """Time in which a later question is asked later: each look at the clock takes 1.2 ms."""

    def monotonic(self) -> float:
        """Seconds; asking takes 1.2 ms."""
        self.now_s += 1.2e-3
        return self.now_s


def plug(wiring: "Wiring", config: Any) -> "Bme680Sim":
    """Put it on its bus. The library's waits pass at once."""
    import adafruit_bme680  # noqa: PLC0415  # only where simulated

    adafruit_bme680.time = PassingTime()
    part = Bme680Sim()
    wiring.i2c(config.bus, config.address, part)
    return part


class Bme680Sim:
    """Knobs `celsius`, `humidity_pct`, `hpa`, `gas_kohm`; `heats`: whether its heater does.

    Faults: absent; wrong_chip (another id); stuck; slow (measures for ever); saturated (each at
    its rated end). Does not imitate the heater's warmth, the filter, or oversampling.
    """

    fault = FaultKnob(*set(Fault) - {Fault.CORRUPTED}, then=lambda chip: chip.hold())

    def __init__(self) -> None:
        self.celsius, self.humidity_pct, self.hpa, self.gas_kohm = 21.0, 45.0, 1013.0, 150.0
        self.heats = True
        self._held, self._looks = b"", 0
        self._registers = Registers({_CHIP_ID: b"\x61", **bosch.CALIBRATION})

    def hold(self) -> None:
        """Remember the counts at which a stuck part stays."""
        self._held = self._counts()
        if self.fault is Fault.ABSENT:
            self._registers = Registers({_CHIP_ID: b"\x61", **bosch.CALIBRATION})

    def write(self, data: bytes) -> None:
        """Take pairs of register and value in; mode 1 begins a measurement."""
        answer(Fault.NONE if self.fault is Fault.SLOW else self.fault)
        if len(data) == 1:
            self._registers.pointer = data[0]
        for register, value in zip(data[::2], data[1::2], strict=False):
            self._registers.put(register, bytes([value]))
            if register == _MEASURE and value & 3 == 1:
                self._looks = _LOOKS
                self._registers.put(_STATUS, b"\0")

    def read(self, count: int) -> bytes:
        """Give registers; the status after having been looked at some times."""
        answer(Fault.NONE if self.fault is Fault.SLOW else self.fault)
        if self._registers.pointer == _STATUS and self.fault is not Fault.SLOW:
            self._looks = max(0, self._looks - 1)
            if self._looks == 0:
                stuck = self.fault is Fault.STUCK
                self._registers.put(_STATUS, self._held if stuck else self._counts())
                self._registers.put(_MEASURE, b"\0")
        if self._registers.pointer == _CHIP_ID and self.fault is Fault.WRONG_CHIP:
            return b"\x60"  # a BME280
        return self._registers.read(count)

    def _counts(self) -> bytes:
        """Status, pressure, temperature and humidity; the gas count with its range and validity."""
        knobs = self.celsius, self.humidity_pct, self.hpa, self.gas_kohm
        if self.fault is Fault.SATURATED:
            knobs = 85.0, 100.0, 1100.0, 10_000.0
        celsius, humidity, pressure, (gas, gas_range) = bosch.counts(*knobs)
        low = gas << 6 | (0x30 if self.heats else 0) | gas_range
        wide = (pressure << 4).to_bytes(3, "big") + (celsius << 4).to_bytes(3, "big")
        return b"\x80\0" + wide + struct.pack(">HxxxH", humidity, low)
