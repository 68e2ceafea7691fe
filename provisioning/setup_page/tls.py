"""The page's own certificate: made on the device, kept there, and vouched for by nobody.

A browser warns of it once; what proves that this is the device is the label that somebody holds.
"""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioning.setup_page.files import put

_LASTS = timedelta(days=20 * 365)
_BEGINS = datetime(2020, 1, 1, tzinfo=UTC)  # no clock is right at a first boot


def context(folder: Path, device: str) -> ssl.SSLContext:
    """TLS 1.2 or newer with the certificate in `folder`, which is made where there is none.

    Raises:
        OSError: The folder cannot be written, or what lies there is no certificate.
    """
    certificate, key = folder / "page.pem", folder / "page.key"
    if not (certificate.exists() and key.exists()):
        _make(certificate, key, device)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    return made


def _make(certificate: Path, key: Path, device: str) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"haetae-{device}"[:64])])
    hosts = [x509.DNSName(f"haetae-{device}.local"), x509.DNSName("localhost")]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(max(_BEGINS, datetime.now(UTC)) + _LASTS)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    put(key, pem)
    put(certificate, signed.public_bytes(serialization.Encoding.PEM))
