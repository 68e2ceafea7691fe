"""Water that flows as it should not: a burst by its rate, a leak by flow that never pauses."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import town_wording as wording
from agent.detectors.calendar import DAY_S, Calendar, ClockTime, seconds
from agent.detectors.derived import Derived
from agent.detectors.presence import Source
from agent.detectors.threshold import STALE_S, HeldThreshold
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

WINDOW_S = 300.0  # the rate is a mean over so long: a pulse may be ten litres
CLEAR_S = 300.0
HOUR_S = 3600.0
BURST, LEAK = "burst", "leak"


class FlowConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[flow]`. A burst: `burst_l_min` litres a minute or more for `burst_min` minutes.

    A leak: the meter has not stood still for `pause_min` minutes since `leak_h` hours, or not once
    from `night_from` to `night_to`, local time; after `leak_alarm_h` it is an alarm. It is over
    when the meter has stood still for so long.
    """

    burst_l_min: Annotated[float, Meta(gt=0, le=10_000)] = 25.0
    burst_fall_l_min: Annotated[float, Meta(gt=0, le=10_000)] = 15.0
    burst_min: Annotated[float, Meta(ge=1, le=240)] = 10.0
    pause_min: Annotated[float, Meta(ge=5, le=180)] = 30.0
    leak_h: Annotated[float, Meta(ge=1, le=168)] = 12.0
    leak_alarm_h: Annotated[float, Meta(ge=1, le=336)] = 24.0
    night_from: ClockTime = "02:00"
    night_to: ClockTime = "05:00"
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.burst_fall_l_min > self.burst_l_min:
            problem = "`burst_fall_l_min` is above `burst_l_min` - at `$.flow`"
            yield problem, "lower `burst_fall_l_min`"
        if self.leak_h > self.leak_alarm_h:
            yield "`leak_h` is above `leak_alarm_h` - at `$.flow`", "lower `leak_h`"
        if self.night_s < 120 * self.pause_min:
            problem = "the night is shorter than two pauses - at `$.flow`"
            yield problem, "lower `pause_min`, or move `night_from` or `night_to`"
        if not any(Quantity.WATER_L in each.quantities for each in sources.values()):
            yield "nothing counts water - at `$.flow`", "add one with driver `water_meter`"

    @property
    def night_s(self) -> float:
        """How long the night is, in s."""
        return (seconds(self.night_to) - seconds(self.night_from)) % DAY_S or DAY_S


@dataclass(slots=True, eq=False)
class Rate:
    """The mean flow of the last five minutes, of a counter's litres at times in s."""

    _counts: deque[tuple[float, float]] = field(default_factory=deque, init=False)

    def update(self, litres: float, at: float) -> float | None:
        """Give l/min; None until half of the time was seen."""
        counts = self._counts
        if counts and (litres < counts[-1][1] or at - counts[-1][0] > STALE_S):
            counts.clear()  # set anew, or not heard for long: nobody knows when that flowed
        if len(counts) > 1 and at - counts[-2][0] < WINDOW_S / 60:
            counts.pop()
        counts.append((at, litres))
        while len(counts) > 1 and at - counts[1][0] >= WINDOW_S:
            counts.popleft()
        span_s = at - counts[0][0]
        return None if span_s < WINDOW_S / 2 else 60 * (litres - counts[0][1]) / span_s


@dataclass(slots=True, eq=False)
class Run:
    """Flow without a pause of `pause_s`; times in s. Silence neither lengthens nor ends it."""

    pause_s: float
    began: float | None = None  # None: the meter stands still
    ended: float = 0.0  # when it last moved
    _litres: float | None = field(default=None, init=False)
    _seen: float = field(default=0.0, init=False)
    _began_l: float = field(default=0.0, init=False)

    def update(self, litres: float, at: float) -> None:
        """Take the counter in."""
        before, unheard_s = self._litres, at - self._seen
        self._litres, self._seen = litres, at
        if before is None:
            return
        if unheard_s > STALE_S and self.began is not None:  # what was not seen is no pause
            self.began, self.ended = self.began + unheard_s, self.ended + unheard_s
        if litres < before:  # the counter was set anew: what flowed so far stays
            self._began_l += litres - before
            return
        if litres > before:
            if self.began is None:
                self.began, self._began_l = at, before
            self.ended = at
        elif self.began is not None and at - self.ended >= self.pause_s:
            self.began = None

    @property
    def lasted_s(self) -> float:
        """For how long it has been flowing, up to the last litre."""
        return 0.0 if self.began is None else self.ended - self.began

    @property
    def litres(self) -> float:
        """What flowed in it."""
        return 0.0 if self.began is None or self._litres is None else self._litres - self._began_l


@dataclass(slots=True, eq=False)
class _Meter:
    """One counter: its rate, its run, and what was told of a leak."""

    burst: HeldThreshold
    run: Run
    rate: Rate = field(default_factory=Rate)
    l_min: float | None = None
    leak: Stage | None = None
    rule: str = LEAK
    last: Reading | None = None


class FlowDetector:
    """Two incidents for each meter, `burst` and `leak`. A counter that is not heard ends neither.

    A cut wire between the meter and the pin is a tap that nobody opens: it reads as no flow.
    """

    def __init__(self, config: FlowConfig, calendar: Calendar) -> None:
        self._config, self._calendar = config, calendar
        self._meters: dict[str, _Meter] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is not Quantity.WATER_L:
            return []
        meter = self._meters.get(reading.sensor)
        if meter is None:
            meter = self._meters[reading.sensor] = self._new()
        meter.last = reading
        meter.run.update(reading.value, reading.at)
        meter.l_min = meter.rate.update(reading.value, reading.at)
        return [*self._burst(meter, reading), *self._leak(meter, reading)]

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def standing(self, hazard: Hazard) -> tuple[Reading, ...]:
        """The last readings of the meters by which an incident goes on now."""
        if hazard is not Hazard.WATER:
            return ()
        meters = self._meters.values()
        flowing = [each.last for each in meters if each.burst.standing or each.leak is not None]
        return tuple(each for each in flowing if each is not None)

    def derived(self) -> Iterator[Derived]:
        """Give the rate in l/min, and for how many hours it has not paused."""
        for name, each in self._meters.items():
            at = 0.0 if each.last is None else each.last.at
            if each.l_min is not None:
                yield Derived(name, "FLOW_L_MIN", each.l_min, at)
            yield Derived(name, "FLOWING_H", each.run.lasted_s / HOUR_S, at)

    def _new(self) -> _Meter:
        config = self._config
        held = 60 * config.burst_min
        burst = HeldThreshold(config.burst_l_min, config.burst_fall_l_min, held, CLEAR_S)
        return _Meter(burst, Run(60 * config.pause_min))

    def _burst(self, meter: _Meter, reading: Reading) -> list[Detection]:
        if meter.l_min is None or not meter.burst.update(meter.l_min, reading.at):
            return []
        if not meter.burst.active:
            return [_told(BURST, BURST, Stage.CLEARED, reading, wording.flow_normal())]
        told = wording.burst(meter.l_min, reading.at - meter.burst.begun)
        why = wording.joined(told, wording.shut_the_valve(), self._config.tell)
        return [_told(BURST, BURST, Stage.ALARM, reading, why)]

    def _leak(self, meter: _Meter, reading: Reading) -> list[Detection]:
        run, config = meter.run, self._config
        if run.began is None:
            if meter.leak is None:
                return []
            rule, meter.leak, meter.rule = meter.rule, None, LEAK
            return [_told(LEAK, rule, Stage.CLEARED, reading, wording.flow_paused())]
        stage, rule = meter.leak, meter.rule
        if run.lasted_s >= HOUR_S * config.leak_alarm_h:
            stage = Stage.ALARM
        elif stage is None and run.lasted_s >= HOUR_S * config.leak_h:
            stage, rule = Stage.PREALARM, "leak"
        elif stage is None and self._flowed_all_night(run, reading.at):
            stage, rule = Stage.PREALARM, "night_flow"
        if stage is meter.leak or stage is None:
            return []
        meter.leak, meter.rule = stage, rule
        told = wording.leak(run.lasted_s, run.litres, self._calendar.clock(run.began))
        why = wording.joined(told, wording.look_for_the_leak(), config.tell)
        return [_told(LEAK, rule, stage, reading, why)]

    def _flowed_all_night(self, run: Run, at: float) -> bool:
        """Whether it has flowed since the night began, and the night is all but over."""
        config, local_s = self._config, self._calendar.local_s(at)
        if local_s is None or run.began is None:
            return False
        into_s = (local_s - seconds(config.night_from)) % DAY_S
        is_late = config.night_s - run.pause_s <= into_s < config.night_s
        return is_late and run.began <= at - into_s


def _told(incident: str, rule: str, stage: Stage, reading: Reading, why: Why) -> Detection:
    subject = f"{reading.sensor} {incident}"
    return Detection(Hazard.WATER, stage, subject, rule, (reading,), reading.at, why)
