from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.calendar import Calendar
from agent.detectors.flow import FlowConfig, FlowDetector, Rate
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

MINUTE, HOUR = 60.0, 3600.0
KNOWN = Calendar()
KNOWN.set(0.0, datetime(2026, 1, 14, 15, 0, tzinfo=UTC).timestamp(), 1.0)  # midnight in Seoul


class Home:
    def __init__(self, config: FlowConfig | None = None, calendar: Calendar | None = None) -> None:
        self.detector = FlowDetector(config or FlowConfig(), calendar or Calendar())
        self.now = self.litres = 0.0

    def flow(self, hours: float, l_min: float, every_s: float = 30.0) -> list[Detection]:
        """Whole litres arrive, as pulses do."""
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            self.now += every_s
            self.litres += l_min * every_s / 60
            reading = Reading("meter", Quantity.WATER_L, float(int(self.litres)), self.now)
            found += self.detector.update(reading)
            found += self.detector.tick(self.now)
        return found


def told(found: list[Detection]) -> list[tuple[str, Stage, str]]:
    return [(each.subject, each.stage, each.rule) for each in found]


def test_a_burst_is_told_when_it_has_lasted_and_when_it_is_over() -> None:
    home = Home()
    assert home.flow(2, 0.0) == []
    begun = home.now
    (alarm,) = home.flow(0.5, 40.0)
    assert (alarm.hazard, alarm.stage, alarm.subject) == (Hazard.WATER, Stage.ALARM, "meter burst")
    assert 10 * MINUTE <= alarm.at - begun <= 15 * MINUTE
    assert told(home.flow(0.4, 0.0)) == [("meter burst", Stage.CLEARED, "burst")]


def test_a_bath_and_a_shower_are_no_burst() -> None:
    home = Home()
    found = home.flow(1, 0.0) + home.flow(10 / 60, 20.0) + home.flow(1, 0.0) + home.flow(0.5, 12.0)
    assert found == []


def test_a_drip_is_a_leak_after_half_a_day_and_an_alarm_after_a_day() -> None:
    home = Home()
    assert home.flow(12, 0.1) == []
    assert told(home.flow(2, 0.1)) == [("meter leak", Stage.PREALARM, "leak")]
    assert told(home.flow(12, 0.1)) == [("meter leak", Stage.ALARM, "leak")]
    assert told(home.flow(1, 0.0)) == [("meter leak", Stage.CLEARED, "leak")]


def test_what_flows_all_night_is_told_before_the_morning() -> None:
    home = Home(calendar=KNOWN)
    assert home.flow(1.5, 0.0) == []
    (found,) = home.flow(4, 0.1)
    assert (found.stage, found.rule) == (Stage.PREALARM, "night_flow")
    assert 4.4 * HOUR <= found.at <= 5 * HOUR
    assert "01:40" in found.why.en


def test_flow_that_began_in_the_night_is_not_called_night_flow() -> None:
    home = Home(calendar=KNOWN)
    assert home.flow(2.6, 0.0) + home.flow(3, 0.1) == []


def test_without_a_clock_a_night_is_never_claimed() -> None:
    home = Home()
    assert home.flow(11, 0.1) == []


def test_a_pause_of_half_an_hour_is_no_leak() -> None:
    home = Home()
    for _ in range(20):
        assert home.flow(1.5, 0.5) + home.flow(35 / 60, 0.0) == []


def test_an_alarm_of_a_leak_is_told_once() -> None:
    home = Home(calendar=KNOWN)
    found = home.flow(60, 0.1)
    assert [each.stage for each in found] == [Stage.PREALARM, Stage.ALARM]


def test_a_meter_that_is_not_heard_ends_nothing() -> None:
    home = Home()
    home.flow(30, 0.1)
    home.now += 5 * HOUR  # unplugged
    assert home.flow(0.4, 0.0) == []
    assert [each.stage for each in home.flow(0.5, 0.0)] == [Stage.CLEARED]


def test_time_that_was_not_seen_is_no_leak() -> None:
    home = Home()
    home.flow(7, 0.1)
    home.now += 10 * HOUR
    assert home.flow(4.5, 0.1) == []


def test_a_counter_that_is_set_anew_is_no_flow_and_no_pause() -> None:
    home = Home()
    home.flow(13, 0.1)
    home.litres = 0.0
    assert home.flow(1, 0.1) == []
    burst = Home()
    burst.litres = 90_000.0
    burst.flow(1, 0.0)
    burst.litres = 5.0
    assert burst.flow(1, 0.0) == []


def test_a_counter_that_was_set_anew_while_it_was_not_heard_ends_no_leak() -> None:
    home = Home()
    home.flow(14, 0.1)
    home.now += 3 * HOUR
    home.litres = 0.0
    assert home.flow(0.3, 0.0) == []  # half an hour of standing still must be seen
    assert told(home.flow(0.3, 0.0)) == [("meter leak", Stage.CLEARED, "leak")]


def test_what_flows_stands_and_what_has_paused_does_not() -> None:
    home = Home()
    home.flow(0.5, 40.0)
    assert [each.sensor for each in home.detector.standing(Hazard.WATER)] == ["meter"]
    home.flow(0.5, 0.0)
    assert home.detector.standing(Hazard.WATER) == ()


def test_the_levels_can_be_looked_at() -> None:
    home = Home()
    home.flow(2, 6.0)
    shown = {each.quantity: each.value for each in home.detector.derived()}
    assert shown["FLOW_L_MIN"] == pytest.approx(6.0, abs=0.3)
    assert shown["FLOWING_H"] == pytest.approx(2.0, abs=0.1)


@given(
    l_min=st.floats(0.5, 200.0),
    every_s=st.sampled_from([1.0, 7.0, 30.0, 60.0]),
    litres_per_pulse=st.sampled_from([0.1, 1.0, 10.0]),
)
@settings(deadline=None, max_examples=60)
def test_the_rate_is_that_of_the_flow_whatever_the_pulses(
    l_min: float, every_s: float, litres_per_pulse: float
) -> None:
    rate, found = Rate(), None
    for n in range(int(600 / every_s)):
        litres = l_min * n * every_s / 60
        found = rate.update(litres // litres_per_pulse * litres_per_pulse, n * every_s)
    assert found == pytest.approx(l_min, abs=litres_per_pulse / 4 + 0.03 * l_min)


@given(st.lists(st.tuples(st.floats(0.0, 24.0), st.floats(0.02, 0.5)), max_size=12))
@settings(deadline=None, max_examples=40)
def test_below_the_limit_nothing_is_ever_a_burst(flows: list[tuple[float, float]]) -> None:
    home = Home()
    for l_min, hours in flows:
        assert all("burst" not in each.subject for each in home.flow(hours, l_min))


@given(st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(0.05, 6.0)), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_each_incident_begins_before_it_ends_and_never_steps_down(
    flows: list[tuple[float, float]],
) -> None:
    home = Home(calendar=KNOWN)
    grade = {Stage.CLEARED: 0, Stage.PREALARM: 1, Stage.ALARM: 2}
    stands: dict[str, Stage] = {}
    for each in [d for l_min, hours in flows for d in home.flow(hours, l_min)]:
        before = stands.get(each.subject, Stage.CLEARED)
        assert each.stage is not before
        assert each.stage is Stage.CLEARED or grade[each.stage] > grade[before]
        stands[each.subject] = each.stage


@pytest.mark.parametrize(
    ("config", "word"),
    [
        (FlowConfig(burst_l_min=10.0, burst_fall_l_min=12.0), "burst_fall_l_min"),
        (FlowConfig(leak_h=30.0), "leak_h"),
        (FlowConfig(night_from="04:00", night_to="04:30"), "night"),
    ],
)
def test_limits_that_do_not_go_together_are_refused(config: FlowConfig, word: str) -> None:
    sources = {"meter": Source(frozenset({Quantity.WATER_L}), 30.0)}
    assert any(word in problem for problem, _ in config.problems(sources))
    assert list(FlowConfig().problems(sources)) == []


def test_a_flow_that_nothing_counts_is_refused() -> None:
    ((problem, remedy),) = FlowConfig().problems({})
    assert "nothing counts water" in problem
    assert "water_meter" in remedy
