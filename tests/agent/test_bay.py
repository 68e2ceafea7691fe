import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import config
from agent.cli import PROFILES
from agent.detectors.bay import (
    BayConfig,
    BayDetector,
    MagnetConfig,
    PermitConfig,
    RangeConfig,
)
from agent.detectors.presence import Source
from agent.values import Hazard, Stage, Why
from agent.watch import detectors
from drivers.sensor import Quantity
from tests.agent.public import DAY_S, Row, calendar, feed, told

SHIFT, RANGE = Quantity.MAGNETIC_SHIFT_UT, Quantity.DISTANCE_M
TAG, RSSI = Quantity.TAG_PRESENT, Quantity.TAG_RSSI_DBM
SOURCES = {
    "ground": Source(frozenset({SHIFT}), 2.0),
    "above": Source(frozenset({RANGE}), 2.0),
    "permit": Source(frozenset({TAG, RSSI}), 10.0),
}
CONFIG = BayConfig(
    magnet=MagnetConfig(sensor="ground"),
    permit=PermitConfig(tags=["permit"]),
    tell=Why("단속반에 알려 주세요.", "Tell the officer."),
)
BOTH = BayConfig(
    magnet=MagnetConfig(sensor="ground"),
    range=RangeConfig(sensor="above", empty_m=2.5),
    permit=PermitConfig(tags=["permit"]),
)
WARNED = (Stage.PREALARM, "bay_without_permit")
TOLD = (Stage.ALARM, "bay_without_permit")
GONE = (Stage.CLEARED, "bay_without_permit")


def ground(begin: float, until: float, shift_ut: float, every_s: float = 2.0) -> Iterator[Row]:
    at = begin
    while at < until:
        yield at, "ground", SHIFT, shift_ut
        at += every_s


def listening(begin: float, until: float, dbm: float | None = None) -> Iterator[Row]:
    at = begin
    while at < until:
        yield at, "permit", TAG, float(dbm is not None)
        if dbm is not None:
            yield at, "permit", RSSI, dbm
        at += 10.0


def parked(until: float = 600.0, *, dbm: float | None = None) -> list[Row]:
    """A car comes at 100 s and leaves at `until`."""
    rows = [*ground(0, 100, 0.4), *ground(100, until, 40.0), *ground(until, until + 60, 0.4)]
    rows += [*listening(0, 100), *listening(100, until, dbm), *listening(until, until + 60)]
    return sorted(rows)


def test_a_car_without_a_permit_is_spoken_to_and_told_of_when_it_stays() -> None:
    found = feed(BayDetector(CONFIG, SOURCES), parked())
    assert told(found) == [WARNED, TOLD, GONE]
    assert [each.is_local for each in found] == [True, False, False]
    assert [each.at for each in found] == [160.0, 460.0, 610.0]
    assert {each.hazard for each in found} == {Hazard.INTRUSION}
    assert "Tell the officer." in found[1].why.en
    assert "Tell the officer." not in found[0].why.en


def test_a_driver_who_moves_on_is_told_of_to_nobody() -> None:
    found = feed(BayDetector(CONFIG, SOURCES), parked(300.0))
    assert told(found) == [WARNED, GONE]
    assert all(each.is_local for each in found)


def test_a_car_with_a_permit_stands_in_peace() -> None:
    assert feed(BayDetector(CONFIG, SOURCES), parked(7200.0, dbm=-70)) == []


def test_a_permit_two_bays_away_is_not_this_cars() -> None:
    assert told(feed(BayDetector(CONFIG, SOURCES), parked(dbm=-95)))[:2] == [WARNED, TOLD]


def test_a_permit_that_is_found_late_ends_it() -> None:
    rows = sorted([*parked(), (500.5, "permit", TAG, 1.0), (500.5, "permit", RSSI, -60.0)])
    found = feed(BayDetector(CONFIG, SOURCES), rows)
    assert told(found) == [WARNED, TOLD, (Stage.CLEARED, "permit_heard")]
    assert not found[-1].is_local


def test_nobody_is_accused_while_no_permit_could_be_heard() -> None:
    rows = [row for row in parked() if row[1] == "ground"]
    assert feed(BayDetector(CONFIG, SOURCES), rows) == []
    deaf = [row for row in parked() if row[1] == "ground" or not 90 < row[0] < 400]
    assert [each.at for each in feed(BayDetector(CONFIG, SOURCES), deaf)] == pytest.approx(
        [406.0, 612.0], abs=20
    )


def test_the_time_of_who_was_warned_stands_still_while_no_permit_could_be_heard() -> None:
    deaf = [*ground(0, 1200, 20.0), *listening(0, 100), *listening(900, 1200)]
    found = feed(BayDetector(CONFIG, SOURCES), sorted(deaf))
    assert told(found) == [WARNED, TOLD]
    heard_s = found[1].at - 900 + 160 - found[0].at  # unheard for 60 s it is deaf
    assert heard_s == pytest.approx(CONFIG.leave_s, abs=15)


def test_a_car_that_passes_is_no_car_that_stands() -> None:
    rows = [*ground(0, 60, 0.4), *ground(60, 75, 60.0), *ground(75, 400, 0.4), *listening(0, 400)]
    assert feed(BayDetector(CONFIG, SOURCES), sorted(rows)) == []


@pytest.mark.parametrize(("near_m", "expected"), [(1.4, [WARNED]), (2.5, [])])
def test_two_sensors_must_agree(near_m: float, expected: list[tuple[Stage, str]]) -> None:
    rows = [*parked(), *((at, "above", RANGE, near_m) for at in range(60, 400, 2))]
    early = sorted(row for row in rows if row[0] < 400)
    assert told(feed(BayDetector(BOTH, SOURCES), early)) == expected


def test_where_one_of_two_sensors_is_lost_the_other_is_believed() -> None:
    rows = sorted([*parked(), *((at, "above", RANGE, 2.5) for at in range(0, 60, 2))])
    assert told(feed(BayDetector(BOTH, SOURCES), rows)) == [WARNED, TOLD, GONE]


def test_silence_neither_frees_the_bay_nor_accuses_anybody() -> None:
    detector = BayDetector(CONFIG, SOURCES)
    assert told(feed(detector, (row for row in parked() if row[0] < 200))) == [WARNED]
    assert detector.tick(9000.0) == []


STEPS = st.lists(
    st.tuples(st.floats(1.0, 90.0), st.sampled_from(["ground", "permit"]), st.floats(0.0, 60.0)),
    max_size=80,
)


@given(STEPS)
@settings(deadline=None, max_examples=200)
def test_whatever_is_read_it_warns_before_it_tells_and_ends_what_it_began(
    steps: list[tuple[float, str, float]],
) -> None:
    rows: list[Row] = []
    now = 0.0
    for pause_s, sensor, value in steps:
        now += pause_s
        if sensor == "ground":
            rows.append((now, sensor, SHIFT, value))
        else:
            rows += listening(now, now + 1, -value - 50 if value > 30 else None)
    stage, is_local = Stage.CLEARED, True
    for each in feed(BayDetector(CONFIG, SOURCES), rows):
        assert (stage, each.stage) in {
            (Stage.CLEARED, Stage.PREALARM),
            (Stage.PREALARM, Stage.ALARM),
            (Stage.PREALARM, Stage.CLEARED),
            (Stage.ALARM, Stage.CLEARED),
        }
        if each.stage is Stage.CLEARED:
            assert each.is_local == is_local
        stage, is_local = each.stage, each.is_local


def bay_week(source: random.Random) -> Iterator[Row]:
    """Twenty cars with a permit a day, a hundred that pass, a neighbour in the next bay."""
    for day in range(7):
        stays: list[tuple[float, float, bool]] = []
        for n in range(20):
            begin = day * DAY_S + 7 * 3600 + n * 2400 + source.uniform(0, 300)
            stays.append((begin, begin + source.uniform(120, 1800), True))
        passes = [day * DAY_S + source.uniform(0, DAY_S) for _ in range(100)]
        rows: list[Row] = []
        for n in range(int(DAY_S // 4)):
            at = day * DAY_S + 4.0 * n
            near = 3.0 if 9 * 3600 < at % DAY_S < 18 * 3600 else 0.0  # the next bay
            shift = 35.0 if any(b <= at < e for b, e, _ in stays) else near
            if any(begin <= at < begin + 8 for begin in passes):
                shift += 20.0
            rows.append((at, "ground", SHIFT, shift + source.uniform(0, 0.8)))
        for n in range(int(DAY_S // 10)):
            at = day * DAY_S + 10.0 * n
            is_heard = any(b - 15 <= at < e for b, e, _ in stays) and source.random() < 0.6
            rows += listening(at, at + 1, source.uniform(-78, -60) if is_heard else None)
        yield from sorted(rows)


def test_a_quiet_week_of_the_profile_is_quiet() -> None:
    loaded = config.load(PROFILES / "accessible-bay.toml")
    (bay,) = [each for each in detectors(loaded, calendar()) if isinstance(each, BayDetector)]
    assert feed(bay, bay_week(random.Random(8))) == []
