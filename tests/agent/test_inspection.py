"""What an inspection takes for a physical stimulus, and what not."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.inspection import POINTS, Inspection, Outcome, decimated
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

SMOKE = Quantity.SMOKE_OBSCURATION_PCT_PER_M


def opened(quantity: Quantity = SMOKE, hazard: Hazard = Hazard.FIRE) -> Inspection:
    return Inspection("felt", frozenset({quantity}), frozenset({hazard}), 100.0, 400.0)


def feel(
    inspection: Inspection,
    values: Iterable[float],
    *,
    quantity: Quantity = SMOKE,
    hazard: Hazard = Hazard.FIRE,
    alarm_at: float | None = 5.0,
    every_s: float = 1.0,
) -> Inspection:
    """Let the sensor feel `values`; the hazard's detector alarms at the first of `alarm_at`."""
    for n, value in enumerate(values):
        reading = Reading("felt", quantity, value, inspection.opened_at + n * every_s)
        inspection.take(reading)
        if alarm_at is not None and value >= alarm_at:
            alarm_at = None
            inspection.heed(
                Detection(hazard, Stage.ALARM, PLACE, "r", (reading,), reading.at, Why("가", "a"))
            )
    return inspection


def puff(height: float = 12.0, rise_s: float = 8.0, fall_s: float = 25.0) -> list[float]:
    """Test smoke from a can: it comes in some seconds and clears in half a minute."""
    calm = [0.1 + 0.02 * (n % 3) for n in range(10)]
    up = [height * (1 - math.exp(-3 * n / rise_s)) for n in range(1, int(rise_s) + 1)]
    down = [up[-1] * math.exp(-3 * n / fall_s) for n in range(1, int(2 * fall_s))]
    return calm + up + down


def test_smoke_from_a_can_proves_a_smoke_sensor() -> None:
    inspection = feel(opened(), puff())
    assert inspection.outcome() is Outcome.PROVEN
    assert len(inspection.curve) <= POINTS
    assert max(value for _, value in inspection.curve) == max(puff())


@given(
    height=st.floats(6, 100),
    rise_s=st.floats(3, 60),
    fall_s=st.floats(6, 120),
    every=st.integers(1, 3),
)
@settings(deadline=None, max_examples=100)
def test_any_puff_that_comes_and_goes_by_degrees_is_taken(
    height: float, rise_s: float, fall_s: float, every: int
) -> None:
    values = puff(height, rise_s, fall_s)
    assert feel(opened(), values[::every][: 10 // every] + values[10:]).outcome() is Outcome.PROVEN


def test_nothing_at_all_is_said_as_silence() -> None:
    assert opened().outcome() is Outcome.SILENT


@pytest.mark.parametrize("values", [[0.1] * 50, [5.0] * 50, [5.0, 3.0, 1.0]])
def test_what_does_not_rise_is_no_stimulus(values: list[float]) -> None:
    assert feel(opened(), values).outcome() is Outcome.NO_STIMULUS


def test_a_stimulus_from_the_start_on_is_not_calm_before() -> None:
    assert feel(opened(), [0.1, *puff()[10:]]).outcome() is Outcome.NOT_CALM


def test_a_stimulus_that_alarms_nobody_is_no_proof() -> None:
    assert feel(opened(), puff(height=3.0)).outcome() is Outcome.NO_ALARM


def test_an_alarm_by_another_sensor_is_no_proof_of_this_one() -> None:
    inspection = feel(opened(), puff(), alarm_at=None)
    other = Reading("other", Quantity.TEMPERATURE_C, 80.0, 110.0)
    inspection.heed(
        Detection(Hazard.FIRE, Stage.ALARM, PLACE, "r", (other,), 110.0, Why("가", "a"))
    )
    assert inspection.outcome() is Outcome.NO_ALARM


def test_a_value_that_stays_up_is_no_proof() -> None:
    values = puff()
    assert feel(opened(), values[:20] + [12.0] * 50).outcome() is Outcome.NOT_RETURNED


@pytest.mark.parametrize(
    "values",
    [
        [0.1] * 5 + [20.0] * 10 + [0.1] * 5,  # a wire that somebody bridged
        [0.1, 0.12, 0.1] + [20.0, 20.1] * 5 + [0.1, 0.12],  # with noise
        [0.1] * 5 + [10.0, 20.0, 10.0] + [0.1] * 5,  # one level in between, twice
        [0.1] * 5 + [20.0, 19.0, 15.0, 10.0, 5.0, 0.1],  # up in one step
    ],
)
def test_a_value_that_jumps_is_no_smoke(values: list[float]) -> None:
    assert feel(opened(), values).outcome() is Outcome.NOT_ANALOGUE


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([0, 1, 0], Outcome.PROVEN),
        ([0, 0, 1, 1, 0, 0], Outcome.PROVEN),
        ([1, 0], Outcome.NO_STIMULUS),
        ([0, 0, 0], Outcome.NO_STIMULUS),
        ([0, 1, 1], Outcome.NOT_RETURNED),
    ],
)
def test_a_button_is_proven_by_its_edges(values: list[float], outcome: Outcome) -> None:
    button = opened(Quantity.BUTTON, Hazard.SOS)
    felt = feel(button, values, quantity=Quantity.BUTTON, hazard=Hazard.SOS, alarm_at=1.0)
    assert felt.outcome() is outcome


def test_a_fall_score_may_jump() -> None:
    fall = opened(Quantity.FALL_SCORE, Hazard.FALL)
    values = [0.1, 0.05, 0.1, 0.95, 0.9, 0.1]
    felt = feel(fall, values, quantity=Quantity.FALL_SCORE, hazard=Hazard.FALL, alarm_at=0.9)
    assert felt.outcome() is Outcome.PROVEN


def test_readings_of_other_sensors_and_quantities_are_not_its() -> None:
    inspection = opened()
    inspection.take(Reading("other", SMOKE, 5.0, 101.0))
    inspection.take(Reading("felt", Quantity.TEMPERATURE_C, 5.0, 101.0))
    assert inspection.curve == []


@given(
    curve=st.lists(st.tuples(st.floats(0, 900), st.floats(0, 100)), max_size=500),
    most=st.integers(2, 64),
)
@settings(deadline=None, max_examples=100)
def test_a_thinned_curve_keeps_its_ends_and_its_order(
    curve: list[tuple[float, float]], most: int
) -> None:
    curve.sort()
    thin = decimated(curve, most)
    assert len(thin) <= most
    assert [t for t, _ in thin] == sorted(t for t, _ in thin)
    if curve:
        assert max(v for _, v in thin) == max(v for _, v in curve)
        assert min(v for _, v in thin) == min(v for _, v in curve)


def test_a_long_inspection_takes_a_bounded_piece_of_memory() -> None:
    inspection = feel(opened(), (0.1 + n % 7 for n in range(50_000)), every_s=0.01)
    assert len(inspection.curve) <= POINTS
    assert sum(map(len, inspection._curves.values())) <= 8192  # nothing else shows it
