"""The device's own certificate and keys: the TLS context, and until when the certificate holds."""

import ssl
from datetime import datetime
from functools import partial
from pathlib import Path

from agent import tpm
from agent.line import TlsContext
from agent.sections import HubConfig
from agent.x509 import read_certificate

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, <openssl/x509_vfy.h>
CERT_HAS_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


class CertificateFileError(Exception):
    """A certificate or key cannot be used; the message names the file and the reason."""


class Credentials:
    """Makes the TLS context of one hub, anew when one of its files is another than last time.

    Certificates are renewed while the agent runs. Keeping the context spares a dial while the hub
    is away 1.5 of 2.3 ms of processor (x86-64).
    """

    def __init__(self, config: HubConfig) -> None:
        self._config = config
        self._made: tuple[tuple[object, ...], TlsContext] | None = None

    def context(self, earliest: datetime | None) -> TlsContext:
        """For the next connection; `earliest` as `tls_context` has it.

        Raises:
            CertificateFileError: A file is missing, unreadable or not what it must be.
        """
        files = (self._config.ca, self._config.certificate, self._config.key)
        marks = (*map(_mark, files), earliest is None)
        if self._made is None or None in marks or self._made[0] != marks:
            self._made = marks, tls_context(self._config, earliest=earliest)
        context = self._made[1]
        context.judge = None if earliest is None else partial(_refuse_ended, earliest=earliest)
        return context


def _mark(file: str) -> tuple[int, int, int] | None:
    """What is another once a file's content is; None where it cannot be told."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def tls_context(config: HubConfig, *, earliest: datetime | None = None) -> TlsContext:
    """TLS 1.2 or newer, the hub verified by name and CA, ourselves shown by certificate.

    Dates are judged by the clock, unless nobody vouches for it: then `earliest` is what now is at
    least, and only a certificate of the hub that had ended by then is refused.

    Raises:
        CertificateFileError: A file is missing, unreadable or not what it must be.
    """
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(config.ca)
    except OSError as error:
        raise CertificateFileError(_because(config.ca, error)) from None
    if earliest is not None:
        context.verify_flags |= _NO_CHECK_TIME
        context.judge = partial(_refuse_ended, earliest=earliest)
    try:
        tpm.ready_for(config.key)
        # without a password given, OpenSSL would ask for one on the terminal, and wait
        context.load_cert_chain(config.certificate, config.key, password=lambda: b"")
    except tpm.NoTpmError as error:
        raise CertificateFileError(f"{config.key}: {error}") from None
    except OSError as error:
        both = f"{config.certificate} with {config.key}"
        raise CertificateFileError(_because(both, error)) from None
    return context


def expired_before(der: bytes, instant: datetime) -> bool:
    """Whether a certificate ended before `instant`; no for one whose end cannot be read."""
    try:
        return read_certificate(der).not_after < instant
    except (ValueError, IndexError):
        return False


def _refuse_ended(der: bytes, *, earliest: datetime) -> None:
    """Refuse it as the TLS library does.

    Raises:
        ssl.SSLCertVerificationError: It had ended by `earliest`.
    """
    if expired_before(der, earliest):
        error = ssl.SSLCertVerificationError("certificate has expired")
        error.verify_code, error.verify_message = CERT_HAS_EXPIRED, "certificate has expired"
        raise error


def _because(file: str, error: OSError) -> str:
    reason = getattr(error, "reason", None) or error.strerror or error
    return f"{file}: {str(reason).replace('_', ' ').lower()}"


def valid_until(certificate: Path) -> datetime | None:
    """The last moment of the first certificate in a PEM file; None where it cannot be told.

    Only for words to people: what counts is what the hub thinks.
    """
    try:
        text = certificate.read_text("ascii")
        first = text[text.index("-----BEGIN CERTIFICATE") :]
        first = first[: first.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]
        der = ssl.PEM_cert_to_DER_cert(first)
        return read_certificate(der).not_after
    except (OSError, ValueError, IndexError):
        return None
