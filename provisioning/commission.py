"""The commissioning record: what was installed, tried and agreed, signed by the device itself.

A compact JWS (ES256, RFC 7515) over JSON. It carries the device's certificate, so whoever has the
city's root can check it years later, with no device and no network.
"""

import base64
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import NameOID
from msgspec import Meta

from agent import jws
from agent.signing import Signer, SigningError, load_verifier
from agent.values import Why
from provisioning.certificates import UNREADABLE, read_pem
from provisioning.remedy import Failure, ProvisioningError

TYPE = "haetae-commissioning"
_SCALAR = 32  # bytes of r and of s
_LONGEST = 256 << 10
_DEEPEST = 5


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the record."""


class Tried(Told, frozen=True, kw_only=True):
    """How one sensor was tried.

    `proof` is `alarm` where the hazard's own alarm came, `response` where its value moved and came
    back; `reason` says why it was skipped; `inspection` is the nonce in the ledger.
    """

    driver: str
    outcome: Literal["passed", "skipped"]
    proof: str = ""
    quantity: str = ""
    reason: str = ""
    inspection: str = ""
    at: str = ""


class Quiet(Told, frozen=True, kw_only=True):
    """How loud it is when it is quiet, in dB(A); `offset_db` by a reference meter, if one was."""

    sensor: str
    level_dba: float | None
    offset_db: float | None = None
    at: str


class Checked(Told, frozen=True, kw_only=True):
    """When the hub answered, and how the agent called that."""

    code: str
    at: str


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody to call, who agreed to be in here."""

    name: str
    phone: str
    relation: str
    last_confirmed: date


class Time(msgspec.Struct, frozen=True):
    """When (RFC 3339), by which source, and how far off it may be (None: nobody knows)."""

    at: str
    source: str
    uncertainty_s: float | None


class Commissioning(Told, frozen=True, kw_only=True):
    """The whole record.

    `untried` are the hazards of the profile that no passed sensor stands for; `certificate` is the
    device's, with its issuers', as PEM.
    """

    version: Literal[1] = 1
    device: str
    site: str
    place: Why
    profile: str
    configuration_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    software: str
    simulated: bool
    sensors: dict[str, Tried]
    untried: list[str]
    coverage: dict[str, str]
    zones: dict[str, int] = {}
    noise: Quiet | None = None
    network: Checked
    contacts: list[Person] = []
    contact_count: int
    installer: str
    consents: list[str] = []
    time: Time
    certificate: str


def sign_record(body: Commissioning, signer: Signer) -> str:
    """The record as text, signed by the device's key.

    Raises:
        SigningError: The key does not sign.
    """
    header = {"alg": signer.algorithm, "kid": signer.key_id, "typ": TYPE}
    parts = [_encoded(msgspec.json.encode(header)), _encoded(msgspec.json.encode(body))]
    signed = b".".join(parts)
    signature = signer.sign(signed)
    if signer.algorithm == "ES256":
        signature = _jose(signature)
    return b".".join([signed, _encoded(signature)]).decode("ascii")


def verify_record(text: str, chain: bytes | Path) -> Commissioning:
    """What a record says, once it is sure that its device said so.

    Args:
        text: The record, as the device wrote it.
        chain: The certificates that are trusted, as PEM (or a file): the city's root, or more.

    Raises:
        ProvisioningError: It is none, was changed, or is vouched for by nobody that is trusted.
    """
    trusted = _certificates(chain.read_bytes() if isinstance(chain, Path) else chain)
    if len(text) > _LONGEST:
        raise ProvisioningError(_failure("record-damaged", "too long"))
    try:
        found = jws.parse(text.strip().encode("ascii"))
        body = msgspec.json.decode(found.payload, type=Commissioning)
        own = read_pem(body.certificate.encode("ascii"))
        verifier = load_verifier(body.certificate.encode("ascii"))
    except (SigningError, RecursionError, *UNREADABLE) as error:
        raise ProvisioningError(_failure("record-damaged", str(error))) from None
    if found.header.typ != TYPE or found.header.kid != verifier.key_id:
        raise ProvisioningError(_failure("record-damaged", "another key than its certificate's"))
    if found.header.alg != verifier.algorithm or not verifier.verify_jose(
        found.signed, found.signature
    ):
        raise ProvisioningError(_failure("record-changed", "its signature does not hold"))
    try:
        _check_chain(own, trusted, body)
    except UNREADABLE as error:  # whoever made the record made its certificates, too
        raise ProvisioningError(_failure("record-damaged", str(error))) from None
    return body


def _check_chain(
    own: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate], body: Commissioning
) -> None:
    leaf, *between = own
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [each.value for each in names] != [body.device]:
        raise ProvisioningError(_failure("record-other-device", "its certificate is another's"))
    when = _instant(body.time)
    current = leaf
    for _ in range(_DEEPEST):
        _check_dates(current, when)
        if any(_issued(current, each) for each in trusted):
            return
        issuer = next((each for each in between if _issued(current, each)), None)
        if issuer is None:
            break
        current = issuer
    raise ProvisioningError(_failure("record-wrong-ca", "no trusted root has issued it"))


def _issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether this authority's key has signed that certificate."""
    try:
        child.verify_directly_issued_by(issuer)
        limits = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return limits.ca


def _check_dates(certificate: x509.Certificate, when: datetime | None) -> None:
    """A device whose clock was not set vouches for no date, and none is held against it."""
    if when is None:
        return
    if not certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc:
        raise ProvisioningError(_failure("record-expired", f"not valid at {when.isoformat()}"))


def _instant(time: Time) -> datetime | None:
    if time.uncertainty_s is None:
        return None
    found = datetime.fromisoformat(time.at)
    if found.tzinfo is None:
        raise ValueError(f"{time.at}: a time without its zone")
    return found


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return read_pem(pem)
    except ValueError as error:
        raise ProvisioningError(_failure("anchors-unusable", str(error))) from None


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _jose(der: bytes) -> bytes:
    """Write r and s, two INTEGERs in a SEQUENCE, side by side (RFC 7518 §3.4)."""
    at, halves = 2, []
    for _ in range(2):
        size = der[at + 1]
        number = int.from_bytes(der[at + 2 : at + 2 + size], "big")
        halves.append(number.to_bytes(_SCALAR, "big"))
        at += 2 + size
    return b"".join(halves)


_WORDS = {
    "record-damaged": (
        Why("설치 기록이 깨졌거나 설치 기록이 아니에요.",
            "This is no commissioning record, or a damaged one.",
        ),
        Why("기기에서 기록을 다시 받아 주세요.", "Please fetch the record from the device again."),
    ),
    "record-changed": (
        Why("설치 기록이 나중에 바뀌었어요.", "The record was changed after it was signed."),
        Why(
            "이 기록을 믿지 말고, 기기에서 다시 받아 주세요.",
            "Do not rely on it: fetch it from the device again.",
        ),
    ),
    "record-other-device": (
        Why("다른 기기의 서명이 붙어 있어요.", "Another device has signed it."),
        Why("기기 번호를 확인하고 그 기기의 기록을 받아 주세요.",
            "Check the device's number, and fetch that one's record.",
        ),
    ),
    "record-wrong-ca": (
        Why("우리 시의 인증 기관이 낸 신분증이 아니에요.",
            "Its identity was not issued by this city's authority.",
        ),
        Why("어느 시의 기기인지 확인해 주세요.", "Please check which city the device belongs to."),
    ),
    "record-expired": (
        Why("서명할 때 기기의 신분증이 유효하지 않았어요.",
            "Its identity was not valid when it signed.",
        ),
        Why("기기의 날짜를 확인하고 다시 설치를 마쳐 주세요.",
            "Check the device's date, and commission it again.",
        ),
    ),
    "anchors-unusable": (
        Why("시의 인증서 파일을 쓸 수 없어요.", "The city's certificate file cannot be used."),
        Why("인증 기관의 ca.pem 파일을 지정해 주세요.", "Please name the authority's ca.pem file."),
    ),
}  # fmt: skip


def _failure(code: str, detail: str) -> Failure:
    what, remedy = _WORDS[code]
    return Failure(code, what, remedy, detail)
