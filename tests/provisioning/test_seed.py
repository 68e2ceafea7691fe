"""The seed of a card: what is written is read back, and what is damaged is refused in words."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.values import Why
from provisioning import seed as seeds
from provisioning.remedy import ProvisioningError
from provisioning.seed import Authority, Claim, Seed, SeedHub, Wifi

PEM = "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n-----END CERTIFICATE-----\n"


def a_seed(place: Why, claim: Claim | None, wifi: Wifi | None) -> Seed:
    return Seed(
        device="stall-017",
        site="cheongnyangni",
        place=place,
        profile="market-stall",
        authority=Authority(url="https://ca.example:9443", anchors=PEM),
        claim=claim,
        setup=seeds.setup_for("ABCDEFGH1234", "stall-017"),
        hub=SeedHub(host="hub.example"),
        wifi=wifi,
    )


@settings(deadline=None, max_examples=50)
@given(
    ko=st.text(min_size=1, max_size=60),
    en=st.text(min_size=1, max_size=60),
    used=st.booleans(),
    cable=st.booleans(),
)
def test_what_is_written_is_read_back(ko: str, en: str, used: bool, cable: bool) -> None:
    claim = Claim(code="A" * 26, expires=datetime(2027, 1, 1, tzinfo=UTC))
    wifi = Wifi(ssid="시장", psk="0" * 64)
    given_seed = a_seed(Why(ko, en), None if used else claim, None if cable else wifi)
    assert seeds.parse_seed(seeds.seed_text(given_seed)) == given_seed


@pytest.mark.parametrize(
    "text", ["", "version = 2", "nonsense", '[device]\nid = "x"', "\udc80", "a = 1\n" * 9]
)
def test_a_damaged_seed_is_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    path = tmp_path / "seed.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProvisioningError) as refusal:
        seeds.read_seed(path)
    assert refusal.value.failure.code == "seed-unusable"
    assert refusal.value.failure.remedy.ko


def test_a_missing_seed_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="seed-unusable"):
        seeds.read_seed(tmp_path / "seed.toml")


@given(code=st.text(alphabet=seeds.ALPHABET, min_size=12, max_size=12))
def test_a_code_is_understood_however_it_is_typed(code: str) -> None:
    typed = "-".join((code[:4], code[4:8], code[8:])).lower().replace("0", "o").replace("1", "l")
    assert seeds.normal_code(f" {typed} ") == code


def test_the_seed_holds_no_setup_code_but_what_it_comes_to() -> None:
    text = seeds.seed_text(a_seed(Why("가", "a"), None, None))
    setup = seeds.parse_seed(text).setup
    assert "ABCDEFGH1234" not in text
    assert seeds.verifier("ABCDEFGH1234", setup.salt) == setup.verifier
    assert seeds.verifier("ABCDEFGH1235", setup.salt) != setup.verifier


def test_a_seed_without_the_offices_number_is_read_as_ever() -> None:
    seed = a_seed(Why("곳", "place"), None, None)
    text = seeds.seed_text(seed)
    assert "phone" not in text
    assert seeds.parse_seed(text).phone is None
    assert seeds.parse_seed('phone = "+82 53-000-0000"\n' + text).phone == "+82 53-000-0000"


@pytest.mark.parametrize("phone", ["", "call us", "javascript:1", "0" * 40, "053-0000\\n", "-1"])
def test_what_is_no_telephone_number_is_no_seeds(phone: str) -> None:
    text = seeds.seed_text(a_seed(Why("곳", "place"), None, None))
    with pytest.raises(ValueError, match="phone"):
        seeds.parse_seed(f'phone = "{phone}"\n{text}')
