"""A simulated I2S microphone: the numbers that perception would make of its sound."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drivers.sensor import Quantity
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.perception import Faltering, SaidKnob, SimPerception

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

KNOBS = ("level_db", "lost_pct", "alarm_pulses")
END_DB = 123.01  # a square wave of full scale: 3 dB more than the sine that just reaches it


def plug(wiring: "Wiring", config: Any) -> "I2sMicSim":
    """Have the simulated perception process speak for it."""
    part = I2sMicSim(config.name, wiring.perception)
    wiring.perception.add(part)
    return part


class I2sMicSim:
    """Knobs `level_db` (a tone of 1 kHz, so in dB(A) as well), `lost_pct` and `alarm_pulses`.

    Faults: absent (the card is gone: not a word), corrupted (garbage of all lengths), slow (2.8 s
    late), saturated (a square wave of full scale). Not imitated: sound, and all that perception
    makes of it but the numbers; `tests/agent/perception` has those.
    """

    def __init__(self, name: str, process: SimPerception) -> None:
        self.name, self.process = name, process
        self._faltering = Faltering(name)

    level_db, lost_pct, alarm_pulses = SaidKnob(45.0), SaidKnob(0.0), SaidKnob(0.0)

    def _failed(self) -> None:
        self.process.turned()

    fault = FaultKnob(Fault.ABSENT, Fault.CORRUPTED, Fault.SLOW, Fault.SATURATED, then=_failed)

    def datagrams(self, at: float) -> Iterator[bytes]:
        """Its records at this time, by its fault."""
        return self._faltering.datagrams(self._numbers(), self.fault, at)

    def is_flooding(self) -> bool:
        """A microphone that is too loud floods nobody."""
        return False

    def obey(self, *, is_muted: bool) -> None:
        """It cannot be muted."""

    def draw(self, *, is_wanted: bool) -> None:
        """It sees nothing."""

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
