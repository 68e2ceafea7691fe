"""What a microphone's sound says, as numbers: the one way for the living process and for replay."""

import math

from agent.perception.a_weighting import Samples
from agent.perception.alarm_sound import AlarmSound
from agent.perception.sound_level import LevelMeter, Levels
from drivers.sensor import Quantity

LEAST_DB = 0.0  # quieter than any microphone hears: digital silence, which has no level


class Ear:
    """Takes blocks of a tenth of a second, each `block_frames` samples; gives numbers each half.

    `full_scale_db` is the level in dB re 20 µPa of a sine that just reaches full scale. A sample
    lives until the next half second ends: for the filter, 0.3 s at the most, and the spectrum.
    """

    def __init__(self, rate_hz: int, full_scale_db: float) -> None:
        """Make the meter and the decoder.

        Raises:
            ValueError: The rate is too low, or no multiple of ten.
        """
        self._meter, self._alarms = LevelMeter(rate_hz, full_scale_db), AlarmSound(rate_hz)
        self._full_scale_db = full_scale_db
        self.block_frames = self._meter.block_frames
        self.levels: Levels | None = None  # of the last half second

    def hear(self, block: Samples, lost: int = 0) -> dict[Quantity, float]:
        """Take the next block in, after `lost` missing samples; give what is new.

        Each half second that is `SOUND_LAF_DBA`, the highest since the last, and `ALARM_PULSES`;
        with each second also `SOUND_LAEQ_DBA`, `SOUND_LEQ_DB` and `SOUND_LOST_PCT` of it. What has
        no level is not there: no number stands in for it.
        """
        pulses = self._alarms.update(block, lost)
        levels = self._meter.update(block, lost)
        if levels is None:
            return {}
        self.levels = levels
        found = {Quantity.SOUND_LAF_DBA: levels.laf_dba}
        if (second := levels.second) is not None:
            end_db = self._full_scale_db if second.is_overloaded else -math.inf
            found[Quantity.SOUND_LAEQ_DBA] = second.laeq_dba
            found[Quantity.SOUND_LEQ_DB] = max(second.leq_db, end_db)
        found = {quantity: db for quantity, db in found.items() if db >= LEAST_DB}
        if second is not None:
            found[Quantity.SOUND_LOST_PCT] = second.lost_pct
        return {**found, Quantity.ALARM_PULSES: float(pulses)}
