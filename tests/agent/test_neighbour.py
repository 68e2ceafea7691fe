"""The alarm next door: begun by what is heard, over by what is not, and never one's own."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detectors.neighbour import CLEAR_S, DEAF_S, REPEAT_S, NeighbourConfig, NeighbourDetector
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity


def detector(*, repeat: bool = False) -> NeighbourDetector:
    return NeighbourDetector(NeighbourConfig(repeat=repeat))


def hear(made: NeighbourDetector, pulses: int, begins: float, ends: float) -> list[Detection]:
    found = []
    for n in range(round(2 * begins), round(2 * ends)):
        found += made.update(Reading("ear", Quantity.ALARM_PULSES, float(pulses), n / 2))
    return found


def own(stage: Stage, at: float) -> Detection:
    return Detection(Hazard.FIRE, stage, PLACE, "fixed_heat", (), at, Why("불", "fire"))


@pytest.mark.parametrize(("pulses", "word"), [(3, "smoke"), (4, "carbon monoxide")])
def test_it_begins_once_and_is_over_after_three_quiet_minutes(pulses: int, word: str) -> None:
    made = detector()
    found = hear(made, pulses, 10, 60) + hear(made, 0, 60, 300)
    assert found[0].rule == f"t{pulses}"
    assert [(each.stage, each.at) for each in found] == [
        (Stage.ALARM, 10.0),
        (Stage.CLEARED, 59.5 + CLEAR_S),
    ]
    assert word in found[0].why.en.lower()
    assert "no longer heard. Please check" in found[1].why.en
    assert found[1].why.ko.endswith("더 이상 들리지 않습니다. 멈췄는지는 확인해 주세요.")


def test_a_co_alarm_that_sounds_once_a_minute_stays_one_alarm() -> None:
    made, found = detector(), []
    for minute in range(10):
        found += hear(made, 4, 60 * minute, 60 * minute + 10)
        found += hear(made, 0, 60 * minute + 10, 60 * minute + 60)
    assert [each.stage for each in found] == [Stage.ALARM]


def test_the_own_siren_is_nobody_s_alarm() -> None:
    made = detector()
    made.heed(own(Stage.ALARM, 0.0))
    assert not hear(made, 3, 1, 100)
    made.heed(own(Stage.CLEARED, 100.0))
    assert not hear(made, 3, 100, 100 + DEAF_S)
    assert [each.stage for each in hear(made, 3, 100 + DEAF_S, 130)] == [Stage.ALARM]


def test_what_the_siren_repeats_does_not_keep_it_alive() -> None:
    made = detector(repeat=True)
    found = hear(made, 3, 10, 10 + REPEAT_S) + hear(made, 0, 10 + REPEAT_S, 400)
    cleared = [each.at for each in found if each.stage is Stage.CLEARED]
    assert cleared == [pytest.approx(10 + REPEAT_S + CLEAR_S, abs=1.0)]


def test_who_hears_nothing_any_more_cannot_say_that_it_is_over() -> None:
    made = detector()
    hear(made, 3, 10, 20)
    assert not made.tick(100_000.0)


@given(st.lists(st.sampled_from([0, 0, 0, 3, 4]), max_size=300))
def test_alarms_and_their_ends_take_turns(heard: list[int]) -> None:
    made, stages = detector(), []
    for n, pulses in enumerate(heard):
        reading = Reading("ear", Quantity.ALARM_PULSES, float(pulses), 20.0 * n)
        stages += [each.stage for each in made.update(reading)]
    for before, after in itertools.pairwise(stages):
        assert not before is after is Stage.CLEARED
    assert not stages or stages[0] is Stage.ALARM
