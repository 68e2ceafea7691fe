"""Who must show progress, how often, and who is late."""

import threading
from collections.abc import Callable


class Heartbeats:
    """Each worker's last progress against the longest silence it may keep.

    Times are seconds of `clock`, which must be monotonic. Thread-safe.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._allowed: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def expect(self, worker: str, within_s: float) -> None:
        """Count `worker` from now on; it may be silent for at most `within_s` seconds."""
        with self._lock:
            self._allowed[worker], self._last[worker] = within_s, self._clock()

    def beat(self, worker: str) -> None:
        """Note that `worker` has just finished a piece of its work."""
        with self._lock:
            self._last[worker] = self._clock()

    def late(self) -> list[str]:
        """Name the workers that have been silent for longer than they may."""
        now = self._clock()
        with self._lock:
            return [name for name, s in self._allowed.items() if now - self._last[name] > s]
