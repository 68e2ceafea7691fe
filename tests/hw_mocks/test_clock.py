"""Simulated clocks run as fast as they are told to."""

from datetime import UTC, datetime, timedelta, timezone

from hw_mocks.clock import FastClock, FastWall


def test_a_fast_clock_runs_so_many_times_as_fast() -> None:
    now = [100.0]
    clock = FastClock(60.0, base=lambda: now[0])
    now[0] += 2.0
    assert clock() == 100.0 + 120.0


def test_a_fast_wall_clock_shows_the_time_it_was_told_and_goes_with_its_clock() -> None:
    now = [5.0]
    seoul = timezone(timedelta(hours=9))
    wall = FastWall(datetime(2026, 1, 15, 2, 29, tzinfo=seoul), lambda: now[0])
    assert wall().iso == "2026-01-14T17:29:00.000Z"
    now[0] += 3600.0
    found = wall()
    assert datetime.fromisoformat(found.iso) == datetime(2026, 1, 14, 18, 29, tzinfo=UTC)
    assert (found.source, found.uncertainty_s) == ("ntp", 0.0)
