"""One camera's worker: frames in, numbers out; what is wrong with the camera is a number, too.

A camera that fails is opened again, ever more seldom, and so often in an hour that no loop comes of
it: each opening may leak contiguous memory, which only the end of the process gives back. When the
hour's openings are used up the process ends, and systemd starts it anew.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from agent.perception.eyes import Eyes
from agent.perception.sender import SEND_EVERY_S
from drivers.outline import ASKED_S
from drivers.picture import FrameSource
from drivers.sensor import Quantity, SensorError
from drivers.view import View

if TYPE_CHECKING:
    from agent.perception.eyes import Pixels

log = logging.getLogger(__name__)

_HOUR_S = 3600.0
_SLICE_S = 0.5  # no wait is longer: a stop, and people's wish, are heard that soon


class CameraGoneError(Exception):
    """The camera cannot be had any more by this process; another one may have more luck."""


class Post(Protocol):
    """Where the numbers go."""

    def __call__(self, name: str, values: Mapping[Quantity, float], at: float, now: float) -> None:
        """Send the numbers of the sensor `name`, true at `at`; both times in monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a camera is waited for, in seconds, and how often it is opened again in an hour."""

    first_frame_s: float = 5.0  # a sensor and its exposure need a second or two
    frame_s: float = 1.5  # with what the agent needs, its coverage is lost within 5 s
    blind_s: float = 30.0  # frames that are no pictures: perhaps starting it anew helps
    pause_s: float = 1.0  # before the first opening; each further one waits four times as long
    longest_pause_s: float = 600.0
    openings_an_hour: int = 6


class Watcher:
    """Watches through `source` under the sensor's `name`; `make_eyes` makes a beginner's eyes.

    `is_muted` at first where people can mute it, until the agent says what they want.
    """

    def __init__(  # noqa: PLR0913  # what it is made of
        self,
        name: str,
        source: FrameSource,
        make_eyes: Callable[[], Eyes],
        post: Post,
        *,
        is_muted: bool = False,
        patience: Patience = Patience(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._source, self._make_eyes, self._post = source, make_eyes, post
        self._patience, self._clock = patience, clock
        self._is_muted = is_muted
        self._draws_until, self._drawn_at = float("-inf"), float("-inf")
        self._rows: list[float] = []  # of the outline, that are still to be sent
        self._eyes: Eyes | None = None  # None: the camera is closed
        self._failed_at: deque[float] = deque(maxlen=patience.openings_an_hour + 1)
        self._view = View.STARTING
        self._seen_at = self._sound_at = self._retry_at = float("-inf")
        self._pause_s = patience.pause_s

    def mute(self, *, is_muted: bool) -> None:
        """Have the camera off or on from the next step on; from any thread."""
        if is_muted is not self._is_muted:
            log.warning("%s: %s by hand", self.name, "muted" if is_muted else "switched on")
        self._is_muted = is_muted

    def draw(self, *, is_wanted: bool) -> None:
        """Send the outline of what is seen too, for `ASKED_S`, or no more; from any thread."""
        self._draws_until = self._clock() + ASKED_S if is_wanted else float("-inf")

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Watch until `stop`; `beat` after each piece of progress.

        Raises:
            CameraGoneError: It cannot be had any more.
        """
        try:
            while not stop.is_set():
                self.step(stop.wait, beat)
        finally:
            self._source.close()

    def step(self, wait: Callable[[float], object], beat: Callable[[], None]) -> None:
        """Look at one frame, or wait half a second for one at the most.

        Raises:
            CameraGoneError: As from `run`.
        """
        if self._is_muted:
            self._rest()
            wait(_SLICE_S)
            beat()
        elif self._eyes is not None:
            self._look(self._eyes, beat)
        elif self._clock() < self._retry_at:
            self._say(self._view)
            wait(min(_SLICE_S, self._retry_at - self._clock()))
            beat()
        else:
            self._open()

    def _rest(self) -> None:
        """Close the camera, and have it known that people wanted that."""
        if self._eyes is not None:
            self._close()
        self._view, self._retry_at = View.STARTING, float("-inf")
        self._say(View.MUTED)

    def _open(self) -> None:
        self._say(self._view)
        try:
            self._source.open()
        except (OSError, SensorError) as error:
            self._fail(error)
            return
        self._eyes = self._make_eyes()
        self._seen_at = self._sound_at = self._clock()
        self._view = View.STARTING

    def _look(self, eyes: Eyes, beat: Callable[[], None]) -> None:
        try:
            frame = self._source.read(_SLICE_S)
        except TimeoutError as error:
            patience = self._patience
            is_first = self._view is View.STARTING
            allowed_s = patience.first_frame_s if is_first else patience.frame_s
            if self._clock() - self._seen_at > allowed_s:
                self._fail(error)
            elif is_first:
                self._say(View.STARTING)
            return
        except (OSError, SensorError) as error:
            self._fail(error)
            return
        numbers = eyes.look(frame.rgb, frame.at)
        now = self._seen_at = self._clock()
        self._view = View(int(numbers[Quantity.VIEW]))
        self._post(self.name, numbers | self._outline(frame.rgb, now), frame.at, now)
        self._judge(now)
        beat()

    def _outline(self, rgb: "Pixels", now: float) -> dict[Quantity, float]:
        """The next row of the outline, while somebody draws zones on it; all are of one frame."""
        if now > self._draws_until:
            self._rows.clear()
            return {}
        if now - self._drawn_at < SEND_EVERY_S:
            return {}
        from agent.perception.outline import outline_of  # noqa: PLC0415  # numpy, where it is used

        self._drawn_at, self._rows = now, self._rows or outline_of(rgb)
        return {Quantity.VIEW_OUTLINE_ROW: self._rows.pop(0)}

    def _judge(self, now: float) -> None:
        """Be patient again with a camera that does well; open one anew that shows nothing."""
        if self._view is not View.FAILED:
            self._sound_at, self._pause_s = now, self._patience.pause_s
        elif now - self._sound_at > self._patience.blind_s:
            self._fail(SensorError("its frames are no pictures"))

    def _fail(self, error: Exception) -> None:
        """Close the camera and try again later.

        Raises:
            CameraGoneError: It has been opened again too often, or cannot even be closed.
        """
        log.warning("%s: %s: again in %g s", self.name, error, self._pause_s)
        self._say(View.FAILED)
        self._close()
        now = self._clock()
        self._view, self._retry_at = View.FAILED, now + self._pause_s
        self._pause_s = min(4 * self._pause_s, self._patience.longest_pause_s)
        if self._source.is_stuck:
            raise CameraGoneError(f"{self.name}: cannot be closed")
        self._failed_at.append(now)
        is_full = len(self._failed_at) > self._patience.openings_an_hour
        if is_full and now - self._failed_at[0] < _HOUR_S:
            raise CameraGoneError(f"{self.name}: opened too often, last: {error}")

    def _close(self) -> None:
        self._source.close()
        self._eyes = None

    def _say(self, view: View) -> None:
        now = self._clock()
        self._post(self.name, {Quantity.VIEW: float(view)}, now, now)
