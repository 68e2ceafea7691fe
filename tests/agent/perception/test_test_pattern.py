"""The moving test pattern: seen by eyes that are well, and a refusal where they are not."""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.perception import steps
from agent.perception.eyes import Step
from agent.perception.test_pattern import frames, try_out
from drivers.sensor import Quantity
from models.flame_motion import FlameMotion
from models.runtime import ModelError

Pixels = NDArray[np.uint8]
AREA, SCORE = Quantity.FLAME_AREA_PCT, Quantity.FIRE_SCORE


def well() -> list[Step]:
    return steps._fire()()


def test_eyes_that_are_well_see_it() -> None:
    try_out(well())


def test_it_stands_still_and_then_moves() -> None:
    shown = [(moves, picture) for _, moves, picture in frames()]
    still = [picture for moves, picture in shown if not moves]
    moving = [picture for moves, picture in shown if moves]
    assert all((each == still[0]).all() for each in still)
    assert all((one != other).any() for one, other in itertools.pairwise(moving))


def burns(area: float, score: float = 0.5) -> list[Step]:
    def look(_frame: Pixels, _at: float) -> Mapping[Quantity, float]:
        return {AREA: area, SCORE: score}

    return [Step(look, 0.25)]


@pytest.mark.parametrize(
    ("area", "why"),
    [(0.0, "not seen to move"), (50.0, "a still wall burns"), (float("nan"), "not seen to move")],
)
def test_eyes_that_are_stuck_at_anything_are_refused(area: float, why: str) -> None:
    with pytest.raises(ModelError, match=why):
        try_out(burns(area))


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_model_that_is_stuck_is_refused(score: float) -> None:
    motion = FlameMotion()

    def look(frame: Pixels, at: float) -> Mapping[Quantity, float]:
        return {AREA: motion.update(frame, at).area_pct, SCORE: score}

    with pytest.raises(ModelError, match="the same"):
        try_out([Step(look, 0.25)])


def test_scores_that_are_no_numbers_are_refused() -> None:
    motion = FlameMotion()

    def look(frame: Pixels, at: float) -> Mapping[Quantity, float]:
        return {AREA: motion.update(frame, at).area_pct, SCORE: float("nan")}

    with pytest.raises(ModelError, match="no number"):
        try_out([Step(look, 0.25)])


def test_eyes_that_give_nothing_are_refused() -> None:
    with pytest.raises(ModelError, match="no number"):
        try_out([])
