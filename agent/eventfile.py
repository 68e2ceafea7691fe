"""The outbox's file: its tables, its hash chain, and opening it, on a read-only disk too.

The table of records is what the first version made, so that either version opens the other's file.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

BUSY_S = 5.0  # another process, such as `haetae events`, may hold the file this long
WAL_PAGES = 2000  # the log is folded into the file at this size at the latest
ALL = "SELECT seq, id, alarm, confirmed_at, body FROM event ORDER BY seq"
RECENT = f"{ALL} DESC LIMIT ?"

_EVENT = """
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    alarm INTEGER NOT NULL,
    confirmed_at REAL,
    body BLOB NOT NULL
)
"""
_CURSOR = """
CREATE TABLE IF NOT EXISTS cursor (
    reader TEXT NOT NULL,
    lane INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (reader, lane)
) WITHOUT ROWID
"""
_SEAM = "CREATE TABLE IF NOT EXISTS seam (seq INTEGER PRIMARY KEY)"
_COLUMNS = {  # as PRAGMA table_info has them: name, type, NOT NULL, place in the key
    "event": [
        ("seq", "INTEGER", 0, 1),
        ("id", "TEXT", 1, 0),
        ("alarm", "INTEGER", 1, 0),
        ("confirmed_at", "REAL", 0, 0),
        ("body", "BLOB", 1, 0),
    ],
    "cursor": [("reader", "TEXT", 1, 1), ("lane", "INTEGER", 1, 2), ("seq", "INTEGER", 1, 0)],
    "seam": [("seq", "INTEGER", 0, 1)],
}


class _Link(msgspec.Struct):
    """What of a record's body the hash chain needs."""

    id: str
    seq: int
    previous: str


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
    db.text_factory = _text
    with contextlib.closing(db):
        return [to_row(each) for each in db.execute(RECENT, (limit,))]


def breaks(rows: Iterable[Row]) -> Iterator[int]:
    """The rows, given in order of seq, that do not fit the hash chain.

    A gap left by evicted rows is not held against the row behind it.
    """
    before: Row | None = None
    for row in rows:
        try:
            link = msgspec.json.decode(row.body, type=_Link)
        except ValueError:  # no JSON, or no UTF-8
            link = None
        adjoins = before is not None and before.seq + 1 == row.seq
        if (
            link is None
            or (link.id, link.seq) != (row.id, row.seq)
            or (adjoins and before is not None and link.previous != before.digest())
        ):
            yield row.seq
        before = row


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
    db.text_factory = _text
    try:
        db.execute("PRAGMA page_size=1024")  # only a new file takes it
        if "?" not in uri:
            db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    except UnicodeDecodeError as error:  # SQLite's message quotes a damaged schema
        db.close()
        raise sqlite3.DatabaseError("malformed database schema") from error
    except sqlite3.Error:
        db.close()
        raise
    return db


def _text(raw: bytes) -> str:
    """A text of the file, wanted all the same where a flipped bit has made it no UTF-8."""
    return raw.decode("utf-8", "replace")


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


def has_table(db: sqlite3.Connection, name: str) -> bool:
    """Whether the file has this table: an older version's has fewer.

    Raises:
        sqlite3.Error: It cannot be told.
    """
    found = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def odd_table(db: sqlite3.Connection) -> str | None:
    """The first table that is there and not as it was made, None if all are.

    Raises:
        sqlite3.Error: The file cannot be read.
    """
    for name, columns in _COLUMNS.items():
        told = db.execute(f"PRAGMA table_info({name})")  # a name of ours: no pragma takes a "?"
        found = [(column, kind, needed, key) for _, column, kind, needed, _, key in told]
        if found and found != columns:
            return name
    return None


def create_tables(db: sqlite3.Connection) -> None:
    """Make what is not there yet.

    Raises:
        sqlite3.Error: The disk does not take it. A full one is no reason to leave an older
            version's records alone: what is missing beside them can wait.
    """
    db.execute(_EVENT)
    try:
        db.execute(_CURSOR)
        db.execute(_SEAM)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
            raise


def insert(db: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Write rows; one that is there already stays.

    Raises:
        sqlite3.Error: The disk does not take them.
    """
    db.executemany(
        "INSERT INTO event (seq, id, alarm, confirmed_at, body) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (seq) DO NOTHING",
        [(row.seq, row.id, row.alarm, row.confirmed_at, row.body) for row in rows],
    )


def cursors(db: sqlite3.Connection) -> dict[tuple[str, int], int]:
    """How far each reader beside home has come, by its name and lane.

    Raises:
        sqlite3.Error: The file cannot be read.
    """
    if not has_table(db, "cursor"):
        return {}
    rows = db.execute("SELECT reader, lane, seq FROM cursor")
    # a flipped bit may have made another type of a number, or nothing
    return {
        (reader, lane): seq
        for reader, lane, seq in rows
        if isinstance(reader, str) and isinstance(lane, int) and isinstance(seq, int)
    }


def seams(db: sqlite3.Connection) -> set[int]:
    """The rows at which the chain is known to break since a damaged file was carried over.

    Raises:
        sqlite3.Error: The file cannot be read.
    """
    return (
        {seq for (seq,) in db.execute("SELECT seq FROM seam")} if has_table(db, "seam") else set()
    )


def to_row(found: tuple[int, object, object, float | None, object]) -> Row:
    """Make a row of a table's, whatever somebody's tool or a worn card wrote there."""
    seq, id_, alarm, confirmed_at, body = found
    exact = body if isinstance(body, bytes) else str(body).encode()
    return Row(seq, str(id_), exact, bool(alarm), confirmed_at)
