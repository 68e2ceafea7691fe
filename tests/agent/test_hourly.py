import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import config as configuration
from agent.cli import PROFILES
from agent.coverage import standing_for
from agent.detectors.calendar import Calendar
from agent.detectors.hourly import HourLimit, HourlyConfig, HourlyDetector, NoiseLimit
from agent.detectors.presence import Source
from agent.lanes import LANES, Lane
from agent.pipeline import Pipeline
from agent.values import HOURLY, Detection, Hazard, Reading, Stage
from agent.watch import detectors, watched
from drivers.sensor import Quantity

HOUR = 3600.0
PM10, PM2_5, LAEQ = Quantity.PM10_UG_M3, Quantity.PM2_5_UG_M3, Quantity.SOUND_LAEQ_DBA
CONFIG = HourlyConfig(
    heat_c=HourLimit(prealarm=33.0, alarm=35.0, fall=31.0),
    voc_index=HourLimit(prealarm=250.0, fall=150.0, hours=1),
    noise=NoiseLimit(),
)


def known(hour: int = 9) -> Calendar:
    """It is so many hours in Seoul when the monotonic clock begins."""
    calendar = Calendar()
    calendar.set(0.0, datetime(2026, 4, 8, hour, tzinfo=UTC).timestamp() - 9 * HOUR, 1.0)
    return calendar


class Street:
    def __init__(self, calendar: Calendar | None = None, config: HourlyConfig = CONFIG) -> None:
        self.detector = HourlyDetector(config, calendar or known())
        self.now = 0.0

    def stay(
        self, hours: float, values: dict[Quantity, float], every_s: float = 30.0
    ) -> list[Detection]:
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            for quantity, value in values.items():
                found += self.detector.update(Reading("node", quantity, value, self.now))
            self.now += every_s
            found += self.detector.tick(self.now)
        return found


def limits(found: list[Detection]) -> list[tuple[Hazard, Stage]]:
    return [(each.hazard, each.stage) for each in found if each.rule != HOURLY]


def hours(found: list[Detection]) -> list[Detection]:
    return [each for each in found if each.rule == HOURLY]


def test_each_hour_is_told_once_for_each_hazard_and_begins_nothing() -> None:
    values = {PM10: 41.2, PM2_5: 22.0, Quantity.TEMPERATURE_C: 14.0, LAEQ: 60.0}
    found = Street().stay(3, values)
    assert limits(found) == []
    told = hours(found)
    assert [each.hazard for each in told] == [Hazard.AIR, Hazard.CLIMATE, Hazard.NOISE] * 3
    for each in told:
        assert (each.stage, each.subject) == (Stage.CLEARED, HOURLY)
        assert LANES[each.hazard] is Lane.INFORMATION
    assert told[0].why.en == "The hour from 09:00: PM10 41 µg/m³, PM2.5 22 µg/m³."
    assert (
        told[0].why.ko == "09:00부터 한 시간: 미세먼지(PM10) 41 µg/m³, 초미세먼지(PM2.5) 22 µg/m³."
    )
    assert {each.quantity: each.value for each in told[0].evidence} == {PM10: 41.2, PM2_5: 22.0}


def test_sound_is_a_mean_of_its_energy_and_the_loudest_is_kept() -> None:
    street = Street()
    street.stay(0.5, {LAEQ: 50.0, Quantity.SOUND_LAF_DBA: 55.0})
    found = hours(street.stay(0.5, {LAEQ: 60.0, Quantity.SOUND_LAF_DBA: 81.0}))
    leq, loudest = found[0].evidence
    assert leq.value == pytest.approx(10 * math.log10((1e5 + 1e6) / 2), abs=0.06)
    assert loudest.value == 81.0


def test_an_hour_that_was_hardly_measured_is_not_told() -> None:
    street = Street()
    assert street.stay(0.7, {PM10: 40.0}) + street.stay(0.3, {}) == []


def test_without_a_clock_hours_are_those_of_the_device() -> None:
    found = Street(Calendar()).stay(2, {PM10: 40.0})
    assert [each.why.en for each in found] == ["The last hour: PM10 40 µg/m³."] * 2


def test_a_clock_that_is_set_gives_no_hour_that_was_none() -> None:
    calendar = Calendar()
    street = Street(calendar)
    street.stay(0.3, {PM10: 40.0})
    calendar.set(street.now, datetime(2026, 4, 8, 0, 10, tzinfo=UTC).timestamp(), 1.0)
    assert street.stay(0.6, {PM10: 40.0}) == []
    assert "from 09:00" in street.stay(1.2, {PM10: 40.0})[-1].why.en


def test_dust_is_told_after_two_hours_and_again_when_it_is_worse() -> None:
    street = Street()
    assert limits(street.stay(1, {PM2_5: 80.0})) == []
    assert limits(street.stay(1, {PM2_5: 80.0})) == [(Hazard.AIR, Stage.PREALARM)]
    assert limits(street.stay(2, {PM2_5: 160.0})) == [(Hazard.AIR, Stage.ALARM)]
    assert limits(street.stay(2, {PM2_5: 60.0})) == []
    assert limits(street.stay(1, {PM2_5: 30.0})) == [(Hazard.AIR, Stage.CLEARED)]


def test_a_reading_that_comes_late_closes_no_hour() -> None:
    street, found = Street(), []
    for _ in range(4):
        found += street.stay(1, {PM10: 160.0, Quantity.TEMPERATURE_C: 20.0})
        late = Reading("node", Quantity.TEMPERATURE_C, 20.0, street.now - 3.0)
        found += street.detector.update(late)
    assert limits(found) == [(Hazard.AIR, Stage.PREALARM)]
    assert len(hours(found)) == 8


@pytest.mark.parametrize("begins", [20, 4])
def test_noise_of_two_hours_is_held_to_the_limit_of_each(begins: int) -> None:
    config = HourlyConfig(noise=NoiseLimit(hours=2))
    loud = {20: (66.0, 66.0, 60.0), 4: (56.0, 60.0, 66.0)}[begins]  # beyond it in one hour
    street = Street(known(begins), config)
    assert limits([each for dba in loud for each in street.stay(1, {LAEQ: dba})]) == []
    again = {20: 60.0, 4: 70.0}[begins]
    expected = {20: [(Hazard.NOISE, Stage.PREALARM)], 4: []}[begins]
    assert limits(street.stay(1, {LAEQ: again})) == expected


def test_an_hour_without_its_minutes_is_not_one_of_two_in_a_row() -> None:
    street = Street()
    street.stay(1, {PM2_5: 80.0})
    street.stay(1, {})
    assert limits(street.stay(1, {PM2_5: 80.0})) == []


def test_a_sensor_that_is_not_heard_ends_nothing() -> None:
    street = Street()
    street.stay(2, {PM2_5: 80.0})
    assert street.stay(5, {}) == []
    assert limits(street.stay(0.5, {PM2_5: 10.0})) == []


@pytest.mark.parametrize(("begins", "is_told"), [(9, False), (23, True), (21, False), (5, True)])
def test_noise_is_held_to_the_limit_of_the_day_or_the_night(begins: int, is_told: bool) -> None:
    found = Street(known(begins)).stay(1, {LAEQ: 62.0})
    assert limits(found) == ([(Hazard.NOISE, Stage.PREALARM)] if is_told else [])


def test_without_a_clock_the_higher_limit_of_noise_holds() -> None:
    assert limits(Street(Calendar()).stay(2, {LAEQ: 62.0})) == []


def test_vapours_and_heat_are_told() -> None:
    found = Street().stay(2, {Quantity.VOC_INDEX: 300.0, Quantity.TEMPERATURE_C: 34.0})
    assert limits(found) == [(Hazard.AIR, Stage.PREALARM), (Hazard.CLIMATE, Stage.PREALARM)]


@given(
    st.lists(st.tuples(st.floats(0.0, 400.0), st.floats(0.1, 3.0)), max_size=12),
    st.sampled_from([10.0, 30.0, 50.0]),
)
@settings(deadline=None, max_examples=40)
def test_every_hour_is_within_what_was_measured_and_no_incident_steps_down(
    spells: list[tuple[float, float]], every_s: float
) -> None:
    street, stage = Street(), Stage.CLEARED
    order = {Stage.CLEARED: 0, Stage.PREALARM: 1, Stage.ALARM: 2}
    found = [d for value, h in spells for d in street.stay(h, {PM10: value}, every_s)]
    highest, lowest = max((v for v, _ in spells), default=0), min((v for v, _ in spells), default=0)
    for each in hours(found):
        assert lowest - 0.06 <= each.evidence[0].value <= highest + 0.06
    for each in found:
        if each.rule != HOURLY:
            assert each.stage is not stage
            assert each.stage is Stage.CLEARED or order[each.stage] > order[stage]
            stage = each.stage


def test_limits_that_do_not_rise_are_refused() -> None:
    sources = {"node": Source(frozenset({PM10}), 10.0)}
    wrong = HourlyConfig(pm10=HourLimit(prealarm=150.0, alarm=100.0, fall=90.0))
    assert list(wrong.problems(sources)) != []
    assert list(CONFIG.problems(sources)) == []
    assert list(CONFIG.problems({})) != []


def test_what_hangs_outdoors_is_no_witness_of_a_fire_and_claims_nothing() -> None:
    config = configuration.load(PROFILES / "street-node.toml")
    assert standing_for(config, Hazard.FIRE) == []
    pipeline = Pipeline(watched(config), detectors(config))
    found = []
    for n in range(200):
        for quantity, value in ((PM2_5, 950.0), (PM10, 950.0)):
            found += pipeline.handle(Reading("particles", quantity, value + n % 2, 5.0 * n))
        reading = Reading("air", Quantity.TEMPERATURE_C, 20.0 + 0.2 * n, 5.0 * n)
        found += pipeline.handle(reading)
    assert found == []


def test_a_name_that_no_sensor_has_cannot_be_outdoors(tmp_path: Path) -> None:
    text = (PROFILES / "street-node.toml").read_text("utf-8")
    path = tmp_path / "device.toml"
    path.write_text(text.replace('"air", "particles"', '"nowhere", "particles"'), "utf-8")
    with pytest.raises(configuration.ConfigError, match="nowhere"):
        configuration.load(path)
