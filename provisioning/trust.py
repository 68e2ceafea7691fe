"""Which roots a device trusts, and how it comes to trust the next one (RFC 7030 §4.1.3)."""

import warnings
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from provisioning.certificates import UNREADABLE, read_pem
from provisioning.identity_wording import error as failed

MOST_ANCHORS = 2  # today's root and the one that follows


def read_anchors(text: str) -> list[x509.Certificate]:
    """The roots in a PEM text.

    Raises:
        ProvisioningError: There is none, or one cannot be read.
    """
    try:
        return read_pem(text.encode())
    except ValueError as error:
        raise failed("anchors-unusable", str(error)) from None


def anchors_text(anchors: Sequence[x509.Certificate]) -> str:
    """Roots as a PEM text."""
    return "".join(
        each.public_bytes(serialization.Encoding.PEM).decode("ascii") for each in anchors
    )


def read_bundle(der: bytes) -> list[x509.Certificate]:
    """The certificates of a certs-only PKCS #7 message (RFC 5272 §4.1), as EST sends it.

    Raises:
        ProvisioningError: It is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is BER: CMS allows that (RFC 5652 §2)
            found = pkcs7.load_der_pkcs7_certificates(der)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what a later release of the library will not read
            for each in found:  # they are read as late as they are asked for
                _read_whole(each)
    except UNREADABLE as error:
        raise failed("authority-failed", f"no PKCS #7: {error}") from None
    return found


def _read_whole(certificate: x509.Certificate) -> None:
    """Read all that is asked of a certificate later on."""
    _ = certificate.subject, certificate.issuer, certificate.extensions, certificate.public_key()
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc


def next_anchors(
    trusted: Sequence[x509.Certificate], offered: Sequence[x509.Certificate], earliest: datetime
) -> list[x509.Certificate]:
    """The roots to trust from now on, of those that the authority names; `trusted` if in doubt.

    A new one is taken if one that is trusted has signed its key and name (new-with-old): the
    online authority alone, were it in foreign hands, could name no root of its own. One that is
    not named any more is given up, if another stays. `earliest` is what now is at least.
    """
    roots = [each for each in offered if _is_root(each) and each.not_valid_after_utc >= earliest]
    known = [each for each in trusted if each in roots]
    new = [
        each
        for each in roots
        if each not in trusted and _is_vouched_for(each, trusted, offered, earliest)
    ]
    found = (known + new)[:MOST_ANCHORS]
    return found if known else list(trusted)


def is_issued_below(
    leaf: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> bool:
    """Whether a root has signed it, directly or through one that it has signed."""
    issuers = [each for each in between if _may_sign(each)]
    below = [each for each in issuers if any(_is_signed_by(each, root) for root in anchors)]
    return any(_is_signed_by(leaf, each) for each in [*anchors, *below])


def _is_vouched_for(
    root: x509.Certificate,
    trusted: Sequence[x509.Certificate],
    offered: Sequence[x509.Certificate],
    earliest: datetime,
) -> bool:
    return any(
        each.subject == root.subject
        and each.public_key() == root.public_key()
        and each.not_valid_after_utc >= earliest
        and _may_sign(each)
        and any(_is_signed_by(each, old) for old in trusted if _may_sign(old))
        for each in offered
    )


def _is_root(certificate: x509.Certificate) -> bool:
    return (
        certificate.subject == certificate.issuer
        and _may_sign(certificate)
        and _is_signed_by(certificate, certificate)
    )


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    return found.value.ca


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True
