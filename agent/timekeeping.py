"""What is known of the time over restarts, and events told again once it is; see docs/adr/0012.

Steps of the wall clock are told by its difference to the monotonic clock: both run alike, however
a daemon slews them, until somebody sets the wall clock.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.correction import Anchor, Floor
from agent.envelope import kernel_boot
from agent.gate import Rate
from agent.retelling import Records, Retelling
from agent.wallclock import BUILD_FLOOR, DRIFT, WallTime, read_wall_clock, wall_time
from drivers import kept
from drivers.sensor import NotReadyError

log = logging.getLogger(__name__)

FILE = "time.json"
LOOK_S = 1.0
DAY_S = 86_400.0  # so often at most the file is written in a boot, to spare the flash
NOTED_S = 0.5  # a smaller step is not worth a record; a leap second is
MARGIN_S = 3600.0  # so far a daemon may take back what it said first
DOUBTED_S = 600.0  # so long the network must say that the floor is wrong
MOST_NOTED = 24  # records in an hour: a clock that is set back and forth may not fill the disk
NOTED_WITHIN_S = 3600.0
_CLOSE_S = 0.002  # between two readings of one clock: then the other was read in between
_TRIES = 3
_LONGEST_S = 1e11  # more is damage: no calendar has it

Note = Callable[[str, Mapping[str, Any]], None]


class Known(msgspec.Struct, frozen=True):
    """The file: the last instant that was known and written down.

    `seq` is the number of the last record then.
    """

    boot: str
    monotonic_s: Annotated[float, Meta(ge=0, le=_LONGEST_S)]
    unix_s: Annotated[float, Meta(ge=0, le=_LONGEST_S)]
    error_s: Annotated[float, Meta(ge=0, le=_LONGEST_S)]
    seq: int

    @property
    def floor(self) -> float:
        """Unix seconds that are surely past."""
        return self.unix_s - self.error_s - MARGIN_S

    @property
    def anchor(self) -> Anchor:
        """What it says of its boot."""
        return Anchor(self.boot, self.monotonic_s, self.unix_s, self.error_s)


@dataclass(frozen=True, slots=True)
class Look:
    """Both clocks read at one instant; `wall` as it is told, `said` the source that it named."""

    wall: WallTime
    unix_s: float
    monotonic_s: float
    said: str

    @property
    def is_trusted(self) -> bool:
        """Whether somebody vouches for the wall clock."""
        return self.wall.source == "ntp" and self.wall.uncertainty_s is not None

    @property
    def offset_s(self) -> float:
        """Wall clock less monotonic clock."""
        return self.unix_s - self.monotonic_s


class Timekeeping:
    """Dates events, keeps the floor, and tells again what was told without a trusted clock.

    `wall` and `clock` (monotonic seconds since the kernel's start) run alike. `at` is for the
    pipeline's thread, inside `Outbox.put`; `step` and `run` for one of their own, which may wait
    for the disk; `read` for any. `note` takes what the ledger should know. For so
    long as `doubted_s` the network must contradict the floor before it is given up.
    """

    def __init__(  # noqa: PLR0913  # two clocks, two stores, each injected
        self,
        folder: Path,
        records: Records,
        *,
        wall: Callable[[], WallTime] = read_wall_clock,
        clock: Callable[[], float] = time.monotonic,
        boot: str | None = None,
        note: Note = lambda _kind, _body: None,
        doubted_s: float = DOUBTED_S,
    ) -> None:
        self._file, self._wall, self._clock = folder / FILE, wall, clock
        self._retelling = Retelling(records)
        self._boot = kernel_boot() if boot is None else boot
        self._note, self._doubted_s = note, doubted_s
        self._known = self._load()
        self._anchor = self._anchor_of_this_boot()
        self._before: Look | None = None
        self._doubted_since: float | None = None
        self._told: tuple[float, float] = float("-inf"), float("-inf")
        self._stepped_at = float("-inf")
        self._noted, self._unnoted, self._unnoted_s = Rate(MOST_NOTED, NOTED_WITHIN_S), 0, 0.0
        self._stopping = threading.Event()
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """What is wrong with the file, empty while all is well."""
        return self._trouble

    def read(self) -> WallTime:
        """The wall clock now, with what is surely past; `unset` below the floor."""
        return self._look().wall

    def at(self, monotonic_s: float) -> WallTime:
        """The wall time at an instant of the monotonic clock.

        What is told first after a step backwards, and for a while, says so: its uncertainty then
        reaches to what was told before.
        """
        look = self._look()
        if not look.is_trusted:
            self._retelling.owe()
        unix_s = look.offset_s + monotonic_s
        source, error_s = look.wall.source, look.wall.uncertainty_s
        if error_s is not None:
            error_s += DRIFT * abs(look.monotonic_s - monotonic_s)
            told_at, told = self._told
            if monotonic_s >= told_at:
                error_s = max(error_s, told - unix_s)
                is_settled = look.monotonic_s - self._stepped_at >= self._doubted_s
                self._told = monotonic_s, unix_s if is_settled else max(told, unix_s)
            error_s = round(error_s, 6)
        return wall_time(unix_s, error_s, source)

    def step(self) -> None:
        """Look at both clocks, and do what is due. Never raises for the disk's sake."""
        look = self._look()
        self._doubt(look)
        self._compare(look)
        self._before = look
        if not look.is_trusted:
            return
        anchor = Anchor(self._boot, look.monotonic_s, look.unix_s, look.wall.uncertainty_s or 0.0)
        self._anchor = anchor
        known = self._known
        is_told = self._retelling.step(
            anchor,
            known=[] if known is None else [known.anchor],
            floor=None if known is None else Floor(known.floor, known.seq),
        )
        if is_told:  # only now: what is still to be told needs the old one
            self._keep(anchor)

    def run(self, beat: Callable[[], None]) -> None:
        """Step until `stop`."""
        while not self._stopping.wait(LOOK_S):
            beat()
            self.step()

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._stopping.set()

    @property
    def _floor(self) -> float:
        built = BUILD_FLOOR.timestamp()
        known = self._known
        return built if known is None else max(built, known.floor)

    def _look(self) -> Look:
        """Read both clocks; again if something came in between."""
        before, wall, after = self._clock(), self._wall(), self._clock()
        tries = 1
        while after - before > _CLOSE_S and tries < _TRIES:
            before, wall, after = self._clock(), self._wall(), self._clock()
            tries += 1
        unix_s, monotonic_s = wall.unix_s, (before + after) / 2
        past_s, source, error_s = self._floor, wall.source, wall.uncertainty_s
        if unix_s < past_s:
            source, error_s = "unset", None
        if (anchor := self._anchor) is not None:
            held_s, doubt_s = anchor.unix_at(monotonic_s), anchor.error_at(monotonic_s)
            past_s = max(past_s, held_s - doubt_s)
            if error_s is None and source != "unset":  # it was right before in this boot
                error_s = round(doubt_s + abs(unix_s - held_s), 6)
        told = WallTime(wall.iso, error_s, source, past_s)
        return Look(told, unix_s, monotonic_s, wall.source)

    def _compare(self, look: Look) -> None:
        """Note what changed since the last look."""
        before = self._before
        step_s = 0.0 if before is None else look.offset_s - before.offset_s
        if abs(step_s) >= NOTED_S and before is not None:
            self._stepped_at = look.monotonic_s
            log.warning("clock: stepped by %+.3f s, from %s", step_s, before.wall.iso)
            self._say("step", step_s=round(step_s, 3), shown_before=before.wall.iso)
        was = before is not None and before.is_trusted
        if look.is_trusted and not was:
            log.warning("clock: synchronised: %s", look.wall.iso)
            self._say("synchronised", uncertainty_s=look.wall.uncertainty_s)
        elif was and not look.is_trusted:
            log.warning("clock: no longer synchronised: %s", look.wall.source)
            self._say("lost", source=look.wall.source)
        self._say_what_was_left_out()

    def _doubt(self, look: Look) -> None:
        """Give up a floor that the network contradicts for long: the clock was wrong before."""
        is_doubted = look.said == "ntp" and look.wall.source == "unset"
        if not is_doubted or look.unix_s < BUILD_FLOOR.timestamp():
            self._doubted_since = None
            return
        if self._doubted_since is None:
            self._doubted_since = look.monotonic_s
        if look.monotonic_s - self._doubted_since >= self._doubted_s:
            log.error("clock: was wrong before: the network says %s", look.wall.iso)
            self._tell("floor", given_up=wall_time(self._floor, None, "").iso)
            self._known, self._anchor = None, None

    def _say(self, what: str, *, step_s: float | None = None, **facts: object) -> None:
        """Have it written down, or counted where there is too much of it."""
        if not self._noted.take(self._clock()):
            self._unnoted, self._unnoted_s = self._unnoted + 1, self._unnoted_s + (step_s or 0.0)
            return
        self._tell(what, **facts if step_s is None else {"step_s": step_s, **facts})

    def _say_what_was_left_out(self) -> None:
        if self._unnoted and self._noted.take(self._clock()):
            self._tell("unrecorded")

    def _tell(self, what: str, **facts: object) -> None:
        """Have it written down, with how much was not since the last, and the sum of its steps."""
        if self._unnoted:
            facts |= {"unrecorded": self._unnoted, "unrecorded_s": round(self._unnoted_s, 3)}
        self._unnoted, self._unnoted_s = 0, 0.0
        self._note("clock", {"what": what, **facts})

    def _keep(self, now: Anchor) -> None:
        """Write down that this instant is known: at the first in a boot, and once a day."""
        known = self._known
        age_s = DAY_S if known is None else now.monotonic_s - known.monotonic_s
        if known is not None and known.boot == self._boot and 0 <= age_s < DAY_S:
            return
        seq = self._retelling.last_number()
        fresh = Known(now.boot, now.monotonic_s, now.unix_s, now.error_s, seq)
        try:
            kept.store(self._file, fresh)
        except OSError as error:
            if not self._trouble:
                log.error("clock: not kept: %s", error)  # noqa: TRY400  # no traceback
            self._trouble = f"the time is not kept over a restart: {error}"
        else:
            self._trouble = ""
        self._known = fresh

    def _load(self) -> Known | None:
        if not self._file.exists():
            return None
        try:
            return kept.load(self._file, Known, what="time", remedy="it is kept anew")
        except NotReadyError as error:
            log.error("clock: %s", error)  # noqa: TRY400  # no traceback
            return None

    def _anchor_of_this_boot(self) -> Anchor | None:
        known = self._known
        return known.anchor if known is not None and known.boot == self._boot else None
