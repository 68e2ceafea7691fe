import itertools
import math
import random
from collections.abc import Callable, Iterable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.fire import FireConfig, FireDetector, FixedHeat, RateOfRise
from agent.detectors.heat import LeakyRise
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

INTERVALS_S = [0.5, 1.0, 2.0, 5.0, 10.0]
STARTS_C = [-10.0, 5.0, 20.0, 40.0]
SETTLED_S = 900.0


def feed(
    detector: FireDetector,
    rows: Iterable[tuple[float, float]],
    quantity: Quantity = Quantity.TEMPERATURE_C,
    sensor: str = "ceiling",
) -> list[Detection]:
    found = []
    for at, value in rows:
        found += detector.update(Reading(sensor, quantity, value, at))
        found += detector.tick(at)
    return found


def alarms(found: list[Detection]) -> list[Detection]:
    return [each for each in found if each.stage is Stage.ALARM]


def sampled(
    course: Callable[[float], float], until_s: float, every_s: float, seed: int = 0
) -> list[tuple[float, float]]:
    """A DHT's view of `course`, which starts after a settled time: 0.1 °C steps, 0.1 °C noise."""
    noise = random.Random(seed)
    n = int((SETTLED_S + until_s) / every_s) + 1
    phase = noise.uniform(0, every_s)
    times = [k * every_s + phase for k in range(n)]
    return [
        (at, round(course(max(0.0, at - SETTLED_S)) + noise.gauss(0, 0.1), 1))
        for at in times
        if at <= SETTLED_S + until_s
    ]


def with_limit(limit_c: float) -> FireConfig:
    """Rate of rise alone: fixed heat is put out of reach."""
    return FireConfig(
        fixed_heat=FixedHeat(rise=100, fall=95), rate_of_rise=RateOfRise(rise=limit_c)
    )


def operates_after(rows: list[tuple[float, float]], limit_c: float = RateOfRise().rise) -> float:
    """Seconds from the start of the course to the alarm; infinite without one."""
    found = alarms(feed(FireDetector(with_limit(limit_c)), rows))
    return found[0].at - SETTLED_S if found else math.inf


LIMITS = pytest.mark.parametrize("limit_c", [16.0, 17.0, 18.0])
EVERY = pytest.mark.parametrize("every_s", INTERVALS_S)
START = pytest.mark.parametrize("start_c", STARTS_C)


@LIMITS
@EVERY
@START
@pytest.mark.parametrize("c_per_min", [10.0, 15.0])
def test_operates_on_ramps_of_both_classes_within_four_and_a_half_minutes(
    c_per_min: float, start_c: float, every_s: float, limit_c: float
) -> None:
    rows = sampled(lambda s: start_c + c_per_min * s / 60, 270, every_s)
    assert operates_after(rows, limit_c) <= 270


@LIMITS
@EVERY
@START
@pytest.mark.parametrize("step_c", [20.0, 30.0])
def test_operates_on_steps_of_both_classes_within_half_a_minute(
    step_c: float, start_c: float, every_s: float, limit_c: float
) -> None:
    rows = sampled(lambda s: start_c + (step_c if s > 0 else 0), 30, every_s)
    assert operates_after(rows, limit_c) <= 30


@LIMITS
@EVERY
@START
@pytest.mark.parametrize("seed", range(5))
def test_does_not_operate_on_three_degrees_a_minute_for_a_quarter_of_an_hour(
    seed: int, start_c: float, every_s: float, limit_c: float
) -> None:
    rows = sampled(lambda s: start_c + 3 * s / 60, 900, every_s, seed)
    assert operates_after(rows, limit_c) == math.inf


@EVERY
@START
@pytest.mark.parametrize("seed", range(5))
def test_does_not_operate_on_a_step_of_fifteen_degrees_for_a_minute(
    seed: int, start_c: float, every_s: float
) -> None:
    rows = sampled(lambda s: start_c + (15 if s > 0 else 0), 60, every_s, seed)
    assert operates_after(rows) == math.inf


@settings(deadline=None)
@given(
    every_s=st.floats(0.5, 10),
    start_c=st.floats(-10, 40),
    rate=st.floats(10, 60),
    seed=st.integers(0, 1000),
)
def test_any_ramp_from_ten_degrees_a_minute_operates(
    every_s: float, start_c: float, rate: float, seed: int
) -> None:
    assert operates_after(sampled(lambda s: start_c + rate * s / 60, 270, every_s, seed)) <= 270


@settings(deadline=None)
@given(
    every_s=st.floats(0.5, 10),
    start_c=st.floats(-10, 25),
    rate=st.floats(-20, 3),
    seed=st.integers(0, 1000),
)
def test_no_ramp_up_to_three_degrees_a_minute_operates(
    every_s: float, start_c: float, rate: float, seed: int
) -> None:
    rows = sampled(lambda s: start_c + rate * min(s, 600) / 60, 900, every_s, seed)
    assert not alarms(feed(FireDetector(FireConfig()), rows))


def test_the_leaky_rise_is_exact_for_a_ramp_at_any_interval() -> None:
    for every_s in (0.1, 1.0, 7.0, 60.0):
        leaky, n = LeakyRise(), int(600 / every_s)
        rise_c = [leaky.update(0.2 * k * every_s, k * every_s) for k in range(n + 1)][-1]
        at = n * every_s
        assert rise_c == pytest.approx(0.2 * 240 * (1 - math.exp(-at / 240)))


@settings(deadline=None)
@given(
    wrong=st.floats(-40, 125),
    every_s=st.floats(0.5, 300),
    when=st.integers(0, 60),
    start_c=st.floats(-10, 40),
)
def test_one_wrong_value_never_alarms(
    wrong: float, every_s: float, when: int, start_c: float
) -> None:
    rows = [(k * every_s, wrong if k == when else start_c) for k in range(90)]
    found = feed(FireDetector(FireConfig()), rows)
    assert when == 0 or not alarms(found)


def test_fixed_heat_operates_at_its_class_however_slowly_it_comes() -> None:
    rows = [(10.0 * k, 20 + 0.05 * k) for k in range(900)]  # 0.3 °C/min
    (alarm,) = alarms(feed(FireDetector(FireConfig()), rows))
    assert alarm.rule == "fixed_heat"
    assert 60.0 <= alarm.evidence[0].value < 60.2


@settings(deadline=None)
@given(
    rises=st.lists(st.floats(-3, 8), min_size=30, max_size=120),
    factor=st.floats(1, 4),
    start_c=st.floats(-10, 40),
)
def test_hotter_is_never_later(rises: list[float], factor: float, start_c: float) -> None:
    course, level = [], 0.0
    for rise in rises:
        level = max(0.0, level + rise)
        course.append(level)

    def first(scale: float) -> float:
        rows = [(2.0 * k, start_c + scale * level) for k, level in enumerate(course)]
        return next((each.at for each in alarms(feed(FireDetector(FireConfig()), rows))), math.inf)

    assert first(factor) <= first(1.0)


@settings(deadline=None)
@given(
    smoke=st.lists(st.floats(0, 20), min_size=5, max_size=60),
    more=st.lists(st.floats(0, 20), min_size=60, max_size=60),
)
def test_denser_smoke_is_never_later(smoke: list[float], more: list[float]) -> None:
    def first(levels: list[float]) -> float:
        rows = [(2.0 * k, level) for k, level in enumerate(levels)]
        found = feed(FireDetector(FireConfig()), rows, Quantity.SMOKE_OBSCURATION_PCT_PER_M)
        return next((each.at for each in alarms(found)), math.inf)

    denser = [level + extra for level, extra in zip(smoke, more, strict=False)]
    assert first(denser) <= first(smoke)


def smoke(levels: Iterable[float], from_s: float = 0.0) -> list[tuple[float, float]]:
    return [(from_s + 2.0 * k, level) for k, level in enumerate(levels)]


def test_smoke_of_its_class_alarms_within_half_a_minute_and_says_so() -> None:
    found = feed(
        FireDetector(FireConfig()), smoke([10.4] * 15), Quantity.SMOKE_OBSCURATION_PCT_PER_M
    )
    (alarm,) = alarms(found)
    assert (alarm.hazard, alarm.rule, alarm.at) == (Hazard.FIRE, "smoke_density", 10.0)
    assert alarm.why.ko.startswith("연기 10.4 %/m가 10초 동안 이어졌습니다.")
    assert alarm.why.en.startswith("Smoke of 10.4 %/m has lasted 10 s.")


def test_a_puff_of_smoke_is_no_alarm() -> None:
    levels = [0.0] * 5 + [40.0] * 4 + [0.0] * 50
    found = feed(FireDetector(FireConfig()), smoke(levels), Quantity.SMOKE_OBSCURATION_PCT_PER_M)
    assert not alarms(found)


def test_a_certified_alarms_contact_alarms_on_one_reading() -> None:
    found = feed(FireDetector(FireConfig()), [(0, 0.0), (2, 1.0)], Quantity.SMOKE_ALARM_CONTACT)
    assert [(each.stage, each.rule, each.at) for each in found] == [(Stage.ALARM, "smoke_relay", 2)]


def test_particles_of_a_smoky_kitchen_give_a_prealarm_only() -> None:
    found = feed(
        FireDetector(FireConfig()), [(2.0 * k, 7377.0) for k in range(900)], Quantity.PM2_5_UG_M3
    )
    assert [(each.stage, each.rule) for each in found] == [(Stage.PREALARM, "particles")]


def together(*channels: tuple[Quantity, float]) -> list[Detection]:
    detector, found = FireDetector(FireConfig()), []
    for k in range(120):
        for quantity, value in channels:
            found += feed(detector, [(2.0 * k, value)], quantity, quantity.lower())
    return found


@pytest.mark.parametrize(
    "channels",
    [
        [(Quantity.PM2_5_UG_M3, 800.0), (Quantity.CO_PPM, 40.0)],
        [(Quantity.SMOKE_OBSCURATION_PCT_PER_M, 4.0), (Quantity.CO_PPM, 40.0)],
        [(Quantity.PM2_5_UG_M3, 1000.0), (Quantity.GAS_RS_R0, 0.3)],  # at its end
    ],
)
def test_two_kinds_of_evidence_alarm_together(channels: list[tuple[Quantity, float]]) -> None:
    (alarm,) = alarms(together(*channels))
    assert alarm.rule == "corroboration"
    assert {reading.quantity for reading in alarm.evidence} == {each for each, _ in channels}


@pytest.mark.parametrize(
    "channels",
    [
        [(Quantity.PM2_5_UG_M3, 800.0), (Quantity.GAS_RS_R0, 0.3)],  # frying, or a spray
        [(Quantity.PM2_5_UG_M3, 900.0), (Quantity.SMOKE_OBSCURATION_PCT_PER_M, 4.0)],  # one kind
        [(Quantity.TVOC_PPB, 9000.0), (Quantity.GAS_RS_R0, 0.3)],  # a spray
        [(Quantity.CO_PPM, 60.0), (Quantity.GAS_RS_R0, 0.3)],  # a bad burner
    ],
)
def test_what_cooking_gives_together_is_a_prealarm(
    channels: list[tuple[Quantity, float]],
) -> None:
    assert [each.stage for each in together(*channels)] == [Stage.PREALARM]


def test_a_sign_whose_channel_died_agrees_with_nothing() -> None:
    detector = FireDetector(FireConfig())
    feed(detector, [(2.0 * k, 800.0) for k in range(30)], Quantity.PM2_5_UG_M3)
    late = [(300 + 2.0 * k, 60.0) for k in range(60)]
    assert not alarms(feed(detector, late, Quantity.CO_PPM, "co"))


def test_an_alarm_is_over_when_everything_was_low_for_a_minute() -> None:
    rows = smoke([20.0] * 10) + smoke([1.0] * 40, 20.0)
    found = feed(FireDetector(FireConfig()), rows, Quantity.SMOKE_OBSCURATION_PCT_PER_M)
    assert [(each.stage, each.at) for each in found] == [
        (Stage.PREALARM, 6.0),
        (Stage.ALARM, 10.0),
        (Stage.CLEARED, 80.0),
    ]


def test_a_channel_that_dies_in_the_fire_keeps_the_alarm() -> None:
    detector = FireDetector(FireConfig())
    feed(detector, smoke([20.0] * 10), Quantity.SMOKE_OBSCURATION_PCT_PER_M, "smoke")
    quiet = [(20 + 2.0 * k, 21.0) for k in range(1800)]
    assert not feed(detector, quiet)
    again = smoke([0.0] * 32, 4000.0)
    found = feed(detector, again, Quantity.SMOKE_OBSCURATION_PCT_PER_M, "smoke")
    assert [each.stage for each in found] == [Stage.CLEARED]


def test_a_growing_fire_is_told_again_but_not_without_end() -> None:
    rows = smoke([min(98.0, 1.02**k) for k in range(2000)])
    found = feed(FireDetector(FireConfig()), rows, Quantity.SMOKE_OBSCURATION_PCT_PER_M)
    told = [each.evidence[0].value for each in alarms(found)]
    assert 4 <= len(told) <= 9
    assert all(after >= 1.4 * before for before, after in itertools.pairwise(told[1:]))


def test_a_second_thermometer_in_the_same_heat_is_no_growth() -> None:
    def heat(sensors: list[str]) -> list[Detection]:
        detector, found = FireDetector(FireConfig()), []
        for k in range(60):
            for sensor in sensors:
                found += feed(detector, [(2.0 * k, 20.0 + k)], sensor=sensor)
        return alarms(found)

    assert len(heat(["ceiling", "wire", "box"])) == len(heat(["ceiling"]))


def test_another_rule_that_joins_is_told() -> None:
    detector = FireDetector(FireConfig())
    feed(detector, [(0.0, 20.0)])
    feed(detector, smoke([12.0] * 10), Quantity.SMOKE_OBSCURATION_PCT_PER_M, "smoke")
    joined = alarms(feed(detector, [(20.0 + 2 * k, 65.0) for k in range(5)]))
    assert [each.rule for each in joined] == ["fixed_heat"]


def test_a_thermometer_at_its_end_counts_as_heat_though_the_limit_lies_beyond() -> None:
    detector = FireDetector(FireConfig(), {("ceiling", Quantity.TEMPERATURE_C): 50.0})
    rows = [(10.0 * k, min(50.0, 20 + 0.05 * k)) for k in range(900)]  # a DHT11, slowly
    (alarm,) = alarms(feed(detector, rows))
    assert (alarm.rule, alarm.evidence[0].value) == ("fixed_heat", 50.0)


def test_every_threshold_of_the_configuration_is_checked() -> None:
    assert not list(FireConfig().problems())
    odd = msgspec.convert({"particles": {"rise": 200, "fall": 300}}, FireConfig)
    ((problem, remedy),) = odd.problems()
    assert "$.fire.particles" in problem
    assert remedy
    with pytest.raises(msgspec.ValidationError, match=r"\$.fixed_heat.rise"):
        msgspec.convert({"fixed_heat": {"rise": 120}}, FireConfig)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"fixed_heat": {"raise": 60}}, FireConfig)
