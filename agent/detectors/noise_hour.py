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
LENGTHS_S = {Measure.IMPACT_LEQ: 60.0, Measure.AIRBORNE_LEQ: 300.0}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one measure of the rule says over the last hour, of the worst there was in it.

    `level_dba` is the level that decided, `limit_dba` what it was held to; where nobody knows
    whether it is day (`is_day` None), both limits were looked at and `limit_dba` is that by day.
    `count` is how often a highest level was surely above it, `lost_pct` of what was not heard.
    """

    measure: Measure
    verdict: Verdict
    level_dba: float
    limit_dba: float
    is_day: bool | None
    count: int
    lost_pct: float
    background_dba: float | None


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
    _peaks: deque[tuple[float, float]] = field(default_factory=deque, init=False)  # each minute's

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
        if not self._peaks or at > self._peaks[-1][0]:
            self._peaks.append((at - at % 60 + 60, laf_dba))
        else:
            ends, level = self._peaks[-1]
            self._peaks[-1] = ends, max(level, laf_dba)
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

    def finding(self, measure: Measure, now: float) -> Finding | None:
        """What one measure says of it; None where nothing was heard for long enough."""
        if measure is Measure.IMPACT_MAX:
            return self._often(now)
        if not (means := self.means[measure]):
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
        """Hold one mean to its limit: even noise is no impact's, and a few blows are no music."""
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
        highest = max((db for ends, db in self._peaks if ends == mean.ends), default=-math.inf)
        is_struck = any(mean.begins < blow.at <= mean.ends + 1 for blow in self.struck)
        return not is_struck and highest < mean.laeq_dba + UNEVEN_DB

    def _keep(self, measure: Measure, mean: Mean) -> Mean:
        self.means[measure].append(mean)
        return mean

    def _often(self, now: float) -> Finding | None:
        """How often a highest level was above its limit."""
        if not self._peaks:
            return None
        is_day, margin_db = self.is_day(now), self.instrument.uncertainty_db
        lost = [mean.lost_pct for mean in self.means[Measure.IMPACT_LEQ]]
        lost_pct = sum(lost) / len(lost) if lost else 0.0
        verdicts, counts = [], []
        for assumed in _assumed(is_day):
            limit = self.limit(Measure.IMPACT_MAX, is_day=assumed)
            surely = sum(blow.laf_dba - margin_db > limit for blow in self.struck)
            maybe = sum(blow.laf_dba + margin_db > limit for blow in self.struck)
            verdicts.append(noise_rule.often(surely, maybe, lost_pct))
            counts.append(surely)
        return Finding(
            measure=Measure.IMPACT_MAX,
            verdict=noise_rule.agreed(verdicts),
            level_dba=max(level for _, level in self._peaks),
            limit_dba=self.limit(Measure.IMPACT_MAX, is_day=is_day),
            is_day=is_day,
            count=min(counts),
            lost_pct=lost_pct,
            background_dba=self.background.level(now),
        )

    def _forget(self, now: float) -> None:
        """Drop what is older than an hour."""
        for each in self.means.values():
            while each and each[0].ends <= now - HOUR_S:
                each.popleft()
        while self.struck and self.struck[0].at <= now - HOUR_S:
            self.struck.popleft()
        while self._peaks and self._peaks[0][0] <= now - HOUR_S:
            self._peaks.popleft()


def _assumed(is_day: bool | None) -> tuple[bool, ...]:
    return (True, False) if is_day is None else (is_day,)


def _level(mean: Mean) -> float:
    return mean.laeq_dba
