"""Rows on disk, or in RAM while the disk takes none: the part of the outbox that meets the disk."""

import contextlib
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent.eventfile import Row
from agent.eventstore import GENESIS, EventStore

if TYPE_CHECKING:
    from agent.salvage import Damage

log = logging.getLogger(__name__)

GROUP_S = 1.0  # a row that is no alarm is on flash this long after its `put`
GROUP_ROWS = 32  # or once so many wait
TOGETHER = 64  # rows of one transaction at most
LOOK_S = 1.0  # so often at most it is looked whether the file is still where it was
ROOM_BYTES = 128 << 10  # the index of the log takes 32 KiB, a first page of each file 4

_PASSING = frozenset(  # the open file is sound, only not to be written just now
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
)

T = TypeVar("T")


class Outcome(Enum):
    """How writing went."""

    DONE = "done"
    FULL = "full"
    FAILED = "failed"


class Shelf:
    """Keeps rows in order, on disk if it can. One thread at a time, but for `fold`.

    Nothing here raises for the disk's sake: `trouble` says what is wrong with it. A row's place is
    its sequence number, or a negative one if the file came late and holds that number already:
    such a row is `stranded` and can only wait in RAM. `clock` is monotonic seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._folding = threading.Lock()
        self._store: EventStore | None = None
        self._is_checked = False
        self._owed: deque[tuple[Row, float]] = deque()  # home has them; not yet said on disk
        self._moved: dict[tuple[str, int], int] = {}  # where other readers are; the same
        self._due: float | None = None  # when what is not on flash must be
        self._unsynced = 0
        self._urgent = 0  # the last row that may not wait for a group
        self._inode, self._looked_at = 0, float("-inf")  # of the open file; when it was looked for
        self.is_gone = False  # somebody took the open file away: the next start will not find it
        self.is_suspect = True  # the file must be opened (again)
        self.is_full = False  # what the last failure to open was
        self.trouble: str | None = None
        self.damage: Damage | None = None
        self.ram: deque[Row] = deque()  # not on disk yet
        self.stranded: dict[int, Row] = {}  # never will be, by place
        self.last_seq, self.last_digest = 0, GENESIS
        self.written = self.synced = 0  # the last row on disk, and on flash

    def add(self, row: Row, *, urgent: bool) -> None:
        """Take a row in; it is in RAM until `write`, which puts an `urgent` one onto flash."""
        self.last_seq, self.last_digest = row.seq, row.digest()
        self.ram.append(row)
        if urgent:
            self._urgent = row.seq

    def open(self) -> bool:
        """Open the file; say whether it was."""
        if self._store is not None and self._store.read_only and not os.access(self._path, os.W_OK):
            return False  # as it was
        try:
            store = EventStore(self._path, check_chain=not self._is_checked)
        except (sqlite3.Error, OSError) as error:
            self.is_full = _code(error) == sqlite3.SQLITE_FULL or _lacks_room(self._path.parent)
            self.fail(error)
            return False
        with self._folding:
            if self._store is not None:
                self._store.close()
            self._store, self.is_suspect, self._is_checked = store, False, True
        self._inode, self._looked_at = _inode(self._path), float("-inf")
        self.damage = store.damage or self.damage
        newest = self.ask(EventStore.newest, None)
        if newest is not None:
            self._reconcile(newest.seq)
            self.written = newest.seq
            if newest.seq > self.last_seq:
                self.last_seq, self.last_digest = newest.seq, newest.digest()
        if store.read_only:
            self.fail(sqlite3.OperationalError("read-only file system"))
        else:
            self._due = self._clock()
            self.sync()  # a process before may have been killed ahead of its own
        return True

    def _reconcile(self, newest: int) -> None:
        """See which rows in RAM the file holds already, or another in their place."""
        for row in [row for row in self.ram if row.seq <= newest]:
            self.ram.remove(row)
            there = self.ask(lambda store, seq=row.seq: store.at(seq), None)  # type: ignore[misc]  # bound now
            if there is None or there.id != row.id:
                self.stranded[min(self.stranded, default=0) - 1] = row
            elif row.confirmed_at is not None:
                self._owed.append((row, row.confirmed_at))

    def write(self) -> Outcome:
        """Write what waits in RAM, in order; what is urgent, and all before it, onto flash."""
        self._look()
        together = TOGETHER
        while self.ram:
            rows = list(self.ram)[:together]
            durable = rows[0].seq <= self._urgent
            try:
                if self._store is None:
                    return Outcome.FAILED
                self._store.insert(rows, durable=durable)
            except sqlite3.Error as error:
                if _code(error) == sqlite3.SQLITE_FULL and together > 1:
                    together = 1  # some may still fit
                    continue
                self.fail(error)
                return Outcome.FULL if _code(error) == sqlite3.SQLITE_FULL else Outcome.FAILED
            for _ in rows:
                self.written = self.ram.popleft().seq
            self._note_unsynced(0 if durable else len(rows))
        self._recover()
        return Outcome.DONE

    def _look(self) -> None:
        """See whether the open file still has its name: SQLite writes on without a word."""
        now = self._clock()
        if self._store is None or now - self._looked_at < LOOK_S:
            return
        self._looked_at, was_gone = now, self.is_gone
        self.is_gone = _inode(self._path) != self._inode
        if self.is_gone and not was_gone:
            log.error("outbox: somebody took %s away while it is in use", self._path.name)

    def _note_unsynced(self, count: int) -> None:
        if count == 0:
            self.synced, self._due, self._unsynced = self.written, None, 0
        else:
            self._due = self._clock() + GROUP_S if self._due is None else self._due
            self._unsynced += count

    def is_readable(self, place: int) -> bool:
        """Whether the row may go out: it is on flash, or will not be for now."""
        return place <= self.synced or self.trouble is not None or place > self.written

    @property
    def due_in_s(self) -> float | None:
        """How soon `sync` is wanted, in seconds; None if everything is on flash."""
        if self._due is None:
            return None
        late = self._unsynced >= GROUP_ROWS
        return 0.0 if late else max(0.0, self._due - self._clock())

    def sync(self) -> bool:
        """Put on flash what was written without waiting for it; say whether there was any."""
        if self._due is None or self._store is None:
            return False
        try:
            self._store.sync()
        except sqlite3.Error as error:
            self.fail(error)
            return False
        self._note_unsynced(0)
        self._recover()
        return True

    def get(self, place: int) -> Row | None:
        """The row in this place, None if it is not to be had."""
        if place < 0:
            return self.stranded.get(place)
        if place > self.written:
            return next((row for row in self.ram if row.seq == place), None)
        return self.ask(lambda store: store.at(place), None)

    def is_on_disk(self, place: int) -> bool:
        """Whether the row in this place was written."""
        return 0 < place <= self.written

    def drop(self, place: int) -> None:
        """Let a row in RAM go."""
        self.stranded.pop(place, None)
        for row in [row for row in self.ram if row.seq == place]:
            self.ram.remove(row)

    def mark_confirmed(self, place: int, at: float) -> None:
        """Note that home has a row in RAM, at `at` (monotonic s)."""
        for n, row in enumerate(self.ram):
            if row.seq == place:
                self.ram[n] = replace(row, confirmed_at=at)

    def confirm(self, row: Row, at: float) -> None:
        """Note that home has a row on disk, at `at` (monotonic s)."""
        self._owed.append((row, at))
        self.settle()

    def move(self, reader: str, lane: int, seq: int) -> None:
        """Note that another reader has all rows of the lane up to `seq`."""
        self._moved[reader, lane] = seq
        self.settle()

    def start(self, reader: str, lanes: Iterable[int]) -> None:
        """Note on flash that a reader not seen before begins behind the last row on disk."""
        known, newest = self.cursors(), self.written
        for lane in lanes:
            if self._store is not None and (reader, lane) not in known:
                self._moved[reader, lane] = newest
                if self.ask(lambda store, lane=lane: _moved(store, reader, lane, newest), False):  # type: ignore[misc]  # bound now
                    del self._moved[reader, lane]

    def settle(self) -> None:
        """Write down what readers have; what the disk refuses now, it is asked again."""
        while self._owed:
            row, at = self._owed[0]
            if not self.ask(lambda store, row=row, at=at: _confirmed(store, row, at), False):  # type: ignore[misc]  # bound now
                return
            self._owed.popleft()
        for (reader, lane), seq in list(self._moved.items()):
            if not self.ask(lambda store: _moved(store, reader, lane, seq, durable=False), False):  # noqa: B023  # called at once
                return
            del self._moved[reader, lane]
        if not self.ram:
            self._recover()

    def owed(self) -> set[tuple[int, str]]:
        """Number and id of the rows that home has, and the disk does not know of."""
        return {(row.seq, row.id) for row, _ in self._owed}

    def cursors(self) -> dict[tuple[str, int], int]:
        """How far each reader beside home has come, by its name and lane."""
        nowhere: dict[tuple[str, int], int] = {}
        return self.ask(EventStore.cursors, nowhere) | self._moved

    def delete(self, seqs: Collection[int]) -> bool:
        """Delete rows; the log then starts anew, in place."""
        done = self.ask(lambda store: _deleted(store, seqs), False)
        self.ask(EventStore.fold, None)
        return done

    def fold(self) -> None:
        """Move the log into the file; the only call that may run beside another."""
        with self._folding, contextlib.suppress(sqlite3.Error):  # the next time tries again
            if self._store is not None:
                self._store.fold()

    def close(self) -> None:
        """Release the file."""
        with self._folding:
            if self._store is not None:
                self._store.close()
            self._store = None

    def ask(self, work: Callable[[EventStore], T], otherwise: T) -> T:
        """Let the store work; if it cannot, that becomes `trouble` and `otherwise` the answer."""
        if self._store is None:
            return otherwise
        try:
            return work(self._store)
        except sqlite3.Error as error:
            self.fail(error)
            return otherwise

    def fail(self, error: Exception) -> None:
        """Note that the disk does not do what it should."""
        if _code(error) not in _PASSING:
            self.is_suspect = True
        if self.trouble is None:
            log.error("outbox: the disk fails, events wait in RAM: %s", error)
        self.trouble = f"the disk fails: {error}"

    def _recover(self) -> None:
        if self.trouble is not None and not self.ram and not self.is_suspect:
            log.warning("outbox: the disk takes events again")
            self.trouble = None


def _confirmed(store: EventStore, row: Row, at: float) -> bool:
    store.confirm(row, at)
    return True


def _moved(store: EventStore, reader: str, lane: int, seq: int, *, durable: bool = True) -> bool:
    store.move(reader, lane, seq, durable=durable)
    return True


def _deleted(store: EventStore, seqs: Collection[int]) -> bool:
    store.delete(seqs)
    return True


def _inode(path: Path) -> int:
    """Which file has this name, 0 if none has."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _lacks_room(folder: Path) -> bool:
    """Whether there is no room for SQLite's own files: it says "disk I/O error" then."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < ROOM_BYTES


def _code(error: Exception) -> int:
    """SQLite's primary result code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
