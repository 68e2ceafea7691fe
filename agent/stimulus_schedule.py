"""When sensors are provoked: by day, one after the other, each within its interval. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.detectors.calendar import DAY_S, Calendar, ClockTime, seconds

EARLIEST, LATEST = "07:00", "21:00"  # no test by night, whatever is configured
LEAST_H = 1.0


class SelftestConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[selftest]`. Each sensor with a `stimulus` is tried once in `every_days`, by local time.

    Between two lie `pause_min` at least. Where nobody vouches for the clock none is, but by order.
    With `siren` it is announced and sounds as often, to be heard by the own microphone.
    """

    begins: ClockTime = "10:00"
    ends: ClockTime = "16:00"
    every_days: Annotated[int, Meta(ge=1, le=31)] = 7
    pause_min: Annotated[float, Meta(ge=5, le=120)] = 10.0
    siren: bool = False

    def problems(self) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if not seconds(EARLIEST) <= seconds(self.begins) < seconds(self.ends) <= seconds(LATEST):
            problem = "`begins` to `ends` is no part of the day - at `$.selftest`"
            yield problem, f"from {EARLIEST} at the earliest to {LATEST} at the latest"
        elif seconds(self.ends) - seconds(self.begins) < LEAST_H * 3600:
            yield "`begins` to `ends` is too short - at `$.selftest`", f"{LEAST_H:g} h at least"


@dataclass(slots=True)
class Schedule:
    """Picks the next one. `last` has the local day (since 1970) on which each was tried.

    `longest_s` gives for how long each is held back at most, by name; `now` is monotonic seconds.
    """

    config: SelftestConfig
    calendar: Calendar
    longest_s: Mapping[str, float]
    last: dict[str, int] = field(default_factory=dict)
    _rests_until: float = field(default=0.0, init=False)

    def day(self, now: float) -> int | None:
        """The local day; None where nobody knows it."""
        local_s = self.calendar.local_s(now)
        return None if local_s is None else int(local_s // DAY_S)

    def due(self, now: float, failed: Collection[str] = ()) -> str | None:
        """Who is to be tried now: who waits longest first, and who `failed` on the next day."""
        day = self.day(now)
        if day is None or now < self._rests_until:
            return None
        waiting = [
            name
            for name in self.longest_s
            if self._waits(day, name, failed) and self._is_day(now, self.longest_s[name])
        ]
        return min(waiting, key=lambda name: self.last.get(name, -1), default=None)

    def rest(self, now: float) -> None:
        """Leave everybody alone for a while."""
        self._rests_until = now + 60 * self.config.pause_min

    def tried(self, name: str, now: float) -> None:
        """Note that this one was."""
        if (day := self.day(now)) is not None:
            self.last[name] = day

    def _waits(self, day: int, name: str, failed: Collection[str]) -> bool:
        if (last := self.last.get(name)) is None or last > day:  # the clock was set back
            return True
        return day - last >= (1 if name in failed else self.config.every_days)

    def _is_day(self, now: float, lasts_s: float) -> bool:
        """Whether begin and end lie within the hours, however wrong the clock may be."""
        wrong_s = self.calendar.uncertainty_s(now) or 0.0
        begins, ends = self.config.begins, self.config.ends
        is_within = self.calendar.is_within
        earliest, latest = now - wrong_s, now + wrong_s + lasts_s
        return bool(is_within(earliest, begins, ends) and is_within(latest, begins, ends))
