"""What operators ask of the authority, each by a certificate of their own."""

import logging
import sqlite3
from typing import TypeVar

import msgspec
from cryptography import x509

from agent.sections import Identifier
from provisioning.ca.crl import RevocationList
from provisioning.ca.doors import Answered, Asked
from provisioning.ca.issuer import Issuer, serial_text
from provisioning.ca.registry import Ledgers
from provisioning.identity_wording import error as failed
from provisioning.office import MOST_CLAIMS, ClaimRecord, Text
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import RESERVED

log = logging.getLogger(__name__)

Kind = TypeVar("Kind")
LONGEST_BODY = 1 << 20
_JSON = "application/json"
_STATUS = {
    "operator-refused": 403,
    "device-unknown": 404,
    "not-quarantined": 409,
    "authority-busy": 503,
}


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claims: list[ClaimRecord]


class _Revoke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: Identifier
    reason: Text


class _Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: Identifier


class OfficeDoor:
    """Answers operators; whatever they change is written down under their name."""

    def __init__(self, issuer: Issuer, revoked: RevocationList) -> None:
        self._issuer, self._revoked = issuer, revoked
        self._routes = {
            ("POST", "/office/claims"): self._register,
            ("POST", "/office/revoke"): self._revoke,
            ("POST", "/office/release"): self._release,
            ("GET", "/office/devices"): self._devices,
        }

    def answer(self, asked: Asked) -> Answered:
        """Answer one request; never raises."""
        route = self._routes.get((asked.method, asked.path))
        if route is None:
            return Answered(404, b"no such thing\n")
        try:
            found = route(asked.body, self._operator(asked.shown))
        except ProvisioningError as error:
            return _refused(error.failure)
        except sqlite3.Error as error:  # nothing was changed
            log.error("office: the registry: %s", error)  # noqa: TRY400  # no traceback
            return _refused(failed("authority-busy", str(error)).failure)
        return Answered(200, msgspec.json.encode(found), _JSON)

    def _operator(self, shown: bytes | None) -> str:
        """Who asks, by a certificate that the registry knows as an operator's."""
        if shown is None:
            raise failed("operator-refused")
        serial = serial_text(x509.load_der_x509_certificate(shown))
        with self._issuer.registry.transaction() as ledgers:
            found = ledgers.certificate(serial)
        if found is None or found.der != shown or found.role != "operator":
            raise failed("operator-refused", "no operator's certificate")
        if found.revoked_at is not None or found.not_after < self._at():
            raise failed("operator-refused", "withdrawn, or over")
        return found.device

    def _register(self, body: bytes, by: str) -> object:
        claims = _decoded(body, _Claims).claims
        if len(claims) > MOST_CLAIMS:
            raise failed("request-refused", f"more than {MOST_CLAIMS} claims")
        if taken := {each.device for each in claims} & RESERVED:
            raise failed("request-refused", f"no name for a device: {', '.join(sorted(taken))}")
        with self._issuer.registry.transaction() as ledgers:
            found = ledgers.register(claims, by, self._at())
            ledgers.note(by, "registered", "", f"{found.new} claims", self._at())
        return found

    def _revoke(self, body: bytes, by: str) -> object:
        wanted = _decoded(body, _Revoke)
        with self._issuer.registry.transaction() as ledgers:
            roles = {each.role for each in ledgers.of_device(wanted.device)}
        if roles - {"device", "quarantine"}:  # one typing error, and the hub would hear nobody
            raise failed("request-refused", f"{wanted.device} is no device: haetae-ca revoke")
        return {"revoked": revoke(self._issuer, self._revoked, wanted.device, wanted.reason, by)}

    def _release(self, body: bytes, by: str) -> object:
        device = _decoded(body, _Release).device
        release(self._issuer, device, by)
        return {"released": device}

    def _devices(self, _body: bytes, _by: str) -> object:
        with self._issuer.registry.transaction() as ledgers:
            return {"devices": ledgers.devices(self._at())}

    def _at(self) -> float:
        return self._issuer.clock().timestamp()


def _refused(found: Failure) -> Answered:
    body = msgspec.json.encode({"code": found.code, "detail": found.detail})
    return Answered(_STATUS.get(found.code, 400), body, _JSON)


def revoke(issuer: Issuer, revoked: RevocationList, device: str, reason: str, by: str) -> int:
    """Withdraw a device, and write the list for the broker; how many certificates that were.

    Raises:
        ProvisioningError: There is no such device, or the list cannot be written.
    """
    at = issuer.clock().timestamp()
    with issuer.registry.transaction() as ledgers:
        _known(ledgers, device)
        count = ledgers.revoke(device, reason, at)
        ledgers.note(by, "revoked", device, reason, at)
    revoked.write()
    log.warning("office: %s has revoked %s", by, device)
    return count


def release(issuer: Issuer, device: str, by: str) -> None:
    """Let a quarantined device have a full certificate at its next renewal.

    Raises:
        ProvisioningError: There is no such device, or it is not quarantined.
    """
    at = issuer.clock().timestamp()
    with issuer.registry.transaction() as ledgers:
        _known(ledgers, device)
        newest = ledgers.newest(device)
        if newest is None or newest.role != "quarantine" or newest.revoked_at is not None:
            raise failed("not-quarantined")
        ledgers.release(device, by, at)
        ledgers.note(by, "released", device, "", at)
    log.warning("office: %s has released %s", by, device)


def _known(ledgers: Ledgers, device: str) -> None:
    if not ledgers.is_known(device):
        raise failed("device-unknown")


def _decoded(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except ValueError as error:
        raise failed("request-refused", str(error)) from None
