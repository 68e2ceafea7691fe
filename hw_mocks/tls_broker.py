"""A mosquitto of the hub's own configuration on loopback: TLS 1.3, client certificates, ACLs."""

import os
import shutil
import socket
import ssl
import string
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hw_mocks.broker import free_port
from hw_mocks.child import until

HUB = Path(__file__).parent.parent / "provisioning" / "hub"
_LASTS = timedelta(days=2)


class Authority:
    """A certificate authority for one measurement, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("measurement")
        self.ca = folder / "ca.pem"
        self._write(self._name, self._key.public_key(), self.ca, ca=True)

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate with CN `name`, for 127.0.0.1, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        self._write(_name(name), key.public_key(), certificate, ca=False)
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        private.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
        private.chmod(0o600)
        return certificate, private

    def _write(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, path: Path, *, ca: bool
    ) -> None:
        now = datetime.now(UTC)
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _LASTS)
            .not_valid_after(now + _LASTS)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(_usage(ca=ca), critical=True)  # Python 3.13 is strict (RFC 5280)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(known, critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, slots=True)
class TlsBroker:
    """A running broker, and how one reaches it."""

    port: int
    authority: Authority

    def hub_lines(self, device: str) -> list[str]:
        """The lines of a device's `[hub]` table beside host and port."""
        certificate, key = self.authority.issue(device)
        files = {"ca": self.authority.ca, "certificate": certificate, "key": key}
        return [f'{name} = "{path}"' for name, path in files.items()]

    def context(self) -> ssl.SSLContext:
        """How the hub's own listener reaches it."""
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        context.load_cert_chain(*map(str, self.authority.issue("hub")))
        return context


@contextmanager
def tls_broker(folder: Path) -> Iterator[TlsBroker]:
    """Run mosquitto while entered; it keeps nothing.

    Raises:
        FileNotFoundError: mosquitto is not installed.
        TooLateError: It does not listen.
    """
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("mosquitto is not installed: apt install mosquitto")
    authority, port = Authority(folder), free_port()
    authority.issue("server")
    shutil.copy(HUB / "acl.conf", folder / "acl.conf")
    text = string.Template((HUB / "mosquitto.conf").read_text("utf-8")).substitute(
        address="127.0.0.1", port=port, folder=folder, tls_version="tlsv1.3", persistence="false"
    )
    if os.geteuid() == 0:
        text += "user root\n"  # it would else give up the right to read the folder
    (folder / "mosquitto.conf").write_text(text, "utf-8")
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log
        )
    try:
        until(lambda: _listens(port), 10.0, "mosquitto listens")
        yield TlsBroker(port, authority)
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False
