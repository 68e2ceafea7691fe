"""A personal daily rhythm: how long it is usually quiet at each time of day, and absences.

For every half hour of the day there is a histogram of the longest quiet that ended well, one entry
a day, in which a day counts half after `HALF_LIFE_DAYS`. So the memory is bounded, what changes is
followed, and each limit can be told as a time of day.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.detectors.calendar import DAY_S, as_clock

SLOT_S = 1800.0
SLOTS = int(DAY_S / SLOT_S)
EDGES_H = (0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14)
ABSENCE_EDGES_H = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 48)
HALF_LIFE_DAYS = 30.0
LEARNED_DAYS = 14  # before that the rhythm is not used
LEARNED_ABSENCES = 8.0
USUAL = 0.97  # what is exceeded on fewer days than this leaves is usual
SLOT_DAYS = 7.0  # a half hour seen on fewer days than this is not known
SLOT_MINUTES = 20.0  # of a half hour have to be seen for it to count
LONGEST_S = 86_400.0  # a quiet day and night is no habit

Weight = Annotated[float, Meta(ge=0, le=1000)]


class RhythmState(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is kept over restarts. Weights by half hour and bin of `EDGES_H` (one more: beyond)."""

    version: Annotated[int, Meta(ge=1, le=1)] = 1
    days: Annotated[int, Meta(ge=0)] = 0
    last_day: Annotated[int, Meta(ge=0)] = 0  # days of local time since 1970
    away_until_s: Annotated[float, Meta(ge=0)] = 0.0  # as the hub said, in s of local time; 0: no
    quiet: Annotated[
        list[Annotated[list[Weight], Meta(min_length=22, max_length=22)]],
        Meta(min_length=48, max_length=48),
    ] = msgspec.field(default_factory=lambda: [[0.0] * (len(EDGES_H) + 1) for _ in range(SLOTS)])
    absences: Annotated[list[Weight], Meta(min_length=17, max_length=17)] = msgspec.field(
        default_factory=lambda: [0.0] * (len(ABSENCE_EDGES_H) + 1)
    )


@dataclass(slots=True, eq=False)
class Rhythm:
    """Learns from quiet that a sign of life has ended, and says what is usual.

    Times are seconds of local time since 1970, quiet in seconds. Quiet that did not end well, or
    that was not fully seen, teaches nothing.
    """

    state: RhythmState = field(default_factory=RhythmState)
    _open: dict[int, list[float]] = field(default_factory=dict, init=False)  # longest s, minutes
    _closed: dict[int, list[float]] = field(default_factory=dict, init=False)

    def note(self, local_s: float, quiet_s: float, seen_s: float) -> None:
        """It has been quiet for `quiet_s` at `local_s`, seen for the last `seen_s`."""
        seen = self._open.setdefault(int(local_s // SLOT_S), [0.0, 0.0])
        seen[0] = max(seen[0], quiet_s)
        seen[1] += seen_s / 60
        if quiet_s > LONGEST_S:
            self._open.clear()

    def live(self, local_s: float) -> None:
        """A sign of life: the quiet up to now was a usual one."""
        for slot, (longest_s, minutes) in self._open.items():
            seen = self._closed.setdefault(slot, [0.0, 0.0])
            seen[0] = max(seen[0], longest_s)
            seen[1] += minutes
        self._open.clear()
        now = int(local_s // SLOT_S)
        for slot in [each for each in self._closed if each < now or each > now + 1]:
            longest_s, minutes = self._closed.pop(slot)
            if minutes >= SLOT_MINUTES and slot <= now:
                self._learn(slot, longest_s)

    def forget(self) -> None:
        """What was going on is not to be learned: away, or not seen."""
        self._open.clear()
        self._closed.clear()

    def learn_absence(self, away_s: float) -> None:
        """Somebody came home after so long."""
        _add(self.state.absences, bisect_left(ABSENCE_EDGES_H, away_s / 3600))

    @property
    def is_learned(self) -> bool:
        """Whether it has seen enough days."""
        return self.state.days >= LEARNED_DAYS

    def usual_s(self, local_s: float) -> float | None:
        """The longest usual quiet at this time of day; None: not known."""
        return self._usual_s(int(local_s // SLOT_S) % SLOTS)

    def longest_usual_s(self, local_s: float, late_s: float) -> float | None:
        """The longest usual quiet of the last `late_s`: whoever is so late is not missed yet."""
        first, last = int((local_s - late_s) // SLOT_S), int(local_s // SLOT_S)
        found = [self._usual_s(slot % SLOTS) for slot in range(first, last + 1)]
        known = [each for each in found if each is not None]
        return max(known) if len(known) == len(found) else None

    def usually_by(self, since_s: float, until_s: float) -> str | None:
        """When quiet since `since_s` had usually ended, as `08:10`; None: not before `until_s`."""
        for slot in range(int(since_s // SLOT_S), int(until_s // SLOT_S) + 1):
            usual_s = self._usual_s(slot % SLOTS)
            begin_s = slot * SLOT_S
            if usual_s is not None and begin_s + SLOT_S - since_s > usual_s:
                return as_clock(max(begin_s, min(begin_s + SLOT_S, since_s + usual_s)))
        return None

    def usual_absence_s(self) -> float | None:
        """How long absences usually last at the most; None: too few are known."""
        weights = self.state.absences
        if sum(weights) < LEARNED_ABSENCES:
            return None
        return _reached(weights, ABSENCE_EDGES_H)

    def _usual_s(self, slot: int) -> float | None:
        weights = self.state.quiet[slot]
        return None if sum(weights) < SLOT_DAYS else _reached(weights, EDGES_H)

    def _learn(self, slot: int, longest_s: float) -> None:
        day = slot // SLOTS
        if day > self.state.last_day:
            self.state.days += 1
            self.state.last_day = day
        _add(self.state.quiet[slot % SLOTS], bisect_left(EDGES_H, longest_s / 3600))


def _add(weights: list[float], index: int) -> None:
    """One more entry; all before it fade."""
    fade = 0.5 ** (1 / HALF_LIFE_DAYS)
    for n, each in enumerate(weights):
        weights[n] = round(each * fade, 4)
    weights[index] += 1.0


def _reached(weights: list[float], edges_h: Sequence[float]) -> float:
    """The edge, in s, that all but the rarest entries stay below; rounded up by the bins."""
    left = USUAL * sum(weights)
    for edge, weight in zip(edges_h, weights, strict=False):
        left -= weight
        if left <= 1e-9:
            return 3600.0 * edge
    return 3600.0 * edges_h[-1]
