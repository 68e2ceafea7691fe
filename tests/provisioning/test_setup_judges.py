"""Did it feel what somebody did? Judged for every driver there is, from its values alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.values import FailureKind
from drivers import catalog
from provisioning.setup_page.judges import POINTS, Judge, Manner, Stimulus
from provisioning.setup_page.verdicts import answers_instead, who_moved
from provisioning.setup_page.words import FAILURES, parts

EDGE = Stimulus(quantity="BUTTON", manner=Manner.EDGE, back=1.0)
BREATH = Stimulus(quantity="RELATIVE_HUMIDITY_PCT", manner=Manner.RISE, by=5.0, back=0.5)
GAS = Stimulus(quantity="GAS_RS_R0", manner=Manner.FALL, by=0.2, back=0.5)
DRIVERS = sorted(catalog.DRIVERS)


def judged(stimulus: Stimulus, values: Sequence[float], before: Sequence[float] = ()) -> Judge:
    judge = Judge(stimulus, 100.0, before)
    for n, value in enumerate(values):
        judge.take(value, 100.0 + n)
    return judge


def felt(stimulus: Stimulus) -> list[float]:
    """What a sensor says to whom does it right."""
    away = stimulus.by * 1.2 * (-1 if stimulus.manner is Manner.FALL else 1)
    return [1.0, 1.0, 1.0 + away / 2, 1.0 + away, 1.0 + away / 2, 1.0, 1.0]


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_there_is_can_be_tried(driver: str) -> None:
    part, (kind,) = parts()[driver], catalog.config_types([driver])
    given_by_it = {str(quantity) for quantity in kind.spans}
    assert part.counts
    for stimulus in part.counts:
        assert stimulus.quantity in given_by_it
        assert stimulus.by > 0
    for words in (part.label, part.prompt):
        assert any("가" <= sign <= "힣" for sign in words.ko)
        assert words.en.isascii()
    assert part.prompt.ko.endswith(("요.", "다."))


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_passes_when_it_is_done_right(driver: str) -> None:
    for stimulus in parts()[driver].counts:
        assert judged(stimulus, felt(stimulus)).has_passed


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_driver_passes_by_lying_still(driver: str) -> None:
    for stimulus in parts()[driver].counts:
        if stimulus.manner is not Manner.ANSWERS:
            assert not judged(stimulus, [1.0] * 50).has_passed


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_does_not_come_back_has_not_passed(driver: str) -> None:
    for stimulus in parts()[driver].counts:
        if stimulus.back > 0 and stimulus.manner is not Manner.ANSWERS:
            judge = judged(stimulus, [*felt(stimulus)[:4]] + [felt(stimulus)[3]] * 20)
            assert (judge.has_moved, judge.has_passed) == (True, False)


def test_a_table_of_no_driver_is_a_slip() -> None:
    assert parts().keys() == catalog.DRIVERS.keys()


def test_a_press_of_fifty_milliseconds_counts() -> None:
    judge = Judge(EDGE, 100.0, [0.0, 0.0])
    assert not judge.take(1.0, 101.000)
    assert judge.take(0.0, 101.050)


def test_a_button_that_is_held_already_has_to_be_let_go_and_pressed() -> None:
    assert not judged(EDGE, [1.0, 1.0, 0.0]).has_passed
    assert judged(EDGE, [1.0, 0.0, 1.0]).has_passed


def test_what_was_usual_is_what_it_said_before() -> None:
    assert not judged(BREATH, [53.0, 50.0], before=[50.0] * 5).has_passed
    assert judged(BREATH, [56.0, 50.0], before=[50.0] * 5).has_passed


def test_a_drift_the_wrong_way_is_nothing() -> None:
    assert not judged(BREATH, [50.0, 40.0, 50.0]).has_moved
    assert not judged(GAS, [1.0, 1.5, 1.0]).has_moved


def test_what_cannot_be_provoked_has_to_answer_some_times() -> None:
    answers = Stimulus(quantity="UNDER_VOLTAGE", manner=Manner.ANSWERS)
    assert not judged(answers, [0.0, 0.0]).has_passed
    assert judged(answers, [0.0, 0.0, 0.0]).has_passed


@given(st.lists(st.floats(-100, 100), max_size=400))
@settings(deadline=None)
def test_a_curve_is_short_and_keeps_its_ends(values: list[float]) -> None:
    points = judged(BREATH, values).points()
    assert len(points) <= POINTS
    assert [at for at, _ in points] == sorted(at for at, _ in points)
    if values:
        found = [value for _, value in points]
        assert (min(found), max(found)) == (min(values), max(values))


@given(st.lists(st.floats(0, 4), min_size=1, max_size=50), st.sampled_from([EDGE, BREATH, GAS]))
@settings(deadline=None)
def test_who_has_passed_has_moved(values: list[float], stimulus: Stimulus) -> None:
    judge = judged(stimulus, values)
    assert judge.has_moved or not judge.has_passed
    assert (judge.moved_by >= 1) is judge.has_moved


@pytest.mark.parametrize("kind", [*FailureKind])
def test_every_failure_says_what_it_is_and_what_to_do(kind: FailureKind) -> None:
    code, why, remedy = FAILURES[kind]
    assert code
    for words in (why, remedy):
        assert any("가" <= sign <= "힣" for sign in words.ko)
        assert words.en.isascii()


def still(stimulus: Stimulus) -> Judge:
    return judged(stimulus, [1.0, 1.0])


def test_a_contact_that_answers_instead_is_told_at_once() -> None:
    door = Stimulus(quantity="CONTACT_OPEN", manner=Manner.EDGE, back=1.0)
    assert answers_instead(still(EDGE), judged(door, [0.0, 1.0, 0.0]))
    assert not answers_instead(still(EDGE), judged(door, [0.0, 1.0]))
    assert not answers_instead(judged(EDGE, [0.0, 1.0]), judged(door, [0.0, 1.0, 0.0]))


def test_somebody_who_walks_about_is_no_swapped_wire() -> None:
    motion = Stimulus(quantity="MOTION", manner=Manner.EDGE, back=1.0)
    assert not answers_instead(still(EDGE), judged(motion, [0.0, 1.0, 0.0]))
    assert not who_moved(still(EDGE), {"motion": judged(motion, [0.0, 1.0, 0.0])})
    other = {"motion_2": judged(motion, [0.0, 1.0, 0.0])}
    assert who_moved(still(motion), other) == "motion_2"


def test_a_swapped_channel_is_the_one_that_moved() -> None:
    co = Stimulus(quantity="CO_PPM", manner=Manner.RISE, by=20.0)
    moved = {"gas": judged(GAS, [1.0, 0.5]), "room": judged(BREATH, [50.0, 51.0])}
    assert who_moved(still(co), moved) == "gas"
    assert not who_moved(judged(co, [0.0, 10.0]), moved), "it has moved itself"


def test_of_several_the_one_of_the_same_kind_is_meant() -> None:
    others = {"a": judged(GAS, [1.0, 0.2]), "b": judged(BREATH, [50.0, 56.0])}
    assert who_moved(still(BREATH), others) == "b"
