"""Light and sound that drive animals off: bounded, and never in an alarm's way. Pure."""

from collections import deque

from agent import signals

HOUR_S = 3600.0


class Deterrent:
    """Bursts of `burst_s`, `pause_s` apart at least, `per_hour` of them at most; in monotonic s.

    Three seconds on, one off: neither the pattern of a fire alarm nor a strobe.
    """

    def __init__(self, *, burst_s: float, pause_s: float, per_hour: int) -> None:
        self._burst_s, self._pause_s, self._per_hour = burst_s, pause_s, per_hour
        self._begun: deque[float] = deque(maxlen=per_hour)
        self._until = float("-inf")

    def drive(self, now: float) -> bool:
        """Begin a burst, unless it is too soon; tell whether one began."""
        if self._begun and now - self._begun[-1] < self._burst_s + self._pause_s:
            return False
        if len(self._begun) == self._per_hour and now - self._begun[0] < HOUR_S:
            return False
        self._begun.append(now)
        self._until = now + self._burst_s
        return True

    def stop(self) -> None:
        """End a burst; it counts all the same."""
        self._until = float("-inf")

    def level(self, now: float) -> tuple[bool, float]:
        """Whether it is on now, and the seconds until that changes."""
        if now >= self._until:
            return False, signals.FOREVER_S
        is_on, left_s = signals.DETER(now - self._begun[-1])
        return is_on, min(left_s, self._until - now)
