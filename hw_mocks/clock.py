"""Clocks that run faster than life."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.wallclock import WallTime


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
        return WallTime(now.isoformat(timespec="milliseconds").replace("+00:00", "Z"), 0.0, "ntp")
