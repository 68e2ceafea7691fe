"""A certificate authority for tests and measurements, offline."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)
_MAY_SIGN = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """A certificate authority made for one purpose; `ca` is its certificate file."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca = folder / "ca.pem"
        builder = (
            self._builder(self._name, self._key.public_key(), YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_MAY_SIGN, critical=True)  # Python 3.13 is strict (RFC 5280)
        )
        self._sign(builder, self.ca)

    def issue(  # noqa: PLR0913  # what a certificate may say
        self,
        name: str,
        *,
        lasts: timedelta = YEAR,
        password: bytes | None = None,
        address: str = "127.0.0.1",
        host: str = "localhost",
        begins: timedelta | None = None,
    ) -> tuple[Path, Path]:
        """A certificate with CN `name` and its key, good for `host` and `address`.

        Both times are from now on: it has expired where `lasts` is negative.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        hosts = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address(address))]
        builder = self._builder(subject, key.public_key(), lasts, begins).add_extension(
            x509.SubjectAlternativeName(hosts), critical=False
        )
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self._sign(builder, certificate)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password)
                if password is not None
                else serialization.NoEncryption(),
            )
        )
        private.chmod(0o600)
        return certificate, private

    def revoke(self, *certificates: Path) -> Path:
        """A list that revokes these certificates."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - timedelta(days=1))
            .next_update(now + YEAR)
        )
        for each in certificates:
            serial = x509.load_pem_x509_certificate(each.read_bytes()).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        path = self.folder / "revoked.pem"
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return path

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        lasts: timedelta,
        begins: timedelta | None = None,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        end = now + lasts
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 2 * YEAR if begins is None else now + begins)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def _sign(self, builder: x509.CertificateBuilder, path: Path) -> None:
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
