"""A camera's worker: what it says of a camera that fails, how often it opens it, and when it ends.

Through the real picamera2 in short real times; the long times with a camera that is played.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from agent.perception.eyes import Eyes, Step
from agent.perception.sight import Sight
from agent.perception.watcher import CameraGoneError, Patience, Watcher
from drivers.picamera import PiCamera
from drivers.picture import Frame
from drivers.sensor import Quantity
from drivers.view import View
from hw_mocks.camera import CameraFault, SimCamera, grey_room
from tests.cameras import needs_picamera2, old_threads, simulated
from tests.running import until

VIEW = Quantity.VIEW
sim = pytest.fixture(simulated)
QUICK = Patience(first_frame_s=3.0, frame_s=0.4, blind_s=3.0, pause_s=0.1, openings_an_hour=3)


def seeing() -> Eyes:
    return Eyes(Sight(), [Step(lambda _frame, _at: {Quantity.FIRE_SCORE: 0.25}, 0.1)])


class Heard:
    """What was posted, in order."""

    def __init__(self) -> None:
        self.posts: list[dict[Quantity, float]] = []

    def __call__(self, name: str, values: Mapping[Quantity, float], at: float, now: float) -> None:
        assert name == "eye"
        assert at <= now
        self.posts.append(dict(values))

    def last(self) -> View | None:
        return View(int(self.posts[-1][VIEW])) if self.posts else None

    def views(self) -> list[View]:
        """The views without repetitions."""
        seen = [View(int(each[VIEW])) for each in self.posts]
        return [view for n, view in enumerate(seen) if n == 0 or view is not seen[n - 1]]


class Running:
    """A watcher in its thread, on the simulated camera."""

    def __init__(self, *, is_muted: bool = False) -> None:
        self.heard, self.stop, self.beats = Heard(), threading.Event(), 0
        self.source = PiCamera(rate_hz=30.0)
        self.watcher = Watcher(
            "eye", self.source, seeing, self.heard, is_muted=is_muted, patience=QUICK
        )
        self.ended: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def sees(self, view: View, within_s: float = 10.0) -> None:
        until(lambda: self.heard.last() is view, within_s, view.name)

    def close(self) -> None:
        self.stop.set()
        self._thread.join(10.0)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.watcher.run(self.stop, self._beat)
        except CameraGoneError as error:
            self.ended = error

    def _beat(self) -> None:
        self.beats += 1


@pytest.fixture
def start(sim: SimCamera) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**options: Any) -> Running:
        started.append(Running(**options))
        return started[-1]

    yield start
    sim.fault = CameraFault.NONE
    for each in started:
        each.close()


@needs_picamera2
@old_threads
class TestThroughPicamera2:
    def test_it_starts_sees_and_says_numbers(self, start: Callable[..., Running]) -> None:
        running = start()
        running.sees(View.CLEAR)
        assert running.heard.views() == [View.STARTING, View.CLEAR]
        until(
            lambda: any(Quantity.FIRE_SCORE in each for each in running.heard.posts), 5, "a score"
        )
        assert running.beats

    @pytest.mark.parametrize(
        "fault",
        [CameraFault.HANG, CameraFault.ABSENT, CameraFault.CORRUPTED, CameraFault.FROZEN],
        ids=str,
    )
    def test_a_camera_that_fails_is_told_and_sees_again_when_it_is_well(
        self, start: Callable[..., Running], sim: SimCamera, fault: CameraFault
    ) -> None:
        running = start()
        running.sees(View.CLEAR)
        sim.fault = fault
        running.sees(View.FAILED)
        sim.fault = CameraFault.NONE
        running.sees(View.CLEAR)
        assert running.ended is None

    def test_garbage_is_no_view(self, start: Callable[..., Running], sim: SimCamera) -> None:
        running = start()
        running.sees(View.CLEAR)
        sim.fault = CameraFault.GARBAGE
        running.sees(View.FAILED, 4.0)

    @pytest.mark.parametrize("fault", [CameraFault.BUSY, CameraFault.TINY], ids=str)
    def test_a_camera_that_cannot_be_had_is_given_up_after_its_openings(
        self, start: Callable[..., Running], sim: SimCamera, fault: CameraFault
    ) -> None:
        sim.fault = fault
        running = start()
        until(lambda: running.ended, 20.0, "it is given up")
        assert running.heard.last() is View.FAILED
        assert "opened too often" in str(running.ended)

    def test_a_camera_that_cannot_be_closed_is_given_up_at_once(
        self, start: Callable[..., Running], sim: SimCamera
    ) -> None:
        running = start()
        running.sees(View.CLEAR)
        left = running.source._camera
        sim.fault = CameraFault.STUCK_STOP
        until(lambda: running.ended, 10.0, "it is given up")
        assert "cannot be closed" in str(running.ended)
        sim.fault = CameraFault.NONE  # what the end of the process does
        assert left is not None
        left.close()

    def test_muted_the_sensor_stands_still_and_says_so(
        self, start: Callable[..., Running], sim: SimCamera
    ) -> None:
        running = start()
        running.sees(View.CLEAR)
        running.watcher.mute(is_muted=True)
        running.sees(View.MUTED)
        assert not sim.is_streaming
        assert running.heard.posts[-1] == {VIEW: View.MUTED}
        running.watcher.mute(is_muted=False)
        running.sees(View.CLEAR)
        assert sim.is_streaming

    def test_what_people_can_mute_begins_muted(
        self, start: Callable[..., Running], sim: SimCamera
    ) -> None:
        running = start(is_muted=True)
        running.sees(View.MUTED)
        assert not sim.is_streaming
        running.watcher.mute(is_muted=False)
        running.sees(View.CLEAR)

    def test_at_the_end_the_camera_is_closed(
        self, start: Callable[..., Running], sim: SimCamera
    ) -> None:
        running = start()
        running.sees(View.CLEAR)
        running.close()
        assert not sim.is_streaming


class Played:
    """A camera in virtual time; `works` says whether it can be opened and gives frames."""

    def __init__(self) -> None:
        self.now, self.works, self.opened_at, self.is_stuck = 1000.0, True, list[float](), False
        self._room = grey_room()

    def open(self) -> None:
        self.opened_at.append(self.now)
        if not self.works:
            raise OSError("camera 0: not there")

    def read(self, timeout_s: float) -> Frame:
        self.now += timeout_s
        if not self.works:
            raise TimeoutError("camera 0: no frame")
        return Frame(self._room, self.now)

    def close(self) -> None: ...

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def watcher(self, heard: Heard) -> Watcher:
        return Watcher("eye", self, seeing, heard, clock=lambda: self.now)


def live(
    watcher: Watcher, played: Played, seconds: float, works: Callable[[], bool] | None = None
) -> None:
    end = played.now + seconds
    while played.now < end:
        played.works = played.works if works is None else works()
        watcher.step(played.wait, lambda: None)


def test_it_is_opened_ever_more_seldom_and_then_not_at_all() -> None:
    played, heard = Played(), Heard()
    played.works = False
    with pytest.raises(CameraGoneError):
        live(played.watcher(heard), played, 86_400.0)
    gaps = [b - a for a, b in zip(played.opened_at, played.opened_at[1:], strict=False)]
    assert gaps == pytest.approx([1.0, 4.0, 16.0, 64.0, 256.0, 600.0], rel=0.02)
    assert heard.views() == [View.STARTING, View.FAILED]


def test_it_says_so_all_the_time_meanwhile() -> None:
    played, times = Played(), list[float]()
    watcher = played.watcher(Heard())
    watcher._post = lambda name, values, at, now: times.append(now)
    live(watcher, played, 10.0)
    played.works, before = False, len(times)
    live(watcher, played, 60.0)
    gaps = [b - a for a, b in zip(times[before - 1 :], times[before:], strict=False)]
    assert max(gaps) <= 2.5  # what the agent takes for silence


@pytest.mark.parametrize("frames_s", [1.0, 30.0])
def test_one_that_fails_again_and_again_is_not_opened_in_a_loop(frames_s: float) -> None:
    played, heard = Played(), Heard()
    watcher = played.watcher(heard)
    with pytest.raises(CameraGoneError, match="opened too often"):
        live(watcher, played, 3600.0, lambda: played.now % (frames_s + 3.0) < frames_s)
    assert len(played.opened_at) <= 1 + Patience().openings_an_hour


def test_one_that_fails_once_a_day_is_opened_for_years() -> None:
    played, heard = Played(), Heard()
    watcher = played.watcher(heard)
    for _ in range(9):
        played.works = True
        live(watcher, played, 5.0)
        assert heard.last() is View.CLEAR
        played.works = False
        live(watcher, played, 3.0)
        played.works = True
        live(watcher, played, 10.0)
        assert heard.last() is View.CLEAR
        played.now += 86_400.0


def test_smoke_that_hides_a_room_is_no_fault_of_the_camera() -> None:
    score = [0.0]
    eyes = Eyes(
        Sight(), [Step(lambda _f, _at: {Quantity.SMOKE_SCORE: score[0]}, 1.0, hindered=True)]
    )
    room, now, view = grey_room(), 0.0, View.STARTING
    for hidden in (0.0, 0.5, 0.8, 0.97):
        score[0] = hidden
        for _ in range(20):
            now += 0.5
            frame = (room * (1 - hidden) + 140 * hidden).astype("uint8")
            view = View(int(eyes.look(frame, now)[VIEW]))
    assert view is View.CLEAR


def test_a_cloth_that_looks_like_smoke_is_a_cloth() -> None:
    score = [0.0]
    eyes = Eyes(
        Sight(), [Step(lambda _f, _at: {Quantity.SMOKE_SCORE: score[0]}, 1.0, hindered=True)]
    )
    room, now = grey_room(), 0.0
    views = []
    for n in range(60):
        now += 0.5
        score[0] = float(n > 20)
        frame = room if n <= 20 else (room * 0.0 + 140).astype("uint8")
        views.append(View(int(eyes.look(frame, now)[VIEW])))
    assert views[-1] is View.COVERED
