"""Flames by smoke and heat together, heat that grows, smoke that stays, and nuisances."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.fire import FireConfig, FireDetector
from agent.detectors.heat import GrowingHeat
from agent.detectors.nuisance import Steam, vapour_g_m3
from agent.values import Detection, Reading, Stage
from drivers.sensor import Quantity

T, RH = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT
SMOKE, PM, CO = Quantity.SMOKE_OBSCURATION_PCT_PER_M, Quantity.PM2_5_UG_M3, Quantity.CO_PPM
Course = Callable[[float], float]
START_S = 600.0  # everything happens after ten quiet minutes


def happen(
    courses: Mapping[Quantity, Course], for_s: float, every_s: float = 2.0
) -> list[Detection]:
    """Show a detector ten quiet minutes and then `courses`, in seconds from their start."""
    detector, found = FireDetector(FireConfig()), []
    for k in range(int((START_S + for_s) / every_s)):
        at = k * every_s
        for quantity, course in courses.items():
            value = course(max(0.0, at - START_S))
            found += detector.update(Reading("ceiling", quantity, value, at))
    return found


def first(found: Iterable[Detection]) -> Detection | None:
    return next((each for each in found if each.stage is Stage.ALARM), None)


def rising(start: float, per_min: float, most: float = math.inf) -> Course:
    return lambda s: min(most, start + per_min * s / 60)


def still(value: float) -> Course:
    return lambda _s: value


def test_smoke_and_heat_that_come_together_alarm_within_a_minute() -> None:
    alarm = first(happen({T: rising(20, 3), SMOKE: rising(0, 3)}, 60))
    assert alarm is not None
    assert alarm.rule == "onset"
    assert alarm.at - START_S <= 30
    assert {each.quantity for each in alarm.evidence} == {T, SMOKE}
    assert "불꽃 화재가 의심됩니다" in alarm.why.ko
    assert "flames are suspected" in alarm.why.en


@pytest.mark.parametrize(
    "courses",
    [
        {T: rising(20, 3, 30), SMOKE: still(0.0)},  # a heater
        {T: still(20.0), SMOKE: rising(0, 2, 4)},  # incense
        {T: rising(20, 0.3, 26), SMOKE: rising(0, 0.4, 4)},  # frying warms slowly and smokes slowly
        {T: lambda s: 20 + min(3.0, s / 30), SMOKE: lambda s: max(0.0, min(4, (s - 400) / 60))},
        {T: rising(20, 0.6, 24), PM: rising(20, 900, 1000)},
    ],
)
def test_what_comes_slowly_or_alone_is_no_onset(courses: Mapping[Quantity, Course]) -> None:
    assert first(happen(courses, 1500)) is None


@settings(deadline=None)
@given(
    quantity=st.sampled_from([T, SMOKE]),
    wrong=st.floats(-40, 125),
    other=st.floats(0, 1.5),
    when=st.integers(310, 340),
)
def test_one_wrong_value_beside_a_slow_channel_is_no_alarm(
    quantity: Quantity, wrong: float, other: float, when: int
) -> None:
    """The other channel really rises, by up to what frying does."""

    def spoilt(course: Course, spoil: bool) -> Course:
        at_s = when * 2.0 - START_S
        return lambda s: wrong if spoil and s == at_s else course(s)

    courses = {
        T: spoilt(rising(20, 0.0 if quantity is T else other), quantity is T),
        SMOKE: spoilt(rising(0, 0.0 if quantity is SMOKE else other, 2.5), quantity is SMOKE),
    }
    assert first(happen(courses, 100)) is None


@settings(deadline=None)
@given(more=st.floats(1, 6), rate_c=st.floats(1.5, 8), rate_smoke=st.floats(1.5, 8))
def test_more_smoke_and_heat_are_never_later(more: float, rate_c: float, rate_smoke: float) -> None:
    def when(factor: float) -> float:
        courses = {T: rising(20, factor * rate_c), SMOKE: rising(0, factor * rate_smoke)}
        alarm = first(happen(courses, 200))
        return math.inf if alarm is None else alarm.at

    assert when(more) <= when(1.0) < math.inf


def test_a_growing_fire_is_heat_before_the_rate_of_rise_limit() -> None:
    alarm = first(happen({T: lambda s: 20 + 0.0035 * s**2}, 120))
    assert alarm is not None
    assert alarm.rule == "heat_growth"
    assert alarm.evidence[0].value - 20 < 17


@pytest.mark.parametrize("every_s", [0.5, 1.0, 2.0, 5.0, 7.0, 10.0, 12.0])
@pytest.mark.parametrize("lag_s", [0.0, 6.0, 12.0, 30.0, 60.0, 120.0, 300.0])
@pytest.mark.parametrize("housing_s", [0.0, 10.0, 60.0])
def test_a_step_of_fifteen_degrees_does_not_grow_whatever_the_lag(
    every_s: float, lag_s: float, housing_s: float
) -> None:
    """`lag_s` is the bead's; its housing's comes before it."""
    growing, bead, housing, levels = GrowingHeat(), 20.0, 20.0, []
    for tenth in range(6000):
        air = 35.0 if tenth > 1000 else 20.0
        housing += (air - housing) * (-math.expm1(-0.1 / housing_s) if housing_s else 1.0)
        bead += (housing - bead) * (-math.expm1(-0.1 / lag_s) if lag_s else 1.0)
        if tenth % round(10 * every_s) == 0:
            levels.append(growing.update(bead, tenth / 10))
    assert max(levels) < 6  # the lowest limit that can be configured


@pytest.mark.parametrize("every_s", [0.5, 2.0, 5.0, 10.0])
def test_three_degrees_a_minute_do_not_grow_into_an_alarm(every_s: float) -> None:
    growing = GrowingHeat()
    levels = [growing.update(20 + 0.05 * k * every_s, k * every_s) for k in range(200)]
    assert max(levels) < 6  # the lowest limit that can be configured


def test_smoke_that_stays_alarms_and_is_called_smouldering() -> None:
    alarm = first(happen({T: still(21.0), SMOKE: rising(0, 2, 6)}, 400))
    assert alarm is not None
    assert alarm.rule == "lasting_smoke"
    assert "훈소가 의심됩니다" in alarm.why.ko


def test_the_co_sentence_tells_how_far_it_rose_in_five_minutes() -> None:
    alarm = first(happen({T: still(21.0), SMOKE: rising(0, 1, 4.1), CO: rising(0, 16, 90)}, 600))
    assert alarm is not None
    assert alarm.rule == "corroboration"
    assert "일산화탄소가 5분간" in alarm.why.ko
    assert "온도 변화는 없습니다: 훈소가 의심됩니다." in alarm.why.ko
    assert "smouldering is suspected" in alarm.why.en


def steam(plain_c: float, warmer_c: float, humid_pct: float) -> dict[Quantity, Course]:
    """A shower or a pot: fog, warmth and water over two minutes."""

    def toward(low: float, high: float) -> Course:
        return lambda s: low + (high - low) * -math.expm1(-s / 60)

    return {
        T: toward(plain_c, plain_c + warmer_c),
        RH: toward(50.0, humid_pct),
        SMOKE: toward(0.0, 8.0),
    }


@pytest.mark.parametrize("warmer_c", [1.0, 3.0, 5.0])
def test_steam_is_a_prealarm_with_its_name(warmer_c: float) -> None:
    found = happen(steam(22.0, warmer_c, 95.0), 900)
    assert [each.stage for each in found] == [Stage.PREALARM]
    assert "수증기일 수 있습니다" in found[0].why.ko
    assert "It may be steam" in found[0].why.en


def test_steam_never_holds_the_floor_back() -> None:
    courses = steam(22.0, 4.0, 95.0) | {SMOKE: still(12.0)}
    alarm = first(happen(courses, 60))
    assert alarm is not None
    assert alarm.rule == "smoke_density"


def test_co_beside_smoke_alarms_through_steam() -> None:
    courses = steam(22.0, 4.0, 95.0) | {CO: rising(0, 40, 200)}
    assert first(happen(courses, 600)) is not None


def test_the_water_of_a_fire_is_not_taken_for_steam() -> None:
    found = Steam()
    for k in range(300):
        celsius = 20 + 0.2 * k
        water = 8.6 + 0.1 * (celsius - 20)  # the most that CFAST's fires gave
        humidity = 100 * water / vapour_g_m3(celsius, 100)
        for quantity, value in ((RH, humidity), (T, celsius)):
            found.update(Reading("ceiling", quantity, value, 2.0 * k))
        assert not found.stands(2.0 * k)


def test_steam_is_over_within_half_an_hour_of_standing_fog() -> None:
    found = Steam()
    for k in range(2000):
        humidity = 50.0 if k < 60 else 95.0
        for quantity, value in ((T, 24.0), (RH, humidity)):
            found.update(Reading("ceiling", quantity, value, 2.0 * k))
    assert not found.stands(4000.0)


def test_vapour_at_twenty_degrees_is_seventeen_grams() -> None:
    assert vapour_g_m3(20.0, 100.0) == pytest.approx(17.3, abs=0.1)


def test_a_models_score_alone_is_a_prealarm_and_beside_smoke_an_alarm() -> None:
    score = {Quantity.FIRE_SCORE: still(0.95)}
    assert [each.stage for each in happen(score, 60)] == [Stage.PREALARM]
    assert first(happen(score | {SMOKE: still(3.5)}, 60)) is not None


def test_light_that_flickers_is_never_enough() -> None:
    alone = happen({Quantity.FLAME_FLICKER_HZ: still(9.0)}, 600)
    assert [each.stage for each in alone] == [Stage.PREALARM]
    both = {Quantity.FLAME_FLICKER_HZ: still(9.0), Quantity.FIRE_SCORE: still(0.99)}
    assert first(happen(both, 600)) is None


MUST_ALARM = {
    "60 °C": {T: rising(20, 0.5)},
    "10 °C/min": {T: rising(20, 10)},
    "15 °C/min": {T: rising(20, 15)},
    "a step of 20 °C": {T: lambda s: 20 + 20 * float(s > 0)},
    "a step of 30 °C": {T: lambda s: 20 + 30 * float(s > 0)},
    "10 %/m": {SMOKE: lambda s: 10.5 * float(s > 0)},
    "a certified alarm": {Quantity.SMOKE_ALARM_CONTACT: lambda s: float(s > 0)},
}


@settings(deadline=None, max_examples=30)
@given(
    scores=st.lists(st.floats(0, 1), min_size=1, max_size=20),
    humid=st.lists(st.floats(0, 100), min_size=1, max_size=20),
    name=st.sampled_from(sorted(MUST_ALARM)),
)
def test_the_floor_alarms_no_later_under_any_model_and_any_steam(
    scores: list[float], humid: list[float], name: str
) -> None:
    """An adversary says what the model says and how humid it is."""
    plain = MUST_ALARM[name]
    lying: dict[Quantity, Course] = {
        Quantity.FIRE_SCORE: lambda s: scores[int(s) % len(scores)],
        Quantity.SMOKE_SCORE: lambda s: scores[int(s / 7) % len(scores)],
        RH: lambda s: humid[int(s / 3) % len(humid)],
    }
    for_s = 5000.0 if name == "60 °C" else 300.0
    honest, lied = first(happen(plain, for_s)), first(happen(lying | plain, for_s))
    assert honest is not None
    assert lied is not None
    assert lied.at <= honest.at


def test_pairs_that_count_are_the_same_in_either_order() -> None:
    for one, other in itertools.permutations([(SMOKE, 3.5), (CO, 60.0), (T, 20.0)], 2):
        courses = {one[0]: still(one[1]), other[0]: still(other[1])}
        assert (first(happen(courses, 200)) is not None) is ({one[0], other[0]} == {SMOKE, CO})


def test_oil_mist_and_gas_without_co_and_warmth_are_frying() -> None:
    frying = {PM: still(1000.0), Quantity.GAS_RS_R0: still(0.3)}
    assert first(happen(frying, 300)) is not None  # nobody looks for CO
    clean = {CO: still(3.6), T: still(23.0)}
    found = happen(frying | clean, 300)
    assert [each.stage for each in found] == [Stage.PREALARM]
    assert first(happen(frying | clean | {CO: rising(3, 12, 25)}, 300)) is not None
