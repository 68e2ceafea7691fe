"""The ledger of reboots: why each came, and a budget for those that the device orders itself.

One small file, replaced in one step and on flash when a call returns: a power cut leaves the old
or the new. Time is running time (`agent.ladder.Lived`): after a power cut there is no other.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.boot_cause import LONGEST, BootCause, Cause
from agent.envelope import kernel_boot
from agent.ladder import DAY_S, Budget, Lived
from drivers import kept
from drivers.sensor import NotReadyError
from provisioning.places import RECOVERY

log = logging.getLogger(__name__)

FILE, LOCK = "reboots.json", "lock"
MOST_KEPT = 64  # boots
STALE_S = 300.0  # what was ordered and has not come by then is not why the next one comes
SETTLE_S = 600.0  # a boot is left alone for so long
KEPT_S = 6 * 3600.0  # so seldom running time is written down, while something counts
# in all, and by who asks; a pause that doubles keeps what does not help from being tried at once
MOST = Budget(3, pause_s=3600.0)
EACH = {
    "agent": Budget(1),  # a wire that has died
    "crash-loop": Budget(2, pause_s=4 * 3600.0),
    "network": Budget(1),
}
NONE = Budget(0)


class Ordered(msgspec.Struct, frozen=True):
    """A reboot that is under way: its cause, who asked and why, and at which running time."""

    cause: Cause
    detail: str
    at_s: float


class Spent(msgspec.Struct, frozen=True):
    """One that was ordered: by whom, and when in running time."""

    by: str
    at_s: float


class Past(msgspec.Struct, frozen=True, omit_defaults=True):
    """One boot that has begun: why, and for how long the device had run by then."""

    boots: int
    cause: Cause
    detail: str
    at_s: float
    under_voltage: bool = False


class Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. Of the boot under way: its id, number, begin, cause, and what was seen in it."""

    lived: Lived = Lived()
    boots: int = 0
    began_s: float = 0.0
    cause: BootCause | None = None
    ordered: Ordered | None = None
    ended: bool = False
    under_voltage: bool = False
    panics: list[str] = []  # that were seen and told, by name
    spent: list[Spent] = []
    past: list[Past] = []


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the board and the kernel tell of the boot before (`provisioning.recovery.evidence`)."""

    panics: Sequence[str] = ()
    watchdog: str = ""
    power: bool | None = None  # it had lost its power, or had not; None: nobody can tell


class Reboots:
    """The ledger in `folder`; `clock` is monotonic seconds of the boot `boot`."""

    def __init__(
        self,
        folder: Path = RECOVERY,
        *,
        boot: Callable[[], str] = kernel_boot,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self._boot, self._clock = folder, boot(), clock

    def begin(self, evidence: Evidence) -> BootCause:
        """Say why this boot came, and open it: once in each.

        Raises:
            OSError: The disk takes nothing.
        """
        with self._open() as (book, is_damaged):
            told = _cause(book, evidence, "the ledger was damaged" if is_damaged else "")
            cause, detail = told
            found = BootCause(
                boot=self._boot,
                boots=book.boots + 1,
                cause=cause,
                detail=detail[:LONGEST],
                ended_in_order=book.ended,
                under_voltage=book.under_voltage,
            )
            lived = book.lived.moved(self._boot, self._clock())
            past = Past(found.boots, cause, found.detail, lived.lived_s, book.under_voltage)
            self._write(
                Book(
                    lived=lived,
                    boots=found.boots,
                    began_s=lived.lived_s,
                    cause=found,
                    panics=list(evidence.panics),
                    spent=book.spent,
                    past=[*book.past, past][-MOST_KEPT:],
                )
            )
            return found

    def go_on(self) -> None:
        """Take back that this boot ends: only the unit was stopped, and has begun anew.

        Raises:
            OSError: The disk takes nothing.
        """
        with self._open() as (book, _):
            if book.ended:
                self._write(self._now(book, ended=False))

    def note(self, cause: Cause, detail: str) -> None:
        """Write down that a reboot is ordered now, and why.

        Raises:
            OSError: The disk takes nothing.
        """
        with self._open() as (book, _):
            self._order(book, cause, detail, spent=[])

    def order(self, by: str, reason: str) -> str:
        """Take one out of the budget of `by` and write it down; else why it is refused.

        Raises:
            OSError: The disk takes nothing: then there is none.
        """
        with self._open() as (book, _):
            now = book.lived.at(self._boot, self._clock())
            if refused := _refusal(book, by, now):
                return refused
            self._order(book, "requested", f"{by}: {reason}", spent=[Spent(by, now)])
            return ""

    def end(self) -> None:
        """Mark that this boot ends in order.

        Raises:
            OSError: The disk takes nothing.
        """
        with self._open() as (book, _):
            self._write(self._now(book, ended=True))

    def look(self, *, under_voltage: bool) -> None:
        """Take in what a look at the running system gives; nothing is written without news.

        Raises:
            OSError: The disk takes nothing.
        """
        with self._open() as (book, _):
            now = book.lived.at(self._boot, self._clock())
            news: dict[str, object] = {}
            if under_voltage and not book.under_voltage:
                news["under_voltage"] = True
            if book.ordered is not None and now - book.ordered.at_s > STALE_S:
                log.error("a reboot that was ordered has not come: %s", book.ordered.detail)
                news["ordered"] = None
            if news or (book.spent and now - book.lived.lived_s >= KEPT_S):
                self._write(self._now(book, **news))

    def book(self) -> Book:
        """What is in it now.

        Raises:
            OSError: It cannot be read.
        """
        return self._load()[0]

    def _order(self, book: Book, cause: Cause, detail: str, *, spent: list[Spent]) -> None:
        now = book.lived.at(self._boot, self._clock())
        ordered = Ordered(cause, detail[:LONGEST], now)
        counts = [each for each in book.spent if now - each.at_s < DAY_S]
        self._write(self._now(book, ordered=ordered, spent=[*counts, *spent]))

    def _now(self, book: Book, **news: object) -> Book:
        lived = book.lived.moved(self._boot, self._clock())
        return msgspec.structs.replace(book, lived=lived, **news)

    @contextmanager
    def _open(self) -> Iterator[tuple[Book, bool]]:
        """Hold the ledger against others of root's; its content, and whether it was damaged."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self._load()
        finally:
            os.close(descriptor)

    def _load(self) -> tuple[Book, bool]:
        path = self.folder / FILE
        if not path.exists():
            return Book(), False
        try:
            found = kept.load(path, Book, what="ledger of reboots", remedy="it begins anew")
        except NotReadyError as error:  # as if all had been spent: the next day begins anew
            log.error("%s", error)  # noqa: TRY400  # no traceback
            return Book(spent=[Spent(by, 0.0) for by in EACH for _ in range(MOST.most)]), True
        return found, False

    def _write(self, book: Book) -> None:
        kept.replace(self.folder / FILE, msgspec.json.encode(book))


def note(cause: Cause, detail: str, folder: Path = RECOVERY) -> None:
    """Write down that a reboot is ordered now, and why: before it is.

    Raises:
        OSError: The disk takes nothing.
    """
    Reboots(folder).note(cause, detail)


def _refusal(book: Book, by: str, now: float) -> str:
    if now - book.began_s < SETTLE_S:
        return f"this boot is younger than {SETTLE_S / 60:.0f} min"
    own = [each.at_s for each in book.spent if each.by == by]
    if not EACH.get(by, NONE).allows(own, now):
        return f"the budget of {by} is spent"
    if not MOST.allows([each.at_s for each in book.spent], now):
        return "the day's budget is spent"
    return ""


def _cause(book: Book, evidence: Evidence, doubt: str) -> tuple[Cause, str]:
    """Why a boot came: what was ordered, what ended in order, and else what tells of it."""
    new = sorted(set(evidence.panics) - set(book.panics))
    ordered = book.ordered or Ordered("unknown", "", 0.0)
    cut = "" if book.ended else "; it did not end in order"
    found: tuple[tuple[bool, Cause, str], ...] = (
        (bool(new), "panic", f"pstore has {', '.join(new)}"),
        (bool(doubt), "unknown", doubt),
        (not book.boots, "first", ""),
        (book.ordered is not None, ordered.cause, ordered.detail[: LONGEST - len(cut)] + cut),
        (book.ended, "orderly", ""),
        (evidence.power is True, "power_loss", "the board says so"),
        (bool(evidence.watchdog), "watchdog", evidence.watchdog),
        (evidence.power is False, "unknown", "reset without a power loss"),
    )
    told = ((cause, detail) for holds, cause, detail in found if holds)
    return next(told, ("power_loss", "no mark of an orderly end"))
