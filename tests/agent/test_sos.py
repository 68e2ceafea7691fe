from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.sos import QUIET_S, SosDetector
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


def test_a_call_is_over_when_the_button_was_seen_released_for_a_minute() -> None:
    found = feed(SosDetector(["sos"]), [(0, 1.0), (1, 0.0), (60, 0.0), (61, 0.0), (200, 0.0)])
    assert [(each.stage, each.at) for each in found] == [(Stage.ALARM, 0), (Stage.CLEARED, 61)]


def test_a_button_that_stays_pressed_is_one_call() -> None:
    assert len(feed(SosDetector(["sos"]), [(2.0 * k, 1.0) for k in range(500)])) == 1


def test_a_button_that_falls_silent_keeps_its_call() -> None:
    detector = SosDetector(["sos"])
    feed(detector, [(0, 1.0), (1, 0.0)])
    assert detector.tick(10 * QUIET_S) == []


def test_other_buttons_call_nobody() -> None:
    assert feed(SosDetector(["sos"]), [(0, 1.0)], "hush") == []


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60))
def test_every_press_is_told(levels: list[bool]) -> None:
    rows = [(0.5 * k, float(level)) for k, level in enumerate(levels)]
    presses = sum(now and not before for before, now in zip([False, *levels], levels, strict=False))
    assert sum(e.stage is Stage.ALARM for e in feed(SosDetector(["sos"]), rows)) == presses
