"""How long a process had to wait for a processor: what a busy machine adds to each of its times."""

import time
from pathlib import Path

MOST_S = 0.2  # however busy the machine is: what comes later is another signal


class Lateness:
    """Waits of one process's threads, as the kernel counts them; zero where it does not.

    They are known between two looks only, so `within_s` is good for times that were looked around.
    """

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._waited_ns: dict[str, int] = {}
        self._looks = [(time.monotonic(), 0.0)]

    def look(self) -> None:
        """Note what the threads have waited until now."""
        for each in self._threads.glob("*/schedstat"):
            try:
                _, waited_ns, _ = each.read_text("ascii").split()
            except (OSError, ValueError):  # it has just ended
                continue
            self._waited_ns[each.parent.name] = int(waited_ns)
        self._looks.append((time.monotonic(), sum(self._waited_ns.values()) * 1e-9))

    def within_s(self, start_s: float, end_s: float) -> float:
        """Seconds waited between two monotonic times, by all threads together; `MOST_S` at most."""
        before = [waited for at, waited in self._looks if at <= start_s][-1:] or [0.0]
        after = [waited for at, waited in self._looks if at >= end_s][:1]
        waited_s = (after or [self._looks[-1][1]])[0] - before[0]
        return min(waited_s, MOST_S)
