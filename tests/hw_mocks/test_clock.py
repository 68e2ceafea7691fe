"""Simulated clocks run as fast as they are told to."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wallclock import WallTime
from hw_mocks.clock import FastClock, FastWall, PatientClock, SetWall


def test_a_fast_clock_runs_so_many_times_as_fast() -> None:
    now = [100.0]
    clock = FastClock(60.0, base=lambda: now[0])
    now[0] += 2.0
    assert clock() == 100.0 + 120.0


@settings(deadline=None, max_examples=200)
@given(
    steps=st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(-100.0, 100.0)), max_size=30),
    rate=st.floats(1.0, 2000.0),
)
def test_a_patient_clock_outruns_what_is_due_by_no_more_than_real_time(
    steps: list[tuple[float, float]], rate: float
) -> None:
    now, due = [0.0], [0.0]
    clock = PatientClock(rate, base=lambda: now[0])
    clock.wait_for(lambda: due[0])
    before = clock()
    for passed_s, ahead_s in steps:
        now[0] += passed_s
        due[0] = before + ahead_s
        after = clock()
        leash_s = max(0.0, ahead_s + PatientClock.LEASH_S)
        assert passed_s - 1e-6 <= after - before <= max(passed_s, leash_s) + 1e-6
        assert after - before <= rate * passed_s + 1e-6
        before = after


def test_a_patient_clock_runs_fast_while_everybody_keeps_up() -> None:
    now = [0.0]
    clock = PatientClock(60.0, base=lambda: now[0])
    now[0] += 2.0
    assert clock() == 120.0


def test_a_fast_wall_clock_shows_the_time_it_was_told_and_goes_with_its_clock() -> None:
    now = [5.0]
    seoul = timezone(timedelta(hours=9))
    wall = FastWall(datetime(2026, 1, 15, 2, 29, tzinfo=seoul), lambda: now[0])
    assert wall().iso == "2026-01-14T17:29:00.000Z"
    now[0] += 3600.0
    found = wall()
    assert datetime.fromisoformat(found.iso) == datetime(2026, 1, 14, 18, 29, tzinfo=UTC)
    assert (found.source, found.uncertainty_s) == ("ntp", 0.0)


def test_a_wall_clock_that_nobody_set_is_the_one_below() -> None:
    below = WallTime("2026-01-15T00:00:00.000Z", None, "unsynchronised")
    assert SetWall(lambda: below)() is below


@pytest.mark.parametrize(
    ("kept_by", "known"),
    [
        ("", (0.5, "ntp")),
        ("ntp", (SetWall.ERROR_S, "ntp")),
        ("rtc", (None, "rtc")),
        ("nobody", (None, "unsynchronised")),
    ],
)
def test_a_wall_clock_is_set_by_hand_and_says_who_vouches_for_it(
    kept_by: str, known: tuple[float | None, str]
) -> None:
    wall = SetWall(lambda: WallTime("2026-01-15T00:00:00.000Z", 0.5, "ntp"))
    wall.step_s, wall.kept_by = -86_400.0, kept_by
    found = wall()
    assert found.iso == "2026-01-14T00:00:00.000Z"
    assert (found.uncertainty_s, found.source) == known
