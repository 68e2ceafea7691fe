"""Pose: anchors, decoding and regions on made-up tensors; following; a real clip where there is."""

import csv
import os
from math import cos, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import runtime
from models.footage import Footage
from models.pose import PEOPLE_MAX, SEARCH_EVERY, SOUGHT, Pose
from models.pose_detector import SIZE, anchors, decoded
from models.pose_geometry import Region, body_region, carried_back, cut, shrunk, wrapped

DATA = Path(os.environ.get("HAETAE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "falls"
FRAME = np.zeros((240, 320, 3), np.uint8)


def logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


class Finds:
    """A detector network that sees people at these places: hips and reach, pixels of 320 x 240."""

    def __init__(self, people: list[tuple[float, float, float]]) -> None:
        self.people, self.asked = people, 0

    def run(self, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
        assert inputs[0].shape == (1, SIZE, SIZE, 3)
        self.asked += 1
        rows = np.zeros((1, 2254, 12), np.float32)
        logits = np.full((1, 2254, 1), -20.0, np.float32)
        for x, y, reach in self.people:
            # the picture lies in the middle of a square of 320
            there = np.array([x, y + 40]) / 320
            nearest = int(np.abs(anchors() - there).sum(axis=1).argmin())
            off = (there - anchors()[nearest]) * SIZE
            rows[0, nearest, 0:2] = rows[0, nearest, 4:6] = off
            rows[0, nearest, 2:4] = 30
            rows[0, nearest, 6:8] = off + np.array([0, -reach]) / 320 * SIZE
            logits[0, nearest] = logit(0.9)
        return [rows, logits]


class Follows:
    """A landmark network that sees a body upright in the middle of every cut."""

    def __init__(self) -> None:
        self.score = 0.9

    def run(self, *inputs: NDArray[Any]) -> list[NDArray[Any]]:
        assert inputs[0].shape == (1, 256, 256, 3)
        points = np.zeros((39, 5), np.float32)
        points[:, :2] = 128
        points[34, 1] = 128 - 256 / 2.5  # the reach of a body that fills its region as before
        others = [np.zeros((1, 64, 64, 39), np.float32), np.zeros((1, 117), np.float32)]
        return [points.reshape(1, -1), np.array([[self.score]], np.float32), *others]


def test_there_are_as_many_anchors_as_the_detector_has_rows() -> None:
    places = anchors()
    assert places.shape == (2254, 2)
    assert places[0] == pytest.approx([0.5 / 28, 0.5 / 28])
    assert places[-1] == pytest.approx([6.5 / 7, 6.5 / 7])
    assert ((places > 0) & (places < 1)).all()


def test_rows_that_overlap_become_one_weighted_by_score() -> None:
    raw = np.zeros((4, 12), np.float32)
    raw[:, 2:4] = 56
    raw[1, 0] = 11.2  # a twentieth to the right of the first
    places = np.array([[0.3, 0.5], [0.3, 0.5], [0.8, 0.5], [0.1, 0.1]], np.float32)
    logits = np.array([logit(0.9), logit(0.6), logit(0.8), logit(0.4)], np.float32)
    rows, scores = decoded(raw, logits, places)
    assert scores == pytest.approx([0.9, 0.8])
    assert rows[0, 0] == pytest.approx(0.3 + 0.05 * 0.6 / 1.5)
    assert rows[1, 0] == pytest.approx(0.8)


@pytest.mark.parametrize("value", [-1e30, -100.0, 100.0, 1e30])
def test_no_logit_overflows(value: float) -> None:
    rows, scores = decoded(
        np.ones((1, 12), np.float32), np.array([value], np.float32), anchors()[:1]
    )
    assert len(rows) == len(scores) == (value > 0)


@settings(deadline=None)
@given(st.floats(-20, 20))
def test_an_angle_is_wrapped_to_half_a_turn(angle: float) -> None:
    found = wrapped(angle)
    assert -pi <= found <= pi
    assert cos(found) == pytest.approx(cos(angle), abs=1e-9)
    assert sin(found) == pytest.approx(sin(angle), abs=1e-9)


def test_a_body_upright_gives_an_upright_region_and_one_lying_a_turned_one() -> None:
    upright = body_region((100, 100), (100, 40))
    assert (upright.x, upright.y, upright.side) == pytest.approx((100, 100, 150))
    assert upright.angle == pytest.approx(0)
    assert body_region((100, 100), (160, 100)).angle == pytest.approx(pi / 2)


@settings(deadline=None, max_examples=30)
@given(st.floats(60, 180), st.floats(60, 180), st.floats(40, 200), st.floats(-pi, pi))
def test_what_is_cut_lies_where_it_is_carried_back_to(
    x: float, y: float, side: float, angle: float
) -> None:
    down, right = np.mgrid[0:240, 0:240]
    frame = np.stack([right, down, np.zeros_like(down)], axis=2).astype(np.uint8)
    region = Region(x, y, side, angle)
    picture = cut(frame, region, 16)
    shares = np.array([[0.5 / 16 + 1 / 16 * 9, 0.5 / 16 + 1 / 16 * 4]], np.float32)
    (there,) = carried_back(shares, region) - 0.5  # a pixel's value stands for its middle
    if 0 <= there[0] <= 239 and 0 <= there[1] <= 239:
        assert picture[4, 9, :2] == pytest.approx(there, abs=0.01)
    else:
        assert np.isfinite(picture).all()


def test_outside_the_picture_is_black() -> None:
    frame = np.full((20, 20, 3), 200, np.uint8)
    assert cut(frame, Region(-100, 10, 40), 8).max() == 0


def test_a_large_picture_is_shrunk_by_a_whole_factor() -> None:
    frame = np.zeros((1080, 1920, 3), np.uint8)
    frame[:, 960:] = 255
    small, factor = shrunk(frame)
    assert (small.shape, factor) == ((360, 640, 3), 3)
    assert small[0, 319, 0] == 0
    assert small[0, 320, 0] == 255


def test_who_is_found_is_followed_without_the_detector() -> None:
    detector, landmarks = Finds([(100.0, 120.0, 60.0)]), Follows()
    pose = Pose(detector, landmarks)
    tracks = [pose.people(FRAME)[0].track for _ in range(SEARCH_EVERY)]
    assert set(tracks) == {1}
    assert detector.asked == 1
    pose.people(FRAME)
    assert detector.asked == 2  # now and then for others


def test_landmarks_come_in_pixels_of_the_frame_whatever_its_size() -> None:
    pose = Pose(Finds([(100.0, 120.0, 60.0)]), Follows())
    large = np.zeros((960, 1280, 3), np.uint8)
    (small,), (four,) = (
        pose.people(FRAME),
        Pose(Finds([(100.0, 120.0, 60.0)]), Follows()).people(large),
    )
    assert small.landmarks[0, :2] == pytest.approx([100, 120], abs=0.5)
    assert four.landmarks[0, :2] == pytest.approx([400, 480], abs=2)
    assert (small.picture, four.picture) == ((320, 240), (1280, 960))


def test_three_people_are_followed_and_no_fourth() -> None:
    places = [(40.0 + 80 * each, 120.0, 40.0) for each in range(4)]
    pose = Pose(Finds(places), Follows())
    assert len(pose.people(FRAME)) == PEOPLE_MAX
    assert sorted(each.track for each in pose.people(FRAME)) == [1, 2, 3]


def test_two_regions_of_one_body_are_one_person() -> None:
    pose = Pose(Finds([(100.0, 120.0, 60.0), (112.0, 118.0, 62.0)]), Follows())
    assert len(pose.people(FRAME)) == 1


def test_who_is_lost_is_sought_and_keeps_the_track_or_is_given_up() -> None:
    detector, landmarks = Finds([(100.0, 120.0, 60.0)]), Follows()
    pose = Pose(detector, landmarks)
    pose.people(FRAME)
    detector.people, landmarks.score = [], 0.1
    for _ in range(SOUGHT - 1):
        assert pose.people(FRAME) == []
    landmarks.score = 0.9
    assert [each.track for each in pose.people(FRAME)] == [1]
    landmarks.score = 0.1
    for _ in range(SOUGHT + 2):
        pose.people(FRAME)
    landmarks.score, detector.people = 0.9, [(100.0, 120.0, 60.0)]
    assert [each.track for each in pose.people(FRAME)] == [2]


def real_pose() -> Pose:
    known = runtime.manifest()
    for name in ("pose_detector", "pose_landmarks"):
        if not (runtime.FOLDER / known[name]["tflite"]).exists():
            pytest.skip(f"{known[name]['tflite']} is not here: {runtime.FETCH}")
    if not runtime.installed():
        pytest.skip("no TFLite runtime here")
    return Pose(runtime.load("pose_detector"), runtime.load("pose_landmarks"))


def test_an_empty_room_has_nobody_in_it() -> None:
    pose = real_pose()
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    assert pose.people(FRAME) == pose.people(noise) == []


@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not here")
def test_a_real_clip_gives_the_landmarks_that_came_with_it() -> None:
    with (DATA / "clips.csv").open() as lines:
        row = next(each for each in csv.DictReader(lines) if each["clip"] == "urfd/adl-27.mp4")
    with np.load(DATA / row["keypoints"]) as held:
        theirs = dict(zip(held["frame"].tolist(), held["kp"], strict=True))
        fps = float(held["fps"])
    pose, apart = real_pose(), []
    for t_s, frame in Footage(DATA / row["clip"], fps / 2).frames():
        points = theirs.get(round(t_s * fps))
        for person in pose.people(frame):
            if points is not None:
                off = person.landmarks[:, :2] - points[:, :2]
                apart.append(float(np.median(np.hypot(off[:, 0], off[:, 1]))))
    assert len(apart) > 40
    assert np.median(apart) < 2.0  # pixels of 320 x 240
