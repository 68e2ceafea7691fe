"""The outbox's file: one SQLite database of records, written so that it survives a power cut.

WAL with `synchronous=FULL` is durable at each commit; a page of 1024 bytes halves what a record
writes to flash. The newest record is never pruned: sequence and hash chain go on from it.
"""

import contextlib
import hashlib
import itertools
import logging
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)

BUSY_S = 5.0  # another process, such as `haetae events`, may hold the file this long
WAL_PAGES = 2000  # the log is folded into the file at this size at the latest
GENESIS = "0" * 64  # what the first record has for its predecessor's hash

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    alarm INTEGER NOT NULL,
    confirmed_at REAL,
    body BLOB NOT NULL
)
"""
_ALL = "SELECT seq, id, alarm, confirmed_at, body FROM event ORDER BY seq"
_RECENT = f"{_ALL} DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its exact bytes, and when the hub confirmed it (monotonic s), if it did."""

    seq: int
    id: str
    body: bytes
    alarm: bool
    confirmed_at: float | None = None

    def digest(self) -> str:
        """SHA-256 (hex) of the record's bytes, which the next record carries."""
        return hashlib.sha256(self.body).hexdigest()


class _Link(msgspec.Struct):
    """What of a record's body the hash chain needs."""

    id: str
    seq: int
    previous: str


class EventStore:
    """Rows on disk, for several threads: each has a connection of its own.

    Only one thread may write at a time; `fold` may run beside it. Every method may raise
    `sqlite3.Error`: the disk is full, read-only, gone or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        try:
            carried_over = _set_aside_if_damaged(path)
            self._db().execute(_SCHEMA)
            for row in carried_over:
                self.insert(row)
        except sqlite3.Error:
            self._release()
            raise

    def close(self) -> None:
        """Fold the log into the file and release it. Only once no thread uses the store."""
        with contextlib.suppress(sqlite3.Error):
            self.fold()
        self._release()

    def _release(self) -> None:
        for db in self._opened:
            db.close()

    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            self._local.db = db = _connect(self._path)
            self._opened.append(db)
        return db

    @contextlib.contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        db = self._db()
        db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):  # the failure may have ended it already
                db.execute("ROLLBACK")
            raise

    def insert(self, row: Row) -> None:
        """Write a row; it is on flash when this returns.

        A row that is there already stays: a commit may have failed only after it was written.
        """
        with self._transaction(durable=True) as db:
            db.execute(
                "INSERT INTO event (seq, id, alarm, confirmed_at, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (seq) DO NOTHING",
                (row.seq, row.id, row.alarm, row.confirmed_at, row.body),
            )

    def confirm(self, seq: int, at: float) -> Row | None:
        """Note that the hub has the row; return it, or None if it is no longer there.

        Survives a kill, but perhaps not a power cut: the row is then sent again, under its id.
        """
        with self._transaction(durable=False) as db:
            found = db.execute(
                "UPDATE event SET confirmed_at = ? WHERE seq = ?"
                " RETURNING seq, id, alarm, confirmed_at, body",
                (at, seq),
            ).fetchall()
        return next(map(_row, found), None)

    def prune(self, keep: int) -> None:
        """Delete all but the newest `keep` confirmed rows."""
        with self._transaction(durable=False) as db:
            db.execute(
                "DELETE FROM event WHERE confirmed_at IS NOT NULL AND seq <= "
                "(SELECT seq FROM event WHERE confirmed_at IS NOT NULL"
                " ORDER BY seq DESC LIMIT 1 OFFSET ?)"
                " AND seq < (SELECT max(seq) FROM event)",
                (keep,),
            )

    def evict(self, keep: int) -> int:
        """Delete unconfirmed rows that are no alarms, oldest first, down to `keep`; count them."""
        with self._transaction(durable=False) as db:
            found = db.execute(
                "DELETE FROM event WHERE confirmed_at IS NULL AND NOT alarm AND seq <= "
                "(SELECT seq FROM event WHERE confirmed_at IS NULL AND NOT alarm"
                " ORDER BY seq DESC LIMIT 1 OFFSET ?)"
                " AND seq < (SELECT max(seq) FROM event)",
                (keep,),
            )
        return found.rowcount

    def fold(self) -> None:
        """Move the log into the file, as far as no reader holds it up; never blocks a writer."""
        self._db().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def oldest(self, after: int) -> Row | None:
        """The first unconfirmed row beyond `after`."""
        found = self._db().execute(
            "SELECT seq, id, alarm, confirmed_at, body FROM event"
            " WHERE seq > ? AND confirmed_at IS NULL ORDER BY seq LIMIT 1",
            (after,),
        )
        return next(map(_row, found), None)

    def newest(self) -> Row | None:
        """The last row written."""
        return next(iter(self.recent(1)), None)

    def recent(self, limit: int) -> list[Row]:
        """The last `limit` rows, newest first."""
        return [_row(each) for each in self._db().execute(_RECENT, (limit,))]

    def waiting(self) -> tuple[int, int]:
        """How many rows are unconfirmed, and how many of these are no alarms."""
        query = "SELECT count(*), coalesce(sum(NOT alarm), 0) FROM event WHERE confirmed_at IS NULL"
        count, minor = self._db().execute(query).fetchone()
        return int(count), int(minor)

    def broken_at(self) -> int | None:
        """The first row that does not fit the hash chain, None if all do.

        A gap left by evicted rows is not held against the row behind it.
        """
        before: Row | None = None
        for row in map(_row, self._db().execute(_ALL)):
            try:
                link = msgspec.json.decode(row.body, type=_Link)
            except msgspec.DecodeError:
                return row.seq
            follows = (
                before is None or before.seq + 1 != row.seq or link.previous == before.digest()
            )
            if (link.id, link.seq) != (row.id, row.seq) or not follows:
                return row.seq
            before = row
        return None


def history(path: Path, limit: int) -> list[Row]:
    """The last `limit` rows of a file that an agent may be using right now, newest first.

    Raises:
        sqlite3.Error: The file is not there or not readable.
    """
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=BUSY_S, uri=True)
    with contextlib.closing(db):
        return [_row(each) for each in db.execute(_RECENT, (limit,))]


def _connect(path: Path) -> sqlite3.Connection:
    # each thread uses its own; `close` closes those of threads that have ended
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA page_size=1024")  # only a new file takes it
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _row(found: tuple[int, str, int, float | None, bytes]) -> Row:
    seq, id_, alarm, confirmed_at, body = found
    return Row(seq, id_, body, bool(alarm), confirmed_at)


def _set_aside_if_damaged(path: Path) -> list[Row]:
    """Give a damaged file another name, never delete it; return the rows to carry over."""
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_S)) as db:
        try:
            damage = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.OperationalError:
            raise  # the disk, not the file
        except sqlite3.DatabaseError as error:
            damage = str(error)
        if damage == "ok":
            return []
        rows = list(_readable(db))
    aside = next(
        name for n in itertools.count(1) if not (name := Path(f"{path}.damaged-{n}")).exists()
    )
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    log.error(
        "outbox: damaged, set aside as %s: %s: %d rows carried over", aside, damage, len(rows)
    )
    return rows


def _readable(db: sqlite3.Connection) -> Iterator[Row]:
    """What can still be read of a damaged file: unconfirmed rows, and the newest for its seq."""
    try:
        wanted = [seq for (seq,) in db.execute("SELECT seq FROM event WHERE confirmed_at IS NULL")]
        wanted += [seq for (seq,) in db.execute("SELECT max(seq) FROM event")]
    except sqlite3.Error:
        return
    for seq in sorted(set(wanted) - {None}):
        with contextlib.suppress(sqlite3.Error):
            query = "SELECT seq, id, alarm, confirmed_at, body FROM event WHERE seq = ?"
            yield from map(_row, db.execute(query, (seq,)))
