"""Levels over minutes and hours, of one microphone's seconds. Pure."""

import math
import statistics
from collections import deque
from dataclasses import dataclass, field

RISE_DB = FALL_DB = 3.0  # a blow stands out by so much from before, and falls by so much after
_BEFORE = 10  # half seconds, whose median is what was before
_WITHIN_S = 3.0  # of its peak it falls: what stays as loud is no blow
_AT_FIRST_DBA = 40.0
_APART_S = 0.5  # two seconds that end nearer to each other are one, told twice
_LATE_S = 1.5  # the last second of a mean may come so much later
BACKGROUND_S = 600.0  # of whose seconds LA90 is taken
BACKGROUND_AFTER_S = 3600.0  # before, a lasting noise could not be told from it
BACKGROUND_FOR_S = 24 * 3600.0
_LEAST_SHARE = 0.5  # of a time that was heard, so that it has a percentile


@dataclass(frozen=True, slots=True)
class Mean:
    """An equivalent level in dB(A) over the time from `begins` to `ends` (monotonic seconds).

    `lost_pct` of it was not heard, be it that samples were lost or that the microphone was silent.
    `la50_dba` is the level that half of its seconds had: far below the mean where a few blows made
    that. `spread_db` is LA10 less LA90: of a hum next to nothing.
    """

    begins: float
    ends: float
    laeq_dba: float
    la50_dba: float
    spread_db: float
    lost_pct: float


@dataclass(slots=True, eq=False)
class Averager:
    """Successive means of `length_s` seconds each; a second told twice counts once."""

    length_s: float
    _number: int | None = field(default=None, init=False)
    _done: int | None = field(default=None, init=False)  # the last number that has ended
    _last: float = field(default=-math.inf, init=False)  # when the last second ended
    _energy: float = field(default=0.0, init=False)
    _heard_s: float = field(default=0.0, init=False)
    _seconds: list[float] = field(default_factory=list, init=False)

    def add(self, laeq_dba: float, lost_pct: float, at: float) -> Mean | None:
        """Take the level of the second that ended at `at` in; give the mean that has ended."""
        number = math.floor((at - 0.5) / self.length_s)
        if at - self._last < _APART_S or number == self._done:
            return None
        self._last = at
        closed = self._close() if self._number not in (None, number) else None
        self._number = number
        heard_s = 1 - lost_pct / 100
        self._energy += heard_s * 10 ** (laeq_dba / 10)
        self._heard_s += heard_s
        self._seconds.append(laeq_dba)
        is_full = len(self._seconds) >= self.length_s
        is_over = at >= (number + 1) * self.length_s - 0.5
        return closed or (self._close() if is_full and is_over else None)

    def wait(self, now: float) -> Mean | None:
        """Let time pass to `now`; give the mean that has ended."""
        if self._number is None or now < (self._number + 1) * self.length_s + _LATE_S:
            return None
        return self._close()

    def _close(self) -> Mean | None:
        begins = (self._number or 0) * self.length_s
        mean = None
        if self._heard_s > 0 and self._energy > 0:
            lost_pct = max(0.0, 100 * (1 - self._heard_s / self.length_s))
            level = 10 * math.log10(self._energy / self._heard_s)
            la10_dba, la50_dba, la90_dba = (percentile(self._seconds, n) for n in (10, 50, 90))
            ends, spread_db = begins + self.length_s, la10_dba - la90_dba
            mean = Mean(begins, ends, level, la50_dba, spread_db, lost_pct)
        self._number, self._done = None, self._number
        self._energy, self._heard_s, self._seconds = 0.0, 0.0, []
        return mean


@dataclass(slots=True, eq=False)
class Background:
    """The lowest LA90 of ten minutes in a day, in dB(A), once an hour has been heard.

    Or what people measured, which then stays.
    """

    measured_dba: float | None = None
    _seconds: list[float] = field(default_factory=list, init=False)
    _begins: float | None = field(default=None, init=False)
    _since: float | None = field(default=None, init=False)
    _lows: deque[tuple[float, float]] = field(default_factory=deque, init=False)

    def add(self, laeq_dba: float, at: float) -> None:
        """Take the level of the second that ended at `at` in."""
        if self._begins is None or self._since is None:
            self._begins, self._since = at, self._since if self._since is not None else at
        if at - self._begins >= BACKGROUND_S:
            if len(self._seconds) >= _LEAST_SHARE * BACKGROUND_S:
                self._lows.append((at, percentile(self._seconds, 90)))
            self._seconds, self._begins = [], at
        while self._lows and self._lows[0][0] < at - BACKGROUND_FOR_S:
            self._lows.popleft()
        self._seconds.append(laeq_dba)

    def level(self, at: float) -> float | None:
        """The background in dB(A) at `at`; None while it is not known."""
        if self.measured_dba is not None:
            return self.measured_dba
        if self._since is None or at - self._since < BACKGROUND_AFTER_S or not self._lows:
            return None
        return min(level for _, level in self._lows)


@dataclass(frozen=True, slots=True)
class Impact:
    """A blow that stood out, at `at` in monotonic seconds; `laf_dba` is its highest F level."""

    at: float
    laf_dba: float


@dataclass(slots=True, eq=False)
class Impacts:
    """Finds impacts in the highest F level of each half second, once they have fallen again."""

    _before: deque[float] = field(default_factory=lambda: deque(maxlen=_BEFORE), init=False)
    _peak: Impact | None = field(default=None, init=False)  # of what may be one

    def add(self, laf_dba: float, at: float) -> Impact | None:
        """Take a level in; give the impact that is over with it."""
        peak, found = self._peak, None
        usual = statistics.median(self._before) if self._before else _AT_FIRST_DBA
        rises = laf_dba > (self._before[-1] if self._before else _AT_FIRST_DBA)
        if peak is not None and laf_dba <= peak.laf_dba - FALL_DB:
            found, self._peak = peak, None
        elif peak is not None and laf_dba > peak.laf_dba:
            self._peak = Impact(at, laf_dba)
        elif peak is not None and at - peak.at > _WITHIN_S:
            self._peak = None
        elif peak is None and rises and laf_dba - usual >= RISE_DB:
            self._peak = Impact(at, laf_dba)
        self._before.append(laf_dba)
        return found


def percentile(levels_dba: list[float], exceeded_pct: float) -> float:
    """The level in dB(A) that so many percent of the levels reach: 90 for the background."""
    ranked = sorted(levels_dba)
    place = (1 - exceeded_pct / 100) * (len(ranked) - 1)
    low = ranked[math.floor(place)]
    return low + (ranked[math.ceil(place)] - low) * (place % 1)
