"""One microphone's worker: half seconds of sound in, numbers out.

A microphone that fails says nothing, which the agent takes for lost within seconds; it is opened
again, ever more seldom. Opening it leaks nothing, so there is no end to that.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from agent.perception.watcher import Post
from drivers.sensor import Quantity, SensorError

log = logging.getLogger(__name__)

PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
_SLICE_S = 5.0  # within a pause: supervision takes half a minute of silence for a hang


class Hearing(Protocol):
    """What listens: `agent.perception.ears.Ears`."""

    def open(self) -> None:
        """Begin anew; OSError if there is no microphone."""

    def listen(self) -> Mapping[Quantity, float]:
        """Wait for the next half second; OSError or SensorError if there is none."""

    def close(self) -> None:
        """End; never raises."""


class Listener:
    """Listens through `ears` under the sensor's `name`; `clock` is monotonic seconds."""

    def __init__(
        self, name: str, ears: Hearing, post: Post, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._ears, self._post, self._clock = ears, post, clock

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Listen until `stop`; a beat after each half second, and in each pause."""
        pause_s = PAUSE_S
        while not stop.is_set():
            try:
                self._ears.open()
                beat()
                while not stop.is_set():
                    numbers = self._ears.listen()
                    now = self._clock()
                    self._post(self.name, numbers, now, now)
                    pause_s = PAUSE_S
                    beat()
            except (OSError, SensorError) as error:
                log.warning("%s: %s: again in %g s", self.name, error, pause_s)
            finally:
                self._ears.close()
            self._rest(pause_s, stop, beat)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def mute(self, *, is_muted: bool) -> None:
        """It has no such switch: no sound ever leaves it."""

    def draw(self, *, is_wanted: bool) -> None:
        """It sees nothing."""

    def _rest(self, pause_s: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        while pause_s > 0 and not stop.wait(min(pause_s, _SLICE_S)):
            pause_s -= _SLICE_S
            beat()
