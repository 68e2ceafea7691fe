"""What days are to the detectors: the time of day, and the rhythm kept over restarts."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from agent.detectors.calendar import Calendar
from agent.detectors.detector import Detector
from agent.detectors.inactivity import InactivityDetector
from agent.detectors.noise import NoiseDetector
from agent.instruments import instruments
from agent.rhythm_store import RhythmStore
from agent.sections import Config
from agent.wallclock import WallTime, read_wall_clock

EVERY_S = 60.0


class Daily:
    """Sets the calendar from a wall clock that somebody vouches for, and keeps the rhythm.

    `look` is for the pipeline's thread, `write` for another, which may wait for the disk.
    """

    def __init__(
        self, config: Config, state: Path, wall: Callable[[], WallTime] = read_wall_clock
    ) -> None:
        self._wall, self._config, self._state = wall, config, state
        self._store = RhythmStore(state) if config.inactivity is not None else None
        self._due = float("-inf")
        self.calendar = Calendar(config.calendar.utc_offset_h)
        self.rhythm = self._store.load() if self._store is not None else None
        self._inactivity: list[InactivityDetector] = []

    def keep(self, detectors: Iterable[Detector]) -> None:
        """Keep what these learn, and tell them what was measured of the microphones."""
        found = list(detectors)
        self._inactivity = [d for d in found if isinstance(d, InactivityDetector)]
        for each in found:
            if isinstance(each, NoiseDetector):
                each.instruments = instruments(self._config, self._state)

    def look(self, now: float) -> None:
        """Once a minute: what time is it, and has a day passed? `now` in monotonic seconds."""
        if now < self._due:
            return
        self._due = now + EVERY_S
        wall = self._wall()
        if wall.source == "ntp" and wall.uncertainty_s is not None:
            self.calendar.set(now, datetime.fromisoformat(wall.iso).timestamp(), wall.uncertainty_s)
        if self._store is not None:
            for each in self._inactivity:
                self._store.offer(each.state(), now)

    def write(self) -> None:
        """Write to disk what is due. Never raises."""
        if self._store is not None:
            self._store.write()

    def close(self) -> None:
        """Keep what was learned up to the end. Never raises."""
        if self._store is not None:
            for each in self._inactivity:
                self._store.close(each.state())
