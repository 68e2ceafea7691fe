from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detectors.calendar import Calendar, seconds
from agent.detectors.presence import Source
from agent.detectors.wandering import WanderingConfig, WanderingDetector
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity
from tests.agent.public import press

MOTION, DOOR, BED, TAG = (
    Quantity.MOTION,
    Quantity.CONTACT_OPEN,
    Quantity.BED_OCCUPIED,
    Quantity.TAG_PRESENT,
)
SOURCES = {
    "door": Source(frozenset({DOOR}), 2.0),
    "bed": Source(frozenset({BED}), 2.0),
    "tag": Source(frozenset({TAG}), 30.0),
}
CONFIG = WanderingConfig(escort="along")
KST_MIDNIGHT = datetime.fromisoformat("2026-11-22T00:00+09:00").timestamp()
AT = seconds("02:30")
Row = tuple[float, str, Quantity, float]


def watcher(*, clock: bool = True, config: WanderingConfig = CONFIG) -> WanderingDetector:
    calendar = Calendar()
    if clock:
        calendar.set(0.0, KST_MIDNIGHT, 0.05)
    return WanderingDetector(config, SOURCES, calendar)


def feed(detector: WanderingDetector, rows: list[Row], until: float = 0.0) -> list[Detection]:
    found: list[Detection] = []
    now = rows[0][0]
    for at, sensor, quantity, value in rows:
        while (now := now + 10.0) < at:
            found += detector.tick(now)
        now = at
        found += detector.update(Reading(sensor, quantity, value, at))
    while (now := now + 10.0) < until:
        found += detector.tick(now)
    return found


def told(found: list[Detection]) -> list[tuple[Stage, str, str]]:
    return [(each.stage, each.subject, each.rule) for each in found]


def getting_up(at: float = AT) -> list[Row]:
    return [
        (at - 10_000, "bed", BED, 1.0),
        (at - 10_000, "door", DOOR, 0.0),
        (at - 300, "bed", BED, 0.0),
    ]


def test_a_door_opened_at_night_from_an_empty_bed_speaks_and_then_calls() -> None:
    found = feed(watcher(), [*getting_up(), (AT, "door", DOOR, 1.0)], AT + 400)
    assert told(found) == [
        (Stage.PREALARM, PLACE, "night_door"),
        (Stage.ALARM, PLACE, "night_exit"),
    ]
    assert found[0].hazard is Hazard.WANDERING
    assert found[0].at == AT
    assert 180 <= found[1].at - AT <= 190
    assert "02:30" in found[0].why.en
    assert "밤입니다" in found[0].why.ko


def test_who_is_at_the_door_is_spoken_to_alone_and_others_are_told_of_the_alarm() -> None:
    config = WanderingConfig(tell=Why("112에 신고해 주세요.", "Call 112."))
    found = feed(watcher(config=config), [*getting_up(), (AT, "door", DOOR, 1.0)], AT + 400)
    assert ["Call 112." in each.why.en for each in found] == [False, True]


def test_who_comes_back_to_bed_or_moves_behind_the_shut_door_is_back() -> None:
    rows = [*getting_up(), (AT, "door", DOOR, 1.0), (AT + 20, "door", DOOR, 0.0)]
    bed = feed(watcher(), [*rows, (AT + 100, "bed", BED, 1.0)], AT + 400)
    assert [each.stage for each in bed] == [Stage.PREALARM, Stage.CLEARED]
    steps = [(AT + 40.0 + 10 * k, "motion", MOTION, float(k % 2 == 0)) for k in range(4)]
    moved = feed(watcher(), [*rows, *steps], AT + 400)
    assert [each.stage for each in moved] == [Stage.PREALARM, Stage.CLEARED]


def test_motion_while_the_door_stands_open_brings_nobody_back() -> None:
    rows = [*getting_up(), (AT, "door", DOOR, 1.0)]
    rows += [(AT + 10.0 + 10 * k, "motion", MOTION, float(k % 2)) for k in range(10)]
    assert [each.stage for each in feed(watcher(), rows, AT + 400)] == [
        Stage.PREALARM,
        Stage.ALARM,
    ]


def test_a_visitor_who_leaves_while_the_bed_is_occupied_is_nobody() -> None:
    rows: list[Row] = [
        (AT - 20, "bed", BED, 1.0),
        (AT - 20, "door", DOOR, 0.0),
        (AT, "door", DOOR, 1.0),
    ]
    assert feed(watcher(), rows, AT + 400) == []


def test_a_bed_that_fell_silent_explains_no_door() -> None:
    rows: list[Row] = [
        (AT - 1000, "bed", BED, 1.0),
        (AT - 20, "door", DOOR, 0.0),
        (AT, "door", DOOR, 1.0),
    ]
    assert len(feed(watcher(), rows, AT + 400)) == 2


def test_by_day_a_door_is_a_door() -> None:
    noon = seconds("12:00")
    assert feed(watcher(), [*getting_up(noon), (noon, "door", DOOR, 1.0)], noon + 400) == []


def test_without_a_clock_who_slept_long_and_just_got_up_is_up_at_night() -> None:
    rows = [*getting_up(), (AT, "door", DOOR, 1.0)]
    assert len(feed(watcher(clock=False), rows, AT + 400)) == 2
    awake: list[Row] = [(AT - 20, "door", DOOR, 0.0), (AT, "door", DOOR, 1.0)]
    assert feed(watcher(clock=False), awake, AT + 400) == []


def test_whoever_goes_out_along_presses_a_button_first() -> None:
    rows = [*getting_up(), *press("along", AT - 60), (AT, "door", DOOR, 1.0)]
    assert feed(watcher(), rows, AT + 400) == []


def tag(at: float, *levels: float) -> list[Row]:
    return [(at + 30.0 * k, "tag", TAG, level) for k, level in enumerate(levels)]


def test_a_tag_unheard_for_two_minutes_is_told_and_may_be_a_flat_battery() -> None:
    (found,) = feed(watcher(), tag(seconds("14:00"), 1, 0, 0, 0, 0, 0, 0, 0))
    assert told([found]) == [(Stage.PREALARM, "tag", "tag_gone")]
    assert "battery" in found.why.en


def test_a_tag_that_left_by_the_door_is_an_alarm_at_any_hour_until_it_is_back() -> None:
    at = seconds("14:00")
    door: list[Row] = [(at - 20, "door", DOOR, 0.0), (at, "door", DOOR, 1.0)]
    rows = [*door, *tag(at + 10, 1, 0, 0, 0, 0, 0, 0), *tag(at + 400, 1)]
    assert told(feed(watcher(), rows)) == [
        (Stage.ALARM, "tag", "tag_left"),
        (Stage.CLEARED, "tag", "tag_left"),
    ]


def test_a_tag_that_is_asked_for_at_night_only_may_go_shopping() -> None:
    only = WanderingConfig(tag_when="night")
    rows = tag(seconds("14:00"), 1, 0, 0, 0, 0, 0, 0)
    assert feed(watcher(config=only), rows) == []


def test_silence_ends_nothing() -> None:
    detector = watcher()
    feed(detector, [*getting_up(), (AT, "door", DOOR, 1.0)], AT + 400)
    assert all(detector.tick(AT + 1000.0 * k) == [] for k in range(1, 100))


@pytest.mark.parametrize(
    ("config", "sources"),
    [(WanderingConfig(escort="nobody"), SOURCES), (WanderingConfig(), {"bed": SOURCES["bed"]})],
)
def test_a_section_that_cannot_work_is_refused(
    config: WanderingConfig, sources: dict[str, Source]
) -> None:
    assert len(list(config.problems(sources))) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["door", "bed", "tag", "motion", "along"]),
            st.sampled_from([DOOR, BED, TAG, MOTION, Quantity.BUTTON]),
            st.sampled_from([0.0, 1.0]),
            st.floats(0, 2000),
        ),
        max_size=120,
    )
)
def test_any_course_ends_only_what_began(rows: list[tuple[str, Quantity, float, float]]) -> None:
    detector, at = watcher(), 0.0
    active: set[str] = set()
    for sensor, quantity, value, after_s in rows:
        at += after_s
        found = detector.update(Reading(sensor, quantity, value, at)) + detector.tick(at)
        for each in found:
            assert each.stage is not Stage.CLEARED or each.subject in active
            assert each.why.ko
            (active.discard if each.stage is Stage.CLEARED else active.add)(each.subject)
