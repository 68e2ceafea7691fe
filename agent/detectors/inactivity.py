"""Inactivity: the quiet that worries, against the rhythm of who lives here."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording as wording
from agent.detectors.absence import Absence, Kind
from agent.detectors.calendar import Calendar, as_clock
from agent.detectors.derived import Derived
from agent.detectors.presence import Occupancy, Presence, Source
from agent.detectors.rhythm import Rhythm, RhythmState
from agent.detectors.signs import CERTAIN, TOGETHER_S, Signs
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

STEP_S = 60.0  # it decides and learns once a minute
GAP_S = 600.0  # time that passed in one piece was not watched
BLIND_S = 3600.0  # after so long without eyes the quiet counts anew
HOUR_S = 3600.0
LEAST_ABSENCE_S = 6 * HOUR_S
ERRAND_S = 1200.0  # shorter absences teach nothing of how long they last
_PRESSED = 0.5
_EYES = frozenset({Quantity.MOTION, Quantity.PERSON_COUNT})

Hours = Annotated[float, Meta(ge=0.5, le=48)]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class InactivityConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[inactivity]`. All limits in hours but `ask_min`.

    Quiet is too long when it is longer than the longest usual quiet of the last `late_h`, times
    `factor`, and half an hour more; never before `least_h` and always at `most_h`. While the rhythm
    is not known (two weeks, no time of day, a lost sensor) it is `unlearned_h`. Then it asks, and
    after `ask_min` without a sign of life it is an alarm.

    `moved_by_pets` names sensors that pets set off: they are no sign of life. `away_button` sets
    "away" for `by_hand_h`. Who goes out is missed after `absence_h`, or what is learned, and it is
    an alarm after `absence_most_h`. `tell` is a sentence: who is to be told.
    """

    least_h: Hours = 3.0
    most_h: Hours = 12.0
    unlearned_h: Hours = 12.0
    late_h: Annotated[float, Meta(ge=0.5, le=6)] = 2.0
    factor: Annotated[float, Meta(ge=1, le=3)] = 1.25
    ask_min: Annotated[float, Meta(ge=1, le=240)] = 30.0
    absence_h: Hours = 14.0
    absence_most_h: Hours = 24.0
    by_hand_h: Annotated[float, Meta(ge=1, le=720)] = 72.0
    moved_by_pets: list[Name] = []
    away_button: Name | None = None
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        place = "- at `$.inactivity"
        if self.least_h > min(self.most_h, self.unlearned_h):
            yield f"`least_h` is above `most_h` or `unlearned_h` {place}`", "lower `least_h`"
        if self.absence_h > self.absence_most_h:
            yield f"`absence_h` is above `absence_most_h` {place}`", "lower `absence_h`"
        for name in self.moved_by_pets:
            if name not in sources:
                yield f"no sensor is named `{name}` {place}.moved_by_pets`", "name a sensor"
        button = sources.get(self.away_button or "")
        if self.away_button and (button is None or Quantity.BUTTON not in button.quantities):
            yield f"no button is named `{self.away_button}` {place}.away_button`", "name a button"
        if not eyes(sources, self.moved_by_pets):
            problem = f"nothing shows a sign of life that no pet gives {place}`"
            yield problem, "add a motion sensor above the pets' height, or a camera"


def eyes(sources: Mapping[str, Source], moved_by_pets: Sequence[str] = ()) -> list[str]:
    """The sensors that see daily life: motion sensors, or else cameras."""
    own = {name: each for name, each in sources.items() if name not in moved_by_pets}
    motion = [name for name, each in own.items() if Quantity.MOTION in each.quantities]
    return motion or [n for n, each in own.items() if Quantity.PERSON_COUNT in each.quantities]


@dataclass(frozen=True, slots=True)
class _Limit:
    """How much quiet is too much, in s, and why a fixed limit holds ('' where it does not)."""

    seconds: float
    fixed: str


class InactivityDetector:
    """One incident for the place: asks, then alarms; only a sign of life, or "away", ends it.

    Time counts only while motion sensors (or cameras) are heard: what is not seen is no quiet.
    What a radar says never counts as life. `rhythm` is what was kept over a restart.
    """

    def __init__(
        self,
        config: InactivityConfig,
        sources: Mapping[str, Source],
        calendar: Calendar,
        rhythm: RhythmState | None = None,
    ) -> None:
        self._config, self._sources, self._calendar = config, sources, calendar
        self._presence = Presence(sources, ignored=config.moved_by_pets)
        # when each eye was last open; where none is configured, every one that is heard counts
        listed = eyes(sources, config.moved_by_pets)
        self._has_list, self._seen = bool(listed), dict.fromkeys(listed, -math.inf)
        self._signs, self._absence = Signs(), Absence()
        self._rhythm = Rhythm(RhythmState() if rhythm is None else rhythm)
        self._quiet_s = self._blind_s = self._asked_s = 0.0
        self._stepped: float | None = None
        self._last: Reading | None = None  # the last sign of life
        self._limit = _Limit(HOUR_S * config.unlearned_h, "learning")
        self._stirred: float | None = None  # a sign of life in an incident
        self._is_told = False  # whether the hub's word of who is away is this run's
        self._stage: Stage | None = None
        self._rule = ""

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.sensor in self._config.moved_by_pets:
            return []
        self._presence.update(reading)
        if reading.quantity is Quantity.AWAY_H:
            return self._obey_hub(reading)
        is_sign = self._signs.update(reading)
        is_eye = reading.quantity in _EYES and (reading.sensor in self._seen or not self._has_list)
        if is_eye and not self._signs.is_stuck(reading):
            self._seen[reading.sensor] = reading.at
        if not is_sign:
            return []
        if reading.sensor == self._config.away_button and reading.value >= _PRESSED:
            return self._go_away(Kind.BY_HAND, HOUR_S * self._config.by_hand_h, reading)
        return self._live(reading)

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now`: quiet grows, and is learned or told."""
        if self._stepped is None:
            self._stepped = now
        if (dt := now - self._stepped) < STEP_S:
            return []
        self._stepped = now
        self._remember_hub(now)
        if self._absence.is_on():
            return self._miss(now)
        open_eyes = [self._is_open(name, at, now) for name, at in self._seen.items()]
        if dt > GAP_S or not any(open_eyes):
            return self._be_blind(dt)
        self._blind_s = 0.0
        self._quiet_s += dt
        if self._stage is None and self._presence.state(now) is Occupancy.EMPTY:
            self._rhythm.forget()
            self._absence.begin(Kind.PRESUMED, now - self._quiet_s, self._absence_s())
            return []
        local_s = self._calendar.local_s(now)
        if local_s is not None and all(open_eyes):
            self._rhythm.note(local_s, self._quiet_s, dt)
        self._limit = self._choose_limit(local_s, sees_all=all(open_eyes))
        return self._judge(now, dt)

    def derived(self) -> Iterator[Derived]:
        """Give the quiet so far and its limit, in hours."""
        if self._stepped is not None:
            yield Derived(PLACE, "QUIET_H", self._quiet_s / HOUR_S, self._stepped)
            yield Derived(PLACE, "QUIET_LIMIT_H", self._limit.seconds / HOUR_S, self._stepped)

    def state(self) -> RhythmState:
        """What to keep over a restart."""
        return self._rhythm.state

    def _is_open(self, name: str, heard_at: float, now: float) -> bool:
        source = self._sources.get(name)
        return now - heard_at <= max(GAP_S, 4 * source.every_s if source is not None else 0.0)

    def _be_blind(self, dt: float) -> list[Detection]:
        """Nothing is seen: the quiet so far stands for an hour; an incident stands for ever."""
        self._blind_s += dt
        if self._blind_s > BLIND_S and self._stage is None:
            self._quiet_s = 0.0
            self._rhythm.forget()
        return []

    def _choose_limit(self, local_s: float | None, *, sees_all: bool) -> _Limit:
        config, fixed_s = self._config, HOUR_S * self._config.unlearned_h
        if local_s is None:
            return _Limit(fixed_s, "clock")
        usual_s = self._rhythm.longest_usual_s(local_s, HOUR_S * config.late_h)
        if not self._rhythm.is_learned or usual_s is None:
            return _Limit(fixed_s, "learning")
        if not sees_all:
            return _Limit(fixed_s, "sensors")
        limit_s = max(config.factor * usual_s + HOUR_S / 2, HOUR_S * config.least_h)
        if limit_s >= HOUR_S * config.most_h:
            return _Limit(HOUR_S * config.most_h, "bound")
        return _Limit(limit_s, "")

    def _judge(self, now: float, dt: float) -> list[Detection]:
        """Ask when the quiet is too long; alarm when nobody answers."""
        if self._stage is None and self._quiet_s > self._limit.seconds:
            self._stage, self._asked_s = Stage.PREALARM, 0.0
            self._rule = "fixed_limit" if self._limit.fixed else "rhythm"
            return [self._detection(now, self._why(now, wording.ask()))]
        if self._stage is Stage.PREALARM:
            self._asked_s += dt
            if self._asked_s >= 60 * self._config.ask_min:
                self._stage = Stage.ALARM
                return [self._detection(now, self._why(now, wording.go_and_look()))]
        return []

    def _miss(self, now: float) -> list[Detection]:
        """Ask for who has been away too long; alarm when it is far too long."""
        away, config = self._absence, self._config
        if not away.is_over(now):
            return []
        if self._stage is None and away.is_visited(now):
            away.end()
            return []
        late_s = HOUR_S * (config.absence_most_h - config.absence_h)
        far_too_long = away.until + late_s
        if away.kind is Kind.PRESUMED:
            far_too_long = max(
                away.until + 60 * config.ask_min, away.since + HOUR_S * config.absence_most_h
            )
        if self._stage is None:
            self._stage, self._rule = Stage.PREALARM, "not_back"
        elif self._stage is Stage.PREALARM and now > far_too_long:
            self._stage = Stage.ALARM
        else:
            return []
        since = self._calendar.clock(away.since)
        usual_s = self._rhythm.usual_absence_s() if away.kind is Kind.PRESUMED else None
        if usual_s is not None and usual_s > now - away.since:
            usual_s = None  # who is often gone for days is missed by the bound
        told = wording.not_back(now - away.since, since, usual_s)
        why = wording.joined(told, wording.go_and_look(), config.tell)
        return [self._detection(now, why)]

    def _absence_s(self) -> float:
        """For how long who went out is not missed: as usual, and bounded."""
        most_s, usual_s = HOUR_S * self._config.absence_h, self._rhythm.usual_absence_s()
        if usual_s is None:
            return most_s
        return min(max(self._config.factor * usual_s + HOUR_S, LEAST_ABSENCE_S), most_s)

    def _live(self, reading: Reading) -> list[Detection]:
        """A sign of life: the quiet ends, and any incident with it."""
        kind, gone_s = self._absence.kind, reading.at - self._absence.since
        if self._stage is not None and kind is None and not self._is_answer(reading):
            return []
        if kind is not None:
            if not self._absence.live(reading.at):
                return []
            self._rhythm.state.away_until_s = 0.0
            if kind is Kind.PRESUMED and gone_s >= ERRAND_S:
                self._rhythm.learn_absence(gone_s)
            self._rhythm.forget()
        elif (local_s := self._calendar.local_s(reading.at)) is not None:
            self._rhythm.live(local_s)
        else:
            self._rhythm.forget()
        self._last = reading
        return self._start_over(self._rule, reading, wording.alive(reading.sensor))

    def _is_answer(self, reading: Reading) -> bool:
        """Whether it ends an incident: who lies on the floor stirs, but neither much nor at a door.

        It takes a door, a button, or one sign more than in ordinary life.
        """
        before, self._stirred = self._stirred, reading.at
        is_again = before is not None and reading.at - before <= TOGETHER_S
        return is_again or reading.quantity in CERTAIN

    def _remember_hub(self, now: float) -> None:
        """After a restart: who was away by the hub's word still is, once the time is known."""
        until_s, local_s = self._rhythm.state.away_until_s, self._calendar.local_s(now)
        if self._is_told or until_s == 0 or local_s is None:
            return
        self._is_told = True
        if until_s > local_s and self._stage is None:
            self._absence.begin(Kind.BY_HUB, now, until_s - local_s)

    def _obey_hub(self, reading: Reading) -> list[Detection]:
        """Away for so many hours from now, or at home (0)."""
        self._is_told, away_s = True, HOUR_S * reading.value
        local_s = self._calendar.local_s(reading.at)
        self._rhythm.state.away_until_s = local_s + away_s if local_s and away_s > 0 else 0.0
        if away_s > 0:
            return self._go_away(Kind.BY_HUB, away_s, reading)
        self._absence.end()
        return self._start_over("home_by_hub", reading, wording.at_home())

    def _go_away(self, kind: Kind, longest_s: float, reading: Reading) -> list[Detection]:
        self._absence.begin(kind, reading.at, longest_s)
        self._rhythm.forget()
        return self._start_over(f"away_{kind}", reading, wording.away())

    def _start_over(self, rule: str, reading: Reading, why: Why) -> list[Detection]:
        """Count the quiet from now on; end the incident, if there is one."""
        self._quiet_s = self._blind_s = self._asked_s = 0.0
        self._stirred = None
        if self._stage is None:
            return []
        self._stage, self._rule = Stage.CLEARED, rule
        ended = self._detection(reading.at, why, reading)
        self._stage = None
        return [ended]

    def _why(self, now: float, request: Why) -> Why:
        """What is usual, what is today, why a fixed limit holds, and which sensor says what."""
        began = now - self._quiet_s if self._last is None else self._last.at
        since_s, local_s = self._calendar.local_s(began), self._calendar.local_s(now)
        usual = since = fixed = None
        if since_s is not None and local_s is not None:
            since = as_clock(since_s)
            usual = None if self._limit.fixed else self._rhythm.usually_by(since_s, local_s)
        if self._limit.fixed:
            fixed = wording.by_fixed_limit(self._limit.seconds, self._limit.fixed)
        return wording.joined(
            wording.quiet(self._quiet_s, since, usual),
            fixed,
            self._presence.explain(now),
            request,
            self._config.tell,
        )

    def _detection(self, at: float, why: Why, ended_by: Reading | None = None) -> Detection:
        seen = [ended_by, self._last] if ended_by is not None else [self._last]
        evidence = tuple(dict.fromkeys(each for each in seen if each is not None))
        stage = self._stage or Stage.CLEARED
        return Detection(Hazard.INACTIVITY, stage, PLACE, self._rule, evidence, at, why)
