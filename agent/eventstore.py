"""The outbox's table: records in one SQLite database, written so that they survive a power cut.

WAL with `synchronous=FULL` is durable at each commit. The newest record is never pruned: sequence
and hash chain go on from it.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent.eventfile import ALL, RECENT, Row, connect, is_writable, set_aside_if_damaged, to_row

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


class _Link(msgspec.Struct):
    """What of a record's body the hash chain needs."""

    id: str
    seq: int
    previous: str


class EventStore:
    """Rows on disk, for several threads: each has a connection of its own.

    Only one thread may write at a time; `fold` may run beside it. Every method may raise
    `sqlite3.Error`: the disk is full, read-only, gone or damaged. On a read-only file system
    (`read_only`) the rows can still be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        try:
            carried_over = set_aside_if_damaged(path)
            self._db().execute(_SCHEMA)
            for row in carried_over:
                self.insert(row)
            self.read_only = not is_writable(self._db())
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
            self._local.db = db = connect(self._path)
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
        return next(map(to_row, found), None)

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
        return next(map(to_row, found), None)

    def newest(self) -> Row | None:
        """The last row written."""
        return next(iter(self.recent(1)), None)

    def recent(self, limit: int) -> list[Row]:
        """The last `limit` rows, newest first."""
        return [to_row(each) for each in self._db().execute(RECENT, (limit,))]

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
        for row in map(to_row, self._db().execute(ALL)):
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
