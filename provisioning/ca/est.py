"""Enrolment over Secure Transport (RFC 7030): what devices ask of the authority."""

import base64
import binascii
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from provisioning.ca.crl import RevocationList
from provisioning.ca.doors import Answered, Asked
from provisioning.ca.issuer import Issuer, WaitError
from provisioning.ca.rates import Rates
from provisioning.ca.registry import Issued
from provisioning.identity_wording import error as failed
from provisioning.remedy import Failure, ProvisioningError

log = logging.getLogger(__name__)

PREFIX = "/.well-known/est"
LONGEST_BODY = 64 << 10
_LONGEST_NAME = 48  # of a device (agent.sections.Identifier)
CODE = "Haetae-Failure"  # the header that has a failure's code
_CERTIFICATES = "application/pkcs7-mime"
_ISSUED = "application/pkcs7-mime; smime-type=certs-only"
_BASE64 = {"Content-Transfer-Encoding": "base64"}
_REALM = {"WWW-Authenticate": 'Basic realm="haetae", charset="UTF-8"'}
# ecdsa-with-SHA256, and id-ecPublicKey with secp256r1: what a device should use (RFC 7030 §4.5.2)
_WISHES = bytes.fromhex(
    "3021 06082a8648ce3d040302 3015 06072a8648ce3d0201 310a 06082a8648ce3d030107"
)
_STATUS = {"claim-unknown": 401, "too-many-requests": 429, "authority-busy": 503}
_WAIT_S = {"too-many-requests": 3600, "authority-busy": 60}
_BAD_REQUEST = frozenset({"request-refused"})


class Est:
    """Answers devices. `roots` and `crossed` are what /cacerts tells beside the issuer."""

    def __init__(
        self,
        issuer: Issuer,
        revoked: RevocationList,
        *,
        roots: Sequence[x509.Certificate],
        crossed: Sequence[x509.Certificate] = (),
    ) -> None:
        self._issuer, self._revoked = issuer, revoked
        self._authorities = [*roots, issuer.certificate, *crossed]
        self._guesses = Rates(10, 60.0)  # wrong claims, by address and device
        self._renewals = Rates(30, 3600.0)  # by certificate
        self._routes: Mapping[tuple[str, str], Callable[[Asked], Answered]] = {
            ("GET", f"{PREFIX}/cacerts"): self._cacerts,
            ("GET", f"{PREFIX}/csrattrs"): self._csrattrs,
            ("POST", f"{PREFIX}/simpleenroll"): self._enrol,
            ("POST", f"{PREFIX}/simplereenroll"): self._renew,
            ("GET", "/crl"): self._crl,
        }

    def answer(self, asked: Asked) -> Answered:
        """Answer one request; never raises."""
        route = self._routes.get((asked.method, asked.path))
        if route is None:
            is_there = any(path == asked.path for _, path in self._routes)
            return Answered(405 if is_there else 404, b"no such thing\n")
        try:
            return route(asked)
        except WaitError as wait:
            found = failed("quarantined").failure
            return refusal(found, 202, {"Retry-After": f"{wait.after_s:.0f}"})
        except ProvisioningError as error:
            return _refused(error.failure)
        except sqlite3.Error as error:  # nothing was issued
            log.error("est: the registry: %s", error)  # noqa: TRY400  # no traceback
            return _refused(failed("authority-busy").failure)

    def _cacerts(self, _asked: Asked) -> Answered:
        return Answered(200, _certs_only(self._authorities), _CERTIFICATES, _BASE64)

    def _csrattrs(self, _asked: Asked) -> Answered:
        return Answered(200, base64.b64encode(_WISHES), "application/csrattrs", _BASE64)

    def _crl(self, _asked: Asked) -> Answered:
        return Answered(200, self._revoked.der, "application/pkix-crl")

    def _enrol(self, asked: Asked) -> Answered:
        if asked.shown is not None:
            return self._renewed(asked.shown, _request(asked))
        if (who := _credentials(asked.headers.get("authorization", ""))) is None:
            return Answered(401, b"who are you?\n", headers=_REALM)
        device, code = who
        if len(device) > _LONGEST_NAME:  # no claim is for it: nothing of it is kept or logged
            raise failed("claim-unknown")
        place = f"{asked.address} {device}"
        if not self._guesses.has_room(place):
            raise failed("too-many-requests")
        try:
            issued = self._issuer.enrol(device, code, _request(asked))
        except ProvisioningError as error:
            self._guesses.take(place)
            log.warning("est: %r from %s: %s", device, asked.address, error.failure.code)
            raise
        log.info("est: %s has certificate %s by its claim", device, issued.serial)
        return self._given(issued)

    def _renew(self, asked: Asked) -> Answered:
        if asked.shown is None:
            return Answered(401, b"a client certificate is needed\n", headers=_REALM)
        return self._renewed(asked.shown, _request(asked))

    def _renewed(self, shown: bytes, request: bytes) -> Answered:
        before = x509.load_der_x509_certificate(shown)
        serial = f"{before.serial_number:040x}"
        if not self._renewals.take(serial):
            raise failed("too-many-requests")
        try:
            issued = self._issuer.renew(shown, request)
        except ProvisioningError as error:
            log.warning("est: certificate %s: %s", serial, error.failure.code)
            raise
        log.info("est: %s has certificate %s (%s)", issued.device, issued.serial, issued.role)
        return self._given(issued)

    def _given(self, issued: Issued) -> Answered:
        own = x509.load_der_x509_certificate(issued.der)
        return Answered(200, _certs_only([own, self._issuer.certificate]), _ISSUED, _BASE64)


def refusal(found: Failure, status: int, headers: Mapping[str, str] | None = None) -> Answered:
    """A failure as an answer: its code for machines, its words for people."""
    body = "\n".join([*found.lines(), ""]).encode()
    return Answered(status, body, headers={CODE: found.code, **(headers or {})})


def _refused(found: Failure) -> Answered:
    headers = dict(_REALM) if found.code == "claim-unknown" else {}
    if found.code in _WAIT_S:
        headers["Retry-After"] = str(_WAIT_S[found.code])
    status = 400 if found.code in _BAD_REQUEST else _STATUS.get(found.code, 403)
    return refusal(found, status, headers)


def _request(asked: Asked) -> bytes:
    """The PKCS #10 request in DER: its transfer encoding is always base64 (RFC 8951 §3.1)."""
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/pkcs10":
        raise failed("request-refused", "Content-Type is not application/pkcs10")
    try:
        return base64.b64decode(b"".join(asked.body.split()), validate=True)
    except binascii.Error:
        raise failed("request-refused", "not base64") from None


def _credentials(header: str) -> tuple[str, str] | None:
    """User and password of HTTP Basic (RFC 7617)."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = (
            base64.b64decode(rest.strip(), validate=True).decode().partition(":")
        )
    except ValueError:  # binascii's, and what is not UTF-8
        return None
    return (user, password) if colon else None


def _certs_only(certificates: Sequence[x509.Certificate]) -> bytes:
    der = pkcs7.serialize_certificates(list(certificates), serialization.Encoding.DER)
    return base64.encodebytes(der)
