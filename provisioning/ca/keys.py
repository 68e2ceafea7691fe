"""The authority's own keys: made here, kept encrypted, and signed by one another."""

import getpass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.ca import profiles
from provisioning.certificates import read_pem
from provisioning.identity_wording import error as failed
from provisioning.private_file import write_privately

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
ROOT_LASTS = timedelta(days=20 * 365)
ISSUER_LASTS = timedelta(days=5 * 365)
_SHORTEST = 12  # characters of a passphrase


def passphrase(file: Path | None, what: str) -> bytes:
    """The passphrase of `what`: the file's first line, else asked for at the terminal.

    Raises:
        ProvisioningError: There is none, or it is shorter than 12 characters.
    """
    if file is None:
        text = getpass.getpass(f"passphrase of {what}: ")
    else:
        try:
            text = file.read_text("utf-8").partition("\n")[0].strip()
        except (OSError, ValueError) as error:
            raise failed("passphrase-missing", f"{file}: {error}") from None
    if len(text) < _SHORTEST:
        raise failed("passphrase-missing", f"{what}: {len(text)} characters")
    return text.encode()


def new_key(curve: str, file: Path, secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Make a key and keep it in a new file, encrypted.

    Raises:
        ProvisioningError: The file is there already, or cannot be written.
    """
    if file.exists():
        raise failed("authority-files", f"{file} is there already: a key is never overwritten")
    key = ec.generate_private_key(CURVES[curve])
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(secret),
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_privately(file, pem)
    except OSError as error:
        raise failed("authority-files", f"{file}: {error}") from None
    return key


def load_key(file: Path, secret: bytes | None) -> ec.EllipticCurvePrivateKey:
    """Read a key.

    Raises:
        ProvisioningError: It is not there, or the passphrase is another.
    """
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), secret)
    except (OSError, ValueError, TypeError) as error:
        raise failed("authority-files", f"{file}: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise failed("authority-files", f"{file}: no EC key")
    return key


def load_certificates(file: Path) -> list[x509.Certificate]:
    """Read the certificates of a PEM file, in their order.

    Raises:
        ProvisioningError: There is none.
    """
    try:
        return read_pem(file.read_bytes())
    except (OSError, ValueError) as error:
        raise failed("authority-files", f"{file}: {error}") from None


def pem(*certificates: x509.Certificate) -> bytes:
    """Certificates as a PEM file."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def new_root(common: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """The root's own certificate."""
    subject = profiles.name(common)
    return profiles.authority(
        subject, key.public_key(), subject, key, lasts=ROOT_LASTS, path_length=2
    )


def crossed(
    old: x509.Certificate,
    old_key: ec.EllipticCurvePrivateKey,
    new: x509.Certificate,
    new_key: ec.EllipticCurvePrivateKey,
) -> tuple[x509.Certificate, x509.Certificate]:
    """New-with-old and old-with-new (RFC 4210 §4.4): each root says that it knows the other."""
    return _vouched(new, old, old_key), _vouched(old, new, new_key)


def _vouched(
    subject: x509.Certificate, issuer: x509.Certificate, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    public = subject.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise failed("authority-files", "a root has no EC key")
    lasts = min(subject.not_valid_after_utc, issuer.not_valid_after_utc) - profiles.now()
    return profiles.authority(
        subject.subject, public, issuer.subject, signer, lasts=lasts, path_length=1
    )


def issuer_request(common: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateSigningRequest:
    """What the online issuer hands to whoever holds the root."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(profiles.name(common))
    return builder.sign(key, profiles.hash_for(key))


def sign_issuer(
    request: x509.CertificateSigningRequest,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """The issuer's certificate: it signs devices, and nobody who signs.

    Raises:
        ProvisioningError: The request is not signed by its own key, or this is not the root's key.
    """
    public = request.public_key()
    if not request.is_signature_valid or not isinstance(public, ec.EllipticCurvePublicKey):
        raise failed("authority-files", "the request is not signed by its own EC key")
    if root_key.public_key() != root.public_key():
        raise failed("authority-files", "the key is not that of the root's certificate")
    return profiles.authority(
        request.subject, public, root.subject, root_key, lasts=ISSUER_LASTS, path_length=0
    )
