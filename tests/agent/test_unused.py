import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.calendar import Calendar
from agent.detectors.presence import Source
from agent.detectors.unused import UnusedConfig, UnusedDetector
from agent.values import HUB, Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

HOUR = 3600.0


class Home:
    def __init__(self, config: UnusedConfig | None = None) -> None:
        self.detector = UnusedDetector(config or UnusedConfig(away_button="away"), Calendar())
        self.now = self.litres = 0.0

    def live(self, hours: float, l_h: float = 0.0) -> list[Detection]:
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            self.now += 60.0
            self.litres += l_h / 60
            reading = Reading("meter", Quantity.WATER_L, float(int(self.litres)), self.now)
            found += self.detector.update(reading)
            found += self.detector.tick(self.now)
        return found

    def flush(self) -> list[Detection]:
        self.litres += 8.0
        return self.live(0.02)

    def press(self, button: str) -> list[Detection]:
        found = []
        for value in (0.0, 1.0, 1.0, 0.0):
            self.now += 1.0
            found += self.detector.update(Reading(button, Quantity.BUTTON, value, self.now))
        return found

    def away(self, hours: float) -> list[Detection]:
        return self.detector.update(Reading(HUB, Quantity.AWAY_H, hours, self.now))


def stages(found: list[Detection]) -> list[tuple[Stage, str]]:
    return [(each.stage, each.rule) for each in found]


def test_a_day_without_water_is_asked_about_and_a_day_and_a_half_is_an_alarm() -> None:
    home = Home()
    assert home.flush() + home.live(23.5) == []
    (asked,) = home.live(1)
    assert (asked.hazard, asked.stage) == (Hazard.INACTIVITY, Stage.PREALARM)
    assert "ring up" in asked.why.en
    (alarm,) = home.live(12)
    assert alarm.stage is Stage.ALARM
    assert "go and see" in alarm.why.en
    assert stages(home.flush()) == [(Stage.CLEARED, "used")]


def test_a_drip_is_no_use() -> None:
    assert stages(Home().live(25, l_h=4.0)) == [(Stage.PREALARM, "no_water_used")]


def test_whoever_uses_water_each_day_is_never_asked() -> None:
    home = Home()
    for _ in range(14):
        assert home.flush() + home.live(20) == []


@pytest.mark.parametrize("away", ["button", "hub"])
def test_whoever_is_away_is_not_missed_until_it_is_over(away: str) -> None:
    home = Home(UnusedConfig(away_button="away", by_hand_h=72.0))
    assert (home.press("away") if away == "button" else home.away(72.0)) == []
    assert home.live(72 + 23) == []
    assert stages(home.live(2)) == [(Stage.PREALARM, "no_water_used")]


def test_a_button_that_is_found_pressed_makes_nobody_be_away() -> None:
    home, found = Home(), []
    for _ in range(40):
        found += home.detector.update(Reading("away", Quantity.BUTTON, 1.0, home.now))
        found += home.live(1)
    assert [each.stage for each in found] == [Stage.PREALARM, Stage.ALARM]


def test_a_drip_while_the_meter_was_not_heard_is_no_use() -> None:
    home = Home()
    assert [each.stage for each in home.live(37)] == [Stage.PREALARM, Stage.ALARM]
    home.now += 5 * HOUR
    home.litres += 5.0
    assert home.live(1) == []
    assert stages(home.flush()) == [(Stage.CLEARED, "used")]


def test_coming_home_early_ends_away() -> None:
    home = Home()
    home.away(300.0)
    home.live(10)
    assert home.flush() == []
    assert stages(home.live(25)) == [(Stage.PREALARM, "no_water_used")]


def test_any_button_is_a_sign_of_life() -> None:
    home = Home()
    home.live(25)
    (over,) = home.press("hush")
    assert (over.stage, over.rule) == (Stage.CLEARED, "pressed")
    assert home.live(23.5) == []


def test_the_hub_can_say_that_all_is_well() -> None:
    home = Home()
    home.live(40)
    assert stages(home.away(0.0)) == [(Stage.CLEARED, "home_by_hub")]
    assert stages(home.away(5.0)) == []


def test_time_in_which_the_meter_is_not_heard_does_not_count() -> None:
    home = Home()
    home.live(20)
    home.now += 10 * HOUR
    assert home.live(3.5) == []
    assert stages(home.live(1)) == [(Stage.PREALARM, "no_water_used")]


def test_a_meter_that_is_not_heard_ends_nothing() -> None:
    home = Home()
    home.live(25)
    home.now += 10 * HOUR
    assert home.detector.tick(home.now) == []
    assert home.live(1) == []


def test_a_counter_that_is_set_anew_is_no_use() -> None:
    home = Home()
    home.litres = 90_000.0
    home.live(20)
    home.litres = 0.0
    assert home.live(3.9) == []
    assert len(home.live(1)) == 1


@given(st.lists(st.tuples(st.floats(0.1, 50.0), st.sampled_from("ufhw"))))
@settings(deadline=None, max_examples=50)
def test_it_tells_each_stage_once_and_ends_only_what_began(acts: list[tuple[float, str]]) -> None:
    home, stage = Home(), Stage.CLEARED
    order = {Stage.CLEARED: 0, Stage.PREALARM: 1, Stage.ALARM: 2}
    for hours, act in acts:
        found = home.live(hours)
        if act == "f":
            found += home.flush()
        elif act == "h":
            found += home.away(24.0)
        elif act == "w":
            found += home.press("away")
        for each in found:
            assert each.stage is not stage
            assert each.stage is Stage.CLEARED or order[each.stage] > order[stage]
            stage = each.stage


def test_what_does_not_go_together_is_refused() -> None:
    meter = {"meter": Source(frozenset({Quantity.WATER_L}), 30.0)}
    assert list(UnusedConfig().problems(meter)) == []
    assert [p for p, _ in UnusedConfig(prealarm_h=48.0).problems(meter)]
    assert [p for p, _ in UnusedConfig(away_button="away").problems(meter)]
    assert [p for p, _ in UnusedConfig().problems({})]
