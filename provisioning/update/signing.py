"""Who may sign a release: an ES256 signature, by a signer whose certificate a release root issued.

A signature is a compact JWS whose header carries the signer's certificate (`x5c`, RFC 7515
§4.1.6) and what was signed (`typ`), so that a catalogue is never taken for a bundle. Until it
holds, nothing is read of what was signed.

Devices have no clock that can be relied on. A bundle carries when it was made, and its signer must
have been good then; whether the signer is good today is asked of the catalogue, and of a file that
somebody brings by hand. A device that does not know the time holds the dates against what is
surely past, and never against a guess (`Moment`).
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Meta

from agent import jws
from agent.wallclock import WallTime
from provisioning.certificates import UNREADABLE, read_der, read_pem
from provisioning.update.words import error

BUNDLE: Final = "haetae-bundle"
CATALOGUE: Final = "haetae-catalogue"
LARGEST_SIGNED_BYTES = 1 << 20
SKEW = timedelta(days=1)  # so far a clock that was set may be behind or ahead
_LONGEST_HEADER, _LONGEST_CERTIFICATE = 8192, 4096
_LISTS = re.compile(rb"-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----", re.ASCII)

Withdrawn = frozenset[tuple[bytes, int]]  # issuer's name and serial number of each
Purpose = Literal["haetae-bundle", "haetae-catalogue"]
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected header; a key that is not listed, such as `jwk` or `crit`, is an error."""

    alg: Literal["ES256"]
    typ: Annotated[str, Meta(max_length=32)]
    x5c: Annotated[tuple[str, ...], Meta(min_length=1, max_length=1)]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a device knows of the time: now, where `is_known`, else what is surely past."""

    at: datetime
    is_known: bool

    def after(self, seen: datetime) -> "Moment":
        """The same, where `seen` is surely past as well."""
        return self if self.is_known or seen <= self.at else Moment(seen, is_known=False)


def moment(wall: WallTime) -> Moment:
    """What the wall clock is worth: now once the network has set it, else what is surely past."""
    is_known = wall.source == "ntp"
    seconds = wall.unix_s if is_known else wall.past_s
    return Moment(datetime.fromtimestamp(seconds, UTC), is_known)


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, once the signature holds, and by whom."""

    payload: bytes
    signer: x509.Certificate

    def check_signer(self, at: Moment) -> None:
        """See that the signer's certificate is good at that moment.

        Raises:
            ProvisioningError: It is not.
        """
        begins, ends = self.signer.not_valid_before_utc, self.signer.not_valid_after_utc
        if at.at > ends or (at.is_known and at.at < begins - SKEW):
            told = f"good from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}, and not on {at.at:%Y-%m-%d}"
            raise error("signer-expired", told)

    def check_withdrawn(self, withdrawn: Withdrawn) -> None:
        """See that the signer was not withdrawn.

        Raises:
            ProvisioningError: It was.
        """
        if (self.signer.issuer.public_bytes(), self.signer.serial_number) in withdrawn:
            name = self.signer.subject.rfc4514_string()
            raise error("release-untrusted", f"{name}: this signer was withdrawn")


@dataclass(frozen=True, slots=True)
class Signer:
    """A release signer: its certificate, and the key that goes with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def sign(self, payload: bytes, purpose: Purpose) -> bytes:
        """A compact JWS; the same bytes each time (RFC 6979)."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        header = Header("ES256", purpose, (base64.b64encode(der).decode("ascii"),))
        signed = _base64url(msgspec.json.encode(header)) + b"." + _base64url(payload)
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self.key.sign(signed, algorithm))
        return signed + b"." + _base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def roots_text(paths: Sequence[Path]) -> bytes:
    """The file of roots in force: the first that there is.

    Raises:
        ProvisioningError: There is none, or it cannot be read.
    """
    for path in paths:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as problem:
            raise error("roots-unusable", f"{path}: {problem.strerror}") from None
    raise error("roots-unusable", "there is none of " + ", ".join(map(str, paths)))


def parse_roots(text: bytes) -> list[x509.Certificate]:
    """The certificates in a file of roots.

    Raises:
        ProvisioningError: There is none, or one cannot be read.
    """
    try:
        return read_pem(text)
    except UNREADABLE as problem:
        raise error("roots-unusable", str(problem)) from None


def read_roots(paths: Sequence[Path]) -> list[x509.Certificate]:
    """The roots in force.

    Raises:
        ProvisioningError: There is none, or it cannot be read.
    """
    return parse_roots(roots_text(paths))


def read_withdrawn(paths: Sequence[Path]) -> Withdrawn:
    """The signers that the file in force says are withdrawn.

    Raises:
        ProvisioningError: It cannot be read.
    """
    text = roots_text(paths)
    return parse_withdrawn(text, parse_roots(text))


def parse_withdrawn(text: bytes, roots: Sequence[x509.Certificate]) -> Withdrawn:
    """The signers on the lists in a file of roots, as far as one of these roots has signed them.

    Raises:
        ProvisioningError: A list cannot be read.
    """
    found: set[tuple[bytes, int]] = set()
    try:
        for each in _LISTS.findall(text):
            withdrawn = x509.load_pem_x509_crl(each)
            if any(_has_signed(root, withdrawn) for root in roots):
                issuer = withdrawn.issuer.public_bytes()
                found.update((issuer, entry.serial_number) for entry in withdrawn)
    except UNREADABLE as problem:
        raise error("roots-unusable", f"a list of signers: {problem}") from None
    return frozenset(found)


def _has_signed(root: x509.Certificate, withdrawn: x509.CertificateRevocationList) -> bool:
    public = root.public_key()
    if withdrawn.issuer != root.subject or not isinstance(public, ec.EllipticCurvePublicKey):
        return False
    return withdrawn.is_signature_valid(public)


def verified(text: bytes, purpose: Purpose, roots: Sequence[x509.Certificate]) -> Signed:
    """What was signed for that purpose, by somebody who may.

    Raises:
        ProvisioningError: The signature does not hold, or whose it is may not sign this.
    """
    if len(text) > LARGEST_SIGNED_BYTES:
        raise error("release-damaged", f"more than {LARGEST_SIGNED_BYTES} bytes")
    try:
        found = jws.take_apart(text)
        if len(found.header) > _LONGEST_HEADER:
            raise jws.JwsError("its header is too long")
        header = msgspec.json.decode(found.header, type=Header)
        der = base64.b64decode(header.x5c[0], validate=True)
    except (ValueError, RecursionError) as problem:
        raise error("release-damaged", str(problem)) from None
    if header.typ != purpose:
        raise error("release-untrusted", f"signed as {header.typ!r}, not as {purpose!r}")
    signer = _signer(der, roots)
    half = jws.SIGNATURE_BYTES // 2
    r, s = (int.from_bytes(each) for each in (found.signature[:half], found.signature[half:]))
    try:
        key = _p256(signer)
        key.verify(encode_dss_signature(r, s), found.signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, *UNREADABLE):
        raise error("release-untrusted", "the signature does not hold") from None
    return Signed(found.payload, signer)


def _signer(der: bytes, roots: Sequence[x509.Certificate]) -> x509.Certificate:
    """The signer's certificate, if one of the roots has issued it for this purpose."""
    if len(der) > _LONGEST_CERTIFICATE:
        raise error("release-damaged", "its signer's certificate is too long")
    try:
        signer = read_der(der)
        name = signer.subject.rfc4514_string()
        is_ours = any(_is_issued(signer, root) for root in roots)
        wrong = unfit(signer)
    except UNREADABLE as problem:
        raise error("release-damaged", f"its signer's certificate: {problem}") from None
    if not is_ours or wrong:
        raise error("release-untrusted", f"{name}: {wrong or 'no root of this device issued it'}")
    return signer


def _p256(signer: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Its key.

    Raises:
        ValueError: It is of another kind.
    """
    public = signer.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise ValueError("its key is not of EC P-256")
    return public


def unfit(signer: x509.Certificate) -> str:
    """Why a certificate is no signer's (RFC 5280 §4.2.1), empty where it is one."""
    try:
        _p256(signer)
    except ValueError as problem:
        return str(problem)
    found = signer.extensions
    usages = _extension(found, x509.ExtendedKeyUsage)
    if usages is None or list(usages) != [ExtendedKeyUsageOID.CODE_SIGNING]:
        return "its purpose is not code signing alone"
    constraints = _extension(found, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return "it is an authority's"
    usage = _extension(found, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        return "it may not sign"
    known = {x509.ExtendedKeyUsage.oid, x509.BasicConstraints.oid, x509.KeyUsage.oid}
    if strange := [each for each in found if each.critical and each.oid not in known]:
        return f"it has a critical extension that nobody knows here: {strange[0].oid.dotted_string}"
    return ""


def _extension(found: x509.Extensions, kind: type[_Extension]) -> _Extension | None:
    try:
        return found.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _is_issued(signer: x509.Certificate, root: x509.Certificate) -> bool:
    if signer == root:
        return False
    try:
        constraints = _extension(root.extensions, x509.BasicConstraints)
        signer.verify_directly_issued_by(root)
    except (InvalidSignature, *UNREADABLE):
        return False
    return constraints is not None and constraints.ca


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
