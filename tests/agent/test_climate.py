from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.air import AirConfig, AirDetector
from agent.detectors.calendar import Calendar
from agent.detectors.climate import ClimateConfig, ClimateDetector, felt_c, wet_bulb_c
from agent.detectors.presence import Source
from agent.values import Detection, Reading, Stage
from drivers.sensor import Quantity

T, RH = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT
HOUR = 3600.0


def test_wet_bulb_is_that_of_the_paper() -> None:
    assert wet_bulb_c(20.0, 50.0) == pytest.approx(13.7, abs=0.05)  # Stull 2011, below eq. 1


@pytest.mark.parametrize(
    ("air_c", "humidity_pct", "felt"),
    [(33.0, 55.0, 33.0), (30.0, 80.0, 31.8), (35.0, 60.0, 35.6), (25.0, 50.0, 24.9)],
)
def test_felt_temperature_is_that_of_the_weather_service(
    air_c: float, humidity_pct: float, felt: float
) -> None:
    assert felt_c(air_c, humidity_pct) == pytest.approx(felt, abs=0.35)


class Room:
    def __init__(self, config: ClimateConfig | None = None) -> None:
        self.detector = ClimateDetector(config if config is not None else ClimateConfig())
        self.now = 0.0

    def stay(
        self, hours: float, air_c: float, humidity_pct: float | None = 50.0
    ) -> list[Detection]:
        found, until = [], self.now + HOUR * hours
        while self.now < until:
            self.now += 60.0
            if humidity_pct is not None:
                found += self.detector.update(Reading("room", RH, humidity_pct, self.now))
            found += self.detector.update(Reading("room", T, air_c, self.now))
            found += self.detector.tick(self.now)
        return found


def told(found: list[Detection]) -> list[tuple[Stage, str]]:
    return [(each.stage, each.rule) for each in found]


def test_heat_is_told_when_it_lasts_and_again_when_it_is_worse() -> None:
    room = Room()
    assert room.stay(3, 29.0) == []
    assert room.stay(1.5, 33.5, 62.0) == []
    found = room.stay(2, 33.5, 62.0) + room.stay(3, 36.5, 62.0)
    assert told(found) == [(Stage.PREALARM, "heat"), (Stage.ALARM, "heat")]
    assert "felt like 3" in found[0].why.en
    assert "체감온도" in found[0].why.ko


def test_heat_is_over_when_it_has_been_cooler_for_half_an_hour() -> None:
    room = Room()
    room.stay(4, 36.5, 62.0)
    assert told(room.stay(0.4, 33.8, 62.0)) == []
    assert told(room.stay(3, 27.0)) == [(Stage.CLEARED, "heat")]


def test_a_cold_room_is_told_by_its_air_over_hours() -> None:
    room = Room()
    assert room.stay(7, 17.0) == []
    found = room.stay(2, 17.0) + room.stay(6, 13.0)
    assert told(found) == [(Stage.PREALARM, "cold"), (Stage.ALARM, "cold")]


def test_a_fires_heat_is_no_weather() -> None:
    room = Room()
    room.stay(3, 24.0)
    found = [room.stay(1 / 60, 24.0 + 2 * k, 30.0) for k in range(40)]
    assert [each for each in found if each] == []
    assert room.stay(4, 80.0, 10.0) == []


def test_a_thermometer_on_a_plug_is_no_room() -> None:
    assert Room().stay(12, 40.0, None) == []


def test_a_named_thermometer_is_a_room_without_humidity_for_cold() -> None:
    room = Room(ClimateConfig(sensors=["room"]))
    assert told(room.stay(10, 15.0, None))[0][1] == "cold"


def test_heat_is_told_without_humidity_and_says_what_was_assumed() -> None:
    room = Room(ClimateConfig(sensors=["room"]))
    found = room.stay(8, 38.0, None)
    assert told(found) == [(Stage.ALARM, "heat")]
    assert "습도를 알 수 없어 50 %" in found[0].why.ko
    assert "50 % was assumed" in found[0].why.en


def test_heat_goes_on_being_told_when_the_humidity_falls_silent() -> None:
    room = Room()
    room.stay(1, 29.0)
    found = room.stay(8, 38.0, None)
    assert (Stage.ALARM, "heat") in told(found)
    assert "50 %" in found[-1].why.ko


def test_a_measured_humidity_is_never_said_to_be_assumed() -> None:
    assert "was assumed" not in Room().stay(4, 38.0)[0].why.en


def test_a_thermometer_that_is_named_needs_no_humidity() -> None:
    attic = {"attic": Source(frozenset({T}), 2.0)}
    assert list(ClimateConfig(sensors=["attic"]).problems(attic)) == []
    assert len(list(ClimateConfig().problems(attic))) == 1


def test_silence_ends_no_heat() -> None:
    room = Room()
    room.stay(4, 36.5, 62.0)
    assert all(room.detector.tick(room.now + 1000.0 * k) == [] for k in range(100))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([T, RH]), st.floats(-40, 120), st.floats(0, 9000)), max_size=100
    )
)
def test_any_weather_gives_stages_in_order(rows: list[tuple[Quantity, float, float]]) -> None:
    detector, at = ClimateDetector(ClimateConfig()), 0.0
    active: set[str] = set()
    for quantity, value, after_s in rows:
        at += after_s
        for each in detector.update(Reading("room", quantity, value, at)):
            assert each.stage is not Stage.CLEARED or each.subject in active
            (active.discard if each.stage is Stage.CLEARED else active.add)(each.subject)


def test_sections_that_cannot_work_are_refused() -> None:
    room = {"room": Source(frozenset({T, RH}), 2.0)}
    assert list(ClimateConfig().problems(room)) == []
    assert len(list(ClimateConfig(sensors=["attic"]).problems(room))) == 1
    assert len(list(AirConfig().problems(room))) == 1


CO2, PM25 = Quantity.CO2_PPM, Quantity.PM2_5_UG_M3
NOON = datetime.fromisoformat("2026-11-22T12:00+09:00").timestamp()


def breathe(
    detector: AirDetector,
    quantity: Quantity,
    course: Sequence[tuple[float, float]],
    every_s: float,
) -> list[tuple[Stage, str]]:
    """`course` is (hours, value) one after the other."""
    return told(inhale(detector, quantity, course, every_s))


def inhale(
    detector: AirDetector,
    quantity: Quantity,
    course: Sequence[tuple[float, float]],
    every_s: float,
) -> list[Detection]:
    found: list[Detection] = []
    now = 0.0
    for hours, value in course:
        until = now + HOUR * hours
        while (now := now + every_s) <= until:
            found += detector.update(Reading("air", quantity, value, now)) + detector.tick(now)
        now = until
    assert all(each.why.ko and each.why.en for each in found)
    return found


@pytest.mark.parametrize(
    ("quantity", "value", "figures", "advice"),
    [
        (CO2, 1008.0, "1008 ppm으로 기준 1000 ppm을", "창문을 열어 환기해 주세요."),
        (Quantity.CO_PPM, 12.0, "12.0 ppm으로 기준 10 ppm을", "불을 쓰는 난방기와 조리기를 끄고"),
        (PM25, 41.0, "41.0 µg/m³로 기준 35 µg/m³를", "바깥 공기가 좋을 때만"),
        (Quantity.PM10_UG_M3, 90.0, "90.0 µg/m³로 기준 75 µg/m³를", "공기청정기를 켜고"),
    ],
)
def test_each_pollutant_is_told_with_the_advice_that_helps_against_it(
    quantity: Quantity, value: float, figures: str, advice: str
) -> None:
    (found,) = inhale(AirDetector(AirConfig(), Calendar()), quantity, [(25, value)], 30.0)
    assert figures in found.why.ko
    assert advice in found.why.ko
    assert ("공기청정기" in found.why.ko) is (quantity in {PM25, Quantity.PM10_UG_M3})


def test_co2_over_an_hours_mean_is_told_once_and_ends_once() -> None:
    found = breathe(
        AirDetector(AirConfig(), Calendar()),
        CO2,
        [(2, 600.0), (3, 1600.0), (1.5, 980.0), (3, 500.0)],
        10.0,
    )
    assert found == [(Stage.PREALARM, "co2_ppm_mean"), (Stage.CLEARED, "co2_ppm_mean")]


def test_a_short_peak_is_no_mean() -> None:
    course = [(2, 600.0), (0.25, 1800.0), (2, 600.0)]
    assert breathe(AirDetector(AirConfig(), Calendar()), CO2, course, 10.0) == []


def test_fine_particles_are_a_mean_of_a_day() -> None:
    course = [(20, 20.0), (10, 50.0)]
    assert breathe(AirDetector(AirConfig(), Calendar()), PM25, course, 60.0) == []
    course = [(20, 20.0), (20, 60.0)]
    found = breathe(AirDetector(AirConfig(), Calendar()), PM25, course, 60.0)
    assert found == [(Stage.PREALARM, "pm2_5_ug_m3_mean")]


def test_a_mean_of_less_than_three_quarters_of_its_time_says_nothing() -> None:
    assert breathe(AirDetector(AirConfig(), Calendar()), PM25, [(16, 90.0)], 60.0) == []
    sparse = [(48, 90.0)]  # one reading in an hour: a quarter of the buckets
    assert breathe(AirDetector(AirConfig(), Calendar()), PM25, sparse, HOUR) == []


def test_nothing_begins_while_nobody_is_there() -> None:
    calendar = Calendar()
    calendar.set(0.0, NOON, 0.1)
    school = AirConfig(in_use_from="08:00", in_use_to="18:00")
    night = [(6.1, 600.0), (10, 1600.0)]
    assert breathe(AirDetector(school, calendar), CO2, night, 10.0) == []
    assert len(breathe(AirDetector(school, calendar), CO2, [*night, (5, 1600.0)], 10.0)) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 65535), st.floats(0, 40_000)), max_size=200))
def test_a_mean_lies_between_what_was_measured(rows: list[tuple[float, float]]) -> None:
    detector, at, seen = AirDetector(AirConfig(), Calendar()), 0.0, []
    for value, after_s in rows:
        at += after_s
        seen.append(value)
        detector.update(Reading("air", CO2, value, at))
        for level in detector.derived():
            assert min(seen) - 1e-6 <= level.value <= max(seen) + 1e-6
