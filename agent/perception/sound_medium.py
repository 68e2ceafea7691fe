"""The sound of a recording as a virtual sensor: what the agent would have read of it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent import recording
from agent.detectors.derived import Derived
from agent.perception.sound_file import FULL_SCALE_DB, sounds_of_wav
from agent.values import Reading
from drivers import record

NAME = "microphone"  # of the sensor, where the configuration has none
_KEPT = 64  # more than is told of one second
FULL_SCALE_KEY = recording.FULL_SCALE_KEY


@dataclass(slots=True, eq=False)
class SoundMedium:
    """`microphone.wav`, heard by the microphone `name`.

    `full_scale_db` is the level in dB re 20 µPa of a sine that just reaches the file's full scale.
    """

    name: str
    path: Path
    full_scale_db: float = FULL_SCALE_DB
    _derived: deque[Derived] = field(default_factory=lambda: deque(maxlen=_KEPT), init=False)

    def readings(self) -> Iterator[Reading]:
        """Give what the agent would have read, rounded as it crosses from perception, in order.

        Raises:
            RecordingError: The file cannot be used.
        """
        sounds = sounds_of_wav(self.path, full_scale_db=self.full_scale_db, sensor=self.name)
        for found in sounds:
            if isinstance(found, Derived):
                self._derived.append(found)
                continue
            value = record.TABLE[found.quantity].rounded(found.value)
            yield Reading(found.sensor, found.quantity, value, found.at)

    def derived(self) -> Iterator[Derived]:
        """What the meter knows beyond that, of the last seconds."""
        yield from self._derived
