"""Only who was issued for it signs releases, and no guess at the time decides."""

import base64
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
from provisioning.update.bundle import opened
from provisioning.update.keys import withdrawal
from provisioning.update.manifest import ROOTS_FILE, VOUCHERS_FILE
from provisioning.update.roots import trusted_through
from provisioning.update.signing import (
    BUNDLE,
    CATALOGUE,
    Moment,
    Signer,
    moment,
    parse_roots,
    read_roots,
    read_withdrawn,
    verified,
)
from tests.provisioning.update.releases import MADE, known, made, refusal, unknown

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


def test_a_signer_that_its_root_has_withdrawn_signs_nothing_any_more(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    path = made(tmp_path / "b", signer)
    listed = withdrawal([signer.certificate], [], keys.root, keys.key, at=MADE)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(keys.roots.read_bytes() + listed)
    assert refusal(lambda: opened(path, [roots])) == "release-untrusted"
    opened(made(tmp_path / "c", keys.signer(at=BEGINS)), [roots])
    found = verified(signer.sign(b"x", CATALOGUE), CATALOGUE, [keys.root])
    withdrawn = read_withdrawn([roots])
    assert refusal(lambda: found.check_withdrawn(withdrawn)) == "release-untrusted"


def test_a_list_of_somebody_else_withdraws_nobody(
    keys: ReleaseKeys, signer: Signer, tmp_path: Path
) -> None:
    other = ReleaseKeys(tmp_path / "other")
    listed = withdrawal([signer.certificate], [], keys.root, other.key, at=MADE)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(keys.roots.read_bytes() + listed)
    opened(made(tmp_path / "b", signer), [roots])


class Succession:
    """Three roots, each vouched for by the one before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new, self.newer = (
            ReleaseKeys(folder / each, each) for each in ("old", "new", "newer")
        )
        self.crossed = [
            authority.crossed(one.root, one.key, other.root, other.key)[0]
            for one, other in ((self.old, self.new), (self.new, self.newer))
        ]

    def bundle(self, signer: Signer, *roots: ReleaseKeys, vouchers: bool = True) -> Path:
        files = {ROOTS_FILE: authority.pem(*(each.root for each in roots))}
        if vouchers:
            files[VOUCHERS_FILE] = authority.pem(*self.crossed, self.new.root)
        name = "-".join(each.folder.name for each in roots) + str(vouchers)
        return made(self.folder / name, signer, files, kind="keys", lock="")


@pytest.fixture
def roots(tmp_path: Path) -> Succession:
    return Succession(tmp_path)


def test_a_root_that_todays_vouches_for_is_taken_and_then_the_old_one_may_go(
    roots: Succession,
) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.old, roots.new)
    overlap = roots.folder / "overlap"
    opened(path, [roots.old.roots]).unpack(overlap)
    both = overlap / ROOTS_FILE
    path = roots.bundle(roots.new.signer(at=BEGINS), roots.new)
    assert refusal(lambda: opened(path, [roots.old.roots])) == "release-untrusted"
    opened(path, [both])
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.new)
    opened(path, [both])


def test_the_last_root_is_never_removed(roots: Succession) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.new)
    assert refusal(lambda: opened(path, [roots.old.roots])) == "roots-refused"


def test_a_signer_alone_brings_no_root(roots: Succession) -> None:
    signer = roots.old.signer(at=BEGINS)
    unvouched = roots.bundle(signer, roots.old, roots.new, vouchers=False)
    assert refusal(lambda: opened(unvouched, [roots.old.roots])) == "roots-refused"
    stranger = roots.bundle(signer, roots.old, ReleaseKeys(roots.folder / "stranger"))
    assert refusal(lambda: opened(stranger, [roots.old.roots])) == "roots-refused"
    skipping = roots.bundle(signer, roots.old, roots.newer)  # not vouched for by today's
    assert refusal(lambda: opened(skipping, [roots.old.roots])) == "roots-refused"


def test_there_are_two_roots_at_the_most(roots: Succession) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.old, roots.new, roots.newer)
    assert refusal(lambda: opened(path, [roots.old.roots])) == "roots-refused"


def test_an_ended_root_is_no_successor(roots: Succession) -> None:
    path = roots.bundle(roots.old.signer(at=BEGINS), roots.old, roots.new)
    late = known(25 * 365)
    assert refusal(lambda: opened(path, [roots.old.roots], at=late)) in {
        "signer-expired",
        "roots-refused",
    }


def test_who_was_withdrawn_does_not_come_back_with_new_keys(
    roots: Succession, tmp_path: Path
) -> None:
    stolen, signer = roots.old.signer(at=BEGINS), roots.old.signer(at=BEGINS)
    listed = withdrawal([stolen.certificate], [], roots.old.root, roots.old.key, at=MADE)
    today = tmp_path / "today.pem"
    today.write_bytes(roots.old.roots.read_bytes() + listed)
    path = roots.bundle(signer, roots.old, roots.new)
    assert refusal(lambda: opened(path, [today])) == "roots-refused"


def test_a_device_that_missed_a_root_knows_its_successor(roots: Succession) -> None:
    """A system made under the oldest root still knows by whom later keys may be signed."""
    files = {
        ROOTS_FILE: authority.pem(roots.newer.root),
        VOUCHERS_FILE: authority.pem(*roots.crossed, roots.new.root),
    }
    shipped = parse_roots(roots.old.roots.read_bytes())
    found = trusted_through(shipped, files, unknown())
    assert found == [roots.old.root, roots.new.root, roots.newer.root]
    files[VOUCHERS_FILE] = authority.pem(roots.crossed[1], roots.new.root)
    assert trusted_through(shipped, files, unknown()) == shipped
