"""What becomes of the gateway's memory when its file is damaged: set aside, said, and begun anew.

Nothing is carried over: parcels that waited are in the file that was set aside, and what a broker
or a device repeats is told again, under the same names.
"""

import contextlib
import itertools
import logging
import sqlite3
from pathlib import Path

log = logging.getLogger(__name__)

_WITH_LOG = ("", "-wal", "-shm")
_OF_CONTENT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it is what the file holds, and not a disk that is full or fails."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in _OF_CONTENT


def set_aside_if_damaged(path: Path) -> str:
    """Give a damaged file another name, never delete it; a sentence about it, empty if it is whole.

    Raises:
        sqlite3.Error: It is the disk that fails, not the file.
        OSError: The file cannot be renamed.
    """
    why = _fault(path)
    if not why:
        return ""
    names = (Path(f"{path}.damaged-{n}") for n in itertools.count(1))
    aside = next(each for each in names if not each.exists())
    for suffix in reversed(_WITH_LOG):  # the file last: a kill in between finds it damaged again
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    said = f"damaged ({why}), set aside as {aside.name}: what was told before may be told again"
    log.error("memory: %s", said)
    return said


def _fault(path: Path) -> str:
    """What is wrong with the file, empty if nothing is.

    Raises:
        sqlite3.Error: It is the disk that fails.
    """
    if not path.exists():
        return ""
    if _is_sealed(path):
        return "its header says that this version of SQLite may not write it"
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            found = "; ".join(str(each) for (each,) in db.execute("PRAGMA quick_check(1)"))
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        found = str(error)
    return "" if found == "ok" else " ".join(found.split())


def _is_sealed(path: Path) -> bool:
    """Whether a flipped bit makes SQLite take the file for a newer version's, to read only."""
    with path.open("rb") as file:
        head = file.read(20)
    return head.startswith(b"SQLite format 3\0") and head[18:19] not in {b"\1", b"\2"}
