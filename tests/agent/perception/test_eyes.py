"""What eyes make of what sight and models say: smoke is no fault of the lens, a cloth is one."""

from dataclasses import dataclass, field
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from agent.perception.eyes import Eyes, Step  # noqa: E402  # needs numpy
from drivers.sensor import Quantity  # noqa: E402
from drivers.view import View  # noqa: E402

FRAME = np.zeros((4, 4, 3), np.uint8)


@dataclass
class Seeing:
    """A sight and a fire model that say what the test has them say."""

    view: View = View.CLEAR
    score: float = 0.0
    is_in_doubt: bool = False
    eyes: Eyes = field(init=False)

    def __post_init__(self) -> None:
        sight: Any = self  # all that eyes ask of one
        self.eyes = Eyes(sight, [Step(self.fire, 1.0, hindered=True)])

    def look(self, _frame: object, _at: float) -> View:
        return self.view

    def fire(self, _frame: object, _at: float) -> dict[Quantity, float]:
        return {Quantity.FIRE_SCORE: self.score}

    def views(self, begin: int, end: int) -> set[View]:
        return {
            View(int(self.eyes.look(FRAME, float(at))[Quantity.VIEW])) for at in range(begin, end)
        }


def test_smoke_that_hides_the_room_is_no_covered_lens() -> None:
    seeing = Seeing(score=0.95)
    assert seeing.views(0, 10) == {View.CLEAR}
    seeing.view = View.COVERED
    assert seeing.views(10, 20) == {View.CLEAR}


def test_a_covered_lens_is_told_in_the_end_whatever_the_model_thinks_it_sees() -> None:
    seeing = Seeing(score=0.95)
    seeing.views(0, 10)
    seeing.view = View.COVERED
    seeing.views(10, 3600)
    assert seeing.views(3600, 3700) == {View.COVERED}


def test_a_covered_lens_without_a_fire_is_told_at_once() -> None:
    seeing = Seeing()
    seeing.views(0, 10)
    seeing.view = View.COVERED
    assert seeing.views(10, 20) == {View.COVERED}
