"""Signatures by libcrypto, checked both ways against the library `cryptography`."""

import gc
import os
import ssl
import threading
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.signing import Signer, SigningError, load_signer, load_verifier
from hw_mocks.authority import Authority

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PEM = serialization.Encoding.PEM
PKCS8, SEC1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PLAIN = serialization.NoEncryption()


def made(kind: str) -> Private:
    return (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "EC"
        else ed25519.Ed25519PrivateKey.generate()
    )


def kept(key: Private | rsa.RSAPrivateKey, path: Path) -> Path:
    path.write_bytes(key.private_bytes(PEM, PKCS8, PLAIN))
    return path


def public(key: Private) -> bytes:
    return key.public_key().public_bytes(PEM, SPKI)


def accepts(key: Private, data: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            key.public_key().verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            key.public_key().verify(signature, data)
    except InvalidSignature:
        return False
    return True


def signed(key: Private, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign(data)


@pytest.fixture(params=["EC", "Ed25519"], scope="module")
def key(request: pytest.FixtureRequest) -> Private:
    return made(request.param)


@pytest.fixture(scope="module")
def signer(key: Private, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return load_signer(kept(key, tmp_path_factory.mktemp("identity") / "device.key"))


@given(data=st.binary(max_size=4096))
@settings(deadline=None, max_examples=50)
def test_what_the_device_signs_others_accept(key: Private, signer: Signer, data: bytes) -> None:
    signature = signer.sign(data)
    assert accepts(key, data, signature)
    assert signer.verifier.verify(data, signature)


@given(data=st.binary(max_size=4096))
@settings(deadline=None, max_examples=50)
def test_what_others_sign_is_accepted(key: Private, data: bytes) -> None:
    assert load_verifier(public(key)).verify(data, signed(key, data))


@given(data=st.binary(min_size=1, max_size=200), where=st.floats(0, 1, exclude_max=True))
@settings(deadline=None, max_examples=100)
def test_one_bit_makes_another_text_and_another_signature(
    signer: Signer, data: bytes, where: float
) -> None:
    signature = signer.sign(data)
    assert not signer.verifier.verify(flipped(data, where), signature)
    assert not signer.verifier.verify(data, flipped(signature, where))
    assert not signer.verifier.verify(data + b"\0", signature)


def flipped(data: bytes, where: float) -> bytes:
    bit = int(where * len(data) * 8)
    return bytes(byte ^ (1 << bit % 8 if i == bit // 8 else 0) for i, byte in enumerate(data))


@given(signature=st.binary(max_size=100))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_no_signature_and_raise_nothing(signer: Signer, signature: bytes) -> None:
    assert not signer.verifier.verify(b"a fire", signature)
    assert not signer.verifier.verify_jose(b"a fire", signature)


def test_another_key_of_the_same_kind_is_refused(key: Private, signer: Signer) -> None:
    other = made("EC" if isinstance(key, ec.EllipticCurvePrivateKey) else "Ed25519")
    assert not load_verifier(public(other)).verify(b"a fire", signer.sign(b"a fire"))


@given(data=st.binary(max_size=50))
@settings(deadline=None, max_examples=100)
def test_the_signature_of_a_jws_is_accepted(key: Private, data: bytes) -> None:
    signature = signed(key, data)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    verifier = load_verifier(public(key))
    assert verifier.verify_jose(data, signature)
    assert not verifier.verify_jose(data + b"\0", signature)


def test_a_key_is_named_by_the_hash_of_its_public_half(key: Private, signer: Signer) -> None:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_key().public_bytes(serialization.Encoding.DER, SPKI))
    named = digest.finalize().hex()[:16]
    assert signer.key_id == signer.verifier.key_id == load_verifier(public(key)).key_id == named


def test_a_public_key_can_be_handed_on_as_a_file(signer: Signer) -> None:
    again = load_verifier(signer.verifier.pem.encode())
    assert again.key_id == signer.key_id
    assert again.verify(b"a fire", signer.sign(b"a fire"))


def test_a_certificate_stands_for_its_key(tmp_path: Path) -> None:
    certificate, private = Authority(tmp_path).issue("stall-7")
    signer = load_signer(private)
    verifier = load_verifier(certificate.read_bytes())
    assert verifier.key_id == signer.key_id
    assert verifier.verify(b"a fire", signer.sign(b"a fire"))


def test_a_key_as_openssl_ecparam_writes_it_is_taken(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "device.key"
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    path.write_bytes(parameters + key.private_bytes(PEM, SEC1, PLAIN))
    assert load_signer(path).verifier.key_id == load_verifier(public(key)).key_id


def test_a_compressed_point_has_the_same_name() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    der = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    short = load_verifier(
        ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "PUBLIC KEY").encode()
    )
    assert short.key_id == load_verifier(public(key)).key_id


def test_an_encrypted_key_is_refused_without_asking_anybody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _, private = Authority(tmp_path).issue("stall-7", password=b"hush")
    with pytest.raises(SigningError, match=r"stall-7\.key: the key is encrypted, .* keep it plain"):
        load_signer(private)
    key = ec.generate_private_key(ec.SECP256R1())
    private.write_bytes(
        key.private_bytes(PEM, SEC1, serialization.BestAvailableEncryption(b"hush"))
    )
    with pytest.raises(SigningError, match="the key is encrypted"):
        load_signer(private)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("size", [2048])
def test_an_rsa_key_is_refused_by_name(tmp_path: Path, size: int) -> None:
    key = rsa.generate_private_key(65537, size)
    with pytest.raises(SigningError, match=r"device\.key: .*neither EC P-256 nor Ed25519: make"):
        load_signer(kept(key, tmp_path / "device.key"))


def test_another_curve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="neither EC P-256 nor Ed25519"):
        load_signer(kept(ec.generate_private_key(ec.SECP384R1()), tmp_path / "device.key"))


def test_two_halves_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    points = [
        key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        for key in (one, other)
    ]
    der = one.private_bytes(serialization.Encoding.DER, PKCS8, PLAIN).replace(points[0], points[1])
    path = tmp_path / "device.key"
    path.write_text(ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "PRIVATE KEY"))
    with pytest.raises(SigningError, match="not that of its private one"):
        load_signer(path)


def test_a_missing_key_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match=r"device\.key: No such file .* must be there"):
        load_signer(tmp_path / "device.key")
    with pytest.raises(SigningError, match="Is a directory"):
        load_signer(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_key_names_the_file(tmp_path: Path) -> None:
    path = kept(made("EC"), tmp_path / "device.key")
    path.chmod(0)
    with pytest.raises(SigningError, match=r"device\.key: Permission denied"):
        load_signer(path)


@pytest.mark.parametrize("found", [b"", b"hello", b"\0" * 70_000, b"-----BEGIN CERTIFICATE-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, found: bytes) -> None:
    path = tmp_path / "device.key"
    path.write_bytes(found)
    with pytest.raises(SigningError, match=r"device\.key: .*PEM file of a key"):
        load_signer(path)
    with pytest.raises(SigningError, match="PEM file of a key"):
        load_verifier(found)


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_a_damaged_file_is_refused_or_still_that_key(
    data: st.DataObject, key: Private, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "device.key"
    for pem, load in (
        (
            key.private_bytes(PEM, PKCS8, PLAIN),
            lambda pem: load_signer(_written(path, pem)).verifier,
        ),
        (public(key), load_verifier),
    ):
        at = data.draw(st.integers(0, len(pem) - 1))
        damaged = (
            pem[:at] + data.draw(st.binary(max_size=4)) + pem[at + data.draw(st.integers(0, 4)) :]
        )
        try:
            verifier = load(damaged)
        except SigningError:
            continue
        assert isinstance(verifier.verify(b"a fire", signed(key, b"a fire")), bool)


def _written(path: Path, pem: bytes) -> Path:
    path.write_bytes(pem)
    return path


def test_a_refusal_leaves_no_error_for_tls_to_stumble_over() -> None:
    for _ in range(3):
        with pytest.raises(SigningError):
            load_verifier(b"hello")
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    wrapped = context.wrap_bio(ours, theirs)
    with pytest.raises(ssl.SSLWantReadError):
        wrapped.do_handshake()


def test_several_threads_sign_with_one_key(signer: Signer) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        for turn in range(200):
            data = f"{number} {turn}".encode()
            if not signer.verifier.verify(data, signer.sign(data)):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_ten_thousand_signatures_and_two_thousand_keys_take_no_memory(
    signer: Signer, key: Private, tmp_path: Path
) -> None:
    path = kept(key, tmp_path / "device.key")
    certificate = Authority(tmp_path).issue("stall-7")[0].read_bytes()

    def work(signatures: int, keys: int) -> None:
        for number in range(signatures):
            signer.sign(b"%d" % number)
        for _ in range(keys):
            load_signer(path)
            load_verifier(certificate)
        gc.collect()

    work(1000, 200)
    before = _resident_bytes()
    work(10_000, 1_000)
    assert _resident_bytes() - before < 512 << 10


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
