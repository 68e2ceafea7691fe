"""Clocks that run faster than life."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.wallclock import WallTime, wall_time


class FastClock:
    """Monotonic seconds that begin at the base clock's now and run `rate` times as fast."""

    def __init__(self, rate: float = 1.0, base: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0:
            raise ValueError(f"{rate}: time must run forwards")
        self.rate, self.set_at, self._base = rate, base(), base

    def __call__(self) -> float:
        """Seconds now."""
        return self.set_at + (self._base() - self.set_at) * self.rate


class FastWall:
    """A wall clock that everybody vouches for: it shows `starts` now."""

    def __init__(self, starts: datetime, clock: Callable[[], float]) -> None:
        self._starts, self._clock, self._since = starts.astimezone(UTC), clock, clock()

    def __call__(self) -> WallTime:
        """The time now."""
        now = self._starts + timedelta(seconds=self._clock() - self._since)
        return wall_time(now.timestamp(), 0.0, "ntp")


class SetWall:
    """A wall clock that somebody sets, as seen by the agent: knobs over the clock below.

    `step_s` is how far it is from that one; `kept_by` who vouches for it: `ntp`, `rtc`, `nobody`,
    or empty for what the clock below says. Does not imitate slewing, nor a kernel that forgets.
    """

    ERROR_S = 0.02  # what it then says of itself
    KNOBS = ("step_s", "kept_by")

    def __init__(self, below: Callable[[], WallTime]) -> None:
        self._below = below
        self.step_s, self.kept_by = 0.0, ""

    def __call__(self) -> WallTime:
        """The time now."""
        below = self._below()
        if not self.step_s and not self.kept_by:
            return below
        said: dict[str, tuple[float | None, str]] = {
            "ntp": (self.ERROR_S, "ntp"),
            "rtc": (None, "rtc"),
            "nobody": (None, "unsynchronised"),
        }
        known, source = said.get(self.kept_by, (below.uncertainty_s, below.source))
        return wall_time(below.unix_s + self.step_s, known, source)
