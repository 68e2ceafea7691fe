"""The limits of the configuration are those that were measured with the models they judge."""

import pytest

from agent.asking import ROUND_S, TALK_S
from agent.detectors.answers import UP
from agent.detectors.fall import FallConfig, FallScore
from agent.detectors.limits import SeenFire, SeenSmoke
from models import runtime


def test_scores_of_pictures_are_held_to_the_models_measured_thresholds() -> None:
    table = runtime.manifest().get("fire_image")
    if table is None:
        pytest.skip("models/manifest.toml holds no fire_image")
    assert SeenFire().rise == pytest.approx(table["fire_threshold"], abs=0.005)
    assert SeenSmoke().rise == pytest.approx(table["smoke_threshold"], abs=0.005)


def test_a_fall_is_one_where_the_model_decides_so_and_up_is_where_it_says_up() -> None:
    fall = pytest.importorskip("models.fall", reason="needs numpy")
    assert FallScore().rise == fall.FALL_THRESHOLD
    assert UP == fall.UP_MAX


def test_people_have_two_turns_to_answer_in() -> None:
    assert FallConfig().ask_s >= 2 * ROUND_S
    assert TALK_S < ROUND_S
