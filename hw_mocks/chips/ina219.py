"""A simulated INA219: words behind a pointer."""

from typing import TYPE_CHECKING, Any

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.registers import answer
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.air import Room
    from hw_mocks.wiring import Wiring

_POWER_ON, _CONFIGURATION, _SHUNT, _BUS = 0x399F, 0, 1, 2
KNOBS = ("volts", "amperes", "converted")


def _volts(room: "Room") -> float:
    """A 5 V supply, which ends with the mains."""
    return 5.1 if room.mains_v > 0 else 0.0


SENSES = (Sense("volts", 0.5, 0.004, high=26.0, of=_volts),)


def plug(wiring: "Wiring", config: Any) -> "Ina219Sim":
    """Put it on its bus."""
    part = Ina219Sim(config.shunt_ohm)
    wiring.i2c(config.bus, config.address, part)
    return part


class Ina219Sim:
    """Knobs `volts`, `amperes`; `converted`: whether it has anything since its reset.

    Faults: absent; wrong_chip (a PCA9685, which knows no such configuration); stuck; slow (holds
    the clock); saturated (32 V, 0.32 V over the shunt). Does not imitate gains, averaging, power.
    """

    fault = FaultKnob(*set(Fault) - {Fault.CORRUPTED}, then=lambda chip: chip.hold())

    def __init__(self, shunt_ohm: float = 0.1) -> None:
        self.volts, self.amperes, self.converted = 5.1, 0.6, True
        self.configuration, self._shunt_ohm, self._pointer = _POWER_ON, shunt_ohm, 0
        self._held = {_BUS: 0, _SHUNT: 0}

    def hold(self) -> None:
        """Remember the words at which a stuck part stays; an unplugged one forgets all else."""
        self._held = self._measured()
        if self.fault is Fault.ABSENT:
            self.configuration = _POWER_ON

    def write(self, data: bytes) -> None:
        """Take the pointer in, and the configuration."""
        answer(self.fault)
        if data:
            self._pointer = data[0]
        if len(data) == 3 and data[0] == _CONFIGURATION:
            told = int.from_bytes(data[1:], "big")
            self.configuration = _POWER_ON if told & 0x8000 else told

    def read(self, count: int) -> bytes:
        """Give the word."""
        answer(self.fault)
        words = self._held if self.fault is Fault.STUCK else self._measured()
        other = self.fault is Fault.WRONG_CHIP
        words = words | {_CONFIGURATION: 0x1104 if other else self.configuration}
        return words.get(self._pointer, 0).to_bytes(2, "big")[:count]

    def _measured(self) -> dict[int, int]:
        full = self.fault is Fault.SATURATED
        shunt_v = 0.32 if full else max(-0.32, min(0.32, self.amperes * self._shunt_ohm))
        steps = round((32.0 if full else max(0.0, min(32.0, self.volts))) / 0.004)
        ready = 2 if self.converted else 0
        return {_SHUNT: round(shunt_v / 10e-6) & 0xFFFF, _BUS: steps << 3 | ready}
