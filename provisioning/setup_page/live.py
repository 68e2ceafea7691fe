"""What the sensors say now, and have said in the last minutes; and who follows it."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

KEPT_S = 30.0  # of the past, for what was calm before a trial
_MOST = 600  # readings of a quantity
_BEHIND = 500  # readings that a browser may be behind

Body = Mapping[str, Any]
Key = tuple[str, str]  # sensor and quantity


class Follower:
    """One browser that is shown readings as they come; one that falls behind loses the oldest."""

    def __init__(self) -> None:
        self._waiting: deque[Body] = deque(maxlen=_BEHIND)
        self._news = threading.Event()

    def put(self, said: Body) -> None:
        """Have it shown; from any thread."""
        self._waiting.append(said)
        self._news.set()

    def taken(self, within_s: float) -> list[Body]:
        """What has come; waits for it for so long."""
        self._news.wait(within_s)
        self._news.clear()
        found = []
        while self._waiting:
            found.append(self._waiting.popleft())
        return found


class Live:
    """The newest of each quantity and a short past. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._past: dict[Key, deque[tuple[float, float]]] = {}
        self._failed: dict[str, Body] = {}
        self._followers: set[Follower] = set()
        self._watchers: list[Callable[[Body], None]] = []
        self.now = 0.0  # the newest time of the agent's clock, in seconds

    def watch(self, watcher: Callable[[Body], None]) -> None:
        """Have `watcher` called with everything that comes, in the link's thread."""
        self._watchers.append(watcher)

    def hear(self, said: Body) -> None:
        """Take in a reading or a failure."""
        with self._lock:
            self.now = max(self.now, said["at"])
            if "failure" in said:
                self._failed[said["sensor"]] = said
            else:
                self._failed.pop(said["sensor"], None)
                self._keep(said)
            followers = list(self._followers)
        for each in followers:
            each.put(said)
        for watcher in self._watchers:
            watcher(said)

    def forget(self) -> None:
        """Begin anew: another agent answers, by another clock perhaps."""
        with self._lock:
            self._past.clear()
            self._failed.clear()
            self.now = 0.0

    def last(self, sensor: str, quantity: str) -> float | None:
        """The newest value; None where there is none, or the sensor fails."""
        with self._lock:
            past = self._past.get((sensor, quantity))
            return past[-1][1] if past and sensor not in self._failed else None

    def failure(self, sensor: str) -> Body | None:
        """What is wrong with it, if its last read gave nothing."""
        with self._lock:
            return self._failed.get(sensor)

    def past(self, sensor: str, quantity: str) -> list[tuple[float, float]]:
        """The last `KEPT_S` of it: seconds of the agent's clock, and values."""
        with self._lock:
            return list(self._past.get((sensor, quantity), ()))

    def follow(self) -> Follower:
        """Show what comes to one more browser, first what is known."""
        follower = Follower()
        with self._lock:
            for (sensor, quantity), past in self._past.items():
                at, value = past[-1]
                follower.put({"sensor": sensor, "quantity": quantity, "value": value, "at": at})
            self._followers.add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """Show it no more."""
        with self._lock:
            self._followers.discard(follower)

    def count(self) -> int:
        """How many browsers follow."""
        return len(self._followers)

    def latest(self) -> Iterator[tuple[Key, float, float]]:
        """Each quantity's newest value and when."""
        with self._lock:
            found = [(key, past[-1][1], past[-1][0]) for key, past in self._past.items()]
        yield from found

    def _keep(self, said: Body) -> None:
        past = self._past.setdefault((said["sensor"], said["quantity"]), deque(maxlen=_MOST))
        past.append((said["at"], said["value"]))
        while past and past[0][0] < said["at"] - KEPT_S and len(past) > 1:
            past.popleft()
