"""What the gateway remembers over restarts: what was told, what is under way, what has to go out.

An event is taken in one transaction: its id and revision, its incident, its device's view and a
parcel for each output. Only then is it acknowledged to the broker, so that a kill at any point
leaves it either wholly taken or still the broker's.
"""

import contextlib
import shutil
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from agent.lanes import Lane
from agent.values import Stage
from provisioning.gateway.damage import is_damage, set_aside_if_damaged
from provisioning.gateway.notice import UNREADABLE, Notice
from provisioning.gateway.told import Incident, Parcel, Place, Told
from provisioning.gateway.view import View

TOLD_KEPT = 1_000_000  # ids remembered: years of a city's alarms
PRUNE_EVERY = 1000
BEFORE_KEPT = 64  # tellings of one incident that later ones can name

_TABLES = """
CREATE TABLE IF NOT EXISTS told (
    id TEXT NOT NULL, revision INTEGER NOT NULL, incident TEXT NOT NULL,
    PRIMARY KEY (id, revision));
CREATE TABLE IF NOT EXISTS incident (
    id TEXT PRIMARY KEY, what TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    stage TEXT NOT NULL, began TEXT NOT NULL, ended TEXT NOT NULL, before TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS under_way ON incident (what) WHERE ended = '';
CREATE TABLE IF NOT EXISTS device (name TEXT PRIMARY KEY, view BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS parcel (
    n INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, key TEXT NOT NULL,
    lane INTEGER NOT NULL, receiver TEXT NOT NULL, body BLOB NOT NULL, retain INTEGER NOT NULL,
    replaces INTEGER NOT NULL, refused TEXT NOT NULL DEFAULT '', UNIQUE (output, key));
CREATE INDEX IF NOT EXISTS next ON parcel (output, refused, lane, n);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel with its number in the store."""

    number: int
    parcel: Parcel


class Store:
    """One SQLite file, used by several threads. `most` parcels wait for each output."""

    def __init__(self, path: Path, *, most: int, keep_free_bytes: int = 0) -> None:
        """Open or make it; one that is damaged is set aside, and `damage` says so.

        Raises:
            sqlite3.Error: The file cannot be used.
            OSError: Its folder cannot be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.damage = set_aside_if_damaged(path)
        self.is_damaged = False  # found at work: the next start sets it aside
        self._folder, self._keep_free_bytes = path.parent, keep_free_bytes
        self._most, self._lock, self._since = most, threading.RLock(), 0
        self._bounds: dict[str, int] = defaultdict(lambda: most)  # at least what waits
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")  # an acknowledged event is on the disk
            self._db.executescript(_TABLES)
            self._db.execute("UPDATE parcel SET refused = ''")  # another start, another try
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Release the file, once no other thread uses it."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Let all that is done within be kept, or nothing of it.

        Raises:
            sqlite3.Error: The disk does not take it.
        """
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, sqlite3.Error) and is_damage(error):
                    self.is_damaged = True
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def check_room(self) -> None:
        """Take no more where the disk is nearly full: to note a delivery takes some of it, too.

        Raises:
            sqlite3.OperationalError: There is too little.
        """
        free = shutil.disk_usage(self._folder).free
        if free < self._keep_free_bytes:
            raise sqlite3.OperationalError(f"{free / 1e6:.0f} MB are free: too little")

    def was_told(self, notice: Notice) -> bool:
        """Whether this event, in this revision or a newer one, has been taken before."""
        query = "SELECT 1 FROM told WHERE id = ? AND revision >= ?"
        return self._db.execute(query, (notice.name, notice.revision)).fetchone() is not None

    def tell(self, notice: Notice, place: Place, *, happened: str, now: str) -> Told:
        """Note an event; what is told of it. Both times are RFC 3339 in UTC."""
        # a test must neither begin nor end an alarm, nor an exercise either
        kind = "real" if notice.is_real else "exercise" if notice.simulated else "test"
        what = f"{notice.site}/{notice.device}/{notice.hazard}/{notice.subject}/{kind}"
        found = self._incident_of(notice, what)
        if found is None:
            found = notice.name, notice.name, notice.name, notice.stage, happened, "", "[]"
        id_, first, last, stage, began, ended, before = found
        told = [(key, at) for key, at in msgspec.json.decode(before, type=list[tuple[str, str]])]
        # a clock may be set back meanwhile
        sent = max([now, *(at for _, at in told[-1:])], key=datetime.fromisoformat)
        is_latest = notice.name == last or not notice.revision
        if is_latest:
            last, stage = notice.name, notice.stage
            ended = happened if notice.stage in {Stage.CLEARED, UNREADABLE} else ""
        if notice.name == first:
            began = happened
        incident = Incident(id_, stage, began, ended, tuple(told))
        told = [*told, (notice.key, sent)][-BEFORE_KEPT:]
        self._db.execute(
            "INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (id_, what, first, last, stage, began, ended, msgspec.json.encode(told).decode()),
        )
        self._db.execute(
            "INSERT OR IGNORE INTO told VALUES (?, ?, ?)", (notice.name, notice.revision, id_)
        )
        self._prune()
        return Told(notice, incident, place, happened, sent, is_latest)

    def view(self, site: str, device: str) -> View:
        """What is known of a device."""
        query = "SELECT view FROM device WHERE name = ?"
        row = self._db.execute(query, (f"{site}/{device}",)).fetchone()
        return View(site=site, device=device) if row is None else _view(row[0])

    def views(self) -> list[View]:
        """Every device that is known."""
        return [_view(text) for (text,) in self._db.execute("SELECT view FROM device")]

    def keep_view(self, view: View) -> None:
        """Remember it."""
        row = f"{view.site}/{view.device}", msgspec.json.encode(view)
        self._db.execute("INSERT OR REPLACE INTO device VALUES (?, ?)", row)

    def forget(self, site: str, device: str) -> None:
        """Know the device no longer."""
        self._db.execute("DELETE FROM device WHERE name = ?", (f"{site}/{device}",))

    def spool(self, output: str, parcels: Sequence[Parcel]) -> list[str]:
        """Let parcels wait for an output; the keys of those given up, where too many wait."""
        for each in parcels:
            verb = "REPLACE" if each.replaces else "IGNORE"
            self._db.execute(
                f"INSERT OR {verb} INTO parcel (output, key, lane, receiver, body, retain,"  # noqa: S608  # one of two words
                " replaces) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (output, each.key, each.lane, each.to, each.body, each.retain, each.replaces),
            )
        self._bounds[output] += len(parcels)
        if self._bounds[output] <= self._most:
            return []
        self._bounds[output] = self.waiting(output)
        surplus = self._bounds[output] - self._most
        if surplus <= 0:
            return []
        self._bounds[output] = self._most
        # what is least urgent goes first, and of that the oldest
        query = "SELECT n, key FROM parcel WHERE output = ? ORDER BY lane DESC, n LIMIT ?"
        rows = self._db.execute(query, (output, surplus)).fetchall()
        self._db.executemany("DELETE FROM parcel WHERE n = ?", [(number,) for number, _ in rows])
        return [key for _, key in rows]

    def next(self, output: str) -> Waiting | None:
        """The parcel that goes out first: the oldest of the most urgent.

        Raises:
            sqlite3.Error: The disk cannot be read.
        """
        query = (
            "SELECT n, key, receiver, body, lane, retain, replaces FROM parcel"
            " WHERE output = ? AND refused = '' ORDER BY lane, n LIMIT 1"
        )
        with self._lock:
            row = self._db.execute(query, (output,)).fetchone()
        if row is None:
            return None
        number, key, to, body, lane, retain, replaces = row
        return Waiting(
            number, Parcel(key, to, body, Lane(lane), retain=bool(retain), replaces=bool(replaces))
        )

    def done(self, number: int) -> None:
        """Take a delivered parcel out. One that took its place meanwhile has another number.

        Raises:
            sqlite3.Error: The disk does not take it.
        """
        with self._lock:
            self._db.execute("DELETE FROM parcel WHERE n = ?", (number,))

    def set_aside(self, number: int, why: str) -> None:
        """Keep a parcel that the other side will not take, until it is tried again.

        Raises:
            sqlite3.Error: The disk does not take it.
        """
        with self._lock:
            self._db.execute("UPDATE parcel SET refused = ? WHERE n = ?", (why or "?", number))

    def take_refused_again(self, output: str) -> None:
        """Let what was set aside go out once more.

        Raises:
            sqlite3.Error: The disk does not take it.
        """
        with self._lock:
            query = "UPDATE parcel SET refused = '' WHERE output = ? AND refused <> ''"
            self._db.execute(query, (output,))

    def waiting(self, output: str, *, refused: bool = False) -> int:
        """How many parcels an output has not taken; `refused`: only those set aside.

        Raises:
            sqlite3.Error: The disk cannot be read.
        """
        query = "SELECT count(*) FROM parcel WHERE output = ?"
        if refused:
            query += " AND refused <> ''"
        with self._lock:
            (count,) = self._db.execute(query, (output,)).fetchone()
        return int(count)

    def _incident_of(
        self, notice: Notice, what: str
    ) -> tuple[str, str, str, str, str, str, str] | None:
        columns = "SELECT i.id, first, last, stage, began, ended, before FROM incident i"
        if notice.revision:
            query = f"{columns} JOIN told ON told.incident = i.id WHERE told.id = ? LIMIT 1"
            row = self._db.execute(query, (notice.name,)).fetchone()
        else:
            query = f"{columns} WHERE what = ? AND ended = '' LIMIT 1"
            row = self._db.execute(query, (what,)).fetchone()
        return None if row is None else tuple(row)

    def _prune(self) -> None:
        self._since += 1
        if self._since < PRUNE_EVERY:
            return
        self._since = 0
        self._db.execute(
            "DELETE FROM told WHERE rowid <= (SELECT max(rowid) FROM told) - ?", (TOLD_KEPT,)
        )
        self._db.execute(
            "DELETE FROM incident WHERE ended <> ''"
            " AND rowid <= (SELECT max(rowid) FROM incident) - ?",
            (TOLD_KEPT,),
        )


def _view(text: bytes) -> View:
    return msgspec.json.decode(text, type=View)
