"""Whatever goes wrong is told in two languages, with what to do next: each over a real server."""

import base64
import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provisioning.ca.doors import Answered, Asked
from provisioning.ca.est import _certs_only
from provisioning.ca.issuer import Wanted
from provisioning.identity_wording import WORDS
from provisioning.places import TAKEN_SEED
from tests.provisioning.cities import CURVE, DAY, DEVICE, YEAR, City, Stall

HANGUL = re.compile("[가-힣]")


@pytest.fixture
def stall(city: City, tmp_path: Path) -> Stall:
    """A device with a good claim that has not asked yet."""
    return Stall(tmp_path / "stall", city, city.claim())


def refused(stall: Stall) -> str:
    """Try once; the code that people read of it."""
    assert stall.enrol() != 0
    told = stall.told
    assert told.state in {"failed", "waiting"}
    assert HANGUL.search(told.what.ko)
    assert HANGUL.search(told.remedy.ko)
    assert told.what.en
    assert told.remedy.en
    return told.code


def test_who_is_not_under_the_cards_roots_is_told_nothing(
    city: City, stall: Stall, tmp_path: Path
) -> None:
    with City(tmp_path / "other", name="other").open() as other:
        stall.ask(other.url)
        assert refused(stall) == "wrong-authority"
        assert stall.told.state == "failed"
        with other.issuer.registry.transaction() as ledgers:
            assert not ledgers.journal()


def test_another_machine_of_the_city_is_not_the_authority(city: City, stall: Stall) -> None:
    stall.ask(city.url.replace("localhost", "127.0.0.1"))
    assert refused(stall) == "wrong-authority"


def test_an_expired_claim(city: City, tmp_path: Path) -> None:
    stall = Stall(tmp_path / "late", city, city.claim(lasts=-DAY))
    assert refused(stall) == "claim-expired"


def test_a_claim_that_another_device_has_used(city: City, stall: Stall, tmp_path: Path) -> None:
    assert stall.enrol() == 0
    copy = Stall(tmp_path / "copy", city, stall.first_claim)
    assert refused(copy) == "claim-used"
    assert copy.told.state == "failed"


def test_a_claim_that_the_office_has_not_sent_yet_may_come_later(
    city: City, tmp_path: Path
) -> None:
    stall = Stall(tmp_path / "early", city, city.unknown_claim())
    assert refused(stall) == "claim-unknown"
    assert stall.told.state == "waiting"


def test_a_claim_is_for_one_device_alone(city: City, tmp_path: Path) -> None:
    stall = Stall(tmp_path / "thief", city, city.claim("stall-18"), name=DEVICE)
    assert refused(stall) == "claim-unknown"


def test_a_card_without_a_claim(city: City, tmp_path: Path) -> None:
    assert refused(Stall(tmp_path / "bare", city, None)) == "claim-missing"


def test_a_card_without_a_seed(stall: Stall) -> None:
    (stall.configuration / TAKEN_SEED).unlink()
    assert refused(stall) == "seed-unusable"


def test_damaged_roots(stall: Stall) -> None:
    authority = type(stall.seed.authority)(url=stall.seed.authority.url, anchors="x" * 64)
    stall.write_seed(authority=authority)
    assert refused(stall) == "anchors-unusable"


def test_a_revoked_device(city: City, stall: Stall) -> None:
    assert stall.enrol() == 0
    city.office().revoke(DEVICE, "stolen")
    city.ahead += 250 * DAY
    stall.ahead, stall.source = city.ahead, "rtc"
    assert refused(stall) == "device-revoked"
    assert stall.told.state == "failed"


def test_a_revoked_device_that_was_never_enrolled(city: City, stall: Stall) -> None:
    city.office().revoke(DEVICE, "the card was lost")
    assert refused(stall) == "device-revoked"


def test_a_device_that_was_off_for_longer_than_the_grace(city: City, stall: Stall) -> None:
    assert stall.enrol() == 0
    city.ahead += 2 * YEAR + 36 * DAY
    stall.ahead, stall.source = city.ahead, "rtc"
    with city.open():  # with a certificate of its own for these years
        stall.ask(city.url)
        assert refused(stall) == "certificate-expired"


def test_a_certificate_that_the_authority_has_lost(city: City, stall: Stall) -> None:
    assert stall.enrol() == 0
    city.issuer.registry.file.write_bytes(b"")
    city.ahead += 250 * DAY
    stall.ahead, stall.source = city.ahead, "rtc"
    with city.open():
        stall.ask(city.url)
        assert refused(stall) == "certificate-refused"


@pytest.mark.parametrize(
    ("ahead", "source", "code"),
    [(30 * YEAR, "unsynchronised", "clock-wrong"), (timedelta(), "ntp", "authority-expired")],
)
def test_dates_that_do_not_fit_are_the_clocks_fault_where_nobody_vouches_for_it(
    city: City, tmp_path: Path, ahead: timedelta, source: str, code: str
) -> None:
    city.ahead = -2 * YEAR
    with city.open():  # its certificate ended a year ago
        stall = Stall(tmp_path / "there", city, city.unknown_claim())
        stall.ahead, stall.source = ahead, source
        assert refused(stall) == code


def test_a_key_that_cannot_be_read(city: City, stall: Stall) -> None:
    assert stall.enrol() == 0
    city.ahead += 250 * DAY
    stall.ahead, stall.source = city.ahead, "rtc"
    stall.files[1].write_bytes(b"rust")
    assert refused(stall) == "key-unusable"


@pytest.mark.parametrize(
    "answer",
    [
        Answered(200, b"<html>Sign in to our Wi-Fi</html>"),
        Answered(500, b""),
        Answered(200, b""),
        Answered(302, b"", headers={"Location": "https://elsewhere.example/"}),
        Answered(200, b"x" * (2 << 20)),
        Answered(200, base64.b64encode(b"0" * 500)),
    ],
)
def test_an_answer_that_makes_no_sense(city: City, stall: Stall, answer: Answered) -> None:
    with city.impostor(lambda _asked: answer) as url:
        stall.ask(url)
        assert refused(stall) == "authority-failed"


@pytest.mark.parametrize("code", sorted({"too-many-requests", "authority-busy"}))
def test_an_authority_that_asks_for_patience(city: City, stall: Stall, code: str) -> None:
    answer = Answered(503, b"", headers={"Haetae-Failure": code})
    with city.impostor(lambda _asked: answer) as url:
        stall.ask(url)
        assert refused(stall) == code
        assert stall.told.state == "waiting"


@pytest.mark.parametrize("name", [DEVICE, "stall-18", "hub"])
def test_a_certificate_for_another_key_or_name_is_not_taken(
    city: City, stall: Stall, name: str
) -> None:
    stranger = ec.generate_private_key(CURVE)

    def answer(asked: Asked) -> Answered:
        request = x509.load_der_x509_csr(base64.b64decode(asked.body))
        own = request.public_key()
        assert isinstance(own, ec.EllipticCurvePublicKey)
        public = stranger.public_key() if name == DEVICE else own
        made = city.issuer.sign(Wanted(name, public, "device"))
        return Answered(200, _certs_only([made, city.issuer_certificate]))

    with city.impostor(answer) as url:
        stall.ask(url)
        assert refused(stall) == "certificate-wrong"
    assert stall.identity.current is None


def test_guessing_claims_is_slow(city: City, stall: Stall) -> None:
    right = stall.seed.claim
    for _ in range(10):
        stall.write_seed(claim=city.unknown_claim())
        assert refused(stall) == "claim-unknown"
    stall.write_seed(claim=right)
    assert refused(stall) == "too-many-requests"


def test_every_failure_has_both_languages_and_a_remedy_in_each() -> None:
    for code, words in WORDS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+|quarantined", code)
        for korean, english in (words[:2], words[2:]):
            assert HANGUL.search(korean)
            assert not HANGUL.search(english)
            assert korean[-1] == english[-1] == "."
