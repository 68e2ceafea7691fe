"""When events happened that were told without a trusted clock. No clock, no I/O.

All events of one boot of the kernel share one monotonic clock. One instant of it that is known
(an anchor) dates the rest. A boot that never knew one lies between its neighbours.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from agent.wallclock import BUILD_FLOOR, DRIFT, WallTime, half_year, wall_time

TRUSTED = frozenset({"ntp", "corrected"})
UNTRUSTED = frozenset({"unset", "unsynchronised", "rtc"})
NO_BOOT = "00000000"  # the kernel did not name its boot: no two records are of the same
_STEP_S = 0.001  # a written instant is cut to this


class Told(msgspec.Struct, frozen=True):
    """What correction needs of a record; ValueError where its time is none: it is damaged."""

    id: str
    boot_id: str
    monotonic_s: float
    wall_time: str
    wall_uncertainty_s: float | None
    wall_source: str
    revision: int = 0

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.wall_time)

    @property
    def boot(self) -> str:
        """The boot of the kernel."""
        return self.boot_id[:8]

    @property
    def number(self) -> int:
        """The sequence number under which it was told first; 0 if its id names none."""
        number = self.id.rpartition("-")[2]
        return int(number) if number.isdecimal() else 0


class Anchor(msgspec.Struct, frozen=True):
    """An instant known by both clocks: seconds since the kernel's start, and Unix seconds."""

    boot: str
    monotonic_s: float
    unix_s: float
    error_s: float

    def error_at(self, monotonic_s: float) -> float:
        """By how many seconds what is reckoned from it may be wrong at another instant."""
        return self.error_s + DRIFT * abs(monotonic_s - self.monotonic_s)

    def unix_at(self, monotonic_s: float) -> float:
        """Unix seconds at another instant of the same boot."""
        return self.unix_s + monotonic_s - self.monotonic_s

    def began(self) -> "Began":
        """When its boot began."""
        past_s = DRIFT * self.monotonic_s + self.error_s
        start = self.unix_s - self.monotonic_s
        return Began(start - past_s, start + past_s)


@dataclass(frozen=True, slots=True)
class Began:
    """Between which instants (Unix seconds) a boot began."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Floor:
    """An instant (Unix seconds) that was past when records after number `after` were told."""

    unix_s: float = BUILD_FLOOR.timestamp()
    after: int = 0


def corrections(
    told: Iterable[Told], now: Anchor, *, known: Iterable[Anchor] = (), floor: Floor | None = None
) -> dict[str, WallTime]:
    """When the events that are not trusted happened, by id, now that `now` is known.

    `told` has the last word on each event; `known` are anchors of earlier boots. An event of a
    boot with an anchor is `corrected`: wrong by the anchor's own error and by what a quartz may
    drift since. One of a boot that never knew the time is `bounded`, by half of what was possible.
    """
    boots: dict[str, list[Told]] = {}
    for each in sorted(told, key=lambda each: each.number):
        if each.boot != NO_BOOT:
            boots.setdefault(each.boot, []).append(each)
    anchors: dict[str, list[Anchor]] = {now.boot: [now]}
    for anchor in known:
        if anchor.boot != now.boot:
            anchors.setdefault(anchor.boot, []).append(anchor)
    for boot, events in boots.items():
        found = [a for a in map(_anchor, events) if a is not None]
        if found and boot != now.boot:  # this boot's clock may have been wrong before
            anchors.setdefault(boot, []).extend(found)
    began = _began(boots, anchors, now, floor or Floor())
    return {
        each.id: _corrected(each, anchors[boot]) if boot in anchors else _bounded(each, began[boot])
        for boot, events in boots.items()
        for each in events
        if each.wall_source in UNTRUSTED
    }


def _anchor(each: Told) -> Anchor | None:
    if each.wall_source not in TRUSTED or each.wall_uncertainty_s is None:
        return None
    unix_s = WallTime(each.wall_time, None, each.wall_source).unix_s
    return Anchor(each.boot, each.monotonic_s, unix_s, each.wall_uncertainty_s + _STEP_S)


def _corrected(each: Told, anchors: list[Anchor]) -> WallTime:
    best = min(anchors, key=lambda anchor: anchor.error_at(each.monotonic_s))
    unix_s = best.unix_at(each.monotonic_s)
    error_s = best.error_at(each.monotonic_s) + _leaps(unix_s, best.unix_s)
    return wall_time(unix_s, _up(error_s), "corrected")


def _bounded(each: Told, began: Began) -> WallTime:
    unix_s = (began.earliest + began.latest) / 2 + each.monotonic_s
    error_s = abs(began.latest - began.earliest) / 2 + DRIFT * each.monotonic_s
    return wall_time(unix_s, _up(error_s + _leaps(began.earliest, began.latest)), "bounded")


def _began(
    boots: Mapping[str, list[Told]],
    anchors: Mapping[str, list[Anchor]],
    now: Anchor,
    floor: Floor,
) -> dict[str, Began]:
    """When each boot began: each after the one before had told its last, and before the next."""
    lived = {boot: max(each.monotonic_s for each in events) for boot, events in boots.items()}
    least = {boot: (1 - DRIFT) * span_s for boot, span_s in lived.items()}
    own = {boot: min(found, key=lambda a: a.error_s).began() for boot, found in anchors.items()}
    earliest: dict[str, float] = {}
    soonest = BUILD_FLOOR.timestamp()
    for boot, events in boots.items():
        if events[0].number > floor.after:
            soonest = max(soonest, floor.unix_s)
        earliest[boot] = own[boot].earliest if boot in own else soonest
        soonest = earliest[boot] + least[boot]
    found: dict[str, Began] = {}
    last = own[now.boot].latest
    for boot in reversed(list(boots)):
        latest = own[boot].latest if boot in own else last - least[boot]
        found[boot] = Began(earliest[boot], latest)
        last = latest
    return found


def _leaps(a: float, b: float) -> float:
    """How many seconds may have been inserted between two instants, which no clock here counted."""
    return abs(half_year(a) - half_year(b))


def _up(error_s: float) -> float:
    """Rounded up to what is written, with what the instant loses when it is."""
    return math.ceil((error_s + _STEP_S) * 1000) / 1000
