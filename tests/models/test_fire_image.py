import csv
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import runtime
from models.fire_image import (
    FIRE_THRESHOLD,
    SMOKE_THRESHOLD,
    FireImage,
    quantised,
    resized,
    square,
)
from models.footage import picture

DATA = Path(os.environ.get("HAETAE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SIDES = st.integers(1, 400)


@cache
def eye() -> FireImage:
    return FireImage(runtime.load("fire_image"))


def called_fire(source: str, label: str, many: int) -> float:
    """The share of some pictures of a source that reaches the threshold, evenly chosen."""
    folder = DATA / "fire-images"
    if not folder.exists():
        pytest.skip(f"{folder}: not here")
    with (folder / "index.csv").open(newline="") as lines:
        files = [
            row["file"]
            for row in csv.DictReader(lines)
            if row["source"] == source and row["label"] == label
        ]
    chosen = files[:: max(1, len(files) // many)]
    return float(np.mean([eye().score(picture(folder / f)).fire >= FIRE_THRESHOLD for f in chosen]))


@given(SIDES, SIDES, st.integers(0, 255), st.integers(1, 200))
@settings(deadline=None, max_examples=30)
def test_one_colour_stays_that_colour_at_any_size(
    height: int, width: int, level: int, side_px: int
) -> None:
    frame = np.full((height, width, 3), level, np.uint8)
    assert (square(frame, side_px) == level).all()


@given(st.integers(2, 60), st.integers(2, 60))
@settings(deadline=None, max_examples=30)
def test_a_picture_of_the_right_size_stays_as_it_is(height: int, width: int) -> None:
    frame = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    assert (resized(frame, height, width) == frame).all()


def test_a_small_bright_spot_still_shows_when_a_large_frame_is_shrunk() -> None:
    frame = np.zeros((960, 1280, 3), np.uint8)
    frame[480:486, 640:648] = 255
    assert resized(frame, 160, 160).max() > 50


def test_red_stays_red_and_left_stays_left() -> None:
    frame = np.zeros((90, 160, 3), np.uint8)
    frame[:, :80, 0] = 200
    small = square(frame, 32)
    assert small[:, 2, 0].min() == 200
    assert small[:, -3].max() == 0
    assert small[:, :, 1:].max() == 0


def test_pixels_become_the_whole_range_of_int8() -> None:
    ramp = np.arange(256, dtype=np.uint8)
    assert quantised(ramp).tolist() == list(range(-128, 128))


def test_the_network_takes_pixels_as_they_are() -> None:
    (into,) = runtime.load("fire_image").inputs
    assert into.dtype == np.int8
    assert (into.scale, into.zero_point) == (1 / 128, 0)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((0, 10, 3), np.uint8),
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
    ],
)
def test_what_is_no_frame_is_refused(frame: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="a frame is uint8"):
        eye().score(frame)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=15)
def test_scores_lie_between_0_and_1_whatever_is_seen(height: int, width: int, seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    scores = eye().score(frame)
    assert 0 <= scores.fire <= 1
    assert 0 <= scores.smoke <= 1


@pytest.mark.parametrize("level", [0, 40, 128, 255])
def test_a_dark_a_grey_and_a_blinded_camera_see_no_fire(level: int) -> None:
    scores = eye().score(np.full((240, 320, 3), level, np.uint8))
    assert scores.fire < FIRE_THRESHOLD
    assert scores.smoke < SMOKE_THRESHOLD


def test_thresholds_can_be_reached() -> None:
    assert 0 < FIRE_THRESHOLD < 1
    assert 0 < SMOKE_THRESHOLD < 1


def test_most_fires_of_a_source_that_was_never_learnt_from_are_found() -> None:
    assert called_fire("libreyolo", "fire", 40) >= 0.5


@pytest.mark.parametrize("source", ["houses-dataset", "grocery-store"])
def test_ordinary_rooms_and_shelves_are_no_fires(source: str) -> None:
    assert called_fire(source, "none", 40) <= 0.03
