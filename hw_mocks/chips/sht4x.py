"""A simulated SHT4x: one-byte commands, answers of two words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hw_mocks import blinka
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import answer
from hw_mocks.senses import Sense
from hw_mocks.sensirion import Outbox, flipped, ticks, with_checksums

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_SERIAL, _RESET, _MEASURE, _HEAT = 0x89, 0x94, 0xFD, 0x39
KNOBS = ("celsius", "humidity_pct", "heater_c")
SENSES = (
    Sense("celsius", 4.0, 0.03, low=-45.0, high=130.0),  # 63 % in 2 s to 8 s, by its board
    Sense("humidity_pct", 4.0, 0.1, high=100.0),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is that no `[[sensors]]` table names."""

    bus: int
    address: int


def plug(wiring: "Wiring", config: Any) -> "Sht4xSim":
    """Put it on its bus. The library's waits pass at once."""
    import adafruit_sht4x  # noqa: PLC0415  # only where simulated

    adafruit_sht4x.time = blinka.install().time
    part = Sht4xSim()
    wiring.i2c(config.bus, config.address, part)
    return part


class Sht4xSim:
    """Knobs `celsius`, `humidity_pct`, and `heater_c`: how much a second of 200 mW warms it.

    Does not imitate weaker or shorter heat, what is left of it afterwards, or lower precision.

    Faults: absent; wrong_chip (answers without checksums); corrupted (a bit of each measurement
    flips); stuck; slow (holds the clock); saturated (both at their ends).
    """

    fault = FaultKnob(*Fault, then=lambda chip: chip.hold())

    def __init__(self, celsius: float = 21.0, humidity_pct: float = 45.0) -> None:
        self.celsius, self.humidity_pct = celsius, humidity_pct
        self.heater_c = 50.0
        self._held, self._out = b"", Outbox()

    def hold(self) -> None:
        """Remember the measurement at which a stuck part stays."""
        self._held = self._measured()

    def write(self, data: bytes) -> None:
        """Take a command."""
        answer(self.fault)
        if data[:1] == bytes([_SERIAL]):
            self._out.put(with_checksums(0x0F1E, 0x2D3C))
        elif data[:1] in {bytes([_MEASURE]), bytes([_HEAT])}:
            stuck = self.fault is Fault.STUCK
            warmer_c = self.heater_c if data[:1] == bytes([_HEAT]) else 0.0
            sent = self._held if stuck else self._measured(warmer_c)
            self._out.put(flipped(sent) if self.fault is Fault.CORRUPTED else sent)
        elif data[:1] == bytes([_RESET]):
            self._out.put(b"")

    def read(self, count: int) -> bytes:
        """Give the answer."""
        answer(self.fault)
        return bytes(count) if self.fault is Fault.WRONG_CHIP else self._out.take(count)

    def _measured(self, warmer_c: float = 0.0) -> bytes:
        if self.fault is Fault.SATURATED:
            return with_checksums(0xFFFF, 0xFFFF)
        return with_checksums(
            ticks(self.celsius + warmer_c, -45.0, 130.0), ticks(self.humidity_pct, -6.0, 119.0)
        )
