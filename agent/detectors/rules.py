"""Rules over one channel each, and which of them count together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from agent.detectors.threshold import HeldThreshold
from agent.values import Reading, Why

GROWN = 1.5  # a level so many times what was told last is a growing fire
FRESH_S = 120.0  # signs agree only while their channels were seen this lately


class Kind(StrEnum):
    """What kind of evidence a channel gives; two of one kind are one witness."""

    HEAT = "heat"
    AEROSOL = "aerosol"  # smoke and particles
    CO = "co"
    GAS = "gas"  # MQ cells and TVOC
    FLICKER = "flicker"
    SCORE = "score"  # what a model says of pictures
    MODEL = "model"  # what a model says of these very readings


Pair = frozenset[Kind]
# Frying gives aerosol and gas, bad burners CO and gas, hot oil heat and gas: none of them counts
# together here. Gas counts only beside an aerosol channel that is at its end (`saturates`). Light
# and pictures count beside what fire itself brings, never beside each other. The model of the
# readings has seen only what they see: it counts beside none of them, and raises a prealarm alone
# (docs/adr/0006: beside any sign it cost more false alarms than it won seconds).
_FIRE = (Kind.AEROSOL, Kind.HEAT, Kind.CO)
_TOGETHER = frozenset(
    [frozenset({one, other}) for one in _FIRE for other in _FIRE if one is not other]
    + [frozenset({one, other}) for one in (Kind.FLICKER, Kind.SCORE) for other in _FIRE]
)
STEAMY = frozenset({frozenset({Kind.AEROSOL, Kind.HEAT}), frozenset({Kind.AEROSOL, Kind.SCORE})})


@dataclass(slots=True, eq=False)
class Rule:
    """One threshold over one level. `alone`: it alarms without any other.

    `saturates` is the level at which the channel says no more than "at least so much"; `seen`
    are the last readings that made the level.
    """

    name: str
    kind: Kind
    threshold: HeldThreshold
    words: Callable[[float, float], Why]
    alone: bool = False
    saturates: float = float("inf")
    seen: tuple[Reading, ...] = field(default=(), init=False)

    @property
    def level(self) -> float:
        """The last level, in the rule's own unit."""
        return self.threshold.level

    @property
    def strength(self) -> float:
        """How far the level is over its limit: 1 at `rise`."""
        return self.level / self.threshold.rise

    def why(self, at: float) -> Why:
        """Say what was seen and for how long, as of `at` (monotonic seconds)."""
        return self.words(self.level, at - self.threshold.begun)


@dataclass(slots=True, eq=False)
class Watch:
    """One level of one channel, and the rules that look at it."""

    measure: Callable[[float, float], float]
    rules: Sequence[Rule]

    def update(self, reading: Reading) -> bool:
        """Take a reading in; tell whether a rule began or ended."""
        level = self.measure(reading.value, reading.at)
        changed = False
        for rule in self.rules:
            rule.seen = (reading,)
            changed |= rule.threshold.update(level, reading.at)
        return changed


class Watching(Protocol):
    """Looks at readings of a channel and moves its rules."""

    @property
    def rules(self) -> Sequence[Rule]:
        """What it decides."""

    def update(self, reading: Reading) -> bool:
        """Take a reading in; tell whether a rule began or ended."""


def value_itself(value: float, _at: float) -> float:
    """The reading's value is the level."""
    return value


def agreeing(signs: Sequence[Rule], at: float, but: frozenset[Pair] = frozenset()) -> list[Rule]:
    """Give two signs of different kinds that stand together at `at`, the strongest first.

    Pairs in `but` do not count now.
    """
    fresh = [
        sign
        for sign in signs
        if sign.threshold.standing and sign.seen and at - sign.seen[-1].at <= FRESH_S
    ]
    fresh.sort(key=lambda sign: -sign.strength)
    for index, one in enumerate(fresh):
        for other in fresh[index + 1 :]:
            pair = frozenset({one.kind, other.kind})
            if pair not in but and (pair in _TOGETHER or _at_its_end(one, other)):
                return [one, other]
    return []


def _at_its_end(one: Rule, other: Rule) -> bool:
    """Whether one of two kinds is saturated: then any other kind is enough."""
    saturated = one.level >= one.saturates or other.level >= other.saturates
    return saturated and one.kind is not other.kind and Kind.MODEL not in {one.kind, other.kind}
