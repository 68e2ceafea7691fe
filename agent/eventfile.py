"""The outbox's file: opening it, on a read-only disk too, and saving what a damaged one holds."""

import contextlib
import hashlib
import itertools
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

BUSY_S = 5.0  # another process, such as `haetae events`, may hold the file this long
WAL_PAGES = 2000  # the log is folded into the file at this size at the latest
ALL = "SELECT seq, id, alarm, confirmed_at, body FROM event ORDER BY seq"
RECENT = f"{ALL} DESC LIMIT ?"


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


def history(path: Path, limit: int) -> list[Row]:
    """The last `limit` rows of a file that an agent may be using right now, newest first.

    Raises:
        sqlite3.Error: The file is not there or not readable.
    """
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=BUSY_S, uri=True)
    with contextlib.closing(db):
        return [to_row(each) for each in db.execute(RECENT, (limit,))]


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for one thread to use and any other to close, read-only if need be.

    WAL with a page of 1024 bytes halves what a record writes to flash.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    try:
        return _open(path.absolute().as_uri())
    except sqlite3.OperationalError:
        if not path.exists():
            raise
        # WAL needs to write, even to read; but on a read-only file system nobody else writes
        has_log = Path(f"{path}-wal").exists()
        return _open(f"{path.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}")


def _open(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        db.execute("PRAGMA page_size=1024")  # only a new file takes it
        if "?" not in uri:
            db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    except sqlite3.Error:
        db.close()
        raise
    return db


def is_writable(db: sqlite3.Connection) -> bool:
    """Whether the file system lets the file be written.

    Raises:
        sqlite3.Error: It cannot be told.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY:
            return False
        raise
    return True


def to_row(found: tuple[int, str, int, float | None, bytes | str]) -> Row:
    """Make a row of a table's."""
    seq, id_, alarm, confirmed_at, body = found
    exact = body.encode() if isinstance(body, str) else body  # somebody's tool wrote text
    return Row(seq, id_, exact, bool(alarm), confirmed_at)


def set_aside_if_damaged(path: Path) -> list[Row]:
    """Give a damaged file another name, never delete it; return the rows to carry over.

    Raises:
        sqlite3.OperationalError: It is the disk that fails, not the file.
        OSError: The damaged file cannot be renamed.
    """
    if not path.exists():
        return []
    damage, rows = _examine(path)
    if damage is None:
        return []
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


def _examine(path: Path) -> tuple[str | None, list[Row]]:
    """What is damaged in a file, if anything, and what can be saved from it.

    Raises:
        sqlite3.OperationalError: It is the disk that fails, not the file.
    """
    try:
        with contextlib.closing(connect(path)) as db:
            found = "; ".join(each for (each,) in db.execute("PRAGMA quick_check(1)"))
            return (None, []) if found == "ok" else (found.replace("\n", ": "), _readable(db))
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:  # not even a database
        return str(error), []


def _readable(db: sqlite3.Connection) -> list[Row]:
    """What can still be read of a damaged file: unconfirmed rows, and the newest for its seq."""
    seqs: set[int] = set()
    for query in (
        "SELECT max(seq) FROM event",
        "SELECT seq FROM event WHERE confirmed_at IS NULL ORDER BY seq",
        "SELECT seq FROM event WHERE confirmed_at IS NULL ORDER BY seq DESC",
    ):  # from both ends, up to the damage
        with contextlib.suppress(sqlite3.Error):
            seqs.update(seq for (seq,) in db.execute(query) if seq is not None)
    rows: list[Row] = []
    for seq in sorted(seqs):
        with contextlib.suppress(sqlite3.Error):
            query = "SELECT seq, id, alarm, confirmed_at, body FROM event WHERE seq = ?"
            rows += map(to_row, db.execute(query, (seq,)))
    return rows
