"""A camera's judgement of its own sight: what it must notice, and what must not disturb it.

On a drawn room, and on rooms on film: two seconds to learn, then the same room altered.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.perception.sight import EVERY_S, Sight
from drivers.view import View
from hw_mocks.camera import Picture, grey_room
from models.footage import Footage

CLIPS = Path(__file__).parents[4] / "shared" / "data" / "falls"
FILMS = ("le2i/Lecture_room_2.mp4", "urfd/adl-08.mp4")
Floats = NDArray[np.float64]
Change = Callable[[Floats], Floats]
STEP_S = 2.5
LONGEST_S = 75.0  # the most patient of all troubles is told by then


class Watch:
    """One pair of eyes on one room, in virtual time; frames differ by the sensor's noise."""

    def __init__(self, noise: float = 1.5) -> None:
        self.sight, self.now = Sight(), 1000.0
        random = np.random.default_rng(3)
        self._speckle = [random.normal(0, noise, (480, 640))[:, :, None] for _ in range(3)]

    def see(
        self, room: Picture, seconds: float, change: Change | None = None, step_s: float = EVERY_S
    ) -> View:
        seen = room.astype(float) if change is None else change(room.astype(float))
        height, width = seen.shape[:2]
        frames = [
            np.clip(seen + each[:height, :width], 0, 255).astype(np.uint8) for each in self._speckle
        ]
        view = self.sight.view
        for n in range(round(seconds / step_s)):
            self.now += step_s
            view = self.sight.look(frames[n % len(frames)], self.now)
        return view

    def until(self, room: Picture, change: Change, view: View, within_s: float) -> float:
        """How long it takes to see that; fails if longer than `within_s`."""
        began, altered = self.now, change(room.astype(float))
        while self.see(room, STEP_S, lambda _: altered, STEP_S) is not view:
            assert self.now - began <= within_s, f"{self.sight.view.name}, not {view.name}"
        return self.now - began


def learned(room: Picture) -> Watch:
    watch = Watch()
    assert watch.see(room, 5.0) is View.CLEAR
    return watch


def blurred(room: Floats, radius: int = 6) -> Floats:
    for _ in range(3):
        for axis in (0, 1):
            padded = np.pad(
                room, [(radius, radius) if a == axis else (0, 0) for a in range(3)], "edge"
            )
            total = np.cumsum(padded, axis)
            length = room.shape[axis]
            upper = np.take(total, range(2 * radius, 2 * radius + length), axis)
            lower = np.take(total, range(length), axis) - np.take(padded, range(length), axis)
            room = (upper - lower) / (2 * radius + 1)
    return room


def covered(room: Floats) -> Floats:
    """A cloth before the lens: light comes through, unevenly."""
    return np.full_like(room, 90) + np.linspace(0, 50, room.shape[1])[None, :, None]


def mostly_covered(room: Floats) -> Floats:
    cover = covered(room)
    cover[:, int(0.85 * room.shape[1]) :] = room[:, int(0.85 * room.shape[1]) :]
    return cover


def turned_away(room: Floats) -> Floats:
    return np.concatenate([room[:, 100:], room[::-1, :100]], axis=1)


TROUBLES: list[tuple[Change, View, float]] = [
    (lambda room: room * 0.01, View.DARK, 5.0),
    (covered, View.COVERED, 8.0),
    (mostly_covered, View.COVERED, 20.0),
    (blurred, View.BLURRED, 15.0),
    (turned_away, View.MOVED, LONGEST_S),
    (lambda room: np.random.default_rng(1).uniform(0, 255, room.shape), View.FAILED, 5.0),
]
TROUBLE_NAMES = ("dark", "covered", "mostly covered", "blurred", "moved", "noise")


def half_lit(room: Floats) -> Floats:
    """One lamp at the left instead of the window."""
    return room * np.linspace(1.5, 0.4, room.shape[1])[None, :, None]


HARMLESS: dict[str, Change] = {
    "the same": lambda room: room,
    "half the light": lambda room: room * 0.5,
    "a fifth of the light": lambda room: room * 0.2,
    "too bright": lambda room: room * 1.8,
    "another light": half_lit,
    "harsh contrast": lambda room: 255 * (room / 255) ** 2,
    "knocked by a hair": lambda room: np.roll(room, 2, axis=1),
}


def somebody(room: Floats, at: float) -> Floats:
    """A person of a third of the picture's width, who has walked to `at` (0 to 1)."""
    height, width = room.shape[:2]
    left = int(at * width * 0.66)
    person = np.random.default_rng(9).uniform(30, 180, (height, width // 3, 3))
    seen = room.copy()
    seen[height // 8 :, left : left + width // 3] = blurred(person, 2)[height // 8 :]
    return seen


@pytest.fixture(scope="module", params=["drawn", *FILMS])
def room(request: pytest.FixtureRequest) -> Picture:
    if request.param == "drawn":
        return grey_room()
    if not (path := CLIPS / request.param).is_file():
        pytest.skip(f"{path.name} is not here: the rooms on film lie beside the checkout")
    frames = Footage(path, rate_hz=1.0).frames()
    return next(frame.pixels.copy() for frame in frames)


@pytest.mark.parametrize(("change", "view", "within_s"), TROUBLES, ids=TROUBLE_NAMES)
def test_a_trouble_is_told_in_time_and_is_over_when_it_is_over(
    room: Picture, change: Change, view: View, within_s: float
) -> None:
    watch = learned(room)
    watch.until(room, change, view, within_s)
    watch.until(room, lambda seen: seen, View.CLEAR, 5.0)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_light_does_to_a_room_is_no_trouble(room: Picture, name: str) -> None:
    assert learned(room).see(room, LONGEST_S, HARMLESS[name], STEP_S) is View.CLEAR


def test_lights_that_go_on_and_off_are_no_trouble(room: Picture) -> None:
    watch = learned(room)
    for _ in range(6):
        assert watch.see(room, 10.0, half_lit, STEP_S) is View.CLEAR
        assert watch.see(room, 10.0, HARMLESS["half the light"], STEP_S) is View.CLEAR


def test_a_night_and_a_morning_are_dark_and_clear(room: Picture) -> None:
    watch = learned(room)
    light = [*np.geomspace(1.0, 0.02, 12), *np.geomspace(0.02, 1.0, 12)]
    views = [watch.see(room, 10.0, lambda seen, by=by: seen * by, STEP_S) for by in light]  # type: ignore[misc]  # bound now
    assert set(views) == {View.CLEAR, View.DARK}
    assert views[-1] is View.CLEAR


def test_people_who_walk_through_are_no_trouble(room: Picture) -> None:
    watch = learned(room)
    for walk in range(2):
        for step in np.linspace(0, 1, 20):
            at = step if walk % 2 else 1 - step
            assert watch.see(room, EVERY_S, lambda seen, at=at: somebody(seen, at)) is View.CLEAR  # type: ignore[misc]  # bound now


def test_who_sits_still_for_an_hour_is_no_trouble(room: Picture) -> None:
    assert learned(room).see(room, 3600.0, lambda seen: somebody(seen, 0.5), 30.0) is View.CLEAR


@pytest.mark.parametrize(
    ("change", "seconds"),
    [(covered, 3.0), (blurred, 8.0), (turned_away, 40.0)],
    ids=["covered", "blurred", "turned_away"],
)
def test_what_passes_is_not_told(room: Picture, change: Change, seconds: float) -> None:
    watch = learned(room)
    for _ in range(3):
        assert watch.see(room, seconds, change, 1.0) is View.CLEAR
        assert watch.see(room, 10.0, None, STEP_S) is View.CLEAR


@pytest.mark.parametrize(("change", "view", "within_s"), TROUBLES[:2] + TROUBLES[5:])
def test_a_camera_that_never_saw_a_room_says_why(
    change: Change, view: View, within_s: float
) -> None:
    watch = Watch()
    watch.until(grey_room(), change, view, within_s)
    assert watch.until(grey_room(), lambda seen: seen, View.CLEAR, 5.0)


def test_another_room_is_never_clear(room: Picture) -> None:
    watch = learned(room)
    assert watch.see(grey_room(seed=11), LONGEST_S, None, STEP_S) in {View.MOVED, View.COVERED}


def test_a_web_that_grows_for_months_is_told_at_last() -> None:
    room, watch = grey_room(), learned(grey_room())
    views = [watch.see(room, 3600.0, lambda seen, r=r: blurred(seen, r), 300.0) for r in (1, 3, 6)]  # type: ignore[misc]  # bound now
    assert views[-1] is View.BLURRED


def test_a_moved_camera_is_not_learned_as_the_right_view() -> None:
    watch = learned(grey_room())
    watch.until(grey_room(), turned_away, View.MOVED, LONGEST_S)
    assert watch.see(grey_room(), 7200.0, turned_away, 60.0) is View.MOVED


@given(
    gain=st.floats(0.25, 1.6),
    offset=st.floats(-10, 20),
    noise=st.floats(0.5, 4.0),
    seed=st.integers(0, 40),
)
@settings(deadline=None, max_examples=10)
def test_any_room_in_any_light_stays_clear(
    gain: float, offset: float, noise: float, seed: int
) -> None:
    room, watch = grey_room(seed=seed), Watch(noise)
    assert watch.see(room, 5.0) is View.CLEAR
    assert watch.see(room, 65.0, lambda seen: seen * gain + offset, STEP_S) is View.CLEAR


@given(seed=st.integers(0, 40), which=st.sampled_from(range(len(TROUBLES))))
@settings(deadline=None, max_examples=10)
def test_any_room_in_any_trouble_is_not_clear(seed: int, which: int) -> None:
    room, (change, view, within_s) = grey_room(seed=seed), TROUBLES[which]
    watch = learned(room)
    watch.until(room, change, view, within_s)


def test_frames_of_any_size_are_judged() -> None:
    for width, height in ((160, 120), (320, 180), (640, 480), (639, 361)):
        watch = Watch()
        assert watch.see(grey_room(width, height), 5.0) is View.CLEAR
