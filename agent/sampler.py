"""Poll the sensors of one wire and turn what they say into readings and failures."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from agent.measuring import Measuring, Told
from agent.values import Failure, FailureKind, Reading
from drivers.sensor import (
    ChecksumError,
    Commissioned,
    DisconnectedError,
    EdgeSensor,
    MutedError,
    NotReadyError,
    Sensor,
    SensorError,
    WrongDeviceError,
)
from drivers.stimulus import Provoker
from drivers.stimulus_line import StimulusLine

log = logging.getLogger(__name__)

HURRIED_S = 2.0  # as often as the slowest part can be read

_KINDS: tuple[tuple[type[Exception], FailureKind], ...] = (
    (OSError, FailureKind.NO_ANSWER),
    (WrongDeviceError, FailureKind.WRONG_DEVICE),
    (ChecksumError, FailureKind.CORRUPTED),
    (DisconnectedError, FailureKind.DISCONNECTED),
    (NotReadyError, FailureKind.NOT_READY),
    (MutedError, FailureKind.MUTED),
)


@dataclass
class Channel:
    """A configured sensor and whether it is open; `every_s` and `due` in seconds of the clock."""

    name: str
    sensor: Sensor
    every_s: float
    is_open: bool = False
    due: float = 0.0
    error: OSError | SensorError | None = None  # why the last poll gave nothing
    measuring: Measuring | None = None  # its baseline, while somebody has it measured
    stimulus: Provoker | None = None
    provoked_until: float = 0.0  # monotonic seconds
    hurries: bool = False  # while it is tried it is read oftener, so that it is soon over
    is_provoked: bool | None = None  # None: nobody knows, and the next turn ends it

    def poll(self, clock: Callable[[], float]) -> list[Reading | Failure]:
        """Read once. An expected failure is a `Failure`; the next poll opens the sensor anew."""
        try:
            if not self.is_open:
                self.sensor.open()
                self.is_open = True
            values = self.sensor.read()
        except (OSError, SensorError) as error:
            self.is_open, self.error = False, error
            return [failure(self.name, error, clock())]
        now, self.error = clock(), None
        return [Reading(self.name, quantity, value, now) for quantity, value in values.items()]

    def provoke(self, now: float) -> None:
        """Begin or end its stimulus, where that is to do; whether it could, its readings tell."""
        wanted = now < self.provoked_until
        if self.stimulus is None or self.is_provoked is wanted or (wanted and not self.is_open):
            return
        try:
            self.stimulus.provoke(on=wanted)
        except (OSError, SensorError) as error:
            if self.is_provoked is not None:
                log.warning("%s: its stimulus cannot be switched: %s", self.name, error)
            self.provoked_until = 0.0
            self.is_provoked = None  # the next turn tries to end it
        else:
            self.is_provoked = wanted

    @property
    def pause_s(self) -> float:
        """How long until the next poll."""
        return min(self.every_s, HURRIED_S) if self.hurries else self.every_s

    def close(self) -> None:
        """Put sensor and stimulus to rest; never raises."""
        if isinstance(self.stimulus, StimulusLine):
            self.stimulus.close()
        self.sensor.close()

    def waits(self) -> bool:
        """Whether an edge has come since the last read."""
        return self.is_open and isinstance(self.sensor, EdgeSensor) and self.sensor.pending()


def failure(sensor: str, error: OSError | SensorError, at: float) -> Failure:
    """Say in one word and one line why a read gave nothing."""
    kind = next((kind for types, kind in _KINDS if isinstance(error, types)), FailureKind.UNUSABLE)
    return Failure(sensor, kind, str(error) or type(error).__name__, at)


def _next(channel: Channel) -> float:
    """When there is something to do for it."""
    return min(channel.due, channel.provoked_until) if channel.is_provoked else channel.due


class Sampler:
    """The thread of one wire: polls its channels on schedule, and at once when an edge wakes it.

    `pace` is seconds of `clock` per real second; 1.0 but for simulations that run fast. `polled` is
    told after each poll why it gave nothing (None: it gave something), to free a wire that hangs.
    """

    def __init__(  # noqa: PLR0913  # what it turns, and whom it tells
        self,
        wire: str,
        channels: list[Channel],
        *,
        put: Callable[[Reading | Failure], None],
        clock: Callable[[], float],
        pace: float = 1.0,
        polled: Callable[[OSError | SensorError | None], None] = lambda _: None,
    ) -> None:
        self.wire, self.channels = wire, channels
        self._polled = polled
        self._put, self._clock, self._pace = put, clock, pace
        self._wake = threading.Event()
        self._stopping = False
        for channel in channels:
            if isinstance(channel.sensor, EdgeSensor):
                channel.sensor.on_edge(self._wake.set)

    def within_s(self, pace: float) -> float:
        """The longest silence that is no hang, in real seconds."""
        return 30.0 + 2 * max(channel.every_s for channel in self.channels) / pace

    @property
    def due(self) -> float:
        """When its next poll is due, in seconds of `clock`."""
        return min(channel.due for channel in self.channels)

    def run(self, beat: Callable[[], None]) -> None:
        """Poll until `stop`, then close the sensors. A beat after every poll."""
        while not self._stopping:
            self.step(beat)
            left = min(map(_next, self.channels)) - self._clock()
            if left > 0 and self._wake.wait(left / self._pace):
                self._wake.clear()
        for channel in self.channels:
            channel.close()

    def step(self, beat: Callable[[], None]) -> None:
        """Poll every channel that is due or has an edge waiting."""
        for channel in self.channels:
            now = self._clock()
            channel.provoke(now)
            if channel.due > now and not channel.waits():
                continue
            is_due = channel.due <= now
            if is_due:
                channel.due = now + channel.pause_s
            self._poll(channel)
            if is_due and channel.measuring is not None and channel.measuring.step():
                channel.measuring = None
            while channel.waits():  # a press and its release may both be waiting
                self._poll(channel)
            beat()

    def _poll(self, channel: Channel) -> None:
        for item in channel.poll(self._clock):
            self._put(item)
        self._polled(channel.error)

    def measure(self, name: str, heated_h: float, told: Told) -> bool:
        """Have a part's baseline measured, a sample each `every_s`; False: it has none, or not now.

        From any thread. `heated_h` is for how many hours a gas cell has been heated; `told` hears
        of each sample and of the end, in this wire's thread.
        """
        for each in self.channels:
            if each.name == name and each.measuring is None:
                if isinstance(each.sensor, Commissioned):
                    each.measuring = Measuring(each.sensor, heated_h, told)
                return each.measuring is not None
        return False

    def provoke(self, name: str, until: float) -> None:
        """Have a sensor's stimulus on until then (seconds of the clock); from any thread.

        It ends by then whatever becomes of who asked; until `leave` it is read often.
        """
        for each in self.channels:
            if each.name == name:
                each.provoked_until, each.hurries, each.due = until, True, 0.0
                self._wake.set()

    def leave(self, name: str) -> None:
        """Read a sensor as often as ever again; from any thread."""
        for each in self.channels:
            if each.name == name:
                each.hurries = False

    def stop(self) -> None:
        """End `run` at its next turn; from any thread."""
        self._stopping = True
        self._wake.set()
