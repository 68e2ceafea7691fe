"""The edge of a field: something moves there at night. A person only where a camera saw a body."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import public_wording as wording
from agent.care_wording import joined
from agent.detectors.calendar import Calendar, ClockTime
from agent.detectors.presence import Source
from agent.detectors.press import Presses
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

APART_S = 3.0  # of two pulses of the only sensor
STUCK_S = 1800.0  # one that never lets go for so long sees nothing
MOVES, STAYS, SEEN, PERSON = "something_moves", "something_stays", "person_seen", "person"
RULES = frozenset({MOVES, STAYS, SEEN, PERSON})
_RANKS = ("", MOVES, SEEN, STAYS, PERSON)  # the latter two are alarms
_MOVERS = frozenset({Quantity.MOTION, Quantity.PRESENCE})

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class TrespassConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[trespass]`. Watched from `begins` to `ends`, local time; `disarm` is a button for a night.

    Two of `sensors` (motion, radar) within `together_s`: something moves, which is told (prealarm)
    and driven off. Still there after `stay_s`: an alarm. A person is claimed where one of `cameras`
    counts one for `person_s`; beside a sensor that is an alarm, alone it is none. While it lasts
    the deterrent is asked for again every `again_s`. Over once nobody moves for `quiet_s`.
    """

    sensors: Annotated[list[Name], Meta(min_length=1, max_length=16)]
    cameras: Annotated[list[Name], Meta(max_length=4)] = []
    begins: ClockTime = "19:00"
    ends: ClockTime = "06:00"
    together_s: Annotated[float, Meta(ge=5, le=300)] = 15.0
    person_s: Annotated[float, Meta(ge=1, le=30)] = 2.0
    stay_s: Annotated[float, Meta(ge=60, le=3600)] = 600.0
    quiet_s: Annotated[float, Meta(ge=30, le=3600)] = 180.0
    again_s: Annotated[float, Meta(ge=30, le=3600)] = 120.0
    disarm: Name | None = None
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        for n, name in enumerate(self.sensors):
            source = sources.get(name)
            if source is None or not _MOVERS & source.quantities:
                problem = f"`{name}` tells no motion - at `$.trespass.sensors[{n}]`"
                yield problem, "name a sensor with driver `pir` or `ld2410`"
        for n, name in enumerate(self.cameras):
            source = sources.get(name)
            if source is None or Quantity.PERSON_COUNT not in source.quantities:
                problem = f"`{name}` counts no people - at `$.trespass.cameras[{n}]`"
                yield problem, "name a camera with `people = true`"
        button = sources.get(self.disarm or "")
        if self.disarm and (button is None or Quantity.BUTTON not in button.quantities):
            yield f"no button is named `{self.disarm}` - at `$.trespass.disarm`", "name a button"
        if self.stay_s < self.quiet_s:
            yield "`stay_s` is below `quiet_s` - at `$.trespass`", "raise `stay_s`"


@dataclass(slots=True, eq=False)
class _Level:
    """What one sensor says, since when, until when it was heard, and its last "something"."""

    is_on: bool
    since: float  # monotonic s, as is `heard`
    heard: float
    sign: Reading | None = None

    @property
    def is_seeing(self) -> bool:
        """Whether its last word was "something", and not for so long that it is stuck."""
        return self.is_on and self.heard - self.since <= STUCK_S


class TrespassDetector:
    """What moves is "an animal or something else" until a camera counts a body.

    Motion and radar cannot tell a boar from a thief, so nothing is claimed from their pattern; and
    what a camera does not see, in the dark or behind leaves, is not said to be an animal. Readings
    alone decide; where nobody knows the time of day nothing is claimed.
    """

    def __init__(self, config: TrespassConfig, calendar: Calendar) -> None:
        self._config, self._calendar = config, calendar
        self._levels: dict[str, _Level] = {}
        self._first: Reading | None = None  # of the only sensor's two pulses
        self._bodies: dict[str, _Level] = {}
        self._rule, self._saw_body = "", False  # of the incident, if there is one
        self._begun = self._signed = self._deterred = float("-inf")
        self._is_off, self._presses = False, Presses()

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        quantity = reading.quantity
        if quantity is Quantity.BUTTON and reading.sensor == self._config.disarm:
            return self._disarm(reading) if self._presses.update(reading) else []
        is_mover = reading.sensor in self._config.sensors and quantity in _MOVERS
        is_eye = reading.sensor in self._config.cameras and quantity is Quantity.PERSON_COUNT
        if not is_mover and not is_eye:
            return []
        if not self._is_watched(reading.at):
            return self._rest(reading)
        level = _follow(self._levels if is_mover else self._bodies, reading)
        if level.is_seeing:
            self._signed = reading.at
            level.sign = reading
            return self._judge(reading)
        return self._calm(reading)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def _is_watched(self, at: float) -> bool:
        within = self._calendar.is_within(at, self._config.begins, self._config.ends)
        if within is False:
            self._is_off = False
        return bool(within) and not self._is_off

    def _rest(self, reading: Reading) -> list[Detection]:
        """It is day, or switched off, or nobody knows; only the former two end an incident."""
        self._levels.clear()
        self._bodies.clear()
        self._first = None
        if self._calendar.local_s(reading.at) is None:
            return []
        return self._end(reading, self._rule, wording.nothing_moves())

    def _disarm(self, reading: Reading) -> list[Detection]:
        config = self._config
        self._is_off = self._calendar.is_within(reading.at, config.begins, config.ends) is True
        return self._end(reading, "disarmed", wording.switched_off(reading.sensor))

    def _judge(self, reading: Reading) -> list[Detection]:
        at = reading.at
        movers, bodies = self._movers(at), self._seen_bodies(at)
        self._saw_body |= bool(bodies)
        rule = self._verdict(reading, movers, bodies)
        if not rule:
            return []
        found = (reading, *(each for each in (*movers, *bodies) if each is not reading))
        if rule != self._rule:
            self._begun = self._begun if self._rule else at
            self._rule, self._deterred = rule, at
            return [self._detection(found, at)]
        if at - self._deterred < self._config.again_s:
            return []
        self._deterred = at
        return [self._detection(found, at, is_local=True)]

    def _verdict(self, reading: Reading, movers: list[Reading], bodies: list[Reading]) -> str:
        """The rule that holds now, never less than what was told; empty: none."""
        rule = ""
        if bodies and movers:
            rule = PERSON
        elif self._rule and reading.at - self._begun >= self._config.stay_s:
            rule = STAYS
        elif bodies:
            rule = SEEN
        elif self._agree(reading, movers):
            rule = MOVES
        return max(self._rule, rule, key=_RANKS.index)

    def _agree(self, reading: Reading, movers: list[Reading]) -> bool:
        """Two sensors, or where there is only one, two pulses of it."""
        if len(self._config.sensors) > 1:
            return len(movers) > 1
        level = self._levels.get(reading.sensor)
        if level is None or level.since != reading.at:
            return False  # one pulse, however long
        first, self._first = self._first, reading
        return first is not None and APART_S <= reading.at - first.at <= self._config.together_s

    def _movers(self, at: float) -> list[Reading]:
        signs = [each.sign for each in self._levels.values() if each.sign is not None]
        return [each for each in signs if at - each.at <= self._config.together_s]

    def _seen_bodies(self, at: float) -> list[Reading]:
        """Who is counted now, and has been for long enough."""
        return [
            each.sign
            for each in self._bodies.values()
            if each.is_on
            and each.sign is not None
            and at - each.sign.at <= self._config.together_s
            and each.sign.at - each.since >= self._config.person_s
        ]

    def _calm(self, reading: Reading) -> list[Detection]:
        """It is over when nobody moves, and whoever saw somebody last has said so itself."""
        if not self._rule or reading.at - self._signed < self._config.quiet_s:
            return []
        if any(each.is_seeing for each in (*self._levels.values(), *self._bodies.values())):
            return []
        return self._end(reading, self._rule, wording.nothing_moves())

    def _end(self, reading: Reading, rule: str, why: Why) -> list[Detection]:
        if not self._rule:
            return []
        self._rule, self._saw_body, self._first = "", False, None
        stage, found = Stage.CLEARED, (reading,)
        return [Detection(Hazard.INTRUSION, stage, PLACE, rule, found, reading.at, why)]

    def _detection(
        self, found: tuple[Reading, ...], at: float, *, is_local: bool = False
    ) -> Detection:
        names = sorted({each.sensor for each in found})
        if self._saw_body:
            told = wording.person_at_edge(names)
        else:
            told = wording.something_at_edge(names, at - self._begun)
        stage = Stage.ALARM if self._rule in {STAYS, PERSON} else Stage.PREALARM
        why = joined(told, self._config.tell)
        return Detection(
            Hazard.INTRUSION, stage, PLACE, self._rule, found, at, why, is_local=is_local
        )


def _follow(levels: dict[str, _Level], reading: Reading) -> _Level:
    """Take the reading in; its sensor's level."""
    is_on, level = reading.value >= 0.5, levels.get(reading.sensor)
    if level is None:
        level = levels[reading.sensor] = _Level(is_on, reading.at, reading.at)
    elif level.is_on != is_on:
        level.is_on, level.since = is_on, reading.at
    level.heard = reading.at
    return level
