from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from agent import config, watch
from agent.cli import PROFILES
from agent.daily import EVERY_S, Daily
from agent.detectors.inactivity import InactivityConfig
from agent.detectors.rhythm import RhythmState
from agent.rhythm_store import NAME
from agent.values import Reading
from agent.wallclock import WallTime
from drivers.sensor import Quantity

ROOM = msgspec.structs.replace(
    config.load(PROFILES / "single-room.toml"), inactivity=InactivityConfig()
)
NOON = WallTime("2026-11-22T03:00:00.000Z", 0.05, "ntp")


class Clock:
    """A wall clock that was noon in Seoul at 0 s."""

    now = 0.0

    def __call__(self) -> WallTime:
        at = datetime.fromisoformat(NOON.iso) + timedelta(seconds=self.now)
        return WallTime(at.isoformat(), 0.05, "ntp")


def test_the_time_of_day_comes_from_a_clock_that_somebody_vouches_for(tmp_path: Path) -> None:
    said = [WallTime("2026-01-01T00:00:00.000Z", None, "unsynchronised"), NOON]
    daily = Daily(ROOM, tmp_path, lambda: said.pop(0))
    daily.look(0.0)
    assert daily.calendar.clock(1.0) is None
    daily.look(EVERY_S)
    assert daily.calendar.clock(EVERY_S + 60) == "12:01"


def test_what_was_learned_is_kept_at_the_end_and_given_to_the_next_start(tmp_path: Path) -> None:
    clock = Clock()
    daily = Daily(ROOM, tmp_path, clock)
    assert daily.rhythm == RhythmState()
    found = watch.detectors(ROOM, daily.calendar, daily.rhythm)
    daily.keep(found)
    for k in range(3 * 24 * 30):
        now = clock.now = 120.0 * k
        daily.look(now)
        for detector in found:
            detector.update(Reading("motion", Quantity.MOTION, float(k % 2), now))
            detector.tick(now)
    daily.write()
    assert (tmp_path / NAME).exists()  # a day has passed
    daily.close()
    again = Daily(ROOM, tmp_path, lambda: NOON)
    assert again.rhythm is not None
    assert again.rhythm.days == 4  # three times midnight


def test_a_profile_without_the_section_keeps_nothing(tmp_path: Path) -> None:
    daily = Daily(config.load(PROFILES / "market-stall.toml"), tmp_path, lambda: NOON)
    daily.keep(watch.detectors(config.load(PROFILES / "market-stall.toml")))
    daily.look(0.0)
    daily.close()
    assert list(tmp_path.iterdir()) == []
