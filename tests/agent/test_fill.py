import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.fill import FillConfig, FillDetector
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

CONFIG = FillConfig(sensor="level", empty_m=0.9, full_m=0.2)


class Bin:
    def __init__(self) -> None:
        self.detector, self.now = FillDetector(CONFIG), 0.0

    def stay(self, minutes: float, metres: float, name: str = "level") -> list[Detection]:
        found, until = [], self.now + 60 * minutes
        while self.now < until:
            self.now += 60.0
            found += self.detector.update(Reading(name, Quantity.DISTANCE_M, metres, self.now))
            found += self.detector.tick(self.now)
        return found


def stages(found: list[Detection]) -> list[Stage]:
    return [each.stage for each in found]


def test_a_bin_that_fills_is_told_in_time_and_again_when_full_and_emptied() -> None:
    bin_ = Bin()
    assert bin_.stay(60, 0.6) == []
    (soon,) = bin_.stay(30, 0.36)
    assert (soon.hazard, soon.stage, soon.subject, soon.rule) == (
        Hazard.FAULT,
        Stage.PREALARM,
        "level fill",
        "fill",
    )
    assert "77 %" in soon.why.en
    assert stages(bin_.stay(30, 0.22)) == [Stage.ALARM]
    assert stages(bin_.stay(30, 0.88)) == [Stage.CLEARED]


def test_an_arm_and_a_bag_that_settles_are_not_a_full_bin() -> None:
    bin_ = Bin()
    for _ in range(30):
        assert bin_.stay(5, 0.1) + bin_.stay(20, 0.6) == []


def test_an_open_lid_neither_fills_nor_empties_it() -> None:
    bin_ = Bin()
    bin_.stay(30, 0.2)
    assert bin_.stay(600, 4.0) == []
    assert bin_.stay(60, 0.25) == []


def test_another_sensors_distance_is_no_fill() -> None:
    assert Bin().stay(60, 0.1, "radar") == []


def test_one_that_is_covered_says_that_it_may_be() -> None:
    assert "before its sensor" in Bin().stay(30, 0.02)[-1].why.en


@given(st.lists(st.tuples(st.floats(0.02, 4.0), st.floats(1.0, 60.0)), max_size=15))
@settings(deadline=None, max_examples=60)
def test_it_goes_up_step_by_step_and_ends_once(spells: list[tuple[float, float]]) -> None:
    bin_, stage = Bin(), Stage.CLEARED
    order = {Stage.CLEARED: 0, Stage.PREALARM: 1, Stage.ALARM: 2}
    for each in [d for metres, minutes in spells for d in bin_.stay(minutes, metres)]:
        assert each.stage is not stage
        assert each.stage is Stage.CLEARED or order[each.stage] > order[stage]
        stage = each.stage


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (FillConfig(sensor="level", empty_m=0.3, full_m=0.25), "full_m"),
        (FillConfig(sensor="level", empty_m=0.9, full_m=0.2, fall_pct=80), "fall_pct"),
        (FillConfig(sensor="other", empty_m=0.9, full_m=0.2), "other"),
    ],
)
def test_what_does_not_go_together_is_refused(config: FillConfig, word: str) -> None:
    sources = {"level": Source(frozenset({Quantity.DISTANCE_M}), 60.0)}
    assert any(word in problem for problem, _ in config.problems(sources))
    assert list(CONFIG.problems(sources)) == []
