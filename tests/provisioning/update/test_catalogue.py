"""A list of releases is taken from who may make it, never an older one, never one that ended."""

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from hw_mocks.release_keys import ReleaseKeys
from provisioning.update import catalogue
from provisioning.update.catalogue import Catalogue, address, read_catalogue, signed
from provisioning.update.signing import BUNDLE, CATALOGUE, Moment, Signer
from tests.provisioning.update.releases import MADE, known, offer, refusal, unknown


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=MADE - timedelta(days=1))


def offered(serial: int = 7, days: float = 30) -> Catalogue:
    expires = MADE + timedelta(days=days)
    return Catalogue(serial=serial, made=MADE, expires=expires, releases=(offer(percent=12.5),))


def test_what_was_signed_is_read_again(keys: ReleaseKeys, signer: Signer) -> None:
    assert read_catalogue(signed(offered(), signer), [keys.root], known()) == offered()


def test_a_file_that_ends_with_a_newline_is_the_same(keys: ReleaseKeys, signer: Signer) -> None:
    assert read_catalogue(signed(offered(), signer) + b"\n", [keys.root], known()) == offered()


def test_the_same_list_gives_the_same_bytes(signer: Signer) -> None:
    assert signed(offered(), signer) == signed(offered(), signer)


def test_an_older_list_than_one_seen_is_refused(keys: ReleaseKeys, signer: Signer) -> None:
    text = signed(offered(serial=7), signer)
    assert read_catalogue(text, [keys.root], known(), seen=7).serial == 7
    code = refusal(lambda: read_catalogue(text, [keys.root], known(), seen=8))
    assert code == "catalogue-older"


@pytest.mark.parametrize(
    ("at", "is_good"),
    [
        (known(29), True),
        (known(31), False),
        (unknown(-9999), True),  # the clock stands years back: nobody can say that it has ended
        (unknown(29), True),
        (unknown(31), False),  # so much is surely past
    ],
)
def test_a_list_that_has_ended_is_refused_where_that_is_known(
    at: Moment, is_good: bool, keys: ReleaseKeys, signer: Signer
) -> None:
    text = signed(offered(), signer)
    if is_good:
        assert read_catalogue(text, [keys.root], at) == offered()
    else:
        code = refusal(lambda: read_catalogue(text, [keys.root], at))
        assert code == "catalogue-expired"


def test_a_signer_who_has_ended_lists_nothing(keys: ReleaseKeys) -> None:
    brief = keys.signer(at=MADE - timedelta(days=1), lasts=timedelta(days=10))
    text = signed(offered(), brief)
    assert read_catalogue(text, [keys.root], known(5)) == offered()
    assert refusal(lambda: read_catalogue(text, [keys.root], known(20))) == "signer-expired"


def test_a_withdrawn_signer_lists_nothing(keys: ReleaseKeys, signer: Signer) -> None:
    mine = signer.certificate
    withdrawn = frozenset({(mine.issuer.public_bytes(), mine.serial_number)})
    text = signed(offered(), signer)
    code = refusal(lambda: read_catalogue(text, [keys.root], known(), withdrawn=withdrawn))
    assert code == "release-untrusted"


def test_who_may_not_sign_lists_nothing(keys: ReleaseKeys, tmp_path: Path) -> None:
    text = signed(offered(), ReleaseKeys(tmp_path).signer())
    assert refusal(lambda: read_catalogue(text, [keys.root], known())) == "release-untrusted"


def test_a_bundles_signature_is_no_list(keys: ReleaseKeys, signer: Signer) -> None:
    text = signer.sign(msgspec.json.encode(offered()), BUNDLE)
    assert refusal(lambda: read_catalogue(text, [keys.root], known())) == "release-untrusted"


def test_what_a_later_software_adds_is_left_unread(keys: ReleaseKeys, signer: Signer) -> None:
    told = json.loads(msgspec.json.encode(offered()))
    told["mirrors"] = ["https://elsewhere.example"]
    told["releases"][0]["colour"] = "green"
    text = signer.sign(msgspec.json.encode(told), CATALOGUE)
    assert read_catalogue(text, [keys.root], known()) == offered()


@pytest.mark.parametrize(
    "said",
    [
        {"bytes": 0},
        {"bytes": 3 << 30},
        {"sha256": "../../etc/passwd"},
        {"sha256": "A" * 64},
        {"percent": -1},
        {"percent": 101},
        {"version": "latest"},
        {"kind": "../x"},
        {"url": ""},
        {"needs": {"application": "soon"}},
        {"not_before": "tomorrow"},
    ],
)
def test_a_list_that_makes_no_sense_is_refused_though_it_is_signed(
    said: dict[str, object], keys: ReleaseKeys, signer: Signer
) -> None:
    told = json.loads(msgspec.json.encode(offered()))
    told["releases"][0] |= said
    text = signer.sign(msgspec.json.encode(told), CATALOGUE)
    assert refusal(lambda: read_catalogue(text, [keys.root], known())) == "release-unusable"


def test_a_file_lies_beside_its_list_or_at_another_address_of_https() -> None:
    base = f"https://updates.example:8443/haetae/{catalogue.FILE}"
    assert address(offer(url="a.haetae"), base) == "https://updates.example:8443/haetae/a.haetae"
    assert address(offer(url="https://other.example/b"), base) == "https://other.example/b"


@pytest.mark.parametrize(
    "url",
    [
        "http://updates.example/a",
        "file:///etc/passwd",
        "https://user:secret@updates.example/a",
        "//[bad/a",
        "https://updates.example:99999/a",
        "a b",
        "a\r\nHost: elsewhere",
    ],
)
def test_no_other_address_is_gone_to(url: str) -> None:
    base = f"https://updates.example/{catalogue.FILE}"
    assert refusal(lambda: address(offer(url=url), base)) == "release-unusable"
