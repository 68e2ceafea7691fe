"""The authority's EST server (RFC 7030), asked over TLS by strangers and by devices."""

import base64
import contextlib
import functools
import logging
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.signing import load_signer
from provisioning.ca import keys, profiles
from provisioning.ca.doors import Answered, Door
from provisioning.ca.issuer import wanted_key
from provisioning.https import Reply, ask
from provisioning.identity import certificate_request, make_key
from provisioning.remedy import ProvisioningError
from provisioning.trust import next_anchors, read_bundle
from tests.brokers import DEADLINE_S
from tests.provisioning.cities import DEVICE, City, Stall, basic

FORM = PublicFormat.SubjectPublicKeyInfo
KEY = ec.generate_private_key(ec.SECP256R1())
EST = "/.well-known/est"


def asked(city: City, word: str, body: bytes | None = None, **headers: str) -> Reply:
    """Ask without a certificate."""
    context = ssl.create_default_context(cadata=city.anchors)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    method = "GET" if body is None else "POST"
    return ask(context, city.url + word, method=method, body=body, headers=named)


def enrolled(city: City, code: str, request: bytes, device: str = DEVICE) -> Reply:
    body = base64.encodebytes(request)
    return asked(city, f"{EST}/simpleenroll", body, **basic(device, code))


@pytest.fixture
def request_of(tmp_path: Path) -> bytes:
    """A request of `DEVICE` as the device itself makes it."""
    (tmp_path / "key.pem").write_bytes(make_key(tmp_path / "no-tpm"))
    return certificate_request(load_signer(tmp_path / "key.pem"), DEVICE)


def test_cacerts_are_certs_only_pkcs7_in_base64(city: City) -> None:
    reply = asked(city, f"{EST}/cacerts")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/pkcs7-mime")
    assert reply.headers["content-transfer-encoding"] == "base64"
    found = read_bundle(base64.b64decode(reply.body))
    assert found == [city.root, city.issuer_certificate]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_reads_what_the_authority_sends_and_what_a_device_asks(
    city: City, request_of: bytes, tmp_path: Path
) -> None:
    reply = enrolled(city, city.claim().code, request_of)
    assert reply.headers["content-type"] == "application/pkcs7-mime; smime-type=certs-only"
    (tmp_path / "chain.p7").write_bytes(base64.b64decode(reply.body))
    (tmp_path / "request.der").write_bytes(request_of)
    (tmp_path / "root.pem").write_text(city.anchors)
    chain = openssl(tmp_path, "pkcs7", "-inform", "DER", "-in", "chain.p7", "-print_certs")
    (tmp_path / "chain.pem").write_text(chain)
    own = next(e for e in x509.load_pem_x509_certificates(chain.encode()) if names(e) == [DEVICE])
    (tmp_path / "own.pem").write_bytes(own.public_bytes(Encoding.PEM))
    said = openssl(tmp_path, "req", "-inform", "DER", "-in", "request.der", "-verify", "-noout")
    assert "verify OK" in said
    files = ("-CAfile", "root.pem", "-untrusted", "chain.pem", "own.pem")
    assert "OK" in openssl(tmp_path, "verify", "-x509_strict", "-purpose", "sslclient", *files)


def names(certificate: x509.Certificate) -> list[str]:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [str(each.value) for each in found]


def openssl(folder: Path, *words: str) -> str:
    """What it says: where to is not the same in each version."""
    done = subprocess.run(
        ("openssl", *words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_csrattrs_wish_for_ecdsa_on_p256(city: City) -> None:
    reply = asked(city, f"{EST}/csrattrs")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/csrattrs")
    wishes = base64.b64decode(reply.body)
    for oid in ("06082a8648ce3d040302", "06072a8648ce3d0201", "06082a8648ce3d030107"):
        assert bytes.fromhex(oid) in wishes
    assert len(wishes) == wishes[1] + 2


def test_who_does_not_say_who_it_is_is_asked(city: City, request_of: bytes) -> None:
    for word in ("simpleenroll", "simplereenroll"):
        reply = asked(
            city, f"{EST}/{word}", base64.b64encode(request_of), content_type="application/pkcs10"
        )
        assert reply.status == 401
        assert reply.headers["www-authenticate"].startswith('Basic realm="')


@pytest.mark.parametrize(
    ("word", "body", "headers", "status"),
    [
        (f"{EST}/fullcmc", b"", {}, 404),
        ("/", None, {}, 404),
        ("/../../etc/passwd", None, {}, 404),
        (f"{EST}/cacerts", b"", {}, 405),
        (f"{EST}/simpleenroll", None, {}, 405),
        (f"{EST}/simpleenroll", b"x" * (65 << 10), {}, 413),
        (f"{EST}/simpleenroll", b"", {"Authorization": "Basic %%%"}, 401),
        (f"{EST}/simpleenroll", b"", {"Authorization": "Basic bm9jb2xvbg=="}, 401),
        (f"{EST}/simpleenroll", b"", {"Authorization": "Bearer x"}, 401),
        (f"{EST}/simpleenroll", b"", {"Content-Length": "-1"}, 411),
    ],
)
def test_what_makes_no_sense_is_refused(
    city: City, word: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    assert asked(city, word, body, **headers).status == status


@pytest.mark.parametrize("body", [b"", b"%%%", base64.b64encode(b"no request"), b"\xff" * 90])
def test_what_is_no_request_is_a_bad_one(city: City, body: bytes) -> None:
    claim = city.claim()
    reply = asked(city, f"{EST}/simpleenroll", body, **basic(DEVICE, claim.code))
    assert (reply.status, reply.headers["haetae-failure"]) == (400, "request-refused")
    assert enrolled_ok(city, claim.code)  # and the claim is as good as before


def enrolled_ok(city: City, code: str) -> bool:
    return enrolled(city, code, request_by(ec.generate_private_key(ec.SECP256R1()))).status == 200


def request_by(
    key: ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | rsa.RSAPrivateKey
    | dsa.DSAPrivateKey,
    *names: str,
) -> bytes:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, each) for each in names or (DEVICE,)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(parts))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def test_which_keys_are_taken(city: City) -> None:
    for key in (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ):
        assert enrolled(city, city.claim().code, request_by(key)).status == 200
    for weak in (
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 1024),
        dsa.generate_private_key(1024),
    ):
        reply = enrolled(city, city.claim().code, request_by(weak))
        assert (reply.status, reply.headers["haetae-failure"]) == (400, "request-refused")


@pytest.mark.parametrize(
    "names", [("stall-18",), (DEVICE, "hub"), ("hub", DEVICE), ("STALL-17",), (f"{DEVICE}\0",)]
)
def test_a_request_in_another_name_is_refused(city: City, names: tuple[str, ...]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert enrolled(city, city.claim().code, request_by(key, *names)).status == 400


def test_what_a_request_wishes_beyond_a_name_and_a_key_is_not_granted(city: City) -> None:
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEVICE)]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hub.example")]), critical=False)
    )
    request = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
    reply = enrolled(city, city.claim().code, request)
    own = next(e for e in read_bundle(base64.b64decode(reply.body)) if names(e) == [DEVICE])
    assert not own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    with pytest.raises(x509.ExtensionNotFound):
        own.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    usage = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


@functools.cache
def original(file: Path) -> tuple[bytes, bytes]:
    """A device's public key, and a request by it."""
    file.write_bytes(make_key(file.with_name("no-tpm")))
    signer = load_signer(file)
    return signer.verifier.der, certificate_request(signer, DEVICE)


@settings(max_examples=150)
@given(data=st.data())
def test_no_mutation_of_a_request_is_one_for_anybody_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is changed: refused, or the same name and the very key that has signed it."""
    public_der, request = original(tmp_path_factory.getbasetemp() / "mutated.pem")
    whole = bytearray(request)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 1 << 16)) % len(whole)
        how = data.draw(st.sampled_from(["flip", "cut", "insert", "name"]))
        if how == "flip":
            whole[at] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "cut":
            del whole[at : at + data.draw(st.integers(1, 8))]
        elif how == "insert":
            whole[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        else:
            whole = bytearray(bytes(whole).replace(b"stall-17", b"stall-18"))
    for device in (DEVICE, "stall-18"):
        with contextlib.suppress(ProvisioningError):
            public = wanted_key(bytes(whole), device)
            assert device == DEVICE
            assert public.public_bytes(Encoding.DER, FORM) == public_der


def test_of_many_at_once_one_key_gets_the_claim(city: City) -> None:
    claim = city.claim()
    requests = [request_by(ec.generate_private_key(ec.SECP256R1())) for _ in range(5)]
    replies: list[tuple[int, Reply]] = []
    start = threading.Barrier(10)

    def enrol(number: int) -> None:
        start.wait(DEADLINE_S)
        replies.append((number, enrolled(city, claim.code, requests[number])))

    threads = [threading.Thread(target=enrol, args=(number % 5,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    served = [(number, reply.body) for number, reply in replies if reply.status == 200]
    assert len({number for number, _ in served}) == 1
    assert len(served) == 2  # it asked twice, and has the same certificate twice
    assert len({body for _, body in served}) == 1
    refusals = [reply.headers["haetae-failure"] for _, reply in replies if reply.status != 200]
    assert refusals == ["claim-used"] * 8


def test_a_claim_that_was_used_is_still_good_for_who_has_used_it(
    city: City, request_of: bytes
) -> None:
    claim = city.claim()
    first, second = (enrolled(city, claim.code, request_of) for _ in range(2))
    assert first.body == second.body
    other = request_by(ec.generate_private_key(ec.SECP256R1()))
    reply = enrolled(city, claim.code, other)
    assert (reply.status, reply.headers["haetae-failure"]) == (403, "claim-used")


def test_a_new_claim_ends_what_the_device_had_before(city: City, tmp_path: Path) -> None:
    name = "stall-90"
    old = Stall(tmp_path / "old", city, city.claim(name), name=name)
    assert old.enrol() == 0
    new = Stall(tmp_path / "new", city, city.claim(name), name=name)
    assert new.enrol() == 0
    with city.issuer.registry.transaction() as ledgers:
        before = ledgers.certificate(f"{old.serial:040x}")
    assert before is not None
    assert before.reason == "superseded"


def test_a_name_longer_than_any_devices_is_neither_kept_nor_logged(
    city: City, request_of: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = enrolled(city, "0" * 26, request_of, "x" * 40_000)
    assert (reply.status, reply.headers["haetae-failure"]) == (401, "claim-unknown")
    assert "x" * 100 not in caplog.text
    assert max(map(len, caplog.messages)) < 500


def test_no_secret_is_in_any_log(
    city: City, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    claims = [city.claim("stall-91"), city.unknown_claim(), city.claim("stall-92")]
    with caplog.at_level(logging.DEBUG):
        for name, claim in zip(("stall-91", "stall-92", "stall-93"), claims, strict=True):
            stall = Stall(tmp_path / name, city, claim, name=name)
            stall.enrol()
            stall.enrol()
    assert caplog.text
    private = [path.read_bytes() for path in tmp_path.rglob("device.key")]
    assert private
    for claim in claims:
        for form in (claim.code, basic("x", claim.code)["Authorization"][-20:]):
            assert form not in caplog.text
        assert claim.code.encode() not in city.issuer.registry.file.read_bytes()
    for key in private:
        assert key.splitlines()[1].decode() not in caplog.text


def test_who_says_nothing_holds_up_nobody(city: City, request_of: bytes) -> None:
    silent = [
        socket.create_connection(("127.0.0.1", city.authority.device_port)) for _ in range(40)
    ]
    try:
        assert enrolled(city, city.claim().code, request_of).status == 200
    finally:
        for each in silent:
            each.close()


def test_who_speaks_too_slowly_is_cut_off(city: City) -> None:
    context = city.authority._contexts()[0]
    answer = Answered(200)
    door = Door(
        ("127.0.0.1", 0),
        context,
        lambda _asked: answer,
        longest_body=100,
        clock=city.now,
        within_s=0.3,
    )
    serving = threading.Thread(target=door.serve_forever, args=(0.05,))
    serving.start()
    trusting = ssl.create_default_context(cadata=city.anchors)
    with (
        socket.create_connection(("127.0.0.1", door.port), DEADLINE_S) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as slow,
        contextlib.suppress(OSError),
    ):
        slow.sendall(b"GET /")
        assert slow.recv(100) == b""
    door.shutdown()
    door.server_close()
    serving.join()


@given(junk=st.binary(max_size=400), at=st.integers(0, 600), bit=st.integers(0, 7))
def test_no_answer_breaks_the_device(junk: bytes, at: int, bit: int) -> None:
    root = keys.new_root("root", KEY)
    whole = bytearray(pkcs7.serialize_certificates([root], Encoding.DER))
    whole[at % len(whole)] ^= 1 << bit
    for answer in (junk, bytes(whole)):
        with contextlib.suppress(ProvisioningError):
            found = read_bundle(answer)
            assert next_anchors([root], found, profiles.now()) == [root]


@pytest.mark.parametrize("name", ["hub", "console", "gateway", "server"])
def test_no_device_is_called_as_a_user_of_the_broker(city: City, name: str) -> None:
    request = request_by(ec.generate_private_key(ec.SECP256R1()), name)
    reply = enrolled(city, city.claim(name).code, request, name)
    assert (reply.status, reply.headers["haetae-failure"]) == (400, "request-refused")


def test_a_plain_word_is_no_harm(city: City) -> None:
    with socket.create_connection(("127.0.0.1", city.authority.device_port)) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        plain.settimeout(DEADLINE_S)
        with contextlib.suppress(ConnectionResetError):
            assert not plain.recv(100).startswith(b"HTTP")
    assert asked(city, f"{EST}/cacerts").status == 200


def test_a_certificate_of_another_authority_is_not_even_heard(city: City, tmp_path: Path) -> None:
    with City(tmp_path / "other", name="other").open() as other:
        foreign = other.pair("stall-17")
    context = ssl.create_default_context(cadata=city.anchors)
    context.load_cert_chain(*foreign)
    with pytest.raises(ProvisioningError, match=r"tls-refused|authority-unreachable"):
        ask(context, f"{city.url}{EST}/cacerts")
