"""Compact JWS (RFC 7515): a command and who signed it, in three parts of base64url. No keys here.

Taken apart only; what is in it is worth nothing until its signature holds. The key decides by
which algorithm that is checked (`agent.commanders`), whatever the header says.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LONGEST_HEADER_BYTES = 512
SIGNATURE_BYTES = 64  # r and s of P-256 (RFC 7518, 3.4), or Ed25519's (RFC 8032, 5.1.6)
_PARTS = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


class JwsError(ValueError):
    """It is no JWS as commands have; the message says why."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The protected header. A key that is not listed, such as `crit` or `jwk`, is an error."""

    alg: Literal["ES256", "EdDSA"]
    kid: Annotated[str, Meta(min_length=1, max_length=64)]
    typ: Annotated[str, Meta(max_length=32)] = ""


@dataclass(frozen=True, slots=True)
class Jws:
    """One that was taken apart: `signature` is over `signed`, and not yet checked."""

    header: Header
    payload: bytes
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Parts:
    """The three parts, decoded and no more: nothing in them is understood yet."""

    header: bytes
    payload: bytes
    signed: bytes
    signature: bytes


def take_apart(text: bytes) -> Parts:
    """Decode the three parts of a compact JWS.

    Raises:
        JwsError: There are no three, or the signature is none of 64 bytes.
    """
    if (found := _PARTS.fullmatch(text)) is None:
        raise JwsError("not three parts of base64url: what is signed here is a compact JWS")
    header, payload, signature = (_decoded(part) for part in found.groups())
    if len(signature) != SIGNATURE_BYTES:
        raise JwsError(f"its signature has {len(signature)} bytes, not {SIGNATURE_BYTES}")
    return Parts(header, payload, text[: text.rindex(b".")], signature)


def parse(text: bytes) -> Jws:
    """Take a compact JWS apart.

    Raises:
        JwsError: It is none, or one with an algorithm or a header that is not taken.
    """
    found = take_apart(text)
    if len(found.header) > LONGEST_HEADER_BYTES:
        raise JwsError(f"its header is longer than {LONGEST_HEADER_BYTES} bytes")
    try:
        understood = msgspec.json.decode(found.header, type=Header)
    except (ValueError, RecursionError) as error:
        raise JwsError(f"its header: {error}") from None
    return Jws(understood, found.payload, found.signed, found.signature)


def payload_of(text: bytes) -> bytes:
    """What a JWS says, whoever says it: to name it in a refusal. Empty where it is none."""
    try:
        return parse(text).payload
    except JwsError:
        return b""


def _decoded(part: bytes) -> bytes:
    """Decode; there is one text for each value, and no padding (RFC 7515, 2)."""
    try:
        value = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise JwsError(f"not base64url: {error}") from None
    if base64.urlsafe_b64encode(value).rstrip(b"=") != part:
        raise JwsError("not base64url: bits are left over")
    return value
