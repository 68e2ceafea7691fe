"""Events kept on disk until the hub has confirmed them; see docs/adr/0004-outbox.md.

A full, read-only or broken disk holds nobody up: rows then wait in RAM, in order, are handed to
the uplink all the same, and are written as soon as the disk takes them again.
"""

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from agent.eventfile import Row, history
from agent.eventstore import GENESIS, EventStore
from agent.reserve import Reserve
from agent.values import Event, Hazard

__all__ = ["Outbox", "Row", "history"]

log = logging.getLogger(__name__)

KEPT = 300  # confirmed rows that stay for `haetae events`
BATCH = 64  # confirmations between two prunings, to spare the flash
MINOR_KEPT = 5000  # unconfirmed rows that are no alarms: a device that has no hub for months
MINOR_IN_RAM = 100  # the same while the disk takes nothing
EVICTABLE = frozenset({Hazard.FAULT, Hazard.CLIMATE, Hazard.AIR})  # nobody's life hangs on one

_PASSING = frozenset(  # the open file is sound, only not to be written just now
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
)

T = TypeVar("T")


class Outbox:
    """A first-in, first-out store of events; an event leaves only by `confirm`.

    One thread puts, another reads and confirms. Nothing here raises for the disk's sake:
    `trouble` says what is wrong with it.
    """

    def __init__(
        self, path: Path, *, reserve_bytes: int = 1 << 20, minor_kept: int = MINOR_KEPT
    ) -> None:
        self._path, self._minor_kept = path, minor_kept
        self._reserve = Reserve(path.with_suffix(".reserve"), reserve_bytes)
        self._lock = threading.Lock()
        self._folding = threading.Lock()  # taken after the other
        self._news = threading.Event()
        self._ram: deque[Row] = deque()  # not on disk yet
        self._store: EventStore | None = None
        self._suspect = True  # the store must be opened (again)
        self._trouble: str | None = None
        self._last_seq, self._last_digest = 0, GENESIS
        self._written = 0  # the last row on disk
        self._owed: deque[tuple[int, float]] = deque()  # confirmed, and not yet said on disk
        self._told = 0  # the last row on disk that the hub has confirmed
        self._waiting = self._minor = 0  # rows on disk that wait; those of them that are no alarms
        self._unpruned = 0
        with self._lock:
            self._write_down()

    def put(self, make: Callable[[int, str], Event]) -> Event:
        """Keep the event that `make` builds from its sequence number and its predecessor's hash.

        On return it is on flash, or `trouble` says why not.
        """
        with self._lock:
            event = make(self._last_seq + 1, self._last_digest)
            row = Row(event.seq, event.id, msgspec.json.encode(event), _is_alarm(event))
            self._last_seq, self._last_digest = row.seq, row.digest()
            self._ram.append(row)
            self._write_down()
        self._news.set()
        return event

    def wait(self, timeout_s: float) -> bool:
        """Sleep until the next `put` or `wake`, at most `timeout_s`; say whether one came.

        Look for the `oldest` row after it, whatever it says.
        """
        came = self._news.wait(timeout_s)
        self._news.clear()
        return came

    def wake(self) -> None:
        """End the `wait` of another thread."""
        self._news.set()

    def oldest(self) -> Row | None:
        """The first row that the hub has not confirmed."""
        with self._lock:
            self._write_down()
            found = [self._ram[0]] if self._ram else []
            row = self._ask(lambda store: store.oldest(after=self._told), None)
            if row is not None:
                found.append(row)
            return min(found, key=lambda row: row.seq, default=None)

    def confirm(self, seq: int, at: float) -> None:
        """Note that the hub has row `seq`, at `at` (monotonic s)."""
        with self._lock:
            if self._ram and self._ram[0].seq == seq:
                self._ram.popleft()
                return
            self._told = max(self._told, seq)
            self._owed.append((seq, at))
            self._settle()
        if self._unpruned >= BATCH:
            self._tidy()

    def pending(self) -> int:
        """How many rows the hub has not confirmed. Costs nothing."""
        with self._lock:
            return self._waiting + len(self._ram)

    def recent(self, limit: int) -> list[Row]:
        """The last `limit` rows, newest first."""
        with self._lock:
            rows = list(self._ram)[::-1][:limit]
            nothing: list[Row] = []
            return rows + self._ask(lambda store: store.recent(limit - len(rows)), nothing)

    def verify(self) -> int | None:
        """The first row on disk that breaks the hash chain, None if the chain is whole.

        Raises:
            sqlite3.Error: The disk cannot be read.
        """
        with self._lock:
            return self._store.broken_at() if self._store is not None else None

    def bytes_on_disk(self) -> int:
        """What database, log and reserve occupy."""
        total = 0
        for path in self._path.parent.glob(f"{self._path.stem}.*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_blocks * 512
        return total

    @property
    def trouble(self) -> str | None:
        """What is wrong with the disk, in one sentence; None while all is well."""
        if self._trouble is not None:
            return self._trouble
        return None if self._reserve.held else "the disk is full: the reserve for alarms is in use"

    def close(self) -> None:
        """Release the file. Only once no other thread uses the outbox."""
        with self._lock:
            self._write_down()
            if self._ram:
                log.error("outbox: %d events were in RAM only and are lost", len(self._ram))
            with self._folding:
                if self._store is not None:
                    self._store.close()
                self._store = None

    def _write_down(self) -> None:
        """Open the store if need be, and write what waits in RAM, in order."""
        if self._suspect:
            self._open()
        # a file that came late may hold these numbers already: such rows stay in RAM
        for row in [row for row in self._ram if row.seq > self._written]:
            if not self._write(row):
                self._drop_surplus()
                return
            self._ram.remove(row)
            self._written = row.seq
            self._count(row, 1)
            self._recover()
        self._settle()
        if self._minor > self._minor_kept + BATCH:
            self._evict(self._minor_kept, "no hub took them for long")
        if not self._reserve.held and self._store is not None:
            with contextlib.suppress(OSError):  # `trouble` says that it is missing
                self._reserve.take()

    def _settle(self) -> None:
        """Write down what the hub has confirmed; what the disk refuses now, it is asked again."""
        while self._owed:
            seq, at = self._owed[0]
            done = self._ask(partial(_confirm, seq=seq, at=at), None)
            if done is None:
                return
            self._owed.popleft()
            (row,) = done
            if row is not None:
                self._count(row, -1)
                self._unpruned += 1
                self._recover()

    def _open(self) -> None:
        try:
            store = EventStore(self._path)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return
        with self._folding:
            if self._store is not None:
                self._store.close()
            self._store, self._suspect = store, False
        self._waiting, self._minor = self._ask(EventStore.waiting, (0, 0))
        newest = self._ask(EventStore.newest, None)
        if newest is not None:
            self._written = newest.seq
            if newest.seq > self._last_seq:
                self._last_seq, self._last_digest = newest.seq, newest.digest()
        if store.read_only:
            self._fail(sqlite3.OperationalError("read-only file system"))
        else:
            self._recover()

    def _write(self, row: Row) -> bool:
        while self._store is not None:
            try:
                self._store.insert(row)
            except sqlite3.Error as error:
                if _code(error) != sqlite3.SQLITE_FULL or not self._make_room():
                    self._fail(error)
                    return False
            else:
                return True
        return False

    def _make_room(self) -> bool:
        """On a full disk, and for an alarm only: give up the reserve, then what is no alarm."""
        if not any(row.alarm for row in self._ram):
            return False
        if self._reserve.held:
            try:
                self._reserve.release()
            except OSError:
                return False
            log.error("outbox: the disk is full: the reserve for alarms is released")
            return True
        return self._evict(0, "the disk is full")

    def _evict(self, keep: int, why: str) -> bool:
        count = self._ask(lambda store: store.evict(keep), 0)
        if count:
            self._waiting, self._minor = self._ask(EventStore.waiting, (0, 0))
            self._ask(EventStore.fold, None)  # the log starts anew, in place
            log.error("outbox: %d events that are no alarms are given up: %s", count, why)
        return count > 0

    def _drop_surplus(self) -> None:
        minor = [row for row in self._ram if not row.alarm]
        for row in minor[:-MINOR_IN_RAM]:
            self._ram.remove(row)
            log.error("outbox: event %s, no alarm, is given up: the disk takes nothing", row.id)

    def _tidy(self) -> None:
        """Prune confirmed rows; fold the log without holding up `put`."""
        with self._lock:
            self._unpruned = 0
            store = self._store
            self._ask(lambda store: store.prune(KEPT), None)
        with self._folding, contextlib.suppress(sqlite3.Error):  # the next batch tries again
            if store is not None and store is self._store:
                store.fold()

    def _count(self, row: Row, by: int) -> None:
        self._waiting += by
        self._minor += 0 if row.alarm else by

    def _ask(self, work: Callable[[EventStore], T], otherwise: T) -> T:
        """Let the store work; if it cannot, that becomes `trouble` and `otherwise` the answer."""
        if self._store is None:
            return otherwise
        try:
            return work(self._store)
        except sqlite3.Error as error:
            self._fail(error)
            return otherwise

    def _fail(self, error: Exception) -> None:
        if _code(error) not in _PASSING:
            self._suspect = True
        if self._trouble is None:
            log.error("outbox: the disk fails, events wait in RAM: %s", error)
        self._trouble = f"the disk fails: {error}"

    def _recover(self) -> None:
        if self._trouble is not None and not self._ram:
            log.warning("outbox: the disk takes events again")
            self._trouble = None


def _confirm(store: EventStore, *, seq: int, at: float) -> tuple[Row | None]:
    return (store.confirm(seq, at),)


def _code(error: Exception) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _is_alarm(event: Event) -> bool:
    return event.hazard not in EVICTABLE
