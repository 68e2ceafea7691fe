"""The Korean rule on noise between floors (공동주택 층간소음 규칙, 2023-01-02).

What it limits, and what a microphone of known weaknesses can say against such a limit. Pure.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

DAY_BEGINS, DAY_ENDS = "06:00", "22:00"
OLDER_DB = 2.0  # more in housing approved before June 2005, since 2025
OFTEN = 3  # the highest level counts when it is above its limit so often in an hour
HOUR_S = 3600.0
COVERS_DB = 10.0  # a background so far below the level adds less than half a decibel to it
DROWNS_DB = 3.0  # one nearer than this leaves nothing to be told from it
LOST_MAY_PCT = 1.0  # of a time of which more is lost nobody can say that it was quiet
CLASS_DB = 1.0  # what the meter itself may be off, as class 2 at the reference frequency
CALIBRATED_DB, UNCALIBRATED_DB = 1.0, 3.0  # the microphone: after a calibrator, and by its sheet


class Measure(StrEnum):
    """What the rule limits."""

    IMPACT_LEQ = "laeq_1min"  # running, jumping, dropping
    IMPACT_MAX = "lmax"
    AIRBORNE_LEQ = "laeq_5min"  # television, instruments


class Verdict(StrEnum):
    """What can be said against a limit."""

    EXCEEDS = "exceeds"
    BELOW = "below"
    INDETERMINATE = "indeterminate"


_LIMITS = {  # day and night, in dB(A)
    Measure.IMPACT_LEQ: (39.0, 34.0),
    Measure.IMPACT_MAX: (57.0, 52.0),
    Measure.AIRBORNE_LEQ: (45.0, 40.0),
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """A microphone: its own noise in dB(A), and whether it was held to a calibrator."""

    floor_dba: float
    is_calibrated: bool = False

    @property
    def uncertainty_db(self) -> float:
        """Of a level, for 95 %: the microphone's and the meter's, independent of each other."""
        sensitivity_db = CALIBRATED_DB if self.is_calibrated else UNCALIBRATED_DB
        return math.hypot(sensitivity_db, CLASS_DB)


def limit_dba(measure: Measure, *, is_day: bool, is_older: bool) -> float:
    """The limit in dB(A)."""
    day, night = _LIMITS[measure]
    return (day if is_day else night) + (OLDER_DB if is_older else 0.0)


def corrected_dba(level_dba: float, background_dba: float | None) -> float | None:
    """The level without its background, both in dB(A); None where the background drowns it."""
    if background_dba is None or level_dba - background_dba >= COVERS_DB:
        return level_dba
    if level_dba - background_dba < DROWNS_DB:
        return None
    return level_dba + 10 * math.log10(1 - 10 ** ((background_dba - level_dba) / 10))


def judge(
    level_dba: float,
    limit: float,
    instrument: Instrument,
    *,
    lost_pct: float = 0.0,
    background_dba: float | None = None,
) -> Verdict:
    """Hold a level to a limit, both in dB(A).

    It exceeds where it does so less its uncertainty and background, counting what was lost as
    silence. It is below where even with its uncertainty it is not above, its own noise taken for
    sound, and nearly nothing was lost. Everything else is indeterminate.
    """
    if lost_pct < 100:
        heard_dba = level_dba + 10 * math.log10(1 - lost_pct / 100)
        source_dba = corrected_dba(heard_dba, background_dba)
        if source_dba is not None and source_dba - instrument.uncertainty_db > limit:
            return Verdict.EXCEEDS
    most_dba = max(level_dba, instrument.floor_dba) + instrument.uncertainty_db
    return (
        Verdict.BELOW if most_dba <= limit and lost_pct <= LOST_MAY_PCT else Verdict.INDETERMINATE
    )


def agreed(verdicts: Iterable[Verdict]) -> Verdict:
    """What holds for all of them; where they differ, nothing can be said."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else Verdict.INDETERMINATE


def any_exceeds(verdicts: Iterable[Verdict]) -> Verdict:
    """One that exceeds is enough; it is below only where all are."""
    found = set(verdicts)
    if Verdict.EXCEEDS in found:
        return Verdict.EXCEEDS
    return Verdict.BELOW if found == {Verdict.BELOW} else Verdict.INDETERMINATE


def often(surely: int, maybe: int, lost_pct: float) -> Verdict:
    """Whether the highest level counts: so often surely above the limit, so often at the most."""
    if surely >= OFTEN:
        return Verdict.EXCEEDS
    quiet = maybe < OFTEN and lost_pct <= LOST_MAY_PCT
    return Verdict.BELOW if quiet else Verdict.INDETERMINATE
