"""Falls: features free of side, scale and rate; a rule of descent, floor and staying down."""

import csv
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import runtime
from models.fall import FALL_THRESHOLD, FallScores, FallWatch, inside, scaled
from models.fall_features import FEATURES, STEPS, Times, body, window
from models.pose import Person
from models.pose_geometry import Floats
from tests.models.skeletons import FLAT, PICTURE, SITTING, STANDING, film

DATA = Path(os.environ.get("HAETAE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "falls"
FALL = [(0.0, STANDING), (3.0, STANDING), (3.8, FLAT), (7.0, FLAT)]
BED = [(0.3, 0.6), (0.9, 0.6), (0.9, 0.9), (0.3, 0.9)]


def watch(zones: Iterable[list[tuple[float, float]]] = ()) -> FallWatch:
    if not runtime.installed():
        pytest.skip("no TFLite runtime here")
    return FallWatch(runtime.load("fall"), list(zones))


def followed(frames: list[tuple[float, Person]]) -> tuple[Times, Floats]:
    times = np.array([at for at, _ in frames])
    return times, np.array([body(each.landmarks, each.score) for _, each in frames])


def scores(
    frames: Iterable[tuple[float, Person | None]], seen_by: FallWatch | None = None
) -> list[tuple[float, FallScores]]:
    sees = seen_by or watch()
    return [(at, sees.update([each] if each else [], at)) for at, each in frames]


def alarm_at(frames: Iterable[tuple[float, Person | None]]) -> float | None:
    found = [at for at, each in scores(frames) if each.fall >= FALL_THRESHOLD]
    return found[0] if found else None


def moved(person: Person, scale: float, right: float, down: float, mirror: bool) -> Person:
    points = person.landmarks.copy()
    points[:, :3] *= scale
    if mirror:
        points[:, 0] *= -1
    points[:, 0] += right
    points[:, 1] += down
    return replace(person, landmarks=points)


@settings(deadline=None, max_examples=25)
@given(
    scale=st.floats(0.25, 6),
    right=st.floats(-500, 500),
    down=st.floats(-500, 500),
    mirror=st.booleans(),
    at=st.floats(2.6, 6.9),
)
def test_distance_place_and_side_change_no_feature(
    scale: float, right: float, down: float, mirror: bool, at: float
) -> None:
    frames = [(t, each) for t, each in film(FALL) if t <= at]
    others = [(t, moved(each, scale, right, down, mirror)) for t, each in frames]
    one, other = window(*followed(frames), at), window(*followed(others), at)
    assert one.shape == (STEPS, len(FEATURES))
    assert other == pytest.approx(one, abs=2e-3)


@pytest.mark.parametrize("rate_hz", [6.0, 15.0, 30.0])
def test_the_rate_of_the_camera_changes_the_features_little(rate_hz: float) -> None:
    exact = window(*followed(film(FALL, 50.0)[: 45 * 5 + 1]), 4.5)
    coarse = film(FALL, rate_hz)
    kept = [(at, each) for at, each in coarse if at <= 4.5]
    motion = FEATURES.index(
        "motion"
    )  # the shake of landmarks counts as motion, the faster the more
    features = np.delete(window(*followed(kept), 4.5), motion, axis=1)
    assert features == pytest.approx(np.delete(exact, motion, axis=1), abs=0.12)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.booleans(), min_size=60, max_size=60), st.floats(0, 3))
def test_any_frames_missing_and_any_time_after_give_finite_features(
    kept: list[bool], after: float
) -> None:
    frames = [each for each, keep in zip(film(FALL), kept, strict=False) if keep] or film(FALL)[:1]
    features = window(*followed(frames), frames[-1][0] + after)
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 3.0


@pytest.mark.parametrize("rate_hz", [5.0, 10.0, 25.0])
def test_who_falls_and_stays_down_is_seen_within_two_seconds(rate_hz: float) -> None:
    at = alarm_at(film(FALL, rate_hz))
    assert at is not None
    assert 3.0 < at < 5.8


def test_the_score_stands_while_somebody_is_down() -> None:
    frames = film([*FALL, (30.0, FLAT)])
    found = [each.fall for at, each in scores(frames) if at > 6]
    assert min(found) >= FALL_THRESHOLD


def test_who_gets_up_after_a_fall_ends_it() -> None:
    frames = film([*FALL, (9.0, STANDING), (13.0, STANDING)])
    found = scores(frames)
    assert max(each.fall for _, each in found) >= FALL_THRESHOLD
    assert found[-1][1].fall < FALL_THRESHOLD
    assert found[-1][1].lying < 0.3


def test_sitting_down_slowly_is_no_fall() -> None:
    assert alarm_at(film([(0, STANDING), (3, STANDING), (5, SITTING), (9, SITTING)])) is None


def test_lying_down_on_purpose_is_no_fall() -> None:
    slow = [(0, STANDING), (3, STANDING), (6, SITTING), (8, SITTING), (11, FLAT), (20, FLAT)]
    assert alarm_at(film(slow)) is None


def test_standing_up_again_at_once_is_no_fall() -> None:
    stumble = [(0, STANDING), (3, STANDING), (3.7, FLAT), (4.4, STANDING), (9, STANDING)]
    assert alarm_at(film(stumble)) is None


def test_lying_in_a_zone_is_no_fall_and_beside_it_is_one() -> None:
    on_it = scores(film(FALL), watch([BED]))
    assert max(each.fall for _, each in on_it) < FALL_THRESHOLD
    assert on_it[-1][1].lying == 0.0
    elsewhere = scores(film(FALL), watch([[(0, 0), (0.2, 0), (0.2, 0.2)]]))
    assert elsewhere[-1][1].fall >= FALL_THRESHOLD
    assert elsewhere[-1][1].lying > 0.8


def test_a_fall_is_seen_beside_somebody_who_stands() -> None:
    stands = film([(0, STANDING), (7, STANDING)], track=2)
    sees = watch()
    found = sees.update([], -1.0)
    for (at, falls), (_, other) in zip(film(FALL), stands, strict=True):
        beside = moved(other, 1.0, -200, 0, mirror=False)
        found = sees.update([beside, falls], at)
    assert found.count == 2
    assert found.fall >= FALL_THRESHOLD
    assert not found.lost


def test_who_is_lost_right_after_a_rapid_drop_is_said() -> None:
    frames = [(at, each if at < 3.9 else None) for at, each in film(FALL)]
    found = [each for at, each in scores(frames) if 4.6 < at < 7]
    assert all(each.fall >= FALL_THRESHOLD and each.lost and each.count == 0 for each in found)


def test_who_walks_out_of_the_picture_is_not_lost() -> None:
    gone = (620.0, *STANDING[1:])
    path = film([(0, STANDING), (3, gone), (6, gone)])
    found = scores((at, each if at < 3 else None) for at, each in path)
    assert not any(each.lost or each.fall >= FALL_THRESHOLD for _, each in found)


def test_a_track_that_begins_anew_on_the_floor_is_the_same_body() -> None:
    frames = [(at, replace(each, track=1 if at < 3.6 else 7)) for at, each in film(FALL)]
    assert alarm_at((at, None if 3.6 <= at < 4.2 else each) for at, each in frames) is not None


def test_motion_is_one_in_walking_and_none_in_lying() -> None:
    there = (500.0, *STANDING[1:])
    walking = scores(film([(0, STANDING), (1, there)]))
    assert walking[-1][1].motion > 0.8
    assert scores(film(FALL))[-1][1].motion < 0.15


def test_an_empty_room_is_an_answer() -> None:
    assert watch().update([], 1.0) == FallScores(0.0, 0.0, 0.0, 0, lost=False)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 0.95))
def test_the_score_rises_with_the_classifier_s_and_is_half_where_it_decides(
    one: float, other: float, decides: float
) -> None:
    low, high = sorted((one, other))
    assert 0 <= scaled(low, decides) <= scaled(high, decides) <= 1 + 1e-9
    assert scaled(decides, decides) == pytest.approx(FALL_THRESHOLD)


def test_a_zone_has_an_inside() -> None:
    assert inside((0.5, 0.7), BED)
    assert not inside((0.5, 0.5), BED)
    assert not inside((0.95, 0.7), BED)


def given_people(path: Path) -> list[tuple[float, list[Person]]]:
    with np.load(path) as held:
        return [
            (at / float(held["fps"]), [Person(points, float(score), 1, PICTURE)] if mode else [])
            for at, points, score, mode in zip(
                held["frame"], held["kp"], held["flag"], held["mode"], strict=True
            )
        ]


@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not here")
def test_the_keypoints_of_the_lecture_room_keep_the_promise() -> None:
    right = {"fall": 0, "adl": 0}
    with (DATA / "clips.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["scene"] == "Lecture_room"]
    for row in rows:
        sees, alarms = watch(), []
        for at, people in given_people(DATA / row["keypoints"]):
            if sees.update(people, at).fall >= FALL_THRESHOLD:
                alarms.append(at)
        if row["label"] == "adl":
            right["adl"] += not alarms
        elif alarms:
            right["fall"] += float(row["fall_start_s"]) <= alarms[0] <= float(row["fall_end_s"]) + 3
    assert right["fall"] >= 13
    assert right["adl"] >= 12
