"""Clocks that run faster than life."""

import math
import threading
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


class PatientClock(FastClock):
    """A fast clock that waits for whoever must keep up with it, as life does.

    It runs `rate` times as fast as the base clock until `LEASH_S` after what `wait_for` says is due
    next, then as fast as the base clock, until that is done. So a machine that others keep busy
    makes a simulation slower, and not the simulated device.
    """

    LEASH_S = 2.0

    def __init__(self, rate: float = 1.0, base: Callable[[], float] = time.monotonic) -> None:
        super().__init__(rate, base)
        self._now = self._looked_at = self.set_at
        self._due: Callable[[], float] = lambda: math.inf
        self._lock = threading.Lock()

    def wait_for(self, due: Callable[[], float]) -> None:
        """Have `due` say, in this clock's seconds, what comes next."""
        self._due = due

    def __call__(self) -> float:
        """Seconds now."""
        with self._lock:
            looked_at = self._base()
            passed, self._looked_at = looked_at - self._looked_at, looked_at
            most = max(0.0, self._due() + self.LEASH_S - self._now)
            self._now += max(passed, min(passed * self.rate, most))
            return self._now


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
