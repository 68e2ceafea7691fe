"""A daily budget of bytes for one hub, so that a bad line cannot eat a tariff.

What is not urgent makes way first: heartbeats thin out, then information waits, then trouble.
Alarms are never held. The budget starts full at each start of the agent: it is kept in RAM, to
spare the flash.
"""

import time
from collections.abc import Callable

from agent.lanes import Lane

DAY_S = 86_400.0
THIN, INFORMATION_WAITS, TROUBLE_WAITS = 0.25, 0.1, 0.0  # shares of a day's budget that are left
THINNED_S = 1800.0  # between heartbeats at most: a loss is to be shown within 2 h (BS 5839-1)
_DEBT = -0.1  # alarms overdraw it; what they owe delays the rest by a tenth of a day at most


class Budget:
    """A token bucket of `kb_per_day` (1000 bytes each) that holds one day's share.

    `clock` is monotonic seconds. One thread spends; any may look.
    """

    def __init__(self, kb_per_day: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._day_bytes, self._clock = 1000.0 * kb_per_day, clock
        self._left, self._at = self._day_bytes, clock()
        self._spent = 0

    def spend(self, count: int) -> None:
        """Take off `count` bytes that went over the wire."""
        left, self._at = self._refilled(), self._clock()
        self._left = max(_DEBT * self._day_bytes, left - count)
        self._spent += count

    @property
    def spent_kb(self) -> float:
        """What went over the wire since the start, in units of 1000 bytes."""
        return self._spent / 1000

    @property
    def share(self) -> float:
        """What is left: 1 is a whole day's budget, 0 nothing, less is owed."""
        return self._refilled() / self._day_bytes

    def admits(self, lane: Lane) -> bool:
        """Whether a row of this lane may go out now: an alarm always."""
        if lane is Lane.ALARM:
            return True
        return self.share > (TROUBLE_WAITS if lane is Lane.TROUBLE else INFORMATION_WAITS)

    def heartbeat_s(self, usual_s: float) -> float:
        """How far apart heartbeats are now, in seconds, where `usual_s` is wished for."""
        if (share := self.share) >= THIN:
            return usual_s
        return max(usual_s, min(THINNED_S, usual_s * THIN / max(share, 1e-6)))

    def _refilled(self) -> float:
        refill = (self._clock() - self._at) / DAY_S * self._day_bytes
        return min(self._left + refill, self._day_bytes)
