"""What becomes of the outbox's file when it is damaged or gone: set aside, carried over, and said.

The new file is made beside the old one and is whole before the old one gets another name, so that
neither a full disk nor a kill in between loses what could still be read.
"""

import contextlib
import itertools
import logging
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agent.eventfile import (
    ALL,
    Row,
    breaks,
    connect,
    create_tables,
    cursors,
    has_table,
    insert,
    odd_table,
    seams,
    to_row,
)

log = logging.getLogger(__name__)

_WITH_LOG = ("", "-wal", "-shm")
_BY_PLACE = (  # whatever the file's own schema calls its columns now
    "WITH found (seq, id, alarm, confirmed_at, body) AS (SELECT * FROM event WHERE rowid = ?)"
    " SELECT id, alarm, confirmed_at, body FROM found"
)


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a file could not be gone on with; `text` is one English sentence."""

    rule: Literal["damaged", "missing"]
    text: str


@dataclass(slots=True)
class _Salvage:
    """What can be carried over from a damaged file."""

    damage: Damage
    rows: list[Row] = field(default_factory=list)
    cursors: dict[tuple[str, int], int] = field(default_factory=dict)  # seq by reader and lane
    seams: set[int] = field(default_factory=set)  # rows at which the chain is known to break


def mark(path: Path) -> None:
    """Leave word beside the file that it was made, so that its loss is noticed.

    Raises:
        OSError: The disk does not take it.
    """
    beside = path.with_suffix(".made")
    if not beside.exists():
        with beside.open("w", encoding="ascii") as file:
            file.write(f"{path.name} was made here: if it is gone, somebody took it away\n")
            file.flush()
            os.fsync(file.fileno())


def set_aside_if_damaged(path: Path, *, check_chain: bool = True) -> Damage | None:
    """Give a damaged file another name, never delete it, and carry over what it holds.

    A file that was here (`mark`) and is gone or empty is damage, too.

    Raises:
        sqlite3.OperationalError: It is the disk that fails or is full, not the file.
        OSError: The damaged file cannot be renamed.
    """
    carried = path.with_suffix(".carried")
    if not path.exists() and carried.exists():  # killed between two names: it was whole by then
        _rename_aside(path)  # what is left of the old one: SQLite would play its log into the new
        carried.rename(path)
        return Damage("damaged", "set aside at the start before: its rows are carried over")
    if carried.exists():  # killed while it was made
        carried.unlink()
    found = _find(path, check_chain=check_chain)
    if found is None:
        return None
    text = f"{found.damage.text}: {len(found.rows)} rows are carried over"
    if found.rows or found.cursors:
        _build(carried, found)
    aside = _rename_aside(path)
    with contextlib.suppress(FileNotFoundError):
        carried.rename(path)
    if aside.exists():
        text = f"damaged, set aside as {aside.name}: {text}"
    log.error("outbox: %s", text)
    return Damage(found.damage.rule, text)


def _build(path: Path, found: _Salvage) -> None:
    """Write a new file, whole and on flash.

    Raises:
        sqlite3.Error: The disk does not take it.
    """
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA page_size=1024")
        db.execute("PRAGMA synchronous=FULL")
        create_tables(db)
        db.execute("BEGIN")
        insert(db, found.rows)
        db.executemany("INSERT INTO seam VALUES (?)", [(seq,) for seq in found.seams])
        places = [(*place, seq) for place, seq in found.cursors.items()]
        db.executemany("INSERT INTO cursor VALUES (?, ?, ?)", places)
        db.execute("COMMIT")


def _rename_aside(path: Path) -> Path:
    """Give file and log a name under which nothing was set aside yet; that name."""
    names = (Path(f"{path}.damaged-{n}") for n in itertools.count(1))
    aside = next(each for each in names if not (each.exists() or Path(f"{each}-wal").exists()))
    for suffix in _WITH_LOG:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    return aside


def _find(path: Path, *, check_chain: bool) -> _Salvage | None:
    """What is damaged, if anything, and what can be saved.

    Raises:
        sqlite3.OperationalError: It is the disk that fails, not the file.
    """
    was_made = path.with_suffix(".made").exists()
    if not path.exists():
        gone = Damage("missing", f"{path.name} was here before and is gone")
        return _Salvage(gone) if was_made else None
    if not path.is_file():
        return _Salvage(Damage("damaged", "no file, but something else by its name"))
    try:
        # only before any connection: to close a second descriptor ends SQLite's locks on the file
        is_sealed = check_chain and _is_sealed(path)
        with contextlib.closing(connect(path)) as db:
            if is_sealed:
                return _salvage(db, "its header says that this version of SQLite may not write it")
            if has_table(db, "event"):
                why = _fault(db, check_chain=check_chain)
                return None if why is None else _salvage(db, why)
            empty = Damage("missing", f"{path.name} was here before and is empty")
            return _Salvage(empty) if was_made else None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and not _is_of_content(error):
            raise
        return _Salvage(Damage("damaged", " ".join(str(error).split())))  # not even a database


def _fault(db: sqlite3.Connection, *, check_chain: bool) -> str | None:
    """What is wrong with the file, None if nothing is.

    Raises:
        sqlite3.Error: It is no database, or it is the disk that fails.
    """
    found = "; ".join(each for (each,) in db.execute("PRAGMA quick_check(1)"))
    if found != "ok":
        return found.replace("\n", ": ")
    if (odd := odd_table(db)) is not None:
        return f"its table {odd} is not as it was made"
    broken = set(breaks(map(to_row, db.execute(ALL)))) - seams(db) if check_chain else set()
    return f"the hash chain breaks at row {min(broken)}" if broken else None


def _is_sealed(path: Path) -> bool:
    """Whether a flipped bit makes SQLite take the file for a newer version's, to read only."""
    with path.open("rb") as file:
        head = file.read(20)
    return head.startswith(b"SQLite format 3\0") and head[18:19] not in {b"\1", b"\2"}


def _is_of_content(error: sqlite3.OperationalError) -> bool:
    """Whether it is what the file says, such as a schema, and not the disk."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_ERROR


def _salvage(db: sqlite3.Connection, why: str) -> _Salvage:
    found = _Salvage(Damage("damaged", why), rows=_readable(db))
    with contextlib.suppress(sqlite3.Error):
        found.cursors = cursors(db)
    found.seams = set(breaks(found.rows))  # told now, and not at each start from now on
    return found


def _readable(db: sqlite3.Connection) -> list[Row]:
    """What can still be read of a damaged file, by place where a column has lost its name."""
    seqs: set[int] = set()
    for query in (
        "SELECT max(rowid) FROM event",
        "SELECT rowid FROM event ORDER BY rowid",
        "SELECT rowid FROM event ORDER BY rowid DESC",
    ):  # from both ends, up to the damage
        with contextlib.suppress(sqlite3.Error):
            seqs.update(seq for (seq,) in db.execute(query) if seq is not None)
    rows: list[Row] = []
    for seq in sorted(seqs):
        with contextlib.suppress(sqlite3.Error):
            rows += (to_row((seq, *rest)) for rest in db.execute(_BY_PLACE, (seq,)))
    return rows
