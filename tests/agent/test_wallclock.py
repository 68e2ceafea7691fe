import os
from datetime import timedelta
from pathlib import Path

import pytest

from agent.wallclock import BUILD_FLOOR, WallTime, kernel_error_s, read_wall_clock

NOW = (BUILD_FLOOR + timedelta(days=1)).timestamp()
NOWHERE = Path("/nowhere/synchronized")


def denied() -> float | None:
    raise PermissionError(1, "ntp_gettime")


def test_a_clock_that_the_network_set_says_how_wrong_it_can_be() -> None:
    found = read_wall_clock(now=lambda: NOW + 0.25, error_s=lambda: 0.0125)
    assert found == WallTime("2026-01-02T00:00:00.250Z", 0.0125, "ntp")


def test_a_clock_that_nobody_set_says_so() -> None:
    found = read_wall_clock(now=lambda: NOW, error_s=lambda: None)
    assert (found.uncertainty_s, found.source) == (None, "unsynchronised")


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


def test_in_a_sandbox_without_a_mark_nobody_vouches() -> None:
    found = read_wall_clock(now=lambda: NOW, error_s=denied, timesyncd=NOWHERE)
    assert found.source == "unsynchronised"


def test_the_kernel_answers_in_seconds_or_not_at_all() -> None:
    found = kernel_error_s()
    assert found is None or 0.0 <= found <= 17.0  # NTP_PHASE_LIMIT ends it at 16 s
