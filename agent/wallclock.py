"""The wall clock and what is known of it: the one place that reads it.

Logic runs on the monotonic clock; wall time only labels what leaves the device. There may be no
RTC, so a wall time always says how far it can be trusted.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BUILD_FLOOR = datetime(
    2026, 1, 1, tzinfo=UTC
)  # no device of this software lived before; move it on
TIMESYNCD = Path("/run/systemd/timesync/synchronized")  # touched at each synchronisation

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_DRIFT = 500e-6  # the kernel's own bound for an undisciplined clock, MAXFREQ in <linux/timex.h>
_SLEWED_S = 0.4  # systemd-timesyncd steps larger offsets and slews smaller ones (NTP_MAX_ADJUST)


@dataclass(frozen=True, slots=True)
class WallTime:
    """One reading of the wall clock.

    `iso` is RFC 3339 in UTC, to the millisecond. `source` is `ntp` where the clock was set from
    the network, `unsynchronised` where nobody vouches for it, and `unset` where it shows a time
    before this software was built. `uncertainty_s` is the largest error in seconds, None if
    unknown.
    """

    iso: str
    uncertainty_s: float | None
    source: str


class _NtpTimeval(ctypes.Structure):
    """`struct ntptimeval` of ntp_gettime(3), with glibc's padding for the future."""

    _fields_ = (
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("maxerror_us", ctypes.c_long),
        ("esterror_us", ctypes.c_long),
        ("tai", ctypes.c_long),
        ("reserved", ctypes.c_long * 4),
    )


def kernel_error_s() -> float | None:
    """The kernel's bound of the clock's error in seconds, None where it is not synchronised.

    It grows by itself from the last synchronisation on, whatever daemon made it, and counts as
    not synchronised after about nine hours without one.

    Raises:
        OSError: A sandbox denies the call.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    found = _NtpTimeval()
    state = libc.ntp_gettime(ctypes.byref(found))
    if state < 0:
        raise OSError(ctypes.get_errno(), "ntp_gettime")
    return None if state == _TIME_ERROR else found.maxerror_us / 1e6


def read_wall_clock(
    *,
    now: Callable[[], float] = time.time,
    error_s: Callable[[], float | None] = kernel_error_s,
    timesyncd: Path = TIMESYNCD,
) -> WallTime:
    """Read the wall clock, and say how far it can be trusted. Never raises."""
    seconds = now()
    at = datetime.fromtimestamp(seconds, UTC)
    iso = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if at < BUILD_FLOOR:
        return WallTime(iso, None, "unset")
    try:
        uncertainty_s = error_s()
    except OSError:
        uncertainty_s = _by_timesyncd(timesyncd, seconds)
    if uncertainty_s is None:
        return WallTime(iso, None, "unsynchronised")
    return WallTime(iso, round(uncertainty_s, 6), "ntp")


def _by_timesyncd(path: Path, now: float) -> float | None:
    """The clock's error in seconds after the daemon's own mark, None without one."""
    try:
        age_s = now - path.stat().st_mtime
    except OSError:
        return None
    return _SLEWED_S + _DRIFT * max(0.0, age_s)
