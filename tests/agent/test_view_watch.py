"""A camera that is covered, blurred or turned away is a fault in the end; the night is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.view_watch import HOLD_S, ViewWatch
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity
from drivers.view import View


def seen(watch: ViewWatch, view: View, begin: float, end: float) -> list[Detection]:
    found: list[Detection] = []
    for n in range(int((end - begin) * 2)):
        at = begin + n / 2
        found += watch.update(Reading("eyes", Quantity.VIEW, float(view), at)) + watch.tick(at)
    return found


@pytest.mark.parametrize("view", [View.COVERED, View.BLURRED, View.MOVED])
def test_what_hinders_it_for_long_is_told_once_and_so_is_its_end(view: View) -> None:
    watch = ViewWatch()
    assert seen(watch, View.CLEAR, 0, 60) == []
    (told,) = seen(watch, view, 60, 3600)
    assert (told.hazard, told.stage, told.subject) == (Hazard.FAULT, Stage.ALARM, "eyes view")
    assert told.at == 60 + HOLD_S
    (over,) = seen(watch, View.CLEAR, 3600, 3700)
    assert (over.stage, over.rule) == (Stage.CLEARED, told.rule)


@pytest.mark.parametrize("view", [View.CLEAR, View.DARK])
def test_a_clear_view_and_the_night_are_no_fault(view: View) -> None:
    assert seen(ViewWatch(), view, 0, 40_000) == []


def test_a_hand_before_the_lens_is_no_fault() -> None:
    watch = ViewWatch()
    for begin in range(0, 6000, 200):
        assert seen(watch, View.COVERED, begin, begin + 100) == []
        assert seen(watch, View.CLEAR, begin + 100, begin + 200) == []


@given(st.lists(st.tuples(st.sampled_from(list(View)), st.integers(1, 400)), max_size=20))
@settings(deadline=None, max_examples=50)
def test_alarm_and_end_take_turns_whatever_is_seen(spells: list[tuple[View, int]]) -> None:
    watch, at, stages = ViewWatch(), 0.0, list[Stage]()
    for view, length_s in spells:
        stages += [each.stage for each in seen(watch, view, at, at + length_s)]
        at += length_s
    assert stages == [Stage.ALARM, Stage.CLEARED] * (len(stages) // 2) + [Stage.ALARM] * (
        len(stages) % 2
    )
