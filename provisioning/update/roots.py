"""Who may sign releases from now on: roots that follow one another, and signers that are withdrawn.

A `keys` bundle brings the whole file of roots. A signer alone cannot put a root into it: each new
root comes with a certificate by which one before it vouches for it (new-with-old, RFC 4210 §4.4),
and that needs the old root's key, which is offline. One of the roots of today must stay, so that
a mistake can be taken back; the day after, the other may go.

The same file may hold lists of signers that are withdrawn (CRL, RFC 5280 §5), signed by their root.
They count for what is new: what was installed and tried stays.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography import x509

from provisioning.trust import MOST_ANCHORS, next_anchors
from provisioning.update.manifest import ROOTS_FILE, VOUCHERS_FILE
from provisioning.update.signing import Moment, Withdrawn, parse_roots, parse_withdrawn
from provisioning.update.words import error


def check_roots(trusted: bytes, files: Mapping[str, bytes], at: Moment) -> None:
    """See that the roots of a `keys` bundle may follow those of the file `trusted`.

    `files` are the bundle's, by their paths.

    Raises:
        ProvisioningError: `roots-refused`: a new one is not vouched for, none of today's stays,
            there are more than two, or a signer that was withdrawn is not any more.
    """
    today, offered = parse_roots(trusted), _roots(files)
    if len(offered) > MOST_ANCHORS:
        raise error("roots-refused", f"{len(offered)} roots: {MOST_ANCHORS} at the most")
    if not any(each in today for each in offered):
        raise error("roots-refused", "none of today's roots would stay")
    taken = next_anchors(today, [*offered, *_vouchers(files)], at.at)
    if strange := [each for each in offered if each not in taken]:
        raise error("roots-refused", f"{_name(strange[0])}: expired, or no root vouches for it")
    kept = {each.subject.public_bytes() for each in offered}
    before, after = (_withdrawn(each) for each in (trusted, files[ROOTS_FILE]))
    if any(issuer in kept for issuer, _ in before - after):
        raise error("roots-refused", "a signer that was withdrawn would be back")


def trusted_through(
    shipped: Sequence[x509.Certificate], files: Mapping[str, bytes], at: Moment
) -> list[x509.Certificate]:
    """By which roots a `keys` bundle that was installed once may be signed, known from `shipped`.

    They are those, and each that one of them vouches for through the bundle's own vouchers, also
    where roots have followed one another several times since the device's system was made.

    Raises:
        ProvisioningError: `roots-unusable`: the bundle's files cannot be read.
    """
    found, offered, vouchers = list(shipped), _roots(files), _vouchers(files)
    while fresh := _vouched(found, [*offered, *vouchers], at.at):
        found += fresh
    return found


def _vouched(
    known: Sequence[x509.Certificate], offered: Sequence[x509.Certificate], earliest: datetime
) -> list[x509.Certificate]:
    """Those roots among the offered that are not known and that a known one vouches for."""
    names = {_identity(each) for each in known}
    roots = [
        each
        for each in offered
        if each.subject == each.issuer and _identity(each) not in names and each not in known
    ]
    return [
        root
        for root in roots
        if any(root in next_anchors([old], [old, root, *offered], earliest) for old in known)
    ][:1]


def _roots(files: Mapping[str, bytes]) -> list[x509.Certificate]:
    if ROOTS_FILE not in files:
        raise error("roots-unusable", f"there is no {ROOTS_FILE} in it")
    return parse_roots(files[ROOTS_FILE])


def _vouchers(files: Mapping[str, bytes]) -> list[x509.Certificate]:
    text = files.get(VOUCHERS_FILE, b"")
    return parse_roots(text) if text else []


def _withdrawn(text: bytes) -> Withdrawn:
    return parse_withdrawn(text, parse_roots(text))


def _identity(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    return certificate.subject.public_bytes(), certificate.tbs_certificate_bytes


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
