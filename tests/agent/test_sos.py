import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.presence import Source
from agent.detectors.sos import OPEN_S, ShakeConfig, SosConfig, SosDetector
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity


def feed(
    detector: SosDetector, rows: list[tuple[float, float]], button: str = "sos"
) -> list[Detection]:
    found = []
    for at, level in rows:
        found += detector.update(Reading(button, Quantity.BUTTON, level, at))
        found += detector.tick(at)
    return found


def test_a_press_is_an_alarm_at_once_and_letting_go_takes_nothing_back() -> None:
    (alarm,) = feed(SosDetector(["sos"]), [(0, 0.0), (2, 1.0), (2.02, 0.0), (30, 0.0)])
    assert (alarm.hazard, alarm.stage, alarm.subject, alarm.at) == (
        Hazard.SOS,
        Stage.ALARM,
        "sos",
        2,
    )
    assert "sos" in alarm.why.ko
    assert "sos" in alarm.why.en


def test_a_call_stays_open_for_half_an_hour_and_then_its_age_is_told() -> None:
    released = [(at, 0.0) for at in (1.0, 61.0, 1800.0, 1801.0, 4000.0)]
    found = feed(SosDetector(["sos"]), [(0, 1.0), *released])
    assert [(each.stage, each.at) for each in found] == [(Stage.ALARM, 0), (Stage.CLEARED, 1801)]
    assert "30분 지났습니다" in found[-1].why.ko
    assert "30 min old" in found[-1].why.en


def test_the_last_press_counts_for_how_long_a_call_stays_open() -> None:
    again = [(1700.0, 1.0), (1701.0, 0.0), (3500.0, 0.0), (3501.0, 0.0)]
    found = feed(SosDetector(["sos"]), [(0, 1.0), (1, 0.0), *again])
    assert [(each.stage, each.at) for each in found] == [
        (Stage.ALARM, 0),
        (Stage.ALARM, 1700),
        (Stage.CLEARED, 3501),
    ]


def test_a_button_that_stays_pressed_is_one_call() -> None:
    assert len(feed(SosDetector(["sos"]), [(2.0 * k, 1.0) for k in range(500)])) == 1


def test_a_button_that_falls_silent_keeps_its_call() -> None:
    detector = SosDetector(["sos"])
    feed(detector, [(0, 1.0), (1, 0.0)])
    assert detector.tick(10 * OPEN_S) == []


def test_other_buttons_call_nobody() -> None:
    assert feed(SosDetector(["sos"]), [(0, 1.0)], "hush") == []


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60))
def test_every_press_is_told(levels: list[bool]) -> None:
    rows = [(0.5 * k, float(level)) for k, level in enumerate(levels)]
    presses = sum(now and not before for before, now in zip([False, *levels], levels, strict=False))
    assert sum(e.stage is Stage.ALARM for e in feed(SosDetector(["sos"]), rows)) == presses


CANCELLING = SosConfig(buttons=["sos"], cancel_hold_s=4.0)


def course(*presses: tuple[float, float], until: float = 40.0) -> list[tuple[float, float]]:
    """Half-second polls, pressed from one time to another."""
    at = [0.5 * k for k in range(int(2 * until))]
    return [(t, float(any(a <= t < b for a, b in presses))) for t in at]


def stages(detector: SosDetector, rows: list[tuple[float, float]]) -> list[tuple[Stage, str]]:
    return [(each.stage, each.rule) for each in feed(detector, rows)]


def test_a_long_press_after_a_short_one_takes_the_call_back_and_says_so() -> None:
    found = feed(SosDetector(["sos"], CANCELLING), course((2, 3), (10, 15)))
    assert [(each.stage, each.rule) for each in found] == [
        (Stage.ALARM, "button"),
        (Stage.ALARM, "button"),
        (Stage.CLEARED, "cancelled_by_hand"),
    ]
    assert found[-1].at == 20
    assert "전화로 확인" in found[-1].why.ko


@pytest.mark.parametrize(
    "presses",
    [
        [(2.0, 40.0)],  # stuck, or a body on it
        [(2.0, 8.0), (10.0, 15.0)],  # a body that rolls: its first press is no short one
        [(2.0, 3.0), (10.0, 30.0)],  # too long for a person
        [(2.0, 3.0), (10.0, 12.0)],  # too short
        [(2.0, 3.0), (10.0, 15.0), (17.0, 18.0)],  # pressed again: it is meant
    ],
)
def test_what_is_no_short_and_long_press_takes_nothing_back(
    presses: list[tuple[float, float]],
) -> None:
    found = stages(SosDetector(["sos"], CANCELLING), course(*presses))
    assert (Stage.CLEARED, "cancelled_by_hand") not in found


def test_a_long_press_that_comes_too_late_or_where_nobody_asked_for_it_does_nothing() -> None:
    late = course((2, 3), (50, 51), (100, 101), (130, 135), until=150)
    assert (Stage.CLEARED, "cancelled_by_hand") not in stages(
        SosDetector(["sos"], CANCELLING), late
    )
    assert (Stage.CLEARED, "cancelled_by_hand") not in stages(
        SosDetector(["sos"]), course((2, 3), (10, 15))
    )


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=120))
def test_nothing_that_begins_with_a_long_press_is_ever_taken_back(levels: list[bool]) -> None:
    held = [(0.5 * k, 1.0) for k in range(8)]
    rows = held + [(4 + 0.5 * k, float(level)) for k, level in enumerate(levels)]
    detector = SosDetector(["sos"], CANCELLING)
    assert "cancelled_by_hand" not in [each.rule for each in feed(detector, rows)]


def test_who_presses_again_minutes_later_can_take_that_back_too() -> None:
    found = stages(
        SosDetector(["sos"], CANCELLING), course((2, 3), (300, 301), (310, 315), until=330)
    )
    assert found[-1] == (Stage.CLEARED, "cancelled_by_hand")


SHAKING = SosConfig(shake=ShakeConfig(sensor="body"))


def shake(*rms: float) -> list[Detection]:
    detector, found = SosDetector([], SHAKING), []
    for k, value in enumerate(rms):
        found += detector.update(Reading("body", Quantity.VIBRATION_M_S2, value, 0.6 * k))
    return found


def test_shaking_for_two_seconds_is_a_call_and_ends_after_half_an_hour_of_rest() -> None:
    found = shake(0.1, *[14.0] * 8, *[0.1] * 3010)
    assert [(each.stage, each.rule) for each in found] == [
        (Stage.ALARM, "shake"),
        (Stage.CLEARED, "shake"),
    ]


def test_shaking_again_is_told_again_though_the_first_call_is_open() -> None:
    found = shake(0.1, *[14.0] * 8, *[0.1] * 120, *[14.0] * 8)
    assert [each.stage for each in found] == [Stage.ALARM, Stage.ALARM]


def test_a_drop_a_slammed_door_and_a_bus_are_no_call() -> None:
    assert shake(0.1, 60.0, 25.0, *[0.1] * 20) == []
    assert shake(*[3.0] * 200) == []


def test_an_accelerometer_that_is_asked_too_seldom_or_missing_is_refused() -> None:
    slow = {"body": Source(frozenset({Quantity.VIBRATION_M_S2}), 2.0)}
    assert len(list(SHAKING.problems(slow))) == 1
    assert len(list(SHAKING.problems({}))) == 1


def test_a_call_by_mistake_ends_only_once_the_button_is_released() -> None:
    detector = SosDetector(["sos"])
    assert detector.take_back("sos", 0.0) == []
    detector.update(Reading("sos", Quantity.BUTTON, 1.0, 1.0))
    assert detector.take_back("sos", 2.0) == []
    detector.update(Reading("sos", Quantity.BUTTON, 0.0, 3.0))
    (over,) = detector.take_back("sos", 4.0)
    assert (over.stage, over.rule, over.subject) == (Stage.CLEARED, "cancelled_by_hand", "sos")
    assert detector.take_back("sos", 5.0) == []
    assert detector.update(Reading("sos", Quantity.BUTTON, 1.0, 6.0))[0].stage is Stage.ALARM
