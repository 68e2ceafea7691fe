"""Certificates that somebody else may have made, read whole or refused.

`cryptography` reads parts of a certificate only when they are asked for, so any of `UNREADABLE`
may also come later. Of some faults, such as a serial number below nought, it only warns, and is
to refuse them in a later release; where warnings are errors, they are among these.
"""

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    UserWarning,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def read_der(der: bytes) -> x509.Certificate:
    """One certificate.

    Raises:
        ValueError: It is none, or one that no authority may issue.
    """
    try:
        return _numbered([x509.load_der_x509_certificate(der)])[0]
    except UNREADABLE as error:
        raise ValueError(str(error)) from None


def read_pem(text: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM text, in their order.

    Raises:
        ValueError: There is none, or one that no authority may issue.
    """
    try:
        return _numbered(x509.load_pem_x509_certificates(text))
    except UNREADABLE as error:
        raise ValueError(str(error)) from None


def _numbered(found: list[x509.Certificate]) -> list[x509.Certificate]:
    """Hold each to a number above nought (RFC 5280 §4.1.2.2)."""
    for each in found:
        if each.serial_number <= 0:
            raise ValueError(f"its serial number is not positive: {each.serial_number}")
    return found
