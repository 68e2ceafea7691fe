"""What one provocation shows, whatever a sensor says; pure."""

import math

from hypothesis import given
from hypothesis import strategies as st

from agent.provocation import (
    CONFIRMED,
    Outcome,
    Provocation,
    calm_before,
    level,
    longest_s,
)
from agent.values import Reading
from drivers.sensor import Quantity
from drivers.stimulus import Answer

CO = Quantity.CO_PPM
OWES = Answer(rise=400.0, most=900.0, on_s=10.0, back_s=20.0)
any_ppm = st.floats(-20.0, 10_000.0)
every = st.sampled_from([0.5, 1.0, 2.0, 4.0])


def provoked(before: float, every_s: float, owes: Answer = OWES) -> Provocation:
    return Provocation("co", CO, owes, every_s, before, began=100.0)


def heard(provocation: Provocation, said: list[float]) -> float:
    """Let it say these, one each `every_s`, until the test is over; when it was (s after begin)."""
    n = 0
    while not provocation.is_over:
        n += 1
        at = provocation.began + n * provocation.every_s
        provocation.take(Reading("co", CO, said[min(n, len(said)) - 1], at))
        provocation.step(at)
    return n * provocation.every_s


@given(ppm=any_ppm, every_s=every)
def test_a_sensor_that_is_stuck_at_anything_does_not_answer(ppm: float, every_s: float) -> None:
    found = provoked(ppm, every_s)
    heard(found, [ppm])
    assert found.outcome is Outcome.NO_ANSWER


@given(ppm=any_ppm, every_s=every, seed=st.lists(st.floats(-50, 50), min_size=1, max_size=60))
def test_noise_below_what_it_owes_is_no_answer(
    ppm: float, every_s: float, seed: list[float]
) -> None:
    found = provoked(ppm, every_s)
    heard(found, [ppm + each for each in seed])
    assert found.outcome is Outcome.NO_ANSWER


@given(said=st.lists(any_ppm, max_size=80), before=any_ppm, every_s=every)
def test_whatever_it_says_it_is_held_back_no_longer_than_told(
    said: list[float], before: float, every_s: float
) -> None:
    found = provoked(before, every_s)
    assert heard(found, said or [before]) <= longest_s(OWES, every_s)


@given(said=st.lists(any_ppm, min_size=1, max_size=80), before=any_ppm, every_s=every)
def test_no_more_than_the_stimulus_explains_is_ever_held_back(
    said: list[float], before: float, every_s: float
) -> None:
    found = provoked(before, every_s)
    heard(found, said)
    beyond = [each for each in found.held if each.value - before > OWES.most]
    if beyond:
        assert found.outcome is Outcome.BEYOND
        assert beyond == found.held[-1:], "it is over with the first of them"


@given(rise=st.floats(400.0, 900.0), every_s=every, before=st.floats(-20.0, 30.0))
def test_one_that_rises_and_comes_back_has_answered(
    rise: float, every_s: float, before: float
) -> None:
    found = provoked(before, every_s)
    lasted_s = heard(found, [before, *[before + rise] * CONFIRMED, before])
    assert found.outcome is Outcome.ANSWERED
    assert lasted_s == (CONFIRMED + 2) * every_s, "and it is let go at once"
    assert len(found.felt) == CONFIRMED


def test_a_single_spike_is_no_answer() -> None:
    found = provoked(0.0, 2.0)
    heard(found, [0.0, 500.0, 0.0])
    assert found.outcome is Outcome.NO_ANSWER


def test_one_that_stays_up_is_not_back() -> None:
    found = provoked(0.0, 2.0)
    heard(found, [500.0])
    assert found.outcome is Outcome.NOT_BACK


def test_a_cell_that_gives_nothing_back_is_dry() -> None:
    owes = Answer(rise=400.0, most=900.0, on_s=10.0, back_s=20.0, lingers_s=4.0)
    alive, dry = provoked(0.0, 2.0, owes), provoked(0.0, 2.0, owes)
    heard(alive, [500.0, 500.0, 400.0, 300.0, 50.0])
    heard(dry, [500.0, 500.0, 50.0])
    assert (alive.outcome, dry.outcome) == (Outcome.ANSWERED, Outcome.DRY)


def test_one_that_says_nothing_is_silent() -> None:
    found = provoked(0.0, 2.0)
    found.step(100.0 + longest_s(OWES, 2.0))
    assert found.outcome is Outcome.SILENT


def test_another_quantity_of_the_part_is_held_back_and_not_judged() -> None:
    found = provoked(0.0, 2.0)
    found.take(Reading("co", Quantity.TEMPERATURE_C, 5000.0, 101.0))
    assert found.outcome is None
    assert len(found.held) == 1


@given(st.floats(0.001, 4.0), st.floats(0.001, 4.0))
def test_a_gas_cell_rises_as_its_resistance_falls(one: float, other: float) -> None:
    gas = Quantity.GAS_RS_R0
    assert (one < other) == (level(gas, one) > level(gas, other)) or math.isclose(one, other)


def test_before_is_what_the_last_readings_agree_on() -> None:
    past = [Reading("co", CO, value, float(n)) for n, value in enumerate([900.0, 3.0, 1.0, 2.0])]
    assert calm_before("co", CO, OWES, past) == 2.0
    assert calm_before("co", CO, OWES, past[:2]) is None
    assert calm_before("co", CO, OWES, []) is None
    assert calm_before("other", CO, OWES, past) is None
