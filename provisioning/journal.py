"""The installer's journal: who did what when, and what the office still has to be told.

One SQLite file on the laptop. It holds no secret: of a claim code only its SHA-256, of a setup
code nothing. Each change is on the disk before its function returns (`synchronous = FULL`).
"""

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.values import Why
from provisioning.caller import caller, hand_over
from provisioning.office import DeviceRecord
from provisioning.remedy import Failure, ProvisioningError

if sys.platform != "win32":
    import pwd

_SCHEMA = """
CREATE TABLE IF NOT EXISTS devices (
    device TEXT PRIMARY KEY, site TEXT NOT NULL, place_ko TEXT NOT NULL, place_en TEXT NOT NULL,
    profile TEXT NOT NULL, folder TEXT NOT NULL, request TEXT NOT NULL,
    claim_sha256 TEXT NOT NULL, claim_expires TEXT NOT NULL, made_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    device TEXT PRIMARY KEY, state TEXT NOT NULL, not_after TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS choices (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS history (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
    device TEXT NOT NULL, about TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS errands (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, device TEXT NOT NULL,
    body TEXT NOT NULL, done_at TEXT, refused TEXT
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A device as `batch` made it; `request` is the SHA-256 of the row that asked for it."""

    device: str
    site: str
    place: Why
    profile: str
    folder: Path
    request: str
    claim_sha256: str
    claim_expires: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history."""

    at: str
    who: str
    what: str
    device: str
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """What the office has to be told; `key` is the same each time that it is told."""

    key: str
    kind: str
    device: str
    body: Mapping[str, Any]
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A device as the office saw it at `at`; times are RFC 3339, empty where there is none."""

    state: str
    not_after: str
    at: str


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the journal lies: the folder that the system has for a program's state.

    With sudo, as writing a card takes, it is still that of who has called it.
    """
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA", Path.home())) / "haetae" / "journal.db"
    home, state = Path.home(), environ.get("XDG_STATE_HOME")
    if (number := caller(environ)) is not None:
        home, state = Path(pwd.getpwuid(number).pw_dir), None
    return Path(state or home / ".local" / "state") / "haetae" / "journal.db"


class Journal:
    """The journal in a file, which is made where there is none; `who` is at work."""

    def __init__(
        self, path: Path, who: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path, self.who, self._now = path, who, now
        is_new = not path.exists()
        with self._changes() as database:
            database.executescript(_SCHEMA)
        if is_new:
            hand_over(path)
            hand_over(path.parent)

    def made(self, device: str) -> Made | None:
        """The device of that name, or None."""
        return next(iter(self._devices("WHERE device = ?", device)), None)

    def devices(self, site: str | None = None) -> Sequence[Made]:
        """All devices, or those of a site, in the order of their names."""
        if site is None:
            return self._devices("ORDER BY device")
        return self._devices("WHERE site = ? ORDER BY device", site)

    def asked_for(self, request: str) -> Made | None:
        """The device that this row of a CSV file got, or None."""
        return next(iter(self._devices("WHERE request = ?", request)), None)

    def add(self, made: Made) -> None:
        """A device was made: its entry, its history and the errand that tells the office.

        Where it was made before, the office is told first to withdraw the card of then; if it had
        not heard of that card yet, it never will.
        """
        expires = made.claim_expires.isoformat()
        named = (made.device, made.site, made.place.ko, made.place.en, made.profile)
        claimed = (str(made.folder), made.request, made.claim_sha256, expires, self._at())
        claim = {"site": made.site, "sha256": made.claim_sha256, "expires": expires}
        earlier = self.made(made.device)
        with self._changes() as database:
            if earlier is not None and earlier.claim_sha256 != made.claim_sha256:
                self._withdraw(database, earlier)
            asked = "INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            database.execute(asked, (*named, *claimed))
            database.execute("DELETE FROM seen WHERE device = ?", (made.device,))
            self._note(database, "made", made.device, {"profile": made.profile})
            self._owe(database, f"claim:{made.claim_sha256}", "claim", made.device, claim)

    def note(self, what: str, device: str, about: Mapping[str, Any]) -> None:
        """Something was done with a device; `about` holds no secret."""
        with self._changes() as database:
            self._note(database, what, device, about)

    def owe(self, key: str, kind: str, device: str, body: Mapping[str, Any]) -> None:
        """The office has to be told; once, however often this is called with the same key."""
        with self._changes() as database:
            self._owe(database, key, kind, device, body)

    def errands(self) -> Sequence[Errand]:
        """What the office has still to be told, oldest first."""
        asked = "SELECT key, kind, device, body, refused FROM errands WHERE done_at IS NULL"
        asked += " AND (kind = 'claim' OR refused IS NULL) ORDER BY seq"
        return [
            Errand(key, kind, device, json.loads(body), refused)
            for key, kind, device, body, refused in self._rows(asked)
        ]

    def done(self, errand: Errand, about: Mapping[str, Any]) -> None:
        """The office confirmed this errand."""
        with self._changes() as database:
            asked = (
                "UPDATE errands SET done_at = ?, refused = NULL WHERE key = ? AND done_at IS NULL"
            )
            if database.execute(asked, (self._at(), errand.key)).rowcount:
                self._note(database, f"synced-{errand.kind}", errand.device, about)
            self._drop_claims_before(database, errand)

    def refused(self, errand: Errand, why: str) -> None:
        """The office refused this errand: a claim stays and says why, a revocation is over.

        Told again after the claim of a card made since, it would withdraw that one.
        """
        with self._changes() as database:
            asked = "UPDATE errands SET refused = ? WHERE key = ?"
            database.execute(asked, (why, errand.key))
            self._drop_claims_before(database, errand)

    def is_revoked(self, device: str) -> bool:
        """Whether it was withdrawn, here or at the office, after it was made last."""
        what = [entry.what for entry in self.history(device)]
        since = what[len(what) - what[::-1].index("made") :] if "made" in what else what
        found = self.seen().get(device)
        return "revoked" in since or (found is not None and found.state == "revoked")

    def take_over(self, found: Mapping[str, DeviceRecord]) -> None:
        """Keep what the office says of the devices that were made here."""
        with self._changes() as database:
            for (name,) in database.execute("SELECT device FROM devices").fetchall():
                if (each := found.get(name)) is not None:
                    until = each.not_after.isoformat() if each.not_after is not None else ""
                    row = (name, each.state, until, self._at())
                    database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", row)

    def seen(self) -> Mapping[str, Seen]:
        """What the office said last, by device."""
        rows = self._rows("SELECT device, state, not_after, at FROM seen")
        return {name: Seen(state, not_after, at) for name, state, not_after, at in rows}

    def choose(self, name: str, value: str) -> None:
        """Remember something for the next time."""
        with self._changes() as database:
            database.execute("INSERT OR REPLACE INTO choices VALUES (?, ?)", (name, value))

    def chosen(self, name: str) -> str | None:
        """What was remembered, or None."""
        rows = self._rows("SELECT value FROM choices WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def history(self, device: str | None = None) -> Sequence[Entry]:
        """What was done, oldest first."""
        where, values = ("WHERE device = ?", (device,)) if device is not None else ("", ())
        asked = f"SELECT at, who, what, device, about FROM history {where} ORDER BY seq"  # noqa: S608
        return [
            Entry(at, who, what, name, json.loads(about))
            for at, who, what, name, about in self._rows(asked, *values)
        ]

    def _devices(self, where: str, *values: str) -> Sequence[Made]:
        names = "device, site, place_ko, place_en, profile, folder, request"
        asked = f"SELECT {names}, claim_sha256, claim_expires FROM devices {where}"  # noqa: S608
        return [
            Made(
                device=row[0],
                site=row[1],
                place=Why(row[2], row[3]),
                profile=row[4],
                folder=Path(row[5]),
                request=row[6],
                claim_sha256=row[7],
                claim_expires=datetime.fromisoformat(row[8]),
            )
            for row in self._rows(asked, *values)
        ]

    def _rows(self, asked: str, *values: str) -> Sequence[tuple[Any, ...]]:
        with self._changes() as database:
            return database.execute(asked, values).fetchall()

    def _note(
        self, database: sqlite3.Connection, what: str, device: str, about: Mapping[str, Any]
    ) -> None:
        row = (self._at(), self.who, what, device, json.dumps(about, ensure_ascii=False))
        asked = "INSERT INTO history (at, who, what, device, about) VALUES (?, ?, ?, ?, ?)"
        database.execute(asked, row)

    def _withdraw(self, database: sqlite3.Connection, earlier: Made) -> None:
        key = f"claim:{earlier.claim_sha256}"
        asked = "DELETE FROM errands WHERE key = ? AND done_at IS NULL"
        if not database.execute(asked, (key,)).rowcount:
            body = {"reason": "card made again"}
            self._owe(database, f"withdraw:{earlier.claim_sha256}", "revoke", earlier.device, body)

    def _drop_claims_before(self, database: sqlite3.Connection, errand: Errand) -> None:
        """A claim that the office has refused so far is not to be good after a revocation."""
        if errand.kind == "revoke":
            asked = "DELETE FROM errands WHERE kind = 'claim' AND device = ? AND done_at IS NULL"
            asked += " AND seq < (SELECT seq FROM errands WHERE key = ?)"
            database.execute(asked, (errand.device, errand.key))

    def _owe(
        self,
        database: sqlite3.Connection,
        key: str,
        kind: str,
        device: str,
        body: Mapping[str, Any],
    ) -> None:
        asked = "DELETE FROM errands WHERE key = ? AND kind = 'revoke' AND refused IS NOT NULL"
        database.execute(asked, (key,))  # somebody asks for it once more
        row = (key, kind, device, json.dumps(body, ensure_ascii=False))
        asked = "INSERT OR IGNORE INTO errands (key, kind, device, body) VALUES (?, ?, ?, ?)"
        database.execute(asked, row)

    def _at(self) -> str:
        return self._now().isoformat(timespec="seconds")

    @contextmanager
    def _changes(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept whole or not at all.

        Raises:
            ProvisioningError: The file cannot be used.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=10)) as database:
                self.path.chmod(0o600)
                database.execute("PRAGMA synchronous = FULL")
                with database:
                    yield database
        except (OSError, sqlite3.Error) as error:
            raise ProvisioningError(_unusable(f"{self.path}: {error}")) from None


def _unusable(detail: str) -> Failure:
    return Failure(
        "journal-unusable",
        Why("작업 기록 파일을 쓸 수 없습니다.", "The journal on this laptop cannot be used."),
        Why(
            "디스크에 빈 공간이 있는지, 이 폴더에 쓸 수 있는지 확인한 뒤 다시 실행해 주세요. "
            "다른 파일을 쓰려면 --journal 로 정할 수 있습니다.",
            "See that the disk has room and that you may write there, then run it again. "
            "--journal names another file.",
        ),
        detail,
    )
