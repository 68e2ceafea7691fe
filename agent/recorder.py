"""The last minutes of readings in RAM, frozen to disk with an alarm, in the format that replays."""

import logging
import queue
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

from agent import recording
from agent.sections import RecorderConfig
from agent.values import Event, Reading, Stage

log = logging.getLogger(__name__)

_STOP = None


class Recorder:
    """Remembers readings, and writes one recording an incident from a thread of its own.

    `remember` and `freeze` belong to the pipeline's thread and never wait for the disk.
    """

    def __init__(self, folder: Path, config: RecorderConfig) -> None:
        self._folder, self._config = folder, config
        self._readings: deque[Reading] = deque()
        self._frozen: set[tuple[str, str]] = set()
        self._todo: queue.SimpleQueue[tuple[Event, list[Reading]] | None] = queue.SimpleQueue()

    def remember(self, reading: Reading) -> None:
        """Keep a reading for `minutes`."""
        self._readings.append(reading)
        oldest = reading.at - self._config.minutes * 60
        while self._readings[0].at < oldest:
            self._readings.popleft()

    def remembered(self) -> list[Reading]:
        """What is kept now, oldest first."""
        return list(self._readings)

    def freeze(self, event: Event) -> None:
        """Have what is remembered written, once an incident; a fault freezes nothing."""
        incident = event.hazard, event.subject
        if event.stage is Stage.CLEARED:
            self._frozen.discard(incident)
        elif event.stage is Stage.ALARM and event.hazard != "fault":
            if incident not in self._frozen:
                self._todo.put((event, list(self._readings)))
            self._frozen.add(incident)

    def run(self, beat: Callable[[], None]) -> None:
        """Write what is frozen until `stop`; a disk that refuses costs a recording, no more."""
        while (work := self._next(beat)) is not _STOP:
            event, readings = work
            try:
                self._write(event, readings)
            except OSError as error:
                log.error("recorder: %s: not written: %s", event.id, error)  # noqa: TRY400

    def stop(self) -> None:
        """End `run` after what is already frozen; from any thread."""
        self._todo.put(_STOP)

    def _next(self, beat: Callable[[], None]) -> tuple[Event, list[Reading]] | None:
        while True:
            beat()
            try:
                return self._todo.get(timeout=5.0)
            except queue.Empty:
                continue

    def _write(self, event: Event, readings: list[Reading]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        first = readings[0].at if readings else event.monotonic_s
        recording.write(
            self._folder / event.id,
            title=f"{event.device}: {event.hazard} {event.stage}",
            scenario="simulated wires" if event.simulated else "the field",
            rows=readings,
            labels={f"{event.hazard}_{event.stage}_t_s": event.monotonic_s - first},
        )
        kept = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in kept[: -self._config.keep]:
            shutil.rmtree(old)
