"""Who signed a system bundle, asked what RAUC does not ask: was it withdrawn, has it ended.

RAUC has checked that the signature holds, by a root of this device (`slots.read_bundle`); this
reads from the same signature whose it is. It stands at the end of the file: a CMS message (RFC
5652), and its length in eight bytes, the highest first.
"""

import os
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from provisioning.certificates import UNREADABLE
from provisioning.update.signing import Moment, Signed, read_withdrawn, unfit
from provisioning.update.words import error

_LENGTH_BYTES = 8
_LONGEST_BYTES = 64 << 10  # of a signature; RAUC's own limit


def check_system_signer(bundle: Path, roots: Path, at: Moment | None = None) -> None:
    """See that its signer is none that the file `roots` withdraws, and good at `at`, if given.

    Raises:
        ProvisioningError: It is not; or there is no such signature.
    """
    withdrawn = read_withdrawn([roots])
    signers = _signers(bundle)
    for each in signers:
        name = each.subject.rfc4514_string()
        if wrong := unfit(each):
            raise error("release-untrusted", f"{name}: {wrong}")
        signed = Signed(b"", each)
        signed.check_withdrawn(withdrawn)
        if at is not None:
            signed.check_signer(Moment(at.at, is_known=False))
    if not signers:
        raise error("release-damaged", f"{bundle.name}: its signature names nobody")


def _signers(bundle: Path) -> list[x509.Certificate]:
    try:
        with bundle.open("rb") as file:
            end = file.seek(-_LENGTH_BYTES, os.SEEK_END)
            length = int.from_bytes(file.read(_LENGTH_BYTES))
            if not 0 < length <= min(_LONGEST_BYTES, end):
                raise error("release-damaged", f"{bundle.name}: a signature of {length} bytes")
            file.seek(end - length)
            message = file.read(length)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is BER: CMS allows that (RFC 5652 §2)
            return pkcs7.load_der_pkcs7_certificates(message)
    except (OSError, *UNREADABLE) as problem:
        raise error("release-damaged", f"{bundle.name}: {problem}") from None
