from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.calendar import DAY_S, Calendar, as_clock, seconds
from agent.detectors.clock_watch import PATIENCE_S, ClockWatch
from agent.detectors.intrusion import IntrusionConfig, IntrusionDetector
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity
from tests.agent.public import press

MOTION, DOOR, RADAR = Quantity.MOTION, Quantity.CONTACT_OPEN, Quantity.PRESENCE
CONFIG = IntrusionConfig(closes="20:00", opens="06:00", disarm="off")
KST_MIDNIGHT = datetime.fromisoformat("2026-11-22T00:00+09:00").timestamp()
NIGHT, DAY = seconds("23:00"), seconds("12:00")


def calendar() -> Calendar:
    """Monotonic 0 is midnight in Seoul."""
    found = Calendar()
    found.set(0.0, KST_MIDNIGHT, 0.05)
    return found


def feed(
    detector: IntrusionDetector, rows: list[tuple[float, str, Quantity, float]]
) -> list[tuple[Stage, str]]:
    found: list[Detection] = []
    for at, sensor, quantity, value in rows:
        found += detector.update(Reading(sensor, quantity, value, at))
        found += detector.tick(at)
    assert {each.hazard for each in found} <= {Hazard.INTRUSION}
    assert all(each.why.ko and each.why.en for each in found)
    return [(each.stage, each.rule) for each in found]


def burglary(at: float) -> list[tuple[float, str, Quantity, float]]:
    return [
        (at, "shutter", DOOR, 0.0),
        (at, "pir", MOTION, 0.0),
        (at + 10, "shutter", DOOR, 1.0),
        (at + 30, "pir", MOTION, 1.0),
        (at + 36, "pir", MOTION, 0.0),
        (at + 60, "pir", MOTION, 1.0),
    ]


def test_a_shutter_raised_at_night_is_a_prealarm_and_motion_behind_it_an_alarm() -> None:
    found = feed(IntrusionDetector(CONFIG, calendar()), burglary(NIGHT))
    assert found == [(Stage.PREALARM, "door_after_closing"), (Stage.ALARM, "signs_agree")]


def test_a_shutter_is_said_to_be_opened_and_only_who_is_seen_to_be_somebody() -> None:
    detector = IntrusionDetector(CONFIG, calendar())
    rows = [Reading(name, quantity, value, at) for at, name, quantity, value in burglary(NIGHT)]
    opened, agreed = (each for row in rows for each in detector.update(row))
    assert opened.why.ko == "문 닫은 시간(23:00)에 문(shutter)이 열렸습니다."
    assert "문(shutter)이 열렸습니다." in agreed.why.ko
    assert "pir 센서가 사람을 알렸습니다." in agreed.why.ko


def test_by_day_it_is_a_customer() -> None:
    assert feed(IntrusionDetector(CONFIG, calendar()), burglary(DAY)) == []


def test_where_nobody_knows_the_time_nothing_is_claimed_and_that_is_said() -> None:
    assert feed(IntrusionDetector(CONFIG, Calendar()), burglary(NIGHT)) == []
    unset = Calendar()
    watch = ClockWatch(unset)
    assert watch.tick(0.0) == []
    (fault,) = watch.tick(PATIENCE_S)
    assert (fault.hazard, fault.subject, fault.rule) == (Hazard.FAULT, "clock", "clock_unknown")
    assert watch.tick(PATIENCE_S + 60) == []
    unset.set(PATIENCE_S + 100, KST_MIDNIGHT, 0.1)
    (over,) = watch.tick(PATIENCE_S + 120)
    assert over.stage is Stage.CLEARED


def test_a_cat_is_a_prealarm_at_most() -> None:
    rows = [(NIGHT + 20.0 * k, "pir", MOTION, float(k % 2)) for k in range(60)]
    assert feed(IntrusionDetector(CONFIG, calendar()), rows) == [
        (Stage.PREALARM, "motion_after_closing")
    ]


def test_a_radar_alone_and_one_pulse_are_nothing() -> None:
    rows = [(NIGHT + 2.0 * k, "radar", RADAR, float(k > 3)) for k in range(100)]
    rows += [(NIGHT + 300, "pir", MOTION, 0.0), (NIGHT + 302, "pir", MOTION, 1.0)]
    assert feed(IntrusionDetector(CONFIG, calendar()), rows) == []


def test_who_works_late_presses_the_button_and_next_night_counts_again() -> None:
    detector = IntrusionDetector(CONFIG, calendar())
    pressed = press("off", NIGHT)
    assert feed(detector, pressed + burglary(NIGHT + 60)) == []
    noon = [(DAY + DAY_S, "pir", MOTION, 0.0)]
    assert len(feed(detector, noon + burglary(NIGHT + DAY_S))) == 2


def test_the_button_ends_an_incident_by_its_own_rule() -> None:
    detector = IntrusionDetector(CONFIG, calendar())
    feed(detector, burglary(NIGHT))
    assert feed(detector, press("off", NIGHT + 90)) == [(Stage.CLEARED, "disarmed")]


def test_it_is_over_when_sensors_saw_nobody_for_a_quarter_of_an_hour() -> None:
    detector = IntrusionDetector(CONFIG, calendar())
    feed(detector, burglary(NIGHT))
    quiet = [(NIGHT + 62 + 10.0 * k, "pir", MOTION, 0.0) for k in range(100)]
    assert [stage for stage, _ in feed(detector, quiet)] == [Stage.CLEARED]


def test_silence_and_a_lost_clock_end_nothing() -> None:
    known = calendar()
    detector = IntrusionDetector(CONFIG, known)
    feed(detector, burglary(NIGHT))
    assert detector.tick(NIGHT + 50 * DAY_S) == []
    late = NIGHT + 50 * DAY_S  # the clock has drifted past use by now
    assert known.local_s(late) is None
    assert feed(detector, [(late, "pir", MOTION, 0.0)]) == []


def test_the_time_of_day_spans_midnight_and_is_written_as_a_clock() -> None:
    assert calendar().is_within(seconds("01:00"), "22:00", "06:00") is True
    assert calendar().is_within(seconds("12:00"), "22:00", "06:00") is False
    assert calendar().clock(seconds("07:05")) == "07:05"
    assert as_clock(DAY_S + 60) == "00:01"
    assert Calendar().clock(0.0) is None


def test_a_worse_setting_does_not_replace_a_better_one() -> None:
    found = calendar()
    found.set(100.0, KST_MIDNIGHT + 500, 300.0)
    assert found.clock(100.0) == "00:01"


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["pir", "radar", "shutter", "off"]),
        st.sampled_from([MOTION, RADAR, DOOR, Quantity.BUTTON, Quantity.PERSON_COUNT]),
        st.sampled_from([0.0, 1.0]),
        st.floats(0, 4000),
    ),
    max_size=120,
)


@settings(deadline=None)
@given(ROWS)
def test_any_course_gives_stages_in_order(
    rows: list[tuple[str, Quantity, float, float]],
) -> None:
    detector, at, active = IntrusionDetector(CONFIG, calendar()), 0.0, False
    for sensor, quantity, value, after_s in rows:
        at += after_s
        for stage, _ in feed(detector, [(at, sensor, quantity, value)]):
            assert stage is not Stage.CLEARED or active
            assert stage is not Stage.ALARM or active
            active = stage is not Stage.CLEARED
