"""Says when the time of day is not known, to a device of which something depends on it."""

from agent import care_wording as wording
from agent.detectors.calendar import Calendar
from agent.values import Detection, Hazard, Reading, Stage

CLOCK = "clock"
PATIENCE_S = 1800.0  # a board without a battery clock has its time from the network soon after boot


class ClockWatch:
    """A fault of `clock` while nobody knows the time of day: night and closing time are unknown."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._since: float | None = None
        self._is_told = False

    def update(self, reading: Reading) -> list[Detection]:  # noqa: ARG002  # a detector's shape
        """Readings say nothing of the time of day."""
        return []

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now`."""
        if self._calendar.local_s(now) is not None:
            self._since = None
            if not self._is_told:
                return []
            self._is_told = False
            why = wording.clock_known()
            return [Detection(Hazard.FAULT, Stage.CLEARED, CLOCK, "clock_unknown", (), now, why)]
        if self._since is None:
            self._since = now
        if self._is_told or now - self._since < PATIENCE_S:
            return []
        self._is_told = True
        why = wording.clock_unknown()
        return [Detection(Hazard.FAULT, Stage.ALARM, CLOCK, "clock_unknown", (), now, why)]
