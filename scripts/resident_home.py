"""The simulated home on the real pipeline: a life's edges and polls in, detections out.

Sensors are asked every `POLL_S`, edges come when they happen. Faults, a restart of the agent with
what it had kept, and a clock that is not set are part of it.
"""

import copy
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from resident_life import DAY_S, HOUR_S, Edge, Home, Life, Span

from agent import config, watch
from agent.detectors.calendar import Calendar
from agent.detectors.inactivity import InactivityDetector
from agent.detectors.rhythm import RhythmState
from agent.pipeline import Pipeline
from agent.sections import Config
from agent.values import Detection, Failure, FailureKind, Reading
from drivers.sensor import Quantity

POLL_S = 120.0
BEGIN_UNIX_S = 1_772_290_800.0  # 2026-03-01T00:00+09:00
LEVELS = {
    "motion_room": Quantity.MOTION,
    "motion_bath": Quantity.MOTION,
    "motion_low": Quantity.MOTION,
    "door": Quantity.CONTACT_OPEN,
    "bed": Quantity.BED_OCCUPIED,
    "radar": Quantity.PRESENCE,
    "sos": Quantity.BUTTON,
    "away": Quantity.BUTTON,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A sensor that does not answer (`stuck` None), or says the same for ever."""

    sensor: str
    begin: float
    end: float
    stuck: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An event and how the resident was when it came."""

    detection: Detection
    doing: str


def settings(path: Path, *, has_cat: bool) -> Config:
    """The home's configuration, its polls slowed to the simulation's step."""
    found = config.load(path)
    slow = [msgspec.structs.replace(each, every_s=POLL_S) for each in found.sensors]
    slow = [each for each in slow if has_cat or each.name != "motion_low"]
    inactivity = found.inactivity
    if inactivity is not None and has_cat:
        inactivity = msgspec.structs.replace(inactivity, moved_by_pets=["motion_low"])
    return msgspec.structs.replace(found, sensors=slow, inactivity=inactivity)


@dataclass(slots=True, eq=False)
class Watching:
    """The agent's middle on this home: pipeline, calendar, and the levels of the sensors."""

    config: Config
    faults: tuple[Fault, ...] = ()
    levels: dict[str, float] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    has_clock: bool = True
    _pipeline: Pipeline = field(init=False)
    _inactivity: InactivityDetector = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing learned."""
        names = {each.name for each in self.config.sensors}
        self.levels = {name: 0.0 for name in LEVELS if name in names}
        self._start(None)

    def restart(self, *, has_clock: bool) -> None:
        """The agent starts anew, with what it had kept on its disk."""
        kept = msgspec.json.encode(self._inactivity.state())
        self.has_clock, self.calendar = has_clock, Calendar()
        self._start(kept)

    def _start(self, kept: bytes | None) -> None:
        rhythm = None if kept is None else msgspec.json.decode(kept, type=RhythmState)
        found = watch.detectors(self.config, self.calendar, rhythm)
        (self._inactivity,) = [each for each in found if isinstance(each, InactivityDetector)]
        self._pipeline = Pipeline(watch.watched(self.config), found)

    def fork(self) -> "Watching":
        """The same, to be fed another fate from now on."""
        return copy.deepcopy(self)

    def poll(self, at: float, climate: tuple[float, float]) -> list[Detection]:
        """Ask every sensor, and let time pass."""
        if self.has_clock:
            self.calendar.set(at, BEGIN_UNIX_S + at, 0.05)
        found: list[Detection] = []
        for name, level in self.levels.items():
            found += self._say(at, name, LEVELS[name], level)
        found += self._say(at, "room", Quantity.RELATIVE_HUMIDITY_PCT, climate[1])
        found += self._say(at, "room", Quantity.TEMPERATURE_C, climate[0])
        return found + self._pipeline.tick(at)

    def take(self, edge: Edge) -> list[Detection]:
        """A level changes."""
        at, name, quantity, level = edge
        if name == "hub":
            return self._pipeline.handle(Reading(name, quantity, level, at))
        if name not in self.levels:
            return []
        self.levels[name] = level
        return self._say(at, name, quantity, level)

    def _say(self, at: float, name: str, quantity: Quantity, level: float) -> list[Detection]:
        for fault in self.faults:
            if fault.sensor == name and fault.begin <= at < fault.end:
                if fault.stuck is None:
                    failure = Failure(name, FailureKind.NO_ANSWER, "unplugged", at)
                    return self._pipeline.failed(failure)
                level = fault.stuck
        return self._pipeline.handle(Reading(name, quantity, level, at))


def climate(life: Life, at: float, dice: random.Random) -> tuple[float, float]:
    """The room's air in °C and % of relative humidity."""
    day, hour = int(at // DAY_S), at % DAY_S / HOUR_S
    afternoon = max(0.0, 1 - abs(hour - 15) / 9)
    if day in life.hot:
        return 31.0 + 4.0 * afternoon + dice.gauss(0, 0.1), 68.0 + dice.gauss(0, 0.5)
    if day in life.unheated:
        return 13.5 + afternoon + dice.gauss(0, 0.1), 45.0 + dice.gauss(0, 0.5)
    season = 3.5 if 90 <= day <= 210 else 0.0
    return 21.5 + season + afternoon + dice.gauss(0, 0.1), 50.0 + dice.gauss(0, 0.5)


def live(
    watching: Watching, life: Life, home: Home, days: range, extra: list[Edge]
) -> Iterator[Told | float]:
    """Let the days pass: every event, and the time of every poll (before it is made)."""
    pending: list[Edge] = sorted(extra)
    spans: list[Span] = []
    for number in days:
        today = life.day(number)
        spans = [*spans[-1:], *today]
        pending = sorted(pending + home.edges(today, number))
        dice = random.Random(f"{home.seed} air {number}")
        for step in range(int(DAY_S / POLL_S)):
            at = number * DAY_S + step * POLL_S
            due = bisect_right(pending, at, key=lambda edge: edge[0])
            for edge in pending[:due]:
                for each in watching.take(edge):
                    yield Told(each, doing(spans, at))
            del pending[:due]
            yield at
            for each in watching.poll(at, climate(life, at, dice)):
                yield Told(each, doing(spans, at))


def doing(spans: list[Span], at: float) -> str:
    """What the resident does at a time."""
    return next((each.doing for each in reversed(spans) if each.begin <= at), "")
