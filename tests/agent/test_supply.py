"""The supply: its loss at once, its weakness after a while."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.supply import SupplyConfig, SupplyDetector
from agent.lanes import LANES, Lane
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

Seen = list[tuple[float, str, str]]


def seen(detector: SupplyDetector, quantity: Quantity, values: list[tuple[float, float]]) -> Seen:
    """(when, rule, stage) of all that comes of values at times in seconds."""
    found: list[Detection] = []
    for at, value in values:
        found += detector.update(Reading("mains", quantity, value, at))
    return [(each.at, each.rule, str(each.stage)) for each in found]


def test_a_lost_supply_is_an_alarm_with_the_first_reading_and_over_when_it_stays_back() -> None:
    values = [(0.0, 0.0), (5.0, 1.0), (6.0, 1.0), (7.0, 0.0), (8.0, 1.0), (9.0, 0.0)]
    values += [(18.9, 0.0), (19.0, 0.0), (30.0, 1.0)]
    assert seen(SupplyDetector(), Quantity.SUPPLY_LOST, values) == [
        (5.0, "supply_lost", "alarm"),
        (19.0, "supply_lost", "cleared"),
        (30.0, "supply_lost", "alarm"),
    ]


def test_it_goes_in_the_lane_of_alarms() -> None:
    assert LANES[Hazard.POWER] is Lane.ALARM


def test_a_device_that_starts_without_mains_says_so() -> None:
    assert seen(SupplyDetector(), Quantity.SUPPLY_LOST, [(0.0, 1.0)])


def test_a_supply_without_limits_is_only_measured() -> None:
    assert seen(SupplyDetector(), Quantity.SUPPLY_V, [(n, 0.0) for n in range(100)]) == []


def test_a_sagging_supply_is_told_after_a_while_and_a_gone_one_at_once() -> None:
    detector = SupplyDetector(SupplyConfig(low_v=4.75, lost_v=4.0))
    values = [(float(n), 5.0) for n in range(5)] + [(5.0 + n, 4.7) for n in range(20)]
    assert seen(detector, Quantity.SUPPLY_V, values) == [(15.0, "supply_low", "prealarm")]
    assert seen(detector, Quantity.SUPPLY_V, [(30.0, 1.0)]) == [(30.0, "supply_lost", "alarm")]
    after = seen(detector, Quantity.SUPPLY_V, [(31.0 + n, 5.0) for n in range(80)])
    assert after == [(41.0, "supply_lost", "cleared"), (91.0, "supply_low", "cleared")]


def test_a_motor_that_starts_is_no_sagging_supply() -> None:
    detector = SupplyDetector(SupplyConfig(low_v=4.75))
    values = [(float(n), 4.2 if n % 10 == 0 else 5.0) for n in range(200)]
    assert seen(detector, Quantity.SUPPLY_V, values) == []


def test_a_battery_that_runs_down_is_told_twice_and_charged_once() -> None:
    volts = [3.9 - n * 0.01 for n in range(80)] + [4.1] * 20
    values = [(60.0 * n, each) for n, each in enumerate(volts)]
    found = seen(SupplyDetector(), Quantity.BATTERY_V, values)
    assert [each[1:] for each in found] == [
        ("battery_low", "prealarm"),
        ("battery_low", "alarm"),
        ("battery_low", "cleared"),
    ]


def test_one_drop_of_the_boards_voltage_is_nothing_and_three_are_told() -> None:
    detector = SupplyDetector()
    values = [(0.0, 1.0), (700.0, 1.0), (800.0, 1.0), (900.0, 0.0), (1000.0, 1.0), (1100.0, 0.0)]
    assert seen(detector, Quantity.UNDER_VOLTAGE, values) == [(1000.0, "under_voltage", "prealarm")]
    after = [(1100.0 + 60.0 * n, 0.0) for n in range(12)]
    assert seen(detector, Quantity.UNDER_VOLTAGE, after) == [(1640.0, "under_voltage", "cleared")]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 30.0), st.booleans()), max_size=60))
def test_however_it_flaps_an_alarm_and_its_end_take_turns(steps: list[tuple[float, bool]]) -> None:
    at, values = 0.0, []
    for later_s, lost in steps:
        at += later_s
        values.append((at, float(lost)))
    stages = [stage for _, _, stage in seen(SupplyDetector(), Quantity.SUPPLY_LOST, values)]
    assert stages == [("alarm", "cleared")[n % 2] for n in range(len(stages))]
    if any(lost for _, lost in steps):
        assert stages[0] == Stage.ALARM


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (SupplyConfig(battery_low_v=3.0, battery_empty_v=3.3), "battery_empty_v"),
        (SupplyConfig(low_v=4.0, lost_v=4.5), "lost_v"),
        (SupplyConfig(low_v=4.0), "no sensor measures the supply"),
    ],
)
def test_limits_that_make_no_sense_are_told(config: SupplyConfig, said: str) -> None:
    assert said in " ".join(problem for problem, _ in config.problems({}))
