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
    seams,
    to_row,
)

log = logging.getLogger(__name__)

_WITH_LOG = ("", "-wal", "-shm")


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
    aside = _free_name(path)
    for suffix in _WITH_LOG:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
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


def _free_name(path: Path) -> Path:
    """A name beside `path` under which nothing was set aside yet."""
    names = (Path(f"{path}.damaged-{n}") for n in itertools.count(1))
    return next(each for each in names if not (each.exists() or Path(f"{each}-wal").exists()))


def _find(path: Path, *, check_chain: bool) -> _Salvage | None:
    """What is damaged, if anything, and what can be saved.

    Raises:
        sqlite3.OperationalError: It is the disk that fails, not the file.
    """
    was_made = path.with_suffix(".made").exists()
    if not path.exists():
        gone = Damage("missing", f"{path.name} was here before and is gone")
        return _Salvage(gone) if was_made else None
    try:
        with contextlib.closing(connect(path)) as db:
            found = "; ".join(each for (each,) in db.execute("PRAGMA quick_check(1)"))
            if found != "ok":
                return _salvage(db, found.replace("\n", ": "))
            if not has_table(db, "event"):
                empty = Damage("missing", f"{path.name} was here before and is empty")
                return _Salvage(empty) if was_made else None
            broken = set(breaks(map(to_row, db.execute(ALL)))) - seams(db) if check_chain else set()
            return _salvage(db, f"the hash chain breaks at row {min(broken)}") if broken else None
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:  # not even a database
        return _Salvage(Damage("damaged", str(error)))


def _salvage(db: sqlite3.Connection, why: str) -> _Salvage:
    found = _Salvage(Damage("damaged", why), rows=_readable(db))
    with contextlib.suppress(sqlite3.Error):
        found.cursors = cursors(db)
    found.seams = set(breaks(found.rows))  # told now, and not at each start from now on
    return found


def _readable(db: sqlite3.Connection) -> list[Row]:
    """What can still be read of a damaged file."""
    seqs: set[int] = set()
    for query in (
        "SELECT max(seq) FROM event",
        "SELECT seq FROM event ORDER BY seq",
        "SELECT seq FROM event ORDER BY seq DESC",
    ):  # from both ends, up to the damage
        with contextlib.suppress(sqlite3.Error):
            seqs.update(seq for (seq,) in db.execute(query) if seq is not None)
    rows: list[Row] = []
    for seq in sorted(seqs):
        with contextlib.suppress(sqlite3.Error):
            query = "SELECT seq, id, alarm, confirmed_at, body FROM event WHERE seq = ?"
            rows += map(to_row, db.execute(query, (seq,)))
    return rows
