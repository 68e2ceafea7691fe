"""Who has signed a command: whatever bytes come, only what a known key has signed is taken."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.commanders import Commanders
from agent.commands import (
    LONGEST_TOML,
    VERBS,
    Code,
    Configuration,
    Order,
    Received,
    Refusal,
    longest_body,
)
from agent.gate import Gate
from agent.sections import CommanderConfig
from provisioning import command as signer
from provisioning.command import sign
from tests.agent.orders import SET, body, received
from tests.brokers import HUB_FILES
from tests.commander import Commander, edwards

ROOT = "haetae/v1/test/stall-17"
OWN: dict[str, dict[str, Any]] = {
    "answered": {"event": "boot-1"},
    "away": {"hours": 1.0},
    "silence": {"event": "boot-1"},
    "inspect": {"sensor": "smoke_alarm"},
    "configuration": {"toml": "한국어 and \u0001 escapes\n" * 400},
}


@pytest.fixture(params=["ES256", "EdDSA"])
def commander(request: pytest.FixtureRequest, tmp_path: Path) -> Commander:
    return Commander(tmp_path, key=edwards() if request.param == "EdDSA" else None)


def judged(
    body: bytes, *known: Commander, verb: str = "identify", gate: Gate | None = None
) -> Order | Refusal:
    gate = gate or Gate({}, root=ROOT, commanders=Commanders(each.config for each in known))
    found = gate.judge(received(verb, body), SET, 0.0)
    assert found is not None
    return found


def refused(body: bytes, *known: Commander, verb: str = "identify") -> tuple[Code, str]:
    found = judged(body, *known, verb=verb)
    assert isinstance(found, Refusal)
    return found.code, found.reason


@pytest.mark.parametrize("verb", VERBS)
def test_what_a_commander_has_signed_is_taken_once(commander: Commander, verb: str) -> None:
    gate = Gate({}, root=ROOT, commanders=Commanders([commander.config]))
    signed = commander.command(verb, **OWN.get(verb, {}))
    found = judged(signed, verb=verb, gate=gate)
    assert isinstance(found, Order), found
    assert (found.verb, found.signer) == (verb, "night-desk")
    again = judged(signed, verb=verb, gate=gate)
    assert isinstance(again, Refusal)
    assert (again.code, again.id) == (Code.REPLAYED, found.command.id)
    after = judged(signed, verb=verb, gate=Gate(gate.seen, root=ROOT, commanders=Commanders(
        [commander.config])))  # fmt: skip
    assert isinstance(after, Refusal)


@pytest.mark.parametrize("verb", VERBS)
def test_with_commanders_nothing_goes_unsigned(commander: Commander, verb: str) -> None:
    code, reason = refused(body(**OWN.get(verb, {})), commander, verb=verb)
    assert code is Code.NOT_AUTHENTIC
    assert "compact JWS" in reason


def test_a_command_is_good_for_one_device_and_one_verb(commander: Commander) -> None:
    wrongs: tuple[dict[str, Any], ...] = (
        {"device": "stall-18"},
        {"site": "other"},
        {"to": f"{ROOT}/cmd/silence"},
        {"to": ""},
    )
    for wrong in wrongs:
        code, reason = refused(commander.command("identify", **wrong), commander)
        assert code is Code.NOT_AUTHORISED
        assert reason.endswith(f"not for {ROOT}/cmd/identify")


def test_a_commander_may_only_what_the_device_says(tmp_path: Path) -> None:
    limited = Commander(tmp_path, "care", None, "answered", "away")
    code, reason = refused(limited.command("identify"), limited)
    assert (code, reason) == (Code.NOT_AUTHORISED, "care may not command identify")


def test_nobody_signs_for_another(commander: Commander, tmp_path: Path) -> None:
    other = Commander(tmp_path / "other", "other")
    assert refused(other.command("identify"), commander)[0] is Code.NOT_AUTHENTIC
    forged = sign(body(to=f"{ROOT}/cmd/identify"), other.key, commander.name)
    assert refused(forged, commander, other)[0] is Code.NOT_AUTHENTIC


def test_what_was_not_authentic_uses_up_no_id(commander: Commander, tmp_path: Path) -> None:
    gate = Gate({}, root=ROOT, commanders=Commanders([commander.config]))
    nobody = Commander(tmp_path / "other", commander.name)
    assert isinstance(judged(nobody.command("identify", id="nonce-0001"), gate=gate), Refusal)
    assert isinstance(judged(commander.command("identify", id="nonce-0001"), gate=gate), Order)


def header(**fields: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=")


@pytest.mark.parametrize(
    "fields",
    [
        {"alg": "none", "kid": "night-desk"},
        {"alg": "HS256", "kid": "night-desk"},
        {"alg": "RS256", "kid": "night-desk"},
        {"alg": "ES256"},
        {"alg": "ES256", "kid": ""},
        {"alg": "ES256", "kid": 7},
        {"alg": "ES256", "kid": "nobody"},
        {"alg": "ES256", "kid": "night-desk", "crit": ["exp"], "exp": 0},
        {"alg": "ES256", "kid": "night-desk", "b64": False, "crit": ["b64"]},
        {"alg": "ES256", "kid": "night-desk", "jwk": {"kty": "EC"}},
        {"alg": "ES256", "kid": "night-desk", "x5u": "https://example.org"},
        {"alg": "ES256", "kid": "night-desk", "typ": "x" * 600},
        {"alg": "EdDSA", "kid": "night-desk"},
    ],
)
def test_no_other_header_is_taken_whatever_is_signed(
    fields: dict[str, Any], tmp_path: Path
) -> None:
    commander = Commander(tmp_path)
    _, payload, signature = commander.command("identify").split(b".")
    assert refused(b".".join([header(**fields), payload, signature]), commander)[0] is (
        Code.NOT_AUTHENTIC
    )


def test_an_algorithm_that_is_not_the_key_s_own_is_told(tmp_path: Path) -> None:
    commander = Commander(tmp_path)
    _, payload, signature = commander.command("identify").split(b".")
    other = header(alg="EdDSA", kid=commander.name)
    assert refused(b".".join([other, payload, signature]), commander)[1] == (
        "the key of night-desk signs by ES256, not by EdDSA"
    )


@pytest.mark.parametrize("signature", [b"", b"\0" * 63, b"\0" * 64, b"\xff" * 64, b"\0" * 65])
def test_no_degenerate_signature_is_taken(commander: Commander, signature: bytes) -> None:
    head, payload, _ = commander.command("identify").split(b".")
    forged = b".".join([head, payload, base64.urlsafe_b64encode(signature).rstrip(b"=")])
    assert refused(forged, commander)[0] is Code.NOT_AUTHENTIC


def test_base64url_is_held_to_its_one_form(commander: Commander) -> None:
    signed = commander.command("identify")
    head, payload, signature = signed.split(b".")
    for wrong in (
        signed + b"=",
        signed + b"\n",
        b" " + signed,
        signed + b"." + payload,
        b".".join([head, b"", signature]),
        b".".join([head, payload + b"A", signature]),
        b".".join([head, payload.replace(b"e", b"+", 1), signature]),
        b".".join([head, payload, signature[:-1] + bytes([signature[-1] ^ 1])]),
    ):
        assert refused(wrong, commander)[0] is Code.NOT_AUTHENTIC, wrong


def test_what_is_too_long_is_refused_unread(commander: Commander) -> None:
    huge = b"A" * (longest_body("configuration") + 1)
    assert refused(huge, commander, verb="configuration")[0] is Code.NOT_UNDERSTOOD
    long = commander.command("away", hours=1.0, by="x" * 64)
    assert len(long) < longest_body("away")
    padded = sign(b" " * 4097, commander.key, commander.name)
    assert refused(padded, commander)[0] is Code.NOT_UNDERSTOOD


def test_the_longest_configuration_is_taken_and_one_byte_more_is_not(commander: Commander) -> None:
    for text in ("x" * LONGEST_TOML, '"' * LONGEST_TOML, "긴" * (LONGEST_TOML // 3)):
        signed = commander.command("configuration", toml=text)
        assert isinstance(judged(signed, commander, verb="configuration"), Order)
    long = body(
        toml="긴" * (LONGEST_TOML // 3) + "x", sha256="0" * 64, to=f"{ROOT}/cmd/configuration"
    )
    long = sign(long, commander.key, commander.name)
    assert refused(long, commander, verb="configuration")[0] is Code.NOT_UNDERSTOOD


def test_a_key_that_cannot_be_read_lets_nobody_command_and_is_told(tmp_path: Path) -> None:
    commander = Commander(tmp_path)
    signed = commander.command("identify")
    for content in (None, b"", b"garbage", b"-----BEGIN PUBLIC KEY-----\n"):
        path = tmp_path / "gone.pem"
        if content is not None:
            path.write_bytes(content)
        config = CommanderConfig(name=commander.name, key=str(path), verbs=["identify"])
        commanders = Commanders([config])
        assert commanders.trouble.startswith(f"night-desk cannot command: {path}")
        for each in (signed, body()):
            found = judged(each, gate=Gate({}, root=ROOT, commanders=commanders))
            assert isinstance(found, Refusal)
            assert found.code is Code.NOT_AUTHENTIC


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_changed_byte_anywhere_is_noticed(commander: Commander, data: st.DataObject) -> None:
    signed = bytearray(commander.command("identify", id="nonce-0001"))
    at = data.draw(st.integers(0, len(signed) - 1))
    signed[at] ^= data.draw(st.integers(1, 255))
    assert isinstance(judged(bytes(signed), commander), Refusal)


_PART = st.binary(max_size=80).map(lambda value: base64.urlsafe_b64encode(value).rstrip(b"="))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
_HEADER = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk"]), _JSON)
_NEARLY = st.tuples(_HEADER.map(lambda fields: header(**fields)) | _PART, _PART, _PART)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300) | st.text(max_size=100).map(str.encode) | _NEARLY.map(b".".join),
    st.sampled_from([*VERBS, "", "x"]),
)
def test_no_bytes_raise_and_none_are_taken(commander: Commander, text: bytes, verb: str) -> None:
    gate = Gate({}, root=ROOT, commanders=Commanders([commander.config]))
    found = gate.judge(Received(verb, text, retained=False, at=0.0), SET, 0.0)
    assert isinstance(found, Refusal)
    assert found.reason.isprintable()


def test_the_golden_signed_command_holds(tmp_path: Path) -> None:
    examples = HUB_FILES / "examples"
    text = (examples / "command-silence.jws").read_bytes().rstrip(b"\n")
    key = str(examples / "commander.pem")
    commanders = Commanders([CommanderConfig(name="night-desk", key=key, verbs=["silence"])])
    found = commanders.opened("silence", text, needs_signature=True)
    assert found.signer == "night-desk"
    assert found.payload + b"\n" == (examples / "command-silence.json").read_bytes()
    assert msgspec.json.decode(found.payload, type=VERBS["silence"]).to == (
        "haetae/v1/alley-3/stall-17/cmd/silence"
    )


def test_the_signer_prints_what_a_device_takes(
    commander: Commander, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, file = tmp_path / "key.pem", tmp_path / "new.toml"
    key.write_bytes(commander.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.write_text('profile = "방"\n', "utf-8")
    who = ["--key", str(key), "--kid", commander.name, "--site", "test", "--device", "stall-17"]
    assert signer.main([*who, "configuration", f"toml=@{file}"]) == 0
    line = capsys.readouterr().out.strip().encode()
    known = Commanders([commander.config])
    found = known.opened("configuration", line, needs_signature=True)
    told = msgspec.json.decode(found.payload, type=Configuration)
    assert (told.toml, told.by) == ('profile = "방"\n', commander.name)
    assert told.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert told.to == f"{ROOT}/cmd/configuration"
    for wrong in (["away"], ["away", "hours=-1"], ["away", "hours"], ["recording", "x=@/none"]):
        assert signer.main([*who, *wrong]) == signer.USAGE
        assert capsys.readouterr().err
