"""The catalogue: which releases there are, whom each is for, and until when this list is good.

It is signed as a whole, and numbered: one with a lower `serial` than a device has seen is refused,
so that nobody can offer yesterday's list again; and it expires, so that nobody can keep a device
from learning of new ones without that being noticed.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urljoin, urlsplit

import msgspec
from cryptography import x509
from msgspec import Meta

from provisioning.update.manifest import Digest, Instant, Terms
from provisioning.update.signing import CATALOGUE, Moment, Signer, Withdrawn, verified
from provisioning.update.words import error

FILE = "catalogue.jws"
LARGEST_RELEASE_BYTES = 2 << 30  # a system bundle is the largest
WHOLE = 100.0


class Release(Terms, frozen=True, kw_only=True):
    """One file that is offered: where, how many `bytes`, and their SHA-256.

    `percent` of all devices it is for take it, the same ones each time and more as it grows.
    """

    url: Annotated[str, Meta(min_length=1, max_length=512)]
    bytes: Annotated[int, Meta(ge=1, le=LARGEST_RELEASE_BYTES)]
    sha256: Digest
    percent: Annotated[float, Meta(ge=0, le=WHOLE)] = WHOLE

    @property
    def name(self) -> str:
        """As people call it: `application 0.3.0`."""
        return f"{self.kind} {self.version}"

    @property
    def suffix(self) -> str:
        """The ending of its file's name."""
        return PurePosixPath(urlsplit(self.url).path).suffix


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All that is offered. What a later software adds to the format is left unread."""

    format: Literal[1] = 1
    serial: Annotated[int, Meta(ge=1, le=2**53)]
    made: Instant
    expires: Instant
    releases: Annotated[tuple[Release, ...], Meta(max_length=512)] = ()


def signed(catalogue: Catalogue, signer: Signer) -> bytes:
    """The file that is published; the same bytes each time."""
    return signer.sign(msgspec.json.encode(catalogue, order="deterministic"), CATALOGUE)


def read_catalogue(
    text: bytes,
    roots: Sequence[x509.Certificate],
    at: Moment,
    *,
    seen: int = 0,
    withdrawn: Withdrawn = frozenset(),
) -> Catalogue:
    """Check and understand a catalogue; `seen` is the highest serial that was seen before.

    Raises:
        ProvisioningError: It is not signed by who may, older than one seen, or has expired.
    """
    signature = verified(text.strip(), CATALOGUE, roots)
    signature.check_withdrawn(withdrawn)
    try:
        found = msgspec.json.decode(signature.payload, type=Catalogue)
    except (ValueError, RecursionError) as problem:
        raise error("release-unusable", f"catalogue: {problem}") from None
    if found.serial < seen:
        raise error("catalogue-older", f"number {found.serial}, after {seen} was seen")
    if found.expires < at.at:
        raise error("catalogue-expired", f"{found.expires:%Y-%m-%d}, and it is {at.at:%Y-%m-%d}")
    signature.check_signer(at)
    return found


def address(release: Release, base: str) -> str:
    """The whole address of a release that a catalogue at `base` names.

    Raises:
        ProvisioningError: It is not on HTTPS.
    """
    try:
        found = urljoin(base, release.url)
        parts = urlsplit(found)
        is_ours = parts.scheme == "https" and parts.hostname and parts.username is None
        _ = parts.port
    except ValueError as problem:
        raise error("release-unusable", f"{release.url}: {problem}") from None
    if not is_ours or not found.isascii() or not found.isprintable() or " " in found:
        raise error("release-unusable", f"{found!r}: not an address of HTTPS")
    return found
