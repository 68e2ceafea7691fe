"""Records that an attacker has made whole: own key, own certificate, a signature that holds."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from agent.signing import Signer, load_signer
from agent.values import Why
from hw_mocks.authority import Authority
from provisioning.commission import Checked, Commissioning, Time, Tried, sign_record, verify_record
from provisioning.remedy import ProvisioningError

DEVICE = "kiosk-3"
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
FIRST, SECOND = x509.ObjectIdentifier("1.2.3.4"), x509.ObjectIdentifier("1.2.3.5")


class Forger:
    """Somebody with a key and a certificate of their own making."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        file = folder / "forger.key"
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(pem)
        file.chmod(0o600)
        self.signer: Signer = load_signer(file)

    def certificate(self, issuer: str = DEVICE, subject: str = DEVICE) -> bytes:
        """One of these names, with two extensions that nobody knows, as DER."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named(issuer))
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(AT - timedelta(days=1))
            .not_valid_after(AT + timedelta(days=1))
            .add_extension(x509.UnrecognizedExtension(FIRST, b"\x05\x00"), critical=False)
            .add_extension(x509.UnrecognizedExtension(SECOND, b"\x05\x00"), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def record(self, *chain: bytes, at: str = AT.isoformat()) -> str:
        return sign_record(body(b"".join(map(pem, chain)).decode(), at), self.signer)


def named(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n%b-----END CERTIFICATE-----\n" % base64.encodebytes(der)


def body(certificate: str, at: str) -> Commissioning:
    return Commissioning(
        device=DEVICE,
        site="harbour",
        place=Why("항구 매점", "Harbour kiosk"),
        profile="market-stall",
        configuration_sha256=hashlib.sha256(b"").hexdigest(),
        software="haetae 0.1.0",
        simulated=False,
        sensors={"smoke": Tried(driver="smoke-contact", outcome="passed", proof="alarm")},
        untried=[],
        coverage={},
        network=Checked(code="connected", at=at),
        contact_count=0,
        installer="nobody",
        time=Time(at, "ntp", 1.0),
        certificate=certificate,
    )


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Forger:
    return Forger(tmp_path_factory.mktemp("forger"))


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Authority(tmp_path_factory.mktemp("city") / "ca").ca.read_bytes()


def refusal(text: str, roots: bytes) -> str:
    with pytest.raises(ProvisioningError) as caught:
        verify_record(text, roots)
    return caught.value.failure.code


def test_a_certificate_of_ones_own_making_is_no_citys(forger: Forger, roots: bytes) -> None:
    assert refusal(forger.record(forger.certificate()), roots) == "record-wrong-ca"


@pytest.mark.parametrize("at", ["2026-05-04T03:02:01", "2026-05-04", "yesterday", ""])
def test_a_time_without_its_zone_is_none(forger: Forger, roots: bytes, at: str) -> None:
    assert refusal(forger.record(forger.certificate(), at=at), roots) == "record-damaged"


def test_an_issuer_with_an_extension_twice_is_refused(forger: Forger, roots: bytes) -> None:
    twice = forger.certificate("CA", "CA").replace(b"\x2a\x03\x05", b"\x2a\x03\x04")
    assert refusal(forger.record(forger.certificate("CA"), twice), roots) == "record-damaged"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"),  # a version that there is not
        (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", b"\x2a\x86\x48\xce\x3d\x04\x03\x7f"),  # nor that hash
        (b"\x0c\x07kiosk-3", b"\x0c\x07\xffiosk-3"),  # a name that is no UTF-8
        (b"\x2a\x03\x05", b"\x2a\x03\x04"),
        (b"\x02\x01\x07", b"\x02\x01\x00"),  # RFC 5280 §4.1.2.2: a number above nought
        (b"\x02\x01\x07", b"\x02\x01\x87"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_refused(
    forger: Forger, roots: bytes, before: bytes, after: bytes
) -> None:
    bad = forger.certificate().replace(before, after)
    assert refusal(forger.record(bad), roots) in {"record-damaged", "record-wrong-ca"}


@given(where=st.floats(0, 1, exclude_max=True), how=st.integers(1, 255))
def test_a_certificate_with_a_byte_turned_is_refused(
    where: float, how: int, forger: Forger, roots: bytes
) -> None:
    bad = bytearray(forger.certificate())
    bad[int(where * len(bad))] ^= how
    assert refusal(forger.record(bytes(bad)), roots).startswith("record-")


def test_a_record_nested_without_end_is_refused(forger: Forger, roots: bytes) -> None:
    deep = b'{"x":' + b"[" * 50_000
    text = ".".join(
        base64.urlsafe_b64encode(each).decode().rstrip("=")
        for each in (b'{"alg":"ES256","kid":"k"}', deep, bytes(64))
    )
    assert refusal(text, roots) == "record-damaged"
