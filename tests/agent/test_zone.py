import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import config
from agent.cli import PROFILES
from agent.detectors.calendar import Calendar, seconds
from agent.detectors.presence import Source
from agent.detectors.zone import ESCORT_S, ZoneConfig, ZoneDetector
from agent.values import Hazard, Stage, Why
from agent.watch import detectors
from drivers.sensor import Quantity
from tests.agent.public import DAY_S, Row, calendar, feed, press, told

TAG, RSSI, DOOR, BUTTON = (
    Quantity.TAG_PRESENT,
    Quantity.TAG_RSSI_DBM,
    Quantity.CONTACT_OPEN,
    Quantity.BUTTON,
)
SOURCES = {
    "tag": Source(frozenset({TAG, RSSI}), 10.0),
    "door": Source(frozenset({DOOR}), 2.0),
    "along": Source(frozenset({BUTTON}), 2.0),
    "cupboard": Source(frozenset({DOOR}), 2.0, is_exit=False),
}
CONFIG = ZoneConfig(tags=["tag"], begins="08:00", ends="19:00", escort="along")
NOON = seconds("12:00")


def watcher(zone: ZoneConfig = CONFIG, *, clock: bool = True) -> ZoneDetector:
    return ZoneDetector(zone, SOURCES, calendar() if clock else Calendar())


def reads(begin: float, until: float, value: float, every_s: float = 10.0) -> Iterator[Row]:
    at = begin
    while at < until:
        yield at, "tag", TAG, value
        at += every_s


def left(at: float = NOON, for_s: float = 400.0) -> list[Row]:
    """Inside for five minutes, then out."""
    return [*reads(at - 300, at, 1.0), *reads(at, at + for_s, 0.0)]


def test_a_tag_that_leaves_is_told_and_an_alarm_when_it_does_not_come_back() -> None:
    found = feed(watcher(), left())
    assert told(found) == [(Stage.PREALARM, "out_of_zone"), (Stage.ALARM, "left_zone")]
    assert [each.at - NOON for each in found] == [30.0, 90.0]
    assert {each.hazard for each in found} == {Hazard.WANDERING}
    assert all("배터리" in each.why.ko for each in found)


@pytest.mark.parametrize("opened_s", [-100.0, 5.0])
def test_a_tag_that_leaves_by_a_door_is_an_alarm_at_once(opened_s: float) -> None:
    door = [(NOON - 200, "door", DOOR, 0.0), (NOON + opened_s, "door", DOOR, 1.0)]
    found = feed(watcher(), sorted([*left(), *door]))
    assert told(found) == [(Stage.ALARM, "left_by_door")]
    assert "door" in found[0].why.en


def test_a_cupboard_is_no_way_out() -> None:
    door = [(NOON - 200, "cupboard", DOOR, 0.0), (NOON + 5, "cupboard", DOOR, 1.0)]
    assert told(feed(watcher(), sorted([*left(), *door])))[0] == (Stage.PREALARM, "out_of_zone")


def test_who_is_told_of_an_alarm_is_not_told_while_the_device_still_speaks() -> None:
    zone = ZoneConfig(tags=["tag"], tell=Why("112에 신고해 주세요.", "Call 112."))
    found = feed(watcher(zone), left())
    assert ["Call 112." in each.why.en for each in found] == [False, True]


def test_back_in_the_zone_ends_it_once_it_is_surely_back() -> None:
    back = NOON + 60
    rows = [*left(for_s=60), *reads(back, back + 10, 1.0), *reads(back + 10, back + 40, 0.0)]
    rows += reads(back + 40, back + 100, 1.0)
    found = feed(watcher(), rows)
    assert told(found) == [(Stage.PREALARM, "out_of_zone"), (Stage.CLEARED, "out_of_zone")]
    assert found[1].at >= back + 55


def test_who_goes_out_with_somebody_is_not_missed() -> None:
    pressed = press("along", NOON - ESCORT_S / 2)
    rows = sorted([*reads(NOON - 900, NOON - 300, 1.0), *left(for_s=7200.0), *pressed])
    assert feed(watcher(), rows) == []


@pytest.mark.parametrize("found", [0.0, 1.0])
def test_a_button_with_a_shorted_wire_sends_nobody_along(found: float) -> None:
    hours = [(NOON - 7200 + 10 * n, "along", BUTTON, found if n == 0 else 1.0) for n in range(760)]
    assert told(feed(watcher(), sorted([*left(), *hours]))) == [
        (Stage.PREALARM, "out_of_zone"),
        (Stage.ALARM, "left_zone"),
    ]


def test_a_press_of_who_goes_after_them_ends_it() -> None:
    rows = sorted([*left(), *press("along", NOON + 45)])
    assert told(feed(watcher(), rows)) == [
        (Stage.PREALARM, "out_of_zone"),
        (Stage.CLEARED, "escorted"),
    ]


def test_nobody_is_missed_out_of_hours_and_everybody_where_nobody_knows_the_time() -> None:
    night = seconds("21:00")
    assert feed(watcher(), left(night)) == []
    assert told(feed(watcher(clock=False), left(night)))[-1] == (Stage.ALARM, "left_zone")


def test_a_tag_that_was_never_here_is_not_gone() -> None:
    assert feed(watcher(), [*reads(NOON, NOON + 20, 1.0), *reads(NOON + 20, NOON + 400, 0.0)]) == []


def test_a_tag_at_the_edge_is_out_and_back_only_when_it_is_clearly_stronger() -> None:
    zone = ZoneConfig(tags=["tag"], edge_dbm=-80.0)

    def heard(begin: float, until: float, dbm: float) -> Iterator[Row]:
        for at, *_ in reads(begin, until, 1.0):
            yield at, "tag", TAG, 1.0
            yield at, "tag", RSSI, dbm

    rows = [*heard(NOON - 300, NOON, -60), *heard(NOON, NOON + 60, -85)]
    rows += [*heard(NOON + 60, NOON + 120, -78), *heard(NOON + 120, NOON + 200, -70)]
    found = feed(watcher(zone), rows)
    assert [each.stage for each in found] == [Stage.PREALARM, Stage.ALARM, Stage.CLEARED]
    assert found[-1].at >= NOON + 135


def test_a_receiver_that_says_nothing_finds_nobody_gone_and_nobody_back() -> None:
    detector = watcher()
    assert feed(detector, reads(NOON - 300, NOON, 1.0)) == []
    assert detector.tick(NOON + 4000) == []
    assert told(feed(detector, reads(NOON + 4000, NOON + 4200, 0.0)))[0][0] is Stage.PREALARM
    assert detector.tick(NOON + 9000) == []


def test_the_time_in_which_the_receiver_says_nothing_is_no_time_gone() -> None:
    missed = [*reads(NOON - 300, NOON, 1.0), *reads(NOON, NOON + 20, 0.0)]
    assert feed(watcher(), [*missed, *reads(NOON + 3600, NOON + 3620, 0.0)]) == []
    found = feed(watcher(), [*missed, *reads(NOON + 3600, NOON + 3800, 0.0)])
    assert told(found) == [(Stage.PREALARM, "out_of_zone"), (Stage.ALARM, "left_zone")]


def rows_of(steps: list[tuple[float, int]]) -> list[Row]:
    rows, now = list(reads(NOON - 300, NOON, 1.0)), NOON
    for pause_s, what in steps:
        now += pause_s
        sensor, quantity = ("tag", TAG) if what < 2 else ("door", DOOR)
        rows.append((now, sensor, quantity, float(what % 2)))
        if what == 4:
            rows[-1] = (now, "along", BUTTON, 1.0)
    return rows


STEPS = st.lists(st.tuples(st.floats(1.0, 60.0), st.integers(0, 4)), max_size=60)


@given(STEPS)
@settings(deadline=None, max_examples=200)
def test_whatever_is_read_each_incident_begins_grows_and_ends_once(
    steps: list[tuple[float, int]],
) -> None:
    stage = Stage.CLEARED
    for each in feed(watcher(), rows_of(steps)):
        assert each.evidence
        assert (stage, each.stage) in {
            (Stage.CLEARED, Stage.PREALARM),
            (Stage.CLEARED, Stage.ALARM),
            (Stage.PREALARM, Stage.ALARM),
            (Stage.PREALARM, Stage.CLEARED),
            (Stage.ALARM, Stage.CLEARED),
        }
        stage = each.stage


def daycare_week(source: random.Random, tags: list[str]) -> Iterator[Row]:
    """Seven days of tags that come, lose one read of fifty, and go home with somebody."""
    for day in range(7):
        rows: list[Row] = []
        for tag in tags:
            come, go = (day * DAY_S + 3600 * source.uniform(*span) for span in ((8.2, 9), (15, 18)))
            for n in range(int((DAY_S) // 10)):
                at = day * DAY_S + 10.0 * n
                is_here = come <= at < go and day < 5 and source.random() > 0.02
                rows.append((at, tag, TAG, float(is_here)))
            rows += press("escort", go - 60)
            for moment in (come, go):
                rows += [(moment - 5, "front_door", DOOR, 1.0), (moment + 5, "front_door", DOOR, 0)]
        rows += [
            (day * DAY_S + 3600 * hour + 8 * open_, "front_door", DOOR, float(open_ == 0))
            for hour in (8, 10.5, 12, 13, 14.5, 18.5)
            for open_ in (0, 1)
        ]
        yield from sorted(rows)


def test_a_quiet_week_of_the_profile_is_quiet() -> None:
    loaded = config.load(PROFILES / "tag-zone.toml")
    (zone,) = [each for each in detectors(loaded, calendar()) if isinstance(each, ZoneDetector)]
    assert loaded.zone is not None
    assert feed(zone, daycare_week(random.Random(8), loaded.zone.tags)) == []
