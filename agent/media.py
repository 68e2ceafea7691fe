"""What a recording holds beside its rows: pictures and sound, turned into the readings they make.

Each goes the way of the living device: what perception says of it, as coarse and as often as it may
cross to the agent, read at the agent's own pace. Loaded only where a recording holds some: the
models' libraries are heavy.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent.recording import Recording, RecordingError
from agent.sections import Config
from agent.values import Reading
from drivers import record
from drivers.camera import CameraConfig
from drivers.feed import FRESH_S
from drivers.sensor import Quantity
from drivers.view import View
from models.footage import INSTALL, Footage, FootageError
from models.runtime import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.perception.eyes import Eyes

    Pixels = NDArray[np.uint8]

log = logging.getLogger(__name__)

FRAMES_HZ = 10.0  # as a Pi's camera gives them
STANDS_S = 1.0  # two reads of the agent
_EARLY_S = 0.01  # a frame so much before the next read is in it


class Medium(Protocol):
    """Pictures or sound of a recording, as the virtual sensor `name`."""

    @property
    def name(self) -> str:
        """The sensor's name."""

    def readings(self) -> Iterator[Reading]:
        """Give what the agent would have read, in order of time, seconds as in the recording.

        Raises:
            RecordingError: It cannot be replayed whole.
        """


def media(recording: Recording, config: Config) -> list[Medium]:
    """Everything of the recording that is replayed beside its rows.

    Raises:
        RecordingError: A library or a model file is missing.
    """
    found: list[Medium] = []
    if recording.camera is not None:
        found.append(_camera(recording.camera, config))
    if recording.microphone is not None:
        found.append(_microphone(recording.microphone, recording, config))
    return found


def _camera(path: Path, config: Config) -> "CameraMedium":
    """The pictures, watched as the configuration's first camera would.

    Raises:
        RecordingError: A library or a model file is missing.
    """
    try:
        from agent.perception.steps import eyes  # noqa: PLC0415  # heavy, and few have pictures
    except ImportError as error:
        raise RecordingError(f"{path}: cannot be replayed: {error}: {INSTALL}") from None
    cameras = (each for each in config.sensors if isinstance(each, CameraConfig))
    camera = next(cameras, CameraConfig(name="camera"))
    try:
        return CameraMedium(camera, Footage(path, FRAMES_HZ), eyes(camera))
    except ModelError as error:
        raise RecordingError(f"{path}: cannot be replayed: {error}") from None


def _microphone(path: Path, recording: Recording, config: Config) -> "Medium":
    """The sound, heard as the configuration's first microphone would.

    Raises:
        RecordingError: numpy is missing.
    """
    try:
        from agent.perception import sound_file, sound_medium  # noqa: PLC0415  # numpy, where there is sound
    except ImportError as error:
        raise RecordingError(f"{path}: cannot be replayed: {error}: {INSTALL}") from None
    names = (each.name for each in config.sensors if Quantity.SOUND_LAF_DBA in each.spans)
    full_scale_db = recording.labels.get(sound_medium.FULL_SCALE_KEY, sound_file.FULL_SCALE_DB)
    return sound_medium.SoundMedium(next(names, sound_medium.NAME), path, full_scale_db)


@dataclass(slots=True, eq=False)
class CameraMedium:
    """Pictures of a camera; `make_eyes` makes eyes that have seen nothing yet."""

    camera: CameraConfig
    footage: Footage
    make_eyes: Callable[[], "Eyes"]

    @property
    def name(self) -> str:
        """The camera's name."""
        return self.camera.name

    def readings(self) -> Iterator[Reading]:
        """Look at every frame; give the numbers at the camera's pace while it sees, else its view.

        Raises:
            RecordingError: A file cannot be read at all.
        """
        eyes, held, due = self.make_eyes(), Held(self.camera), -float("inf")
        try:
            for t_s, pixels in self._frames():
                held.take(eyes.look(pixels, t_s), t_s)
                if t_s >= due - _EARLY_S:
                    due = t_s + self.camera.every_s
                    for quantity, value in held.read(t_s).items():
                        yield Reading(self.name, quantity, value, t_s)
        except FootageError as error:
            raise RecordingError(str(error)) from None
        if self.footage.skipped:
            what = f"{self.footage.skipped} frames left out, the first: {self.footage.problem}"
            log.warning("%s: %s", self.footage.path, what)

    def _frames(self) -> Iterator[tuple[float, "Pixels"]]:
        """The frames; the last one stands for a while, as whoever lies in it would."""
        last: tuple[float, Pixels] | None = None
        for last in self.footage.frames():
            yield last
        if last is not None:
            for n in range(1, round(STANDS_S * FRAMES_HZ) + 1):
                yield last[0] + n / FRAMES_HZ, last[1]


@dataclass(slots=True, eq=False)
class Held:
    """The newest numbers of a camera, and the greatest of those of which that counts."""

    camera: CameraConfig
    _newest: dict[Quantity, tuple[float, float]] = field(default_factory=dict)
    _peaks: dict[Quantity, float] = field(default_factory=dict)

    def take(self, numbers: Mapping[Quantity, float], at: float) -> None:
        """Take numbers in, at `at` seconds, rounded as they cross from perception."""
        for quantity, number in numbers.items():
            row = record.TABLE[quantity]
            value = row.rounded(number)
            self._newest[quantity] = value, at
            if row.is_peak:
                self._peaks[quantity] = max(value, self._peaks.get(quantity, value))

    def read(self, at: float) -> dict[Quantity, float]:
        """Read as the agent does: what is fresh of what it can see, and how it sees."""
        view, _ = self._newest[Quantity.VIEW]
        shown = [*self.camera.shown(View(int(view))), Quantity.VIEW]
        fresh = {
            each: self._peaks.get(each, self._newest[each][0])
            for each in shown
            if each in self._newest and at - self._newest[each][1] <= FRESH_S
        }
        self._peaks.clear()
        return fresh
