"""Who may have a certificate, and who has which: the authority's memory, in SQLite.

Every decision is one transaction that is on disk before anybody hears of it: a claim is used once,
whoever asks at the same time and whenever the power goes.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from provisioning.office import ClaimRecord, DeviceRecord, Registered

Role = Literal["device", "quarantine", "operator", "service"]
_BUSY_S = 20.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS claims (
    sha256 TEXT PRIMARY KEY, device TEXT NOT NULL, site TEXT NOT NULL, expires REAL NOT NULL,
    registered_at REAL NOT NULL, registered_by TEXT NOT NULL,
    used_at REAL, serial TEXT, key TEXT, voided_at REAL
);
CREATE TABLE IF NOT EXISTS certificates (
    serial TEXT PRIMARY KEY, device TEXT NOT NULL, site TEXT NOT NULL, role TEXT NOT NULL,
    key TEXT NOT NULL, issued_at REAL NOT NULL, not_after REAL NOT NULL, der BLOB NOT NULL,
    replaces TEXT, revoked_at REAL, reason TEXT
);
CREATE INDEX IF NOT EXISTS of_device ON certificates (device, role);
CREATE INDEX IF NOT EXISTS after_another ON certificates (replaces);
CREATE TABLE IF NOT EXISTS releases (
    device TEXT PRIMARY KEY, released_at REAL NOT NULL, released_by TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS journal (
    at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, device TEXT NOT NULL,
    detail TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate of the registry; times are Unix seconds, `key` the SHA-256 of its SPKI."""

    serial: str
    device: str
    site: str
    role: Role
    key: str
    issued_at: float
    not_after: float
    der: bytes
    replaces: str | None = None
    revoked_at: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim of the registry; times are Unix seconds."""

    device: str
    site: str
    expires: float
    serial: str | None
    key: str | None
    voided_at: float | None


class Registry:
    """The file; any number of threads and processes may use it, each call for itself."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        with contextlib.closing(self._open()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
        file.chmod(0o600)

    @contextlib.contextmanager
    def transaction(self) -> Iterator["Ledgers"]:
        """All that is done inside is on disk at its end, or nothing is; others wait for it."""
        with contextlib.closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Ledgers(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=_BUSY_S, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        return connection


class Ledgers:
    """What can be read and written inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def claim(self, sha256: str) -> Claimed | None:
        """The claim whose code has this digest."""
        columns = "device, site, expires, serial, key, voided_at"
        row = self._one(f"SELECT {columns} FROM claims WHERE sha256 = ?", sha256)  # noqa: S608
        return None if row is None else Claimed(*row)

    def use_claim(self, sha256: str, issued: Issued) -> None:
        """Note by which certificate a claim was used."""
        self._connection.execute(
            "UPDATE claims SET used_at = ?, serial = ?, key = ? WHERE sha256 = ?",
            (issued.issued_at, issued.serial, issued.key, sha256),
        )

    def register(self, claims: Sequence[ClaimRecord], by: str, at: float) -> Registered:
        """Add claims; one that is known stays as it is."""
        new = 0
        for each in claims:
            new += self._connection.execute(
                "INSERT OR IGNORE INTO claims (sha256, device, site, expires, registered_at,"
                " registered_by) VALUES (?, ?, ?, ?, ?, ?)",
                (each.sha256, each.device, each.site, each.expires.timestamp(), at, by),
            ).rowcount
        return Registered(new=new, known=len(claims) - new)

    def open_claims(self) -> list[tuple[str, str, float]]:
        """Device, site and end of each claim that is neither used nor void."""
        rows = self._connection.execute(
            "SELECT device, site, expires FROM claims WHERE serial IS NULL AND voided_at IS NULL"
            " ORDER BY device"
        )
        return [tuple(row) for row in rows]

    def certificate(self, serial: str) -> Issued | None:
        """The certificate of that serial number."""
        return _issued(self._one("SELECT * FROM certificates WHERE serial = ?", serial))

    def successors(self, serial: str) -> list[Issued]:
        """What was issued to whoever showed the certificate of that serial number."""
        rows = self._connection.execute(
            "SELECT * FROM certificates WHERE replaces = ? ORDER BY issued_at", (serial,)
        )
        return [found for row in rows if (found := _issued(row)) is not None]

    def add(self, issued: Issued) -> None:
        """Keep a certificate."""
        self._connection.execute(
            "INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(issued.serial, issued.device, issued.site, issued.role, issued.key),
                *(issued.issued_at, issued.not_after, issued.der, issued.replaces),
                *(issued.revoked_at, issued.reason),
            ),
        )

    def revoke(self, device: str, reason: str, at: float, *, role: str = "") -> int:
        """Withdraw all certificates of a device, and its open claims; how many were not yet.

        With a `role`, only the certificates of that role, and no claim.
        """
        if not role:
            self._connection.execute(
                "UPDATE claims SET voided_at = ? WHERE device = ? AND serial IS NULL"
                " AND voided_at IS NULL",
                (at, device),
            )
        return self._connection.execute(
            "UPDATE certificates SET revoked_at = ?, reason = ? WHERE device = ?"
            " AND revoked_at IS NULL AND (? = '' OR role = ?)",
            (at, reason, device, role, role),
        ).rowcount

    def revoked(self, at: float) -> list[tuple[str, float, str]]:
        """Serial number, time and reason of what was withdrawn and would not be over by `at`."""
        rows = self._connection.execute(
            "SELECT serial, revoked_at, reason FROM certificates WHERE revoked_at IS NOT NULL"
            " AND not_after >= ? ORDER BY revoked_at, serial",
            (at,),
        )
        return [tuple(row) for row in rows]

    def is_known(self, device: str) -> bool:
        """Whether there is anything of that name."""
        found = "SELECT 1 FROM {} WHERE device = ?"
        return any(self._one(found.format(t), device) for t in ("claims", "certificates"))

    def of_device(self, device: str) -> list[Issued]:
        """Every certificate that a device has had, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM certificates WHERE device = ? ORDER BY issued_at, rowid", (device,)
        )
        return [found for row in rows if (found := _issued(row)) is not None]

    def newest(self, device: str) -> Issued | None:
        """The certificate that a device was given last."""
        return _issued(
            self._one(
                "SELECT * FROM certificates WHERE device = ? AND role IN ('device', 'quarantine')"
                " ORDER BY issued_at DESC, rowid DESC LIMIT 1",
                device,
            )
        )

    def release(self, device: str, by: str, at: float) -> None:
        """Let a device out of quarantine at its next renewal."""
        self._connection.execute(
            "INSERT INTO releases VALUES (?, ?, ?) ON CONFLICT (device) DO UPDATE SET"
            " released_at = excluded.released_at, released_by = excluded.released_by",
            (device, at, by),
        )

    def is_released(self, device: str) -> bool:
        """Whether somebody has let it out, and it has not come for it yet."""
        return self._one("SELECT 1 FROM releases WHERE device = ?", device) is not None

    def take_release(self, device: str) -> None:
        """Use up the release of a device, if there is one."""
        self._connection.execute("DELETE FROM releases WHERE device = ?", (device,))

    def note(self, who: str, what: str, device: str, detail: str, at: float) -> None:
        """Write down for good who did what."""
        self._connection.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?)", (at, who, what, device, detail)
        )

    def journal(self) -> list[tuple[float, str, str, str, str]]:
        """What was written down, oldest first: time, who, what, device, detail."""
        return [tuple(row) for row in self._connection.execute("SELECT * FROM journal")]

    def devices(self, at: float) -> list[DeviceRecord]:
        """Every device as it stands at that time (Unix seconds), by name."""
        found = {
            device: DeviceRecord(device=device, site=site, state="awaited")
            for device, site, expires in self.open_claims()
            if expires > at
        }
        rows = self._connection.execute(
            "SELECT DISTINCT device FROM certificates WHERE role IN ('device', 'quarantine')"
        )
        for (device,) in rows.fetchall():
            newest = self.newest(device)
            if newest is not None and not (newest.revoked_at is not None and device in found):
                found[device] = _standing(newest, at)
        return [found[device] for device in sorted(found)]

    def _one(self, statement: str, *values: object) -> Any:
        return self._connection.execute(statement, values).fetchone()


def _issued(row: sqlite3.Row | None) -> Issued | None:
    return None if row is None else Issued(**dict(row))


def _standing(newest: Issued, at: float) -> DeviceRecord:
    state: Literal["enrolled", "quarantined", "revoked", "expired"]
    if newest.revoked_at is not None:
        state = "revoked"
    elif newest.not_after < at:
        state = "expired"
    else:
        state = "enrolled" if newest.role == "device" else "quarantined"
    return DeviceRecord(
        device=newest.device,
        site=newest.site,
        state=state,
        serial=newest.serial,
        not_after=datetime.fromtimestamp(newest.not_after, UTC),
        reason=newest.reason or "",
    )
