"""What the detectors would decide of a provoked sensor, without those that guard knowing of it.

A twin is made as they are, by the same functions from the same configuration. It is shown what the
sensor said before and while it was provoked, and then the last of that again for as long as the
danger may take to alarm: carbon monoxide takes minutes, and no sensor is held back for so long.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.dangers import DANGER
from agent.pipeline import Pipeline
from agent.sections import Config
from agent.values import Detection, Hazard, Reading, Stage
from agent.watch import detectors, watched
from drivers.board import SensorConfig

AT_ONCE = 64  # readings between two looks at what else came in


class Twin:
    """Decides of one sensor's readings alone; `alarm` is the first that it gave for its hazards."""

    def __init__(self, config: Config, sensor: SensorConfig, hazards: frozenset[Hazard]) -> None:
        mine = replace(watched(config)[sensor.name], warm_up_s=0.0)  # it has been warm for long
        self._pipeline = Pipeline({sensor.name: mine}, detectors(config))
        self._sensor, self._hazards = sensor, hazards
        self.alarm: Detection | None = None

    def show(self, readings: Iterable[Reading]) -> None:
        """Take in what it said."""
        for reading in readings:
            for found in self._pipeline.handle(reading):
                if found.stage is Stage.ALARM and found.hazard in self._hazards:
                    self.alarm = self.alarm or found

    def decide(self, last: Reading) -> Iterator[bool]:
        """Show it the same again and again until it alarms, `AT_ONCE` readings a turn.

        It gives False while there is more to do.
        """
        begun, n = last.at, 0
        while self.alarm is None and last.at - begun <= DANGER[last.quantity].within_s:
            last = replace(last, at=last.at + self._sensor.every_s)
            self.show([last])
            n += 1
            if n % AT_ONCE == 0:
                yield False
