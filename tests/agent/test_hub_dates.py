"""A certificate's dates where nobody vouches for the clock: an alarm must not wait for NTP."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.certificates import expired_before
from agent.hub import Hub
from agent.hub_cause import Cause
from agent.wallclock import BUILD_FLOOR, WallTime, wall_time
from tests.agent.events import row_of
from tests.brokers import DEVICE, SITE, Mosquitto

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def hub_of(broker: Mosquitto, wall: WallTime) -> Hub:
    return Hub(broker.config(), device=DEVICE, site=SITE, state=lambda: b"{}", wall=lambda: wall)


def shows(at: datetime, source: str, *, past: datetime = BUILD_FLOOR) -> WallTime:
    found = wall_time(at.timestamp(), None, source)
    return WallTime(found.iso, None, source, past.timestamp())


@pytest.mark.parametrize(
    "wall",
    [
        shows(datetime(1970, 1, 1, tzinfo=UTC), "unset"),
        shows(NOW - 100 * DAY, "unsynchronised"),
        shows(NOW - DAY, "rtc"),
    ],
)
@pytest.mark.parametrize(("begins", "lasts"), [(DAY, 9 * DAY), (-DAY, DAY)])
def test_a_clock_that_is_behind_keeps_no_alarm_from_the_hub(
    tmp_path: Path, wall: WallTime, begins: timedelta, lasts: timedelta
) -> None:
    broker = Mosquitto(tmp_path / "hub")
    broker.authority.issue("server", begins=begins, lasts=lasts)
    with broker:
        hub = hub_of(broker, wall)
        assert hub.send(row_of()), hub.status
        hub.close()


def test_a_certificate_that_ended_before_what_is_surely_past_is_refused(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "hub", server_lasts=-2 * DAY) as broker:
        wall = shows(datetime(1970, 1, 1, tzinfo=UTC), "unset", past=NOW - DAY)
        hub = hub_of(broker, wall)
        assert not hub.send(row_of())
        assert hub.cause is Cause.SERVER_EXPIRED
        assert f"ended {NOW - 2 * DAY:%Y-%m-%d}" in hub.status
        hub.close()
        hub = hub_of(broker, shows(datetime(1970, 1, 1, tzinfo=UTC), "unset"))
        assert hub.send(row_of()), hub.status  # by the build date alone it may be good
        hub.close()


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x82", b"no certificate"])
def test_what_cannot_be_read_has_not_surely_ended(der: bytes) -> None:
    assert not expired_before(der, NOW)
