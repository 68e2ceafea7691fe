import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.wallclock import (
    BUILD_FLOOR,
    WallTime,
    bound_s,
    kernel_error_s,
    read_wall_clock,
    wall_time,
)

NOW = (BUILD_FLOOR + timedelta(days=1)).timestamp()
NOWHERE = Path("/nowhere/synchronized")


def denied() -> float | None:
    raise PermissionError(1, "ntp_gettime")


def test_a_clock_that_the_network_set_says_how_wrong_it_can_be() -> None:
    found = read_wall_clock(now=lambda: NOW + 0.25, error_s=lambda: 0.0125)
    assert found == WallTime("2026-01-02T00:00:00.250Z", 0.0125, "ntp")


def test_a_clock_that_nobody_set_says_so() -> None:
    found = read_wall_clock(now=lambda: NOW, error_s=lambda: None, rtc=NOWHERE)
    assert (found.uncertainty_s, found.source) == (None, "unsynchronised")


@pytest.mark.parametrize(("content", "source"), [("1\n", "rtc"), ("0\n", "unsynchronised")])
def test_a_battery_that_kept_the_clock_is_told(tmp_path: Path, content: str, source: str) -> None:
    rtc = tmp_path / "hctosys"
    rtc.write_text(content)
    found = read_wall_clock(now=lambda: NOW, error_s=lambda: None, rtc=rtc)
    assert (found.uncertainty_s, found.source) == (None, source)


@pytest.mark.parametrize("state", [1, 2, 3, 4])
def test_while_a_leap_second_is_due_a_second_is_added(state: int) -> None:
    assert bound_s(state, 0.02) == pytest.approx(1.02)
    assert (bound_s(0, 0.02), bound_s(5, 0.02)) == (0.02, None)


@pytest.mark.parametrize(
    ("at", "uncertainty_s"),
    [
        ("2026-12-31T11:59:59+00:00", 0.02),
        ("2026-12-31T12:00:01+00:00", 1.02),
        ("2027-01-01T11:59:59+00:00", 1.02),
        ("2027-01-01T12:00:01+00:00", 0.02),
        ("2026-06-30T23:59:59+00:00", 1.02),
        ("2026-09-30T23:59:59+00:00", 0.02),
    ],
)
def test_servers_that_smear_a_leap_second_may_be_wrong_around_it_without_a_word(
    at: str, uncertainty_s: float
) -> None:
    shown = datetime.fromisoformat(at).timestamp()
    found = read_wall_clock(now=lambda: shown, error_s=lambda: 0.02)
    assert found.uncertainty_s == pytest.approx(uncertainty_s)


def test_a_clock_that_is_set_between_two_questions_is_not_believed_yet() -> None:
    shown = [NOW - 100.0]

    def error_s() -> float | None:
        shown[0] += 100.0  # the daemon sets it just after it was asked
        return None

    assert read_wall_clock(now=lambda: shown[0], error_s=error_s, rtc=NOWHERE).source != "ntp"


@pytest.mark.parametrize("seconds", [0.0, BUILD_FLOOR.timestamp() - 1])
def test_a_time_before_the_software_was_built_is_unset_whatever_the_kernel_says(
    seconds: float,
) -> None:
    found = read_wall_clock(now=lambda: seconds, error_s=lambda: 0.001)
    assert (found.uncertainty_s, found.source) == (None, "unset")


def test_in_a_sandbox_the_daemons_own_mark_is_believed_and_ages(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    mark.touch()
    os.utime(mark, (NOW - 2000.0, NOW - 2000.0))
    found = read_wall_clock(now=lambda: NOW, error_s=denied, timesyncd=mark)
    assert found.source == "ntp"
    assert found.uncertainty_s == pytest.approx(0.4 + 1.0)


@pytest.mark.parametrize("age_s", [9 * 3600.0, -60.0])
def test_a_mark_of_nine_hours_ago_or_of_the_future_vouches_for_nothing(
    tmp_path: Path, age_s: float
) -> None:
    mark = tmp_path / "synchronized"
    mark.touch()
    os.utime(mark, (NOW - age_s, NOW - age_s))
    found = read_wall_clock(now=lambda: NOW, error_s=denied, timesyncd=mark, rtc=NOWHERE)
    assert found.source == "unsynchronised"


def test_in_a_sandbox_without_a_mark_nobody_vouches() -> None:
    found = read_wall_clock(now=lambda: NOW, error_s=denied, timesyncd=NOWHERE, rtc=NOWHERE)
    assert found.source == "unsynchronised"


def test_the_kernel_answers_in_seconds_or_not_at_all() -> None:
    found = kernel_error_s()
    assert found is None or 0.0 <= found <= 17.0  # NTP_PHASE_LIMIT ends it at 16 s


def test_an_instant_is_written_to_the_millisecond_and_read_again() -> None:
    made = wall_time(NOW + 0.125, 0.5, "corrected")
    assert made == WallTime("2026-01-02T00:00:00.125Z", 0.5, "corrected")
    assert made.unix_s == NOW + 0.125
