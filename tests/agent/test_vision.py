"""Fire in pictures: what a camera's scores make of it, alone and beside other channels."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.fire import FireConfig, FireDetector
from agent.values import Detection, Reading, Stage
from drivers.sensor import Quantity

FIRE, SMOKE_SEEN, AREA = Quantity.FIRE_SCORE, Quantity.SMOKE_SCORE, Quantity.FLAME_AREA_PCT
SMOKE, HEAT = Quantity.SMOKE_OBSCURATION_PCT_PER_M, Quantity.TEMPERATURE_C
EVERY_S = 0.5
Course = Callable[[float], float | None]


def still(value: float) -> Course:
    return lambda _: value


def after(at: float, value: float, before: float = 0.0) -> Course:
    return lambda t: value if t >= at else before


def happen(
    courses: Mapping[Quantity, Course],
    until_s: float,
    detector: FireDetector | None = None,
    *,
    every_s: float = EVERY_S,
) -> list[Detection]:
    """What one camera and the other channels give from 0 to `until_s`; None is no reading."""
    detector, found = detector or FireDetector(FireConfig()), []
    for step in range(int(until_s / every_s) + 1):
        at = step * every_s
        for quantity, course in courses.items():
            if (value := course(at)) is not None:
                seen = quantity in {FIRE, SMOKE_SEEN, AREA}
                sensor = "camera" if seen else str(quantity)
                found += detector.update(Reading(sensor, quantity, value, at))
        found += detector.tick(at)
    return found


def summary(found: list[Detection]) -> list[tuple[Stage, str]]:
    return [(each.stage, each.rule) for each in found]


BURNS: dict[Quantity, Course] = {FIRE: after(20, 0.95, 0.02), AREA: after(20, 4.0)}


def test_a_fire_in_the_picture_is_a_prealarm_within_ten_seconds_and_never_more() -> None:
    (found,) = happen(BURNS, 3600)
    assert (found.stage, found.rule) == (Stage.PREALARM, "seen_fire")
    assert 26 <= found.at <= 30
    assert {r.quantity for r in found.evidence} == {FIRE, AREA}
    assert "불꽃" in found.why.ko
    assert "4.0 % of its picture" in found.why.en


def test_fire_and_smoke_of_one_camera_are_one_witness() -> None:
    found = happen(BURNS | {SMOKE_SEEN: after(20, 0.95, 0.02)}, 3600)
    assert [each.stage for each in found] == [Stage.PREALARM]


def test_two_cameras_are_one_witness() -> None:
    detector = FireDetector(FireConfig())
    found = []
    for step in range(2000):
        for camera in ("left", "right"):
            for quantity, value in ((FIRE, 0.95), (AREA, 4.0), (SMOKE_SEEN, 0.95)):
                found += detector.update(Reading(camera, quantity, value, step * EVERY_S))
    assert [each.stage for each in found] == [Stage.PREALARM]


@pytest.mark.parametrize("other", [{SMOKE: after(60, 4.0)}, {HEAT: after(60, 28.0, 20.0)}])
def test_beside_another_channel_it_is_an_alarm(other: dict[Quantity, Course]) -> None:
    assert Stage.ALARM not in {each.stage for each in happen(other, 120)}
    found = happen(BURNS | other, 120)
    assert summary(found) == [(Stage.PREALARM, "seen_fire"), (Stage.ALARM, "corroboration")]
    assert FIRE in {r.quantity for r in found[-1].evidence}
    assert "smouldering" not in found[-1].why.en


def test_a_bad_picture_now_and_then_delays_nothing() -> None:
    def score(t: float) -> float | None:
        if t < 20:
            return 0.02
        return {0: 0.1, 3: None}.get(int(t / EVERY_S) % 7, 0.95)

    (found,) = happen(BURNS | {FIRE: score}, 120)
    assert found.at <= 31


def test_a_flash_of_a_few_seconds_is_nothing() -> None:
    flash = {FIRE: lambda t: 0.99 if t % 60 < 5 else 0.02, AREA: still(5.0)}
    assert happen(flash, 3600) == []


@pytest.mark.parametrize("area_pct", [0.0, 0.01, 0.2])
def test_a_hob_a_candle_and_a_picture_of_fire_are_no_danger(area_pct: float) -> None:
    assert happen({FIRE: still(0.97), AREA: after(30, area_pct)}, 3600) == []
    beside = {FIRE: still(0.97), AREA: after(30, area_pct), SMOKE: after(60, 4.0)}
    assert [e.rule for e in happen(beside, 110)] == ["smoke"]  # frying over it is no fire


def test_small_flames_that_spread_are_told_before_they_are_large() -> None:
    def spreading(t: float) -> float:
        return min(10.0, 0.06 * 2 ** (max(0.0, t - 60) / 12))

    (found,) = happen({FIRE: still(0.97), AREA: spreading}, 300)
    assert spreading(found.at) < 0.5


def test_an_area_that_is_missing_holds_nothing_back() -> None:
    assert len(happen({FIRE: after(20, 0.95)}, 60)) == 1
    lost = {FIRE: after(60, 0.95, 0.02), AREA: lambda t: 0.0 if t < 55 else None}
    assert len(happen(lost, 120)) == 1


def test_smoke_that_comes_is_a_prealarm_and_a_view_that_is_always_hazy_is_not() -> None:
    (found,) = happen({SMOKE_SEEN: after(900, 0.97, 0.1)}, 1000)
    assert found.rule == "seen_smoke"
    assert 906 <= found.at <= 912
    hazy = {SMOKE_SEEN: lambda t: 0.1 if t < 5 else 0.8 if t < 1000 else 0.95}
    assert happen(hazy, 3600) == []


def test_a_camera_that_is_slow_is_heard_as_well() -> None:
    assert len(happen(BURNS, 120, every_s=5.0)) == 1


def test_it_is_over_when_the_picture_was_seen_clear_for_a_minute() -> None:
    gone = {FIRE: lambda t: 0.95 if t < 60 else 0.02, AREA: lambda t: 4.0 if t < 60 else 0.0}
    found = happen(gone, 300)
    assert [each.stage for each in found] == [Stage.PREALARM, Stage.CLEARED]
    assert found[-1].at >= 120


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["nothing", "area", "tick"]), max_size=100))
def test_no_silence_and_no_area_ever_clears_what_was_seen(course: list[str]) -> None:
    detector = FireDetector(FireConfig())
    assert happen(BURNS, 60, detector)
    found, at = [], 61.0
    for what in course:
        at += 30.0
        if what == "area":
            found += detector.update(Reading("camera", AREA, 0.0, at))
        elif what == "tick":
            found += detector.tick(at)
    assert found == []


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 100)), max_size=200),
    st.floats(0.1, 20.0),
)
def test_whatever_a_camera_alone_says_it_never_alarms(
    pictures: list[tuple[float, float, float]], every_s: float
) -> None:
    detector, stages = FireDetector(FireConfig()), set()
    for step, values in enumerate(pictures):
        for quantity, value in zip((FIRE, SMOKE_SEEN, AREA), values, strict=True):
            reading = Reading("camera", quantity, value, step * every_s)
            stages |= {each.stage for each in detector.update(reading)}
    assert Stage.ALARM not in stages


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 100))
def test_no_picture_delays_what_the_floor_tells(scores: list[float], area_pct: float) -> None:
    hot = {HEAT: lambda t: 20.0 + t / 2}
    without = next(e.at for e in happen(hot, 200) if e.stage is Stage.ALARM)
    seen: dict[Quantity, Course] = {
        FIRE: lambda t: scores[int(t) % len(scores)],
        SMOKE_SEEN: lambda t: scores[int(t / 7) % len(scores)],
        AREA: still(area_pct),
    }
    alarm = next(e.at for e in happen(seen | hot, 200) if e.stage is Stage.ALARM)
    assert alarm <= without
