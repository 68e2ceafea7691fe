"""Decides who gets which certificate: the rules of enrolment, renewal, quarantine and release."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.quarantine import MARK
from provisioning.ca import profiles
from provisioning.ca.registry import Issued, Ledgers, Registry, Role
from provisioning.certificates import UNREADABLE
from provisioning.identity_wording import error as failed
from provisioning.office import claim_digest
from provisioning.seed import RESERVED

_LONGEST_REQUEST = 16 << 10  # bytes of DER; RSA-4096 has 1.2 kB
_ASK_AGAIN_S = 1800.0  # a quarantined device, for its release


@dataclass(frozen=True, slots=True)
class Terms:
    """For how long certificates are good, and how late an expired one may come back."""

    lasts: timedelta = timedelta(days=365)
    quarantine_lasts: timedelta = timedelta(days=30)
    grace: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to have a certificate, for which key; `hosts` are what a server is called."""

    device: str
    public: profiles.DeviceKey
    role: Role
    site: str = ""
    replaces: str | None = None
    hosts: tuple[str, ...] = ()


class WaitError(Exception):
    """Nothing is wrong, but somebody has to decide first: ask again in `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"ask again in {after_s:g} s")
        self.after_s = after_s


class Issuer:
    """The online issuer: its certificate and key, and the registry of all that it has signed."""

    def __init__(
        self,
        registry: Registry,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        terms: Terms | None = None,
        *,
        clock: Callable[[], datetime] = profiles.now,
    ) -> None:
        self.registry, self.certificate, self.key = registry, certificate, key
        self._terms, self.clock = Terms() if terms is None else terms, clock

    def enrol(self, device: str, code: str, request: bytes) -> Issued:
        """The certificate for a claim; the same again for who asks again with the same key.

        Raises:
            ProvisioningError: The claim or the request is refused.
        """
        public = wanted_key(request, device)
        at, digest = self.clock(), claim_digest(code)
        with self.registry.transaction() as ledgers:
            claim = ledgers.claim(digest)
            if claim is None or claim.device != device:
                raise failed("claim-unknown")
            if claim.serial is not None:
                found = ledgers.certificate(claim.serial)
                if found is None or found.key != fingerprint(public):
                    raise failed("claim-used")
                if found.revoked_at is not None:
                    raise failed("device-revoked")
                return found
            if claim.voided_at is not None:
                raise failed("device-revoked")
            if claim.expires < at.timestamp():
                raise failed("claim-expired")
            # whoever had this name before is somebody else from now on, and so is who was released
            ledgers.take_release(device)
            ledgers.revoke(device, "superseded", at.timestamp(), role="device")
            ledgers.revoke(device, "superseded", at.timestamp(), role="quarantine")
            issued = self._issue(ledgers, Wanted(device, public, "device", site=claim.site))
            ledgers.use_claim(digest, issued)
        return issued

    def renew(self, shown: bytes, request: bytes) -> Issued:
        """The certificate that follows the one `shown` (DER), whose key TLS has proved.

        Raises:
            ProvisioningError: It is refused.
            WaitError: It is quarantined, and nobody has released it yet.
        """
        with self.registry.transaction() as ledgers:
            before = self.recognised(ledgers, shown)
            public = wanted_key(request, before.device)
            role = self._role(ledgers, before, public)
            for each in ledgers.successors(before.serial):
                is_same = each.key == fingerprint(public) and each.role in {"device", role}
                if is_same and each.revoked_at is None and not self._is_over(each):
                    return each
            if role == "device":
                ledgers.take_release(before.device)
            elif before.role == "quarantine" and not self._is_due(before):
                raise WaitError(_ASK_AGAIN_S)
            wanted = Wanted(before.device, public, role, site=before.site, replaces=before.serial)
            return self._issue(ledgers, wanted)

    def recognised(self, ledgers: Ledgers, shown: bytes) -> Issued:
        """The registry's own record of a device's certificate that was shown.

        Raises:
            ProvisioningError: It is not ours, was withdrawn, or ended longer ago than the grace.
        """
        found = ledgers.certificate(serial_text(x509.load_der_x509_certificate(shown)))
        if found is None or found.der != shown or found.role not in {"device", "quarantine"}:
            raise failed("certificate-refused")
        if found.revoked_at is not None:
            raise failed("device-revoked")
        if found.not_after + self._terms.grace.total_seconds() < self.clock().timestamp():
            raise failed("certificate-expired", f"{self._terms.grace.days} days of grace are over")
        return found

    def _role(self, ledgers: Ledgers, before: Issued, public: profiles.DeviceKey) -> Role:
        """Full, or quarantine: for who comes late, or comes twice with another key."""
        if ledgers.is_released(before.device):
            return "device"
        others = [
            each
            for each in ledgers.successors(before.serial)
            if each.key != fingerprint(public) and each.revoked_at is None
        ]
        doubtful = before.role == "quarantine" or self._is_over(before) or others
        return "quarantine" if doubtful else "device"

    def issue(self, wanted: Wanted) -> Issued:
        """A certificate of an operator or of one of the hub's own machines."""
        with self.registry.transaction() as ledgers:
            return self._issue(ledgers, wanted)

    def _issue(self, ledgers: Ledgers, wanted: Wanted) -> Issued:
        made = self.sign(wanted)
        issued = Issued(
            serial=serial_text(made),
            device=wanted.device,
            site=wanted.site,
            role=wanted.role,
            key=fingerprint(wanted.public),
            issued_at=self.clock().timestamp(),
            not_after=made.not_valid_after_utc.timestamp(),
            der=made.public_bytes(serialization.Encoding.DER),
            replaces=wanted.replaces,
        )
        ledgers.add(issued)
        ledgers.note(wanted.role, "issued", wanted.device, issued.serial, issued.issued_at)
        return issued

    def sign(self, wanted: Wanted) -> x509.Certificate:
        """The certificate alone, for who needs no place in the registry: the authority itself."""
        terms, role = self._terms, wanted.role
        prefix = {"quarantine": MARK, "operator": profiles.OPERATOR}.get(role, "")
        return profiles.leaf(
            profiles.name(prefix + wanted.device),
            wanted.public,
            self.certificate,
            self.key,
            at=self.clock(),
            lasts=terms.quarantine_lasts if role == "quarantine" else terms.lasts,
            hosts=wanted.hosts,
        )

    def _is_over(self, issued: Issued) -> bool:
        return issued.not_after < self.clock().timestamp()

    def _is_due(self, issued: Issued) -> bool:
        lived_s = self.clock().timestamp() - issued.issued_at
        return lived_s >= (issued.not_after - issued.issued_at) * 2 / 3


def wanted_key(request: bytes, device: str) -> profiles.DeviceKey:
    """The key that a PKCS #10 request (DER) wants a certificate for, as `device` and nobody else.

    Raises:
        ProvisioningError: It names somebody else, is not signed by this key, or is unfit.
    """
    if len(request) > _LONGEST_REQUEST:
        raise failed("request-refused", "longer than any request")
    try:
        found = x509.load_der_x509_csr(request)
        public, subject, is_signed = found.public_key(), found.subject, found.is_signature_valid
    except UNREADABLE as error:
        raise failed("request-refused", f"no PKCS #10 request: {type(error).__name__}") from None
    if device in RESERVED:
        raise failed("request-refused", f"{device} is no name for a device")
    if not is_signed:
        raise failed("request-refused", "not signed by the key that it is for")
    if len(list(subject)) != 1 or profiles.common_name(subject) != device:
        raise failed("request-refused", "its subject is not CN=<device id>")
    if not profiles.is_fit(public):
        raise failed(
            "request-refused",
            "the key is none of EC P-256, EC P-384, Ed25519 or RSA from 2048 bits",
        )
    return public  # type: ignore[return-value]  # `is_fit` has said so


def fingerprint(public: profiles.DeviceKey) -> str:
    """The SHA-256 of a key's SubjectPublicKeyInfo, in hexadecimal."""
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def serial_text(certificate: x509.Certificate) -> str:
    """A serial number as the registry writes it."""
    return f"{certificate.serial_number:040x}"
