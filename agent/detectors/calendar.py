"""Time of day for detectors: what the wall clock said of the monotonic one, and how surely."""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

USABLE_S = 900.0  # a time of day that may be further off is none
DRIFT = 500e-6  # the kernel's own bound for an undisciplined clock (MAXFREQ, agent/wallclock.py)
DAY_S = 86_400.0

ClockTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z")]


class CalendarConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[calendar]`. Local time is UTC and so many hours: Korea has no summer time."""

    utc_offset_h: Annotated[float, Meta(ge=-12, le=14)] = 9.0


@dataclass(slots=True, eq=False)
class Calendar:
    """Tells the time of day of a monotonic time, or that nobody knows it.

    A pure value for detectors: whoever owns the clocks calls `set`, and a recorded day replays.
    One good setting is believed for as long as the board's clock cannot have drifted by `USABLE_S`,
    which is 20 days without a network.
    """

    utc_offset_h: float = 9.0
    _anchor: tuple[float, float, float] | None = field(default=None, init=False)

    def set(self, at: float, unix_s: float, uncertainty_s: float) -> None:
        """Note that it was `unix_s` at monotonic `at`, surely within `uncertainty_s` (all in s)."""
        before = self.uncertainty_s(at)
        if before is None or uncertainty_s <= before:
            self._anchor = at, unix_s, uncertainty_s

    def uncertainty_s(self, at: float) -> float | None:
        """By how many seconds the time of day may be wrong at `at`; None: nobody ever set it."""
        if self._anchor is None:
            return None
        return self._anchor[2] + DRIFT * abs(at - self._anchor[0])

    def local_s(self, at: float) -> float | None:
        """Seconds of local time since 1970-01-01T00:00 at monotonic `at`; None: not known."""
        uncertainty_s = self.uncertainty_s(at)
        if self._anchor is None or uncertainty_s is None or uncertainty_s > USABLE_S:
            return None
        return self._anchor[1] + at - self._anchor[0] + 3600 * self.utc_offset_h

    def clock(self, at: float) -> str | None:
        """The time of day at `at` as `07:05`; None: not known."""
        local_s = self.local_s(at)
        return None if local_s is None else as_clock(local_s)

    def is_within(self, at: float, begins: ClockTime, ends: ClockTime) -> bool | None:
        """Whether `at` lies in the part of the day from `begins` to `ends`; None: not known.

        The part may span midnight; from a time to the same time is the whole day.
        """
        if (local_s := self.local_s(at)) is None:
            return None
        length_s = (seconds(ends) - seconds(begins)) % DAY_S or DAY_S
        return (local_s - seconds(begins)) % DAY_S < length_s


def seconds(clock: ClockTime) -> float:
    """Seconds since midnight of `07:05`."""
    hours, minutes = clock.split(":")
    return 3600.0 * int(hours) + 60.0 * int(minutes)


def as_clock(local_s: float) -> str:
    """Write seconds of local time, or of a day, as `07:05`."""
    minutes = int(local_s % DAY_S) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
