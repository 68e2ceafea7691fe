"""Away: presumed by the door, set by hand at a button, or set by the hub."""

from dataclasses import dataclass, field
from enum import StrEnum

SETTLE_S = 600.0  # who sets "away" by hand is still at home for so long
VISIT_S = 10_800.0  # longer than those who water the plants stay
VISIT_GAP_S = 3600.0


class Kind(StrEnum):
    """How it is known that nobody is at home."""

    PRESUMED = "presumed"  # the door shut and nobody seen since: bounded in hours
    BY_HAND = "by_hand"  # ends at the first sign of life, bounded in days
    BY_HUB = "by_hub"  # a hospital: visits do not end it, living there does


@dataclass(slots=True, eq=False)
class Absence:
    """Whether somebody is away, since when and until when, in monotonic seconds."""

    kind: Kind | None = field(default=None, init=False)
    since: float = field(default=0.0, init=False)
    until: float = field(default=0.0, init=False)
    _visit_from: float | None = field(default=None, init=False)
    _visit_last: float = field(default=0.0, init=False)

    def begin(self, kind: Kind, since: float, longest_s: float) -> None:
        """Away since `since`, for `longest_s` at the most."""
        self.kind, self.since, self.until = kind, since, since + longest_s
        self._visit_from = None

    def end(self) -> None:
        """At home."""
        self.kind = None

    def is_on(self) -> bool:
        """Whether it is away, even if for longer than it may be."""
        return self.kind is not None

    def is_over(self, at: float) -> bool:
        """Whether it has lasted for longer than it may."""
        return self.kind is not None and at > self.until

    def is_visited(self, at: float) -> bool:
        """Whether somebody has moved at home within the last hour."""
        return self._visit_from is not None and at - self._visit_last <= VISIT_GAP_S

    def live(self, at: float) -> bool:
        """A sign of life at home; tell whether it ends the absence."""
        if self.kind is None:
            return False
        if self.kind is Kind.BY_HAND and at - self.since < SETTLE_S:
            return False
        if self.kind is Kind.BY_HUB and not self.is_over(at) and not self._stays(at):
            return False
        self.kind = None
        return True

    def _stays(self, at: float) -> bool:
        if self._visit_from is None or at - self._visit_last > VISIT_GAP_S:
            self._visit_from = at
        self._visit_last = at
        return at - self._visit_from > VISIT_S
