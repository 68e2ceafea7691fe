"""Noise between floors, held to the Korean rule, with all that makes the answer unsure."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import noise_wording as wording
from agent.detectors.calendar import Calendar
from agent.detectors.derived import Derived
from agent.detectors.noise_hour import Finding, Hour
from agent.detectors.noise_levels import Background, Mean
from agent.detectors.noise_rule import HOUR_S, Instrument, Measure, Verdict
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

UNKNOWN = Instrument(floor_dba=36.0)  # a microphone of which nobody said anything
_SIGNS = {Verdict.EXCEEDS: 1.0, Verdict.INDETERMINATE: 0.0, Verdict.BELOW: -1.0}


class NoiseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[noise]`: the rule of 2023-01-02 is watched for where this section stands.

    `older_housing`: approved before June 2005, so each limit is 2 dB higher. `background_dba` was
    measured with the neighbours away; without it the quietest of the last day is taken for it, once
    an hour was heard.
    """

    older_housing: bool = False
    background_dba: Annotated[float, Meta(ge=10, le=60)] | None = None


class NoiseDetector:
    """A prealarm when a blow is above its limit, an alarm when the rule is surely exceeded.

    `instruments` tells what is known of each microphone. One incident for the place, over when for
    an hour nothing was above a limit. That a level is below, or that nobody can say, is no event: a
    level of `derived`, and of `findings`.
    """

    def __init__(
        self, config: NoiseConfig, calendar: Calendar, instruments: Mapping[str, Instrument]
    ) -> None:
        self._config, self._calendar, self.instruments = config, calendar, instruments
        self._hours: dict[str, Hour] = {}
        self._laeq: dict[str, Reading] = {}  # whose share of lost samples is to come
        self._shown: dict[tuple[str, str], Derived] = {}
        self._stage: Stage | None = None
        self._told: dict[str, float] = {}  # each measure: when its alarm was told last
        self._last = float("-inf")  # when anything was above a limit

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        name = reading.sensor
        if reading.quantity is Quantity.SOUND_LAF_DBA:
            return self._strike(name, reading)
        if reading.quantity is Quantity.SOUND_LAEQ_DBA:
            found = self._second(name, 0.0)
            self._laeq[name] = reading
            return found
        if reading.quantity is Quantity.SOUND_LOST_PCT:
            return self._second(name, reading.value) + self._over(reading.at)
        return []

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now`: a minute ends also where nothing more is heard of it."""
        found: list[Detection] = []
        for name, hour in self._hours.items():
            for measure, mean in hour.wait(now):
                found += self._judge(name, measure, mean)
        return found

    def derived(self) -> Iterator[Derived]:
        """The latest means, impacts and verdicts: 1 exceeds, 0 indeterminate, -1 below."""
        yield from self._shown.values()

    def findings(self, name: str, now: float) -> list[Finding]:
        """What each measure says of the hour before `now`, by the microphone `name`."""
        return self._hours[name].findings(now) if name in self._hours else []

    def hour(self, name: str) -> Hour:
        """What the microphone `name` has heard in the last hour."""
        if name not in self._hours:
            self._hours[name] = Hour(
                self.instruments.get(name, UNKNOWN),
                self._calendar,
                self._config.older_housing,
                Background(self._config.background_dba),
            )
        return self._hours[name]

    def _second(self, name: str, lost_pct: float) -> list[Detection]:
        reading = self._laeq.pop(name, None)
        if reading is None:
            return []
        found: list[Detection] = []
        for measure, mean in self.hour(name).second(reading.value, lost_pct, reading.at):
            found += self._judge(name, measure, mean)
        return found

    def _judge(self, name: str, measure: Measure, mean: Mean) -> list[Detection]:
        """Show a mean that has ended and what it makes of the hour; tell what it exceeds."""
        hour = self.hour(name)
        self._show(name, f"{measure.upper()}_DBA", mean.laeq_dba, mean.ends)
        for each in hour.findings(mean.ends):
            key = f"NOISE_VERDICT_{each.measure.upper()}"
            self._show(name, key, _SIGNS[each.verdict], mean.ends)
        finding = hour.finding(measure, mean.ends)
        if finding is None or hour.judge(measure, mean) is not Verdict.EXCEEDS:
            return []
        evidence = Reading(name, Quantity.SOUND_LAEQ_DBA, mean.laeq_dba, mean.ends)
        return self._tell(hour, finding, evidence, mean.ends)

    def _strike(self, name: str, reading: Reading) -> list[Detection]:
        """Take the highest level of a half second in."""
        hour = self.hour(name)
        impact = hour.half_second(reading.value, reading.at)
        if impact is None:
            return []
        self._show(name, "IMPACT_LAF_DBA", impact.laf_dba, reading.at)
        finding = hour.finding(Measure.IMPACT_MAX, reading.at)
        limit_dba = hour.limit(Measure.IMPACT_MAX, is_day=hour.is_day(impact.at))
        if finding is None or impact.laf_dba <= limit_dba:
            return []
        self._last = reading.at
        evidence = Reading(name, Quantity.SOUND_LAF_DBA, impact.laf_dba, impact.at)
        if finding.verdict is Verdict.EXCEEDS:
            return self._tell(hour, finding, evidence, reading.at)
        if self._stage is not None:
            return []
        why = wording.impact(impact.laf_dba, limit_dba)
        return [self._detection(Stage.PREALARM, Measure.IMPACT_MAX, evidence, reading.at, why)]

    def _tell(self, hour: Hour, finding: Finding, evidence: Reading, at: float) -> list[Detection]:
        """Tell that a limit is exceeded, once an hour for each measure."""
        self._last = at
        if at - self._told.get(finding.measure, float("-inf")) < HOUR_S:
            return []
        self._told[finding.measure] = at
        why = wording.exceeds(finding, hour.instrument.uncertainty_db)
        return [self._detection(Stage.ALARM, finding.measure, evidence, at, why)]

    def _over(self, at: float) -> list[Detection]:
        if self._stage is None or at - self._last < HOUR_S:
            return []
        self._stage = None
        self._told.clear()
        why = wording.quiet_again()
        return [Detection(Hazard.NOISE, Stage.CLEARED, PLACE, "quiet", (), at, why)]

    def _detection(
        self, stage: Stage, rule: str, reading: Reading, at: float, why: Why
    ) -> Detection:
        self._stage = stage
        return Detection(Hazard.NOISE, stage, PLACE, str(rule), (reading,), at, why)

    def _show(self, name: str, key: str, value: float, at: float) -> None:
        self._shown[name, key] = Derived(name, key, value, at)
