"""The last hour of one microphone, and what the rule on noise between floors says of it. Pure."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.detectors import noise_rule
from agent.detectors.calendar import Calendar
from agent.detectors.noise_levels import Averager, Background, Impact, Impacts, Mean
from agent.detectors.noise_rule import HOUR_S, Instrument, Measure, Verdict

UNEVEN_DB = 6.0  # running gives no pause between two blows, but is not even
BLOWS_DB = 10.0  # so far above what half of its seconds had, a few blows made a mean
HUM_DB = 3.0  # between LA10 and LA90: what varies less may be the background itself
LENGTHS_S = {Measure.IMPACT_LEQ: 60.0, Measure.AIRBORNE_LEQ: 300.0}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one measure of the rule says over the last hour, of the worst there was in it.

    `level_dba` is the level that decided, `limit_dba` what it was held to, by the time at which it
    was heard; where nobody knows whether that was day (`is_day` None), both limits were looked at
    and `limit_dba` is that by day. `count` is how often a highest level was surely above it,
    `lost_pct` of what was not heard.
    """

    measure: Measure
    verdict: Verdict
    level_dba: float
    limit_dba: float
    is_day: bool | None
    count: int
    lost_pct: float
    background_dba: float | None


@dataclass(slots=True)
class _Peak:
    """The highest F level of a minute that ends at `ends`, and when it was heard."""

    ends: float
    laf_dba: float
    at: float


@dataclass(frozen=True, slots=True)
class _Tally:
    """How often blows by day, or by night, were surely above their limit, and may have been."""

    is_day: bool
    surely: int
    maybe: int


@dataclass(slots=True, eq=False)
class Hour:
    """One microphone's means and impacts; times in monotonic seconds."""

    instrument: Instrument
    calendar: Calendar
    is_older: bool
    background: Background
    struck: deque[Impact] = field(default_factory=deque, init=False)
    means: dict[Measure, deque[Mean]] = field(init=False)
    _averagers: dict[Measure, Averager] = field(init=False)
    _impacts: Impacts = field(default_factory=Impacts, init=False)
    _peaks: deque[_Peak] = field(default_factory=deque, init=False)

    def __post_init__(self) -> None:
        """Begin with nothing heard."""
        self.means = {each: deque() for each in LENGTHS_S}
        self._averagers = {each: Averager(length_s) for each, length_s in LENGTHS_S.items()}

    def second(self, laeq_dba: float, lost_pct: float, at: float) -> Iterator[tuple[Measure, Mean]]:
        """Take a second that ended at `at` in; give the means that have ended."""
        self.background.add(laeq_dba, at)
        for measure, averager in self._averagers.items():
            if (mean := averager.add(laeq_dba, lost_pct, at)) is not None:
                yield measure, self._keep(measure, mean)

    def wait(self, now: float) -> Iterator[tuple[Measure, Mean]]:
        """Let time pass to `now`; give the means that have ended."""
        for measure, averager in self._averagers.items():
            if (mean := averager.wait(now)) is not None:
                yield measure, self._keep(measure, mean)

    def half_second(self, laf_dba: float, at: float) -> Impact | None:
        """Take the highest F level of a half second in; give the impact that is over with it."""
        last = self._peaks[-1] if self._peaks else None
        if last is None or at > last.ends or self.is_day(at) is not self.is_day(last.at):
            self._peaks.append(_Peak(at - at % 60 + 60, laf_dba, at))
        elif laf_dba > last.laf_dba:
            last.laf_dba, last.at = laf_dba, at
        impact = self._impacts.add(laf_dba, at)
        if impact is not None:
            self.struck.append(impact)
        self._forget(at)
        return impact

    def findings(self, now: float) -> list[Finding]:
        """What each measure says of the hour before `now`."""
        self._forget(now)
        found = (self.finding(each, now) for each in Measure)
        return [each for each in found if each is not None]

    def finding(self, measure: Measure, now: float, *, since: float = -math.inf) -> Finding | None:
        """What one measure says of it; None where nothing was heard for long enough.

        Means that ended by `since` do not count; the highest level's hour has its whole length.
        """
        if measure is Measure.IMPACT_MAX:
            return self._often(now)
        if not (means := [each for each in self.means[measure] if each.ends > since]):
            return None
        verdicts = [(self.judge(measure, mean), mean) for mean in means]
        verdict = noise_rule.any_exceeds(found for found, _ in verdicts)
        worst = max((mean for found, mean in verdicts if found is verdict), key=_level)
        is_day = self.is_day((worst.begins + worst.ends) / 2)
        return Finding(
            measure=measure,
            verdict=verdict,
            level_dba=worst.laeq_dba,
            limit_dba=self.limit(measure, is_day=is_day),
            is_day=is_day,
            count=sum(found is Verdict.EXCEEDS for found, _ in verdicts),
            lost_pct=worst.lost_pct,
            background_dba=self.background.level(now),
        )

    def judge(self, measure: Measure, mean: Mean) -> Verdict:
        """Hold one mean to its limit: even noise is no impact's, and a few blows are no music.

        Nor is a hum, while nobody knows whether it is the house's own.
        """
        is_day = self.is_day((mean.begins + mean.ends) / 2)
        verdict = noise_rule.agreed(
            noise_rule.judge(
                mean.laeq_dba,
                self.limit(measure, is_day=assumed),
                self.instrument,
                lost_pct=mean.lost_pct,
                background_dba=self.background.level(mean.ends),
            )
            for assumed in _assumed(is_day)
        )
        is_other = (
            self._is_even(mean)
            if measure is Measure.IMPACT_LEQ
            else mean.la50_dba < mean.laeq_dba - BLOWS_DB
            or (mean.spread_db < HUM_DB and self.background.level(mean.ends) is None)
        )
        return Verdict.INDETERMINATE if verdict is Verdict.EXCEEDS and is_other else verdict

    def is_day(self, at: float) -> bool | None:
        """Whether the rule's day lasts at `at`; None: nobody knows."""
        return self.calendar.is_within(at, noise_rule.DAY_BEGINS, noise_rule.DAY_ENDS)

    def limit(self, measure: Measure, *, is_day: bool | None) -> float:
        """The limit in dB(A); where nobody knows, the higher, that by day."""
        return noise_rule.limit_dba(measure, is_day=is_day is not False, is_older=self.is_older)

    def _is_even(self, mean: Mean) -> bool:
        """Whether no blow stood out in a minute, and its highest level is near its mean."""
        highest = max(
            (each.laf_dba for each in self._peaks if each.ends == mean.ends), default=-math.inf
        )
        is_struck = any(mean.begins < blow.at <= mean.ends + 1 for blow in self.struck)
        return not is_struck and highest < mean.laeq_dba + UNEVEN_DB

    def _keep(self, measure: Measure, mean: Mean) -> Mean:
        self.means[measure].append(mean)
        return mean

    def _often(self, now: float) -> Finding | None:
        """How often a highest level was above the limit of its own time."""
        if not self._peaks:
            return None
        lost = [mean.lost_pct for mean in self.means[Measure.IMPACT_LEQ]]
        lost_pct = sum(lost) / len(lost) if lost else 0.0
        heard = {self.is_day(each.at) for each in self._peaks}
        verdicts, tallies = [], []
        for assumed in _assumed(None if None in heard else self.is_day(now)):
            both = [self._tally(is_day, assumed) for is_day in (True, False)]
            worst = max(both, key=lambda each: (each.surely, each.maybe, each.is_day in heard))
            verdicts.append(
                noise_rule.often(worst.surely, sum(each.maybe for each in both), lost_pct)
            )
            tallies.append(worst)
        is_day = None if None in heard else tallies[0].is_day
        return Finding(
            measure=Measure.IMPACT_MAX,
            verdict=noise_rule.agreed(verdicts),
            level_dba=self._highest(is_day),
            limit_dba=self.limit(Measure.IMPACT_MAX, is_day=is_day),
            is_day=is_day,
            count=min(each.surely for each in tallies),
            lost_pct=lost_pct,
            background_dba=self.background.level(now),
        )

    def _tally(self, is_day: bool, assumed: bool | None) -> _Tally:
        """Count the blows by day or by night; `assumed`: which it was where nobody knows."""
        limit, margin_db = (
            self.limit(Measure.IMPACT_MAX, is_day=is_day),
            self.instrument.uncertainty_db,
        )
        struck = []
        for blow in self.struck:
            known = self.is_day(blow.at)
            if (assumed if known is None else known) is is_day:
                struck.append(blow.laf_dba)
        surely = sum(level - margin_db > limit for level in struck)
        return _Tally(is_day, surely, sum(level + margin_db > limit for level in struck))

    def _highest(self, is_day: bool | None) -> float:
        """The highest F level by day or by night; of both where nobody knows."""
        return max(
            each.laf_dba for each in self._peaks if is_day is None or self.is_day(each.at) is is_day
        )

    def _forget(self, now: float) -> None:
        """Drop what is older than an hour."""
        for each in self.means.values():
            while each and each[0].ends <= now - HOUR_S:
                each.popleft()
        while self.struck and self.struck[0].at <= now - HOUR_S:
            self.struck.popleft()
        while self._peaks and self._peaks[0].ends <= now - HOUR_S:
            self._peaks.popleft()


def _assumed(is_day: bool | None) -> tuple[bool, ...]:
    return (True, False) if is_day is None else (is_day,)


def _level(mean: Mean) -> float:
    return mean.laeq_dba
