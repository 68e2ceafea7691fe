"""How often somebody may ask, for any number of somebodies."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MOST_KEYS = 10_000  # remembered; the one longest unseen is forgotten first


class Rates:
    """At most `most` takes within `within_s` seconds, for each key."""

    def __init__(
        self, most: int, within_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._within_s, self._clock = most, within_s, clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def has_room(self, key: str) -> bool:
        """Whether `take` would succeed."""
        with self._lock:
            return self._left(key) > 0

    def take(self, key: str) -> bool:
        """Count one; False if there were too many."""
        with self._lock:
            if self._left(key) <= 0:
                return False
            self._taken.setdefault(key, deque()).append(self._clock())
            self._taken.move_to_end(key)
            if len(self._taken) > _MOST_KEYS:
                self._taken.popitem(last=False)
            return True

    def _left(self, key: str) -> int:
        taken = self._taken.get(key)
        if taken is None:
            return self._most
        while taken and self._clock() - taken[0] >= self._within_s:
            taken.popleft()
        return self._most - len(taken)
