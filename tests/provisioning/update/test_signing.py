"""Only who was issued for it signs releases, and no guess at the time decides."""

import base64
import functools
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wallclock import WallTime
from hw_mocks.authority import Authority
from hw_mocks.release_keys import ReleaseKeys
from provisioning.ca import keys as authority
from provisioning.ca import profiles
from provisioning.remedy import ProvisioningError
from provisioning.update.signing import (
    BUNDLE,
    CATALOGUE,
    Moment,
    Signer,
    moment,
    read_roots,
    verified,
)
from tests.provisioning.update.releases import MADE, known, refusal, unknown

Change = Callable[[x509.CertificateBuilder], x509.CertificateBuilder]
BEGINS = MADE - timedelta(days=1)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=BEGINS)


def issued(
    keys: ReleaseKeys,
    *extensions: tuple[x509.ExtensionType, bool],
    curve: ec.EllipticCurve | None = None,
) -> Signer:
    """One whose certificate the root has signed, whatever it says."""
    key = ec.generate_private_key(ec.SECP256R1() if curve is None else curve)
    builder = (
        x509.CertificateBuilder()
        .subject_name(profiles.name("somebody"))
        .issuer_name(keys.root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + timedelta(days=999))
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return Signer(builder.sign(keys.key, hashes.SHA256()), key)


def usage(*, signs: bool = True, certifies: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


CODE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
LEAF = x509.BasicConstraints(ca=False, path_length=None)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")


def test_what_a_signer_signed_is_given_back(keys: ReleaseKeys, signer: Signer) -> None:
    found = verified(signer.sign(b"payload", BUNDLE), BUNDLE, read_roots([keys.roots]))
    assert found.payload == b"payload"
    assert found.signer == signer.certificate


def test_no_bit_of_what_was_signed_can_be_turned(keys: ReleaseKeys, signer: Signer) -> None:
    text, roots = signer.sign(b"payload", BUNDLE), read_roots([keys.roots])
    for at, bit in itertools.product(range(len(text)), range(8)):
        turned = text[:at] + bytes([text[at] ^ (1 << bit)]) + text[at + 1 :]
        code = refusal(functools.partial(verified, turned, BUNDLE, roots))
        assert code in {"release-damaged", "release-untrusted"}


def test_a_signature_is_the_same_each_time(signer: Signer) -> None:
    assert signer.sign(b"payload", BUNDLE) == signer.sign(b"payload", BUNDLE)


def test_a_certificate_as_it_should_be_is_taken(keys: ReleaseKeys) -> None:
    """The control of the next test: all of it right."""
    right = issued(keys, (LEAF, True), (usage(), True), (CODE, True))
    assert verified(right.sign(b"x", BUNDLE), BUNDLE, [keys.root]).payload == b"x"


@pytest.mark.parametrize(
    "extensions",
    [
        [(LEAF, True), (usage(), True)],
        [
            (LEAF, True),
            (usage(), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), True),
        ],
        [
            (LEAF, True),
            (usage(), True),
            (
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                True,
            ),
        ],
        [
            (LEAF, True),
            (usage(), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), True),
        ],
        [(LEAF, True), (CODE, True)],
        [(LEAF, True), (usage(signs=False), True), (CODE, True)],
        [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (usage(certifies=True), True),
            (CODE, True),
        ],
        [(LEAF, True), (usage(), True), (CODE, True), (UNKNOWN, True)],
    ],
)
def test_a_certificate_for_something_else_signs_nothing(
    extensions: list[tuple[x509.ExtensionType, bool]], keys: ReleaseKeys
) -> None:
    wrong = issued(keys, *extensions)
    code = refusal(lambda: verified(wrong.sign(b"x", BUNDLE), BUNDLE, [keys.root]))
    assert code == "release-untrusted"


def test_another_curve_signs_nothing(keys: ReleaseKeys) -> None:
    wrong = issued(keys, (LEAF, True), (usage(), True), (CODE, True), curve=ec.SECP256K1())
    code = refusal(lambda: verified(wrong.sign(b"x", BUNDLE), BUNDLE, [keys.root]))
    assert code == "release-untrusted"


def test_who_signs_devices_signs_no_releases(keys: ReleaseKeys, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("stall-17")
    device = Signer(
        x509.load_pem_x509_certificate(certificate.read_bytes()), authority.load_key(key, None)
    )
    text = device.sign(b"x", BUNDLE)
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-untrusted"
    roots = [keys.root, *authority.load_certificates(tmp_path / "ca.pem")]
    assert refusal(lambda: verified(text, BUNDLE, roots)) == "release-untrusted"


def test_another_root_of_the_same_name_is_another(keys: ReleaseKeys, tmp_path: Path) -> None:
    text = ReleaseKeys(tmp_path).signer().sign(b"x", BUNDLE)
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-untrusted"


def test_who_vouches_for_himself_is_nobody(keys: ReleaseKeys) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test signer")])
    alone = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + timedelta(days=999))
        .add_extension(usage(), critical=True)
        .add_extension(CODE, critical=True)
        .sign(key, hashes.SHA256())
    )
    text = Signer(alone, key).sign(b"x", BUNDLE)
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-untrusted"


def test_the_root_itself_signs_nothing(keys: ReleaseKeys) -> None:
    text = Signer(keys.root, keys.key).sign(b"x", BUNDLE)
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-untrusted"


def test_a_signers_certificate_makes_no_root(keys: ReleaseKeys, signer: Signer) -> None:
    """What it issues is worth nothing, even where its own certificate is taken for a root."""
    key = ec.generate_private_key(ec.SECP256R1())
    below = (
        x509.CertificateBuilder()
        .subject_name(profiles.name("below"))
        .issuer_name(signer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + timedelta(days=999))
        .add_extension(LEAF, critical=True)
        .add_extension(usage(), critical=True)
        .add_extension(CODE, critical=True)
        .sign(signer.key, hashes.SHA256())
    )
    text = Signer(below, key).sign(b"x", BUNDLE)
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-untrusted"
    roots = [keys.root, signer.certificate]
    assert refusal(lambda: verified(text, BUNDLE, roots)) == "release-untrusted"


def test_the_purpose_that_was_signed_counts(keys: ReleaseKeys, signer: Signer) -> None:
    text = signer.sign(b"x", CATALOGUE)
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-untrusted"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"crit": ["b64"]},
        {"jwk": {"kty": "EC"}},
        {"kid": "somebody"},
        {"x5c": []},
        {"x5c": ["", ""]},
        {"x5c": ["not base64"]},
        {"x5c": ["AAAA"]},
    ],
)
def test_a_header_that_says_anything_else_is_refused(
    header: dict[str, object], keys: ReleaseKeys, signer: Signer
) -> None:
    der = base64.b64encode(signer.certificate.public_bytes(serialization.Encoding.DER)).decode()
    told = {"alg": "ES256", "typ": BUNDLE, "x5c": [der]} | header
    coded = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=")
    _, payload, signature = signer.sign(b"x", BUNDLE).split(b".")
    text = b".".join((coded, payload, signature))
    assert refusal(lambda: verified(text, BUNDLE, [keys.root])) == "release-damaged"


@settings(deadline=None)
@given(text=st.binary(max_size=200))
def test_anything_at_all_is_refused_in_words(text: bytes, keys: ReleaseKeys) -> None:
    with pytest.raises(ProvisioningError):
        verified(text, BUNDLE, [keys.root])


def test_a_file_of_roots_that_is_missing_or_garbled_is_told(tmp_path: Path) -> None:
    assert refusal(lambda: read_roots([tmp_path / "none"])) == "roots-unusable"
    (tmp_path / "empty").write_bytes(b"")
    assert refusal(lambda: read_roots([tmp_path / "empty"])) == "roots-unusable"
    assert refusal(lambda: read_roots([tmp_path])) == "roots-unusable"


def test_the_first_file_of_roots_that_is_there_counts_alone(
    keys: ReleaseKeys, tmp_path: Path
) -> None:
    other = ReleaseKeys(tmp_path)
    assert read_roots([tmp_path / "none", other.roots, keys.roots]) == [other.root]


def test_a_clock_that_the_network_set_is_known_and_no_other() -> None:
    shown = "2031-01-01T00:00:00.000+00:00"
    past = datetime(2027, 5, 1, tzinfo=UTC)
    for source in ("rtc", "unsynchronised", "unset"):
        found = moment(WallTime(shown, None, source, past.timestamp()))
        assert found == Moment(past, is_known=False)
    found = moment(WallTime(shown, 0.1, "ntp", past.timestamp()))
    assert found == Moment(datetime(2031, 1, 1, tzinfo=UTC), is_known=True)


def test_what_was_seen_is_past_unless_the_clock_knows_better() -> None:
    assert unknown(1).after(MADE).at == MADE + timedelta(days=1)
    assert unknown(-1).after(MADE).at == MADE
    assert known(-1).after(MADE) == known(-1)


@pytest.mark.parametrize(
    ("at", "is_good"),
    [
        (known(0), True),
        (known(-3), False),
        (known(11), False),
        (unknown(-9999), True),  # who knows no time refuses nobody for coming too early
        (unknown(9), True),
        (unknown(11), False),  # but what has surely ended has
    ],
)
def test_a_signers_days_are_held_against_what_is_known_of_the_time(
    at: Moment, is_good: bool, keys: ReleaseKeys
) -> None:
    brief = keys.signer(at=BEGINS, lasts=timedelta(days=11))
    found = verified(brief.sign(b"x", CATALOGUE), CATALOGUE, [keys.root])
    if is_good:
        found.check_signer(at)
    else:
        assert refusal(lambda: found.check_signer(at)) == "signer-expired"
