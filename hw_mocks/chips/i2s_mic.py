"""A simulated I2S microphone: the numbers that perception would make of its sound."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drivers import record
from drivers.sensor import Quantity
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.perception import SimPerception

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("level_db", "lost_pct", "alarm_pulses")
END_DB = 123.01  # a square wave of full scale: 3 dB more than the sine that just reaches it
_LATE_S = 2.8  # within what the socket takes, beyond what the driver does


def plug(wiring: "Wiring", config: Any) -> "I2sMicSim":
    """Have the simulated perception process speak for it."""
    part = I2sMicSim(config.name, wiring.perception)
    wiring.perception.add(part)
    return part


class _Knob:
    """Something that it hears; time passes as it is turned."""

    def __init__(self, at_first: float) -> None:
        self._at_first = at_first

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, part: object, owner: type | None = None) -> float:
        value: float = vars(part).get(self._name, self._at_first)
        return value

    def __set__(self, part: "I2sMicSim", value: float) -> None:
        vars(part)[self._name] = float(value)
        part.process.turned()


class I2sMicSim:
    """Knobs `level_db` (a tone of 1 kHz, so in dB(A) as well), `lost_pct` and `alarm_pulses`.

    Faults: absent (the card is gone: not a word), corrupted (garbage of all lengths), slow (2.8 s
    late), saturated (a square wave of full scale). Not imitated: sound, and all that perception
    makes of it but the numbers; `tests/agent/perception` has those.
    """

    def __init__(self, name: str, process: SimPerception) -> None:
        self.name, self.process = name, process
        self._lies = self._ticks = 0

    level_db, lost_pct, alarm_pulses = _Knob(45.0), _Knob(0.0), _Knob(0.0)

    def _failed(self) -> None:
        self.process.turned()

    fault = FaultKnob(Fault.ABSENT, Fault.CORRUPTED, Fault.SLOW, Fault.SATURATED, then=_failed)

    def datagrams(self, at: float) -> Iterator[bytes]:
        """Its records at this time, by its fault: the second's with each other half second."""
        if self.fault is Fault.ABSENT:
            return
        if self.fault is Fault.CORRUPTED:
            self._lies += 1
            yield bytes((self._lies * 31 + n) & 0xFF for n in range(self._lies * 7 % 97))
            return
        late_s = _LATE_S if self.fault is Fault.SLOW else 0.0
        for quantity, value in self._numbers().items():
            yield record.encode(self.name, quantity, value, at - late_s)

    def is_flooding(self) -> bool:
        """A microphone that is too loud floods nobody."""
        return False

    def obey(self, *, is_muted: bool) -> None:
        """It cannot be muted."""

    def _numbers(self) -> dict[Quantity, float]:
        level_db = END_DB if self.fault is Fault.SATURATED else self.level_db
        numbers = {
            Quantity.SOUND_LAF_DBA: level_db,
            Quantity.SOUND_LAEQ_DBA: level_db,
            Quantity.SOUND_LEQ_DB: level_db,
            Quantity.SOUND_LOST_PCT: self.lost_pct,
            Quantity.ALARM_PULSES: self.alarm_pulses,
        }
        return {quantity: value for quantity, value in numbers.items() if math.isfinite(value)}
