"""What the office and installers ask of the authority, by an operator's certificate."""

import hashlib
import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from agent.sections import Identifier
from provisioning.https import TIMEOUT_S, Reply, ask
from provisioning.identity_wording import WORDS
from provisioning.identity_wording import error as failed
from provisioning.remedy import ProvisioningError
from provisioning.seed import HexDigest

_OK = 200
Answer = TypeVar("Answer")
MOST_CLAIMS = 1000  # in one message; `Office.register` sends as many messages as it takes
Text = Annotated[str, Meta(min_length=1, max_length=200)]


class ClaimRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the authority keeps of a claim code: never the code, only its SHA-256."""

    sha256: HexDigest
    device: Identifier
    site: Identifier
    expires: datetime


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """How many claims were `new` to the authority, and how many it had `known` already."""

    new: int
    known: int


class DeviceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the authority sees it; times are RFC 3339.

    `awaited`: a claim is open, nothing is enrolled. `expired` may come back, into quarantine.
    """

    device: str
    site: str
    state: Literal["awaited", "enrolled", "quarantined", "revoked", "expired"]
    serial: str = ""
    not_after: datetime | None = None
    reason: str = ""


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claims: Annotated[list[ClaimRecord], Meta(max_length=MOST_CLAIMS)]


class _Revoked(msgspec.Struct, frozen=True):
    revoked: int


class _Devices(msgspec.Struct, frozen=True):
    devices: list[DeviceRecord]


class _Refusal(msgspec.Struct, frozen=True):
    code: str
    detail: str = ""


def claim_digest(code: str) -> str:
    """What is kept and sent of a claim code: the SHA-256 of its characters, in hexadecimal."""
    return hashlib.sha256(code.encode()).hexdigest()


class Office:
    """The authority's door for operators, as `https://ca.city.example:8444`.

    `anchors` is a PEM file of the city's roots; `certificate` and `key` are the operator's.
    """

    def __init__(
        self,
        url: str,
        anchors: Path,
        certificate: Path,
        key: Path,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._url, self._timeout_s = url.rstrip("/"), timeout_s
        self._anchors, self._certificate, self._key = anchors, certificate, key

    def register(self, claims: Sequence[ClaimRecord]) -> Registered:
        """Make claims known; those that are known already stay as they are.

        Raises:
            ProvisioningError: They are not all registered; to try again does no harm.
        """
        found = Registered(new=0, known=0)
        for first in range(0, len(claims), MOST_CLAIMS):
            body = _Claims(list(claims[first : first + MOST_CLAIMS]))
            part = self._ask("/office/claims", Registered, body)
            found = Registered(new=found.new + part.new, known=found.known + part.known)
        return found

    def revoke(self, device: str, reason: str) -> int:
        """Withdraw a device: its certificates, and its claims that are not used yet.

        Returns how many certificates were withdrawn now; 0 if all were already.

        Raises:
            ProvisioningError: It is not revoked; `device-unknown` if there is none of this name.
        """
        return self._ask("/office/revoke", _Revoked, {"device": device, "reason": reason}).revoked

    def release(self, device: str) -> None:
        """Let a quarantined device have a full certificate at its next renewal.

        Raises:
            ProvisioningError: It is not released; `not-quarantined` if it does not wait for it.
        """
        self._ask("/office/release", dict[str, str], {"device": device})

    def devices(self) -> list[DeviceRecord]:
        """All devices, by name.

        Raises:
            ProvisioningError: No answer.
        """
        return self._ask("/office/devices", _Devices).devices

    def _ask(self, path: str, kind: type[Answer], body: object = None) -> Answer:
        reply = ask(
            self._context(),
            self._url + path,
            method="GET" if body is None else "POST",
            body=None if body is None else msgspec.json.encode(body),
            headers={"Content-Type": "application/json"},
            timeout_s=self._timeout_s,
        )
        if reply.status != _OK:
            raise _refused(reply)
        try:
            return msgspec.json.decode(reply.body, type=kind)
        except ValueError as error:
            raise failed("authority-failed", str(error)) from None

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(self._anchors)
        except OSError as error:
            raise failed("anchors-unusable", f"{self._anchors}: {error}") from None
        try:
            # with no password given, OpenSSL would ask for one on the terminal, and wait
            context.load_cert_chain(self._certificate, self._key, password=lambda: b"")
        except OSError as error:
            both = f"{self._certificate} with {self._key}: {error}"
            raise failed("operator-key-unusable", both) from None
        return context


def _refused(reply: Reply) -> ProvisioningError:
    try:
        said = msgspec.json.decode(reply.body, type=_Refusal)
    except ValueError:
        return failed("authority-failed", f"HTTP {reply.status}")
    known = said.code in WORDS
    return failed(said.code if known else "authority-failed", said.detail)
