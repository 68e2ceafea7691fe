"""The wall clock and what is known of it: the one place that reads it.

Logic runs on the monotonic clock; wall time only labels what leaves the device. There may be no
RTC, so a wall time always says how far it can be trusted. What is kept of it over restarts, and
told again once it is known, is in `agent.timekeeping`; see docs/adr/0012.
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
RTC = Path("/sys/class/rtc/rtc0/hctosys")  # "1": the kernel set its clock from this one at boot
DRIFT = 500e-6  # the kernel's own bound for an undisciplined clock, MAXFREQ in <linux/timex.h>

_LEAPING = frozenset({1, 2, 3, 4})  # ntp_gettime(3): a second is inserted, deleted, or was just now
_TIME_ERROR = 5  # the clock is not synchronised
_LEAP_S = 1.0
_SMEARED_S = 12 * 3600.0  # servers that smear a leap second are off from noon to noon around it
_LOST_S = 16.0  # the kernel calls a clock that may be so wrong unsynchronised, NTP_PHASE_LIMIT
_SLEWED_S = 0.4  # systemd-timesyncd steps larger offsets and slews smaller ones (NTP_MAX_ADJUST)


@dataclass(frozen=True, slots=True)
class WallTime:
    """One reading of the wall clock, or an instant of it.

    `iso` is RFC 3339 in UTC, to the millisecond. `uncertainty_s` is the largest error in seconds,
    None if unknown. `source` is one of

    - `ntp`: the clock was set from the network, and is still kept
    - `rtc`: nobody vouches for it, but a battery kept it over the last power cut
    - `unsynchronised`: nobody vouches for it
    - `unset`: it shows a time that is surely past
    - `corrected`: reckoned afterwards, when the clock was known
    - `bounded`: reckoned afterwards as the middle of what was possible; its boot never knew

    `past_s` is an instant (Unix seconds) that is surely past, whatever the clock shows.
    """

    iso: str
    uncertainty_s: float | None
    source: str
    past_s: float = BUILD_FLOOR.timestamp()

    @property
    def unix_s(self) -> float:
        """The instant in Unix seconds."""
        return datetime.fromisoformat(self.iso).timestamp()

    @property
    def earliest(self) -> datetime | None:
        """For certificates: the earliest that now can be, None while the clock can judge them."""
        if self.source == "ntp":
            return None
        return datetime.fromtimestamp(max(self.unix_s, self.past_s), UTC)


def wall_time(unix_s: float, uncertainty_s: float | None, source: str) -> WallTime:
    """Write an instant, given in Unix seconds, as it leaves the device."""
    iso = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return WallTime(iso.replace("+00:00", "Z"), uncertainty_s, source)


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
    return bound_s(state, found.maxerror_us / 1e6)


def bound_s(state: int, error_s: float) -> float | None:
    """The error in seconds of a clock in the state that ntp_gettime(3) returned, None if unknown.

    While a leap second is due, one second is repeated or skipped: 23:59:60 has no number.
    """
    if state == _TIME_ERROR:
        return None
    return error_s + _LEAP_S if state in _LEAPING else error_s


def read_wall_clock(
    *,
    now: Callable[[], float] = time.time,
    error_s: Callable[[], float | None] = kernel_error_s,
    timesyncd: Path = TIMESYNCD,
    rtc: Path = RTC,
) -> WallTime:
    """Read the wall clock, and say how far it can be trusted. Never raises."""
    try:
        uncertainty_s = error_s()  # before the time: what was just set is then not believed yet
        seconds = now()
    except OSError:
        seconds = now()
        uncertainty_s = _by_timesyncd(timesyncd, seconds)
    if seconds < BUILD_FLOOR.timestamp():
        return wall_time(seconds, None, "unset")
    if uncertainty_s is None:
        return wall_time(seconds, None, "rtc" if _was_kept(rtc) else "unsynchronised")
    if half_year(seconds - _SMEARED_S) != half_year(seconds + _SMEARED_S):
        uncertainty_s += _LEAP_S  # no daemon tells whether its servers smear
    return wall_time(seconds, round(uncertainty_s, 6), "ntp")


def half_year(unix_s: float) -> int:
    """Count half years: a leap second can only come at the end of one (ITU-R TF.460-6)."""
    at = datetime.fromtimestamp(unix_s, UTC)
    return 2 * at.year + (at.month > 6)  # June


def _was_kept(rtc: Path) -> bool:
    try:
        return rtc.read_text("ascii").strip() == "1"
    except OSError:
        return False


def _by_timesyncd(path: Path, now: float) -> float | None:
    """The clock's error in seconds after the daemon's own mark, None without one.

    A mark from the future tells that somebody has set the clock back since.
    """
    try:
        age_s = now - path.stat().st_mtime
    except OSError:
        return None
    uncertainty_s = _SLEWED_S + DRIFT * age_s
    return uncertainty_s if age_s >= -_SLEWED_S and uncertainty_s <= _LOST_S else None
