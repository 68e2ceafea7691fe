"""Fire and smoke in one camera's picture: one witness, which raises a prealarm and nothing more.

A single picture cannot tell a hob from a fire, a lamp from a flame, or fog from smoke; time can.
Scores must last, flames must be large or grow, and smoke must have come. All of one camera is one
kind of evidence: beside another channel it makes an alarm, beside itself never.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from agent import wording
from agent.detectors.limits import FireConfig
from agent.detectors.rules import Kind, Rule
from agent.detectors.threshold import HeldThreshold
from agent.values import Reading, Why
from drivers.sensor import Quantity

WATCHED = frozenset({Quantity.FIRE_SCORE, Quantity.SMOKE_SCORE, Quantity.FLAME_AREA_PCT})

MOST = 0.75  # of the pictures: one bad picture of four spoils nothing
LEAST_PICTURES = 3
OLD_S = 60.0  # pictures further back confirm nothing
AREA_FRESH_S = 10.0  # an area that is missing for longer is unknown, and what is unknown vetoes not
GROWTH_S = 15.0
GROWTH = 2.0  # a fire spreads so many times within GROWTH_S; a hob that was lit burns on as it is
_AREAS = 256  # kept at most: two a second for as long as growth is looked for
COME_S = 600.0  # smoke is compared with the clearest picture of so long
COME = 0.2  # by how much its score must have risen


@dataclass(slots=True, eq=False)
class Lasting:
    """What most pictures of the last `span_s` seconds agree on, at least and at most."""

    span_s: float
    _seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_AREAS))

    def update(self, value: float, at: float) -> None:
        """Take one picture's number at `at` (seconds) in."""
        self._seen.append((at, value))
        while len(self._seen) > LEAST_PICTURES and at - self._seen[1][0] >= self.span_s:
            self._seen.popleft()
        while at - self._seen[0][0] > max(OLD_S, 2 * self.span_s):
            self._seen.popleft()

    def least(self) -> float:
        """What most pictures reach; 0 while they are too few, or span too little time."""
        if len(self._seen) < LEAST_PICTURES or self._seen[-1][0] - self._seen[0][0] < self.span_s:
            return 0.0
        return sorted((value for _, value in self._seen), reverse=True)[self._most() - 1]

    def greatest(self) -> float:
        """What most pictures stay at or below."""
        return sorted(value for _, value in self._seen)[self._most() - 1]

    def _most(self) -> int:
        return math.ceil(MOST * len(self._seen))


class Flames:
    """How large the flames are, and whether they spread. Areas are % of the picture."""

    def __init__(self, large_pct: float, least_pct: float) -> None:
        self._large_pct, self._least_pct = large_pct, least_pct
        self._seen: deque[Reading] = deque(maxlen=_AREAS)

    def update(self, reading: Reading) -> None:
        """Take a reading of the area in."""
        self._seen.append(reading)
        while reading.at - self._seen[0].at > 2 * GROWTH_S:
            self._seen.popleft()

    def last(self, at: float) -> Reading | None:
        """The newest area, if it is fresh at `at` (monotonic seconds)."""
        fresh = self._seen and at - self._seen[-1].at <= AREA_FRESH_S
        return self._seen[-1] if fresh else None

    def endanger(self, at: float) -> bool:
        """Whether they are large or spread, or nobody knows."""
        last = self.last(at)
        if last is None:
            return True
        now = self._middle(at - AREA_FRESH_S / 2, at)
        before = self._middle(at - GROWTH_S - AREA_FRESH_S / 2, at - GROWTH_S)
        return now >= self._large_pct or (before >= self._least_pct and now >= GROWTH * before)

    def _middle(self, since: float, until: float) -> float:
        """The median of what was seen then; 0 where nothing was."""
        areas = sorted(each.value for each in self._seen if since <= each.at <= until)
        return areas[len(areas) // 2] if areas else 0.0


class Clearest:
    """The clearest picture of the last ten minutes, by its smoke score, looked at twice a minute.

    A time of which nothing is known counts as clear: smoke that is there at the start is told.
    """

    def __init__(self) -> None:
        self._lows: deque[tuple[float, float]] = deque()
        self._began = math.inf

    def update(self, level: float, at: float) -> float:
        """Take the level at `at` (seconds) in; give the lowest."""
        self._began = min(self._began, at)
        if not self._lows or at - self._lows[-1][0] >= COME_S / 20:
            self._lows.append((at, level))
        elif level < self._lows[-1][1]:
            self._lows[-1] = self._lows[-1][0], level
        while at - self._lows[0][0] > COME_S:
            self._lows.popleft()
        return min(low for _, low in self._lows) if at - self._began >= COME_S else 0.0


class Sight:
    """One camera's two signs. They end by scores alone, seen below `fall` for `clear_s`."""

    def __init__(self, config: FireConfig) -> None:
        fire, smoke = config.seen_fire, config.seen_smoke
        self._fire_s, self._smoke_s = fire.hold_s, smoke.hold_s
        self._fire, self._smoke = Lasting(fire.hold_s), Lasting(smoke.hold_s)
        self._flames, self._clearest = Flames(fire.large_pct, fire.least_pct), Clearest()
        burns = HeldThreshold(fire.rise, fire.fall, 0.0, config.clear_s, confirm=False)
        smokes = HeldThreshold(smoke.rise, smoke.fall, 0.0, config.clear_s, confirm=False)
        self._seen_fire = Rule("seen_fire", Kind.SCORE, burns, self._fire_words)
        self._seen_smoke = Rule("seen_smoke", Kind.SCORE, smokes, self._smoke_words)
        self.rules = (self._seen_fire, self._seen_smoke)

    def update(self, reading: Reading) -> bool:
        """Take a score or an area in; tell whether a sign began or ended."""
        if reading.quantity is Quantity.FLAME_AREA_PCT:
            self._flames.update(reading)
            return False
        if reading.quantity is Quantity.FIRE_SCORE:
            return self._look_for_fire(reading)
        return self._look_for_smoke(reading)

    def _look_for_fire(self, reading: Reading) -> bool:
        rule, at = self._seen_fire, reading.at
        self._fire.update(reading.value, at)
        area = self._flames.last(at)
        rule.seen = (reading,) if area is None else (reading, area)
        if rule.threshold.active:
            return rule.threshold.update(self._fire.greatest(), at)
        endangers = self._flames.endanger(at)
        return rule.threshold.update(self._fire.least() if endangers else 0.0, at)

    def _look_for_smoke(self, reading: Reading) -> bool:
        rule, at = self._seen_smoke, reading.at
        self._smoke.update(reading.value, at)
        rule.seen = (reading,)
        clearest = self._clearest.update(self._smoke.greatest(), at)
        if rule.threshold.active:
            return rule.threshold.update(self._smoke.greatest(), at)
        level = self._smoke.least()
        return rule.threshold.update(level if level - clearest >= COME else 0.0, at)

    def _fire_words(self, level: float, held_s: float) -> Why:
        area = next((r.value for r in self._seen_fire.seen[1:]), None)
        return wording.seen_fire(level, self._fire_s + held_s, area)

    def _smoke_words(self, level: float, held_s: float) -> Why:
        return wording.seen_smoke(level, self._smoke_s + held_s)
