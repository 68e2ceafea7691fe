"""The outbox's tables: records and cursors in one SQLite database that survives a power cut.

WAL with `synchronous=FULL` is durable at each commit; what is committed otherwise survives a kill,
and a power cut once `sync` has returned. The newest record is never pruned: sequence and hash
chain go on from it.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from agent import eventfile, salvage
from agent.eventfile import ALL, RECENT, Row, breaks, connect, is_writable, to_row
from drivers import kept

GENESIS = "0" * 64  # what the first record has for its predecessor's hash


class EventStore:
    """Rows on disk, for several threads: each has a connection of its own.

    Only one thread may write at a time; `fold` may run beside it. Every method may raise
    `sqlite3.Error`: the disk is full, read-only, gone or damaged. On a read-only file system
    (`read_only`) the rows can still be read. `damage` says why an earlier file was not gone on
    with; what it held is here.
    """

    def __init__(self, path: Path, *, check_chain: bool = True) -> None:
        self._path = path
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._log_is_linked = False
        try:
            self.damage = salvage.set_aside_if_damaged(path, check_chain=check_chain)
            self.read_only = not is_writable(self._db())
            if not self.read_only:
                eventfile.create_tables(self._db())
                with contextlib.suppress(OSError):  # a full disk: the next start leaves the word
                    salvage.mark(path)
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

    def insert(self, rows: Sequence[Row], *, durable: bool) -> None:
        """Write rows, all or none. If `durable`, they and all before are on flash on return.

        A row that is there already stays: a commit may have failed only after it was written.
        """
        with self._transaction(durable=durable) as db:
            eventfile.insert(db, rows)

    def sync(self) -> None:
        """Put on flash what was committed without waiting for it."""
        try:
            with contextlib.suppress(FileNotFoundError):  # all of it is folded into the file
                kept.sync(Path(f"{self._path}-wal"))
                if not self._log_is_linked:
                    kept.sync(self._path.parent)
                    self._log_is_linked = True
        except OSError as error:
            raise sqlite3.OperationalError(f"sync: {error}") from error

    def confirm(self, row: Row, at: float) -> None:
        """Note that home has the row, if it is still there, at `at` (monotonic s).

        Survives a kill, but perhaps not a power cut: the row is then sent again, under its id.
        """
        with self._transaction(durable=False) as db:
            query = "UPDATE event SET confirmed_at = ? WHERE seq = ? AND id = ?"
            db.execute(query, (at, row.seq, row.id))

    def move(self, reader: str, lane: int, seq: int, *, durable: bool = False) -> None:
        """Note that another reader has all rows of the lane up to `seq`; else as `confirm`."""
        with self._transaction(durable=durable) as db:
            db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (reader, lane, seq))

    def cursors(self) -> dict[tuple[str, int], int]:
        """How far each reader beside home has come, by its name and lane."""
        return eventfile.cursors(self._db())

    def prune(self, keep: int, needed: Collection[int]) -> None:
        """Delete all but the newest `keep` rows that home has and no other reader needs."""
        with self._transaction(durable=False) as db:
            db.execute(
                "DELETE FROM event WHERE confirmed_at IS NOT NULL AND seq <= "
                "(SELECT seq FROM event WHERE confirmed_at IS NOT NULL"
                " ORDER BY seq DESC LIMIT 1 OFFSET ?)"
                " AND seq < (SELECT max(seq) FROM event)"
                " AND seq NOT IN (SELECT value FROM json_each(?))",
                (keep, msgspec.json.encode(sorted(needed)).decode()),
            )

    def delete(self, seqs: Collection[int]) -> None:
        """Delete these rows, but never the newest."""
        with self._transaction(durable=False) as db:
            db.execute(
                "DELETE FROM event WHERE seq IN (SELECT value FROM json_each(?))"
                " AND seq < (SELECT max(seq) FROM event)",
                (msgspec.json.encode(sorted(seqs)).decode(),),
            )

    def fold(self) -> None:
        """Move the log into the file, as far as no reader holds it up; never blocks a writer."""
        self._db().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def at(self, seq: int) -> Row | None:
        """The row with this number."""
        return next(iter(self.after(seq - 1, 1, until=seq)), None)

    def after(self, seq: int, limit: int, *, until: int = 1 << 62) -> list[Row]:
        """The first `limit` rows beyond `seq`, up to `until`."""
        found = self._db().execute(
            "SELECT seq, id, alarm, confirmed_at, body FROM event"
            " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (seq, until, limit),
        )
        return [to_row(each) for each in found]

    def newest(self) -> Row | None:
        """The last row written."""
        return next(iter(self.recent(1)), None)

    def recent(self, limit: int) -> list[Row]:
        """The last `limit` rows, newest first."""
        return [to_row(each) for each in self._db().execute(RECENT, (limit,))]

    def confirmed(self) -> list[int]:
        """The numbers of the rows that home has, oldest first."""
        query = "SELECT seq FROM event WHERE confirmed_at IS NOT NULL ORDER BY seq"
        return [seq for (seq,) in self._db().execute(query)]

    def broken_at(self) -> int | None:
        """The first row that does not fit the hash chain, None if all do.

        Where a damaged file was carried over, the break is known and not told again.
        """
        known = eventfile.seams(self._db())
        return next(
            (seq for seq in breaks(map(to_row, self._db().execute(ALL))) if seq not in known), None
        )
