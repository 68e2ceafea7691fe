"""Did the sensor feel what somebody did to it? Judged from its values alone. Pure: no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

POINTS = 64  # of a curve as it is shown
_CALM = 5  # readings before the trial are what is usual, at most
_MOST_RAW = 4096


class Manner(StrEnum):
    """How a quantity answers to a person."""

    RISE = "rise"  # by so much above what was usual, and back
    FALL = "fall"  # by so much below
    CHANGE = "change"  # by so much, either way
    EDGE = "edge"  # a contact: over and back
    COVER = "cover"  # a camera's view: hindered, and clear again
    ANSWERS = "answers"  # nobody can provoke it: it says something, several times


class Stimulus(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts: `by` in the quantity's unit within `within_s`, and back by this share."""

    quantity: str
    manner: Manner
    by: Annotated[float, Meta(ge=0)] = 1.0
    within_s: Annotated[float, Meta(gt=0, le=900)] = 60.0
    back: Annotated[float, Meta(ge=0, le=1)] = 0.5
    readings: Annotated[int, Meta(ge=1)] = 3  # of `answers`


@dataclass(slots=True)
class Judge:
    """Watches one quantity from `began_at` on (seconds); `before` is what it said just before."""

    stimulus: Stimulus
    began_at: float
    before: Sequence[float] = ()
    curve: list[tuple[float, float]] = field(default_factory=list)
    _base: float | None = None
    _peak: float = 0.0  # the farthest from the base so far
    has_moved: bool = False
    has_passed: bool = False

    def __post_init__(self) -> None:
        """Take what was usual before it began."""
        if self.before:
            self._base = median(self.before[-_CALM:])

    def take(self, value: float, at: float) -> bool:
        """Take a value in; whether it has passed by now."""
        if len(self.curve) < _MOST_RAW:
            self.curve.append((round(at - self.began_at, 2), value))
        if self._base is None:
            self._base = value
        if self.stimulus.manner is Manner.ANSWERS:
            self.has_moved = self.has_passed = len(self.curve) >= self.stimulus.readings
        else:
            self._follow(self._away(value - self._base))
        return self.has_passed

    @property
    def moved_by(self) -> float:
        """How far it went, as a share of what counts."""
        return self._peak / self.stimulus.by if self.stimulus.by else self._peak

    def points(self) -> list[tuple[float, float]]:
        """The curve in at most `POINTS` points, its extremes among them."""
        raw = self.curve
        if len(raw) <= POINTS:
            return list(raw)
        step = len(raw) / (POINTS // 2)
        found: list[tuple[float, float]] = []
        for n in range(POINTS // 2):
            part = raw[int(n * step) : max(int(n * step) + 1, int((n + 1) * step))]
            ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])}
            found += sorted(ends)
        return found

    def _away(self, difference: float) -> float:
        """How far from usual, in the direction that counts."""
        manner = self.stimulus.manner
        if manner is Manner.RISE:
            return difference
        return -difference if manner is Manner.FALL else abs(difference)

    def _follow(self, away: float) -> None:
        self._peak = max(self._peak, away)
        if self.stimulus.by <= self._peak:
            self.has_moved = True
            if away <= self._peak * (1 - self.stimulus.back) + 1e-9:
                self.has_passed = True
