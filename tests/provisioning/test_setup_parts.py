"""What the setup page writes: the configuration, its zones, contacts, and the signed record."""

import base64
import hashlib
import json
import stat
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import config as configuration
from agent.signing import load_signer
from agent.values import Why
from agent.wallclock import read_wall_clock, wall_time
from drivers.camera import CameraConfig, Zone
from hw_mocks.authority import Authority
from provisioning.commission import (
    Checked,
    Commissioning,
    Person,
    Time,
    Tried,
    sign_record,
    verify_record,
)
from provisioning.remedy import ProvisioningError
from provisioning.seed import Authority as SeedAuthority
from provisioning.seed import Seed, SeedHub, setup_for
from provisioning.setup_page import contacts, draft, profiles, tls
from provisioning.setup_page.api import POSTS
from provisioning.setup_page.apply import device_toml, put_in_force
from provisioning.setup_page.contacts import Contact, Contacts
from provisioning.setup_page.installation import Installation, Places
from provisioning.setup_page.refusals import RefusedError

SEED = Seed(
    device="stall-07",
    site="seomun-market",
    place=Why("서문시장", "Seomun market"),
    profile="market-stall",
    authority=SeedAuthority(url="https://ca.example/est", anchors="-" * 64),
    setup=setup_for("7K3M9QX2VB4H", "stall-07"),
    hub=SeedHub(host="hub.example", port=8883, alternatives=["hub2.example:8883"]),
)
ALL = profiles.profiles()
IDENTITY = Path("/etc/haetae/identity")
SOFA = Zone(name="sofa", points=((0.1, 0.2), (0.5, 0.2), (0.3, 0.75)))


def written(folder: Path, profile: str, zones: dict[str, list[Zone]] | None = None) -> str:
    return device_toml(ALL[profile].text, SEED, zones or {}, IDENTITY)


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_profile_makes_a_configuration_that_the_agent_takes(
    tmp_path: Path, name: str
) -> None:
    found = put_in_force(tmp_path, written(tmp_path, name))
    assert (found.profile, found.device.id, found.device.site) == (name, SEED.device, SEED.site)
    assert found.hub is not None
    assert (found.hub.host, found.hub.alternatives) == ("hub.example", ["hub2.example:8883"])
    assert configuration.load(tmp_path / "device.toml") == found
    assert stat.S_IMODE((tmp_path / "device.toml").stat().st_mode) == 0o644, "perception reads it"


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_profile_has_words_in_both_languages(name: str) -> None:
    for words in (ALL[name].title, ALL[name].about):
        assert any("가" <= sign <= "힣" for sign in words.ko)
        assert words.en


def test_the_profiles_own_comments_stay(tmp_path: Path) -> None:
    text = written(tmp_path, "elder-home", {"camera": [SOFA]})
    assert "# living room, in a corner below the ceiling, looking down at the floor" in text
    assert text.count("zones") == 1


def test_zones_are_those_that_were_drawn(tmp_path: Path) -> None:
    found = put_in_force(tmp_path, written(tmp_path, "elder-home", {"camera": [SOFA]}))
    (camera,) = (each for each in found.sensors if isinstance(each, CameraConfig))
    assert camera.zones == (SOFA,)


def test_a_room_without_a_bed_has_no_zone(tmp_path: Path) -> None:
    found = put_in_force(tmp_path, written(tmp_path, "elder-home", {"camera": []}))
    (camera,) = (each for each in found.sensors if isinstance(each, CameraConfig))
    assert camera.zones == ()


share = st.floats(0, 1, width=32)


@given(
    st.lists(
        st.builds(
            Zone,
            name=st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True),
            points=st.lists(st.tuples(share, share), min_size=3, max_size=32).map(tuple),
        ),
        max_size=8,
    )
)
@settings(deadline=None, max_examples=60)
def test_any_zones_change_nothing_else(zones: list[Zone]) -> None:
    before = tomllib.loads(ALL["elder-home"].text)
    after = tomllib.loads(written(Path(), "elder-home", {"camera": zones}))
    (mine,) = (each for each in after["sensors"] if each["name"] == "camera")
    drawn = msgspec.convert(mine.pop("zones"), list[Zone])
    for each in before["sensors"]:
        each.pop("zones", None)
    assert after.pop("hub")["host"] == "hub.example"
    assert after.pop("device")["id"] == SEED.device
    assert after == before
    assert [each.name for each in drawn] == [each.name for each in zones]
    for one, other in zip(drawn, zones, strict=True):
        for mine_at, asked in zip(one.points, other.points, strict=True):
            assert mine_at == pytest.approx(asked, abs=1e-5)


def test_a_configuration_that_cannot_be_used_leaves_what_was_there(tmp_path: Path) -> None:
    put_in_force(tmp_path, written(tmp_path, "market-stall"))
    before = (tmp_path / "device.toml").read_bytes()
    with pytest.raises(RefusedError, match="configuration-unusable"):
        put_in_force(tmp_path, "profile = 5\n")
    assert (tmp_path / "device.toml").read_bytes() == before
    assert not list((tmp_path / "setup").glob("candidate*"))


def test_a_draft_outlives_a_power_cut_but_not_what_was_under_way(tmp_path: Path) -> None:
    made = draft.Draft(place=SEED.place, profile="market-stall")
    made.trials = {"sos": draft.Trial(state="passed"), "door": draft.Trial(state="running")}
    made.network = draft.Network(state="running")
    draft.keep(tmp_path, made)
    found = draft.load(tmp_path)
    assert (found.place, found.profile) == (SEED.place, "market-stall")
    assert found.trials == {"sos": draft.Trial(state="passed")}
    assert found.network.state == "untried"
    assert stat.S_IMODE((tmp_path / draft.FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"version": 2}', b"[]"])
def test_a_damaged_draft_begins_anew(tmp_path: Path, content: bytes) -> None:
    draft.keep(tmp_path, draft.Draft(profile="x"))
    (tmp_path / draft.FILE).write_bytes(content)
    assert not draft.load(tmp_path).profile


TODAY = date(2026, 11, 22)


def person(phone: str = "010-1234-5678", confirmed: date = TODAY) -> Contacts:
    return Contacts([Contact("김영희", phone, confirmed, "딸")])


def test_people_are_kept_for_the_device_alone(tmp_path: Path) -> None:
    contacts.keep(tmp_path, person(), TODAY)
    assert contacts.load(tmp_path) == person().contacts
    assert stat.S_IMODE((tmp_path / "contacts.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("phone", ["119", "+82 10 1234 5678", "(053) 123-4567"])
def test_numbers_are_taken_as_people_write_them(tmp_path: Path, phone: str) -> None:
    contacts.keep(tmp_path, person(phone), TODAY)


@pytest.mark.parametrize("phone", ["none", "++82", "<script>", "12", "010-1234-5678;rm"])
def test_what_is_no_number_is_refused(tmp_path: Path, phone: str) -> None:
    with pytest.raises(RefusedError, match="phone-wrong"):
        contacts.keep(tmp_path, person(phone), TODAY)


def test_nobody_confirms_a_number_tomorrow(tmp_path: Path) -> None:
    contacts.keep(tmp_path, person(confirmed=TODAY + timedelta(days=1)), TODAY)  # of the phone's
    with pytest.raises(RefusedError, match="date-wrong"):
        contacts.keep(tmp_path, person(confirmed=TODAY + timedelta(days=2)), TODAY)


@pytest.mark.parametrize(("source", "uncertainty_s"), [("unset", None), ("ntp", 0.01)])
def test_no_day_is_held_against_a_clock_that_nobody_vouches_for(
    tmp_path: Path, source: str, uncertainty_s: float | None
) -> None:
    behind = datetime.combine(TODAY - timedelta(days=32), time(9), UTC).timestamp()
    places = Places(tmp_path / "etc", tmp_path / "run", tmp_path / "state")
    places.configuration.mkdir()
    what = Installation(SEED, places, wall=lambda: wall_time(behind, uncertainty_s, source))
    asked = msgspec.json.encode(person())
    if uncertainty_s is not None:
        with pytest.raises(RefusedError, match="date-wrong"):
            POSTS["/api/contacts"](what, asked)
        return
    POSTS["/api/contacts"](what, asked)
    assert contacts.load(places.configuration) == person().contacts


def test_a_missing_profile_part_proposes_the_profile_that_fits() -> None:
    gone = {each.name for each in ALL["market-stall"].sensors()} - {"motion", "sos", "hush"}
    assert profiles.fitting(ALL, "market-stall", gone)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_profile_whose_parts_are_all_there_fits(name: str) -> None:
    assert not profiles.fitting(ALL, name, set())


def test_the_pages_certificate_is_made_once_and_kept(tmp_path: Path) -> None:
    tls.context(tmp_path, "stall-07")
    first = (tmp_path / "page.pem").read_bytes()
    tls.context(tmp_path, "stall-07")
    assert (tmp_path / "page.pem").read_bytes() == first
    assert stat.S_IMODE((tmp_path / "page.key").stat().st_mode) == 0o600
    names = x509.load_pem_x509_certificate(first).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "haetae-stall-07.local" in names.value.get_values_for_type(x509.DNSName)


class City:
    """An authority and one device of it, and what that signs."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "ca")
        self.certificate, key = self.authority.issue("stall-07")
        self.signer = load_signer(key)

    def body(self, at: datetime | None = None, uncertainty_s: float | None = 1.0) -> Commissioning:
        when = datetime.fromisoformat(read_wall_clock().iso) if at is None else at
        return Commissioning(
            device="stall-07",
            site="seomun-market",
            place=SEED.place,
            profile="market-stall",
            configuration_sha256=hashlib.sha256(b"").hexdigest(),
            software="haetae 0.1.0",
            simulated=True,
            sensors={"sos": Tried(driver="button", outcome="passed", proof="alarm")},
            untried=["co"],
            coverage={"sos": "proven"},
            network=Checked(code="connected", at=when.isoformat()),
            contacts=[Person("김영희", "010-1234-5678", "딸", TODAY)],
            contact_count=1,
            installer="이기사",
            consents=["contacts"],
            time=Time(when.isoformat(), "ntp", uncertainty_s),
            certificate=self.certificate.read_text("ascii"),
        )

    def record(self, body: Commissioning | None = None) -> str:
        return sign_record(body or self.body(), self.signer)

    def trusts(self) -> bytes:
        return self.authority.ca.read_bytes()


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def refusal(text: str, chain: bytes) -> str:
    with pytest.raises(ProvisioningError) as caught:
        verify_record(text, chain)
    failure = caught.value.failure
    for words in (failure.what, failure.remedy):
        assert any("가" <= sign <= "힣" for sign in words.ko)
        assert words.en.isascii()
    return failure.code


def test_a_record_says_what_was_signed(city: City) -> None:
    body = city.body()
    assert verify_record(city.record(body), city.trusts()) == body


def test_another_citys_root_vouches_for_nothing(city: City, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    assert refusal(city.record(), other.ca.read_bytes()) == "record-wrong-ca"


def test_a_certificate_that_only_bears_the_roots_name_is_not_its(
    city: City, tmp_path: Path
) -> None:
    namesake = Authority(tmp_path / "namesake")
    assert refusal(city.record(), namesake.ca.read_bytes()) == "record-wrong-ca"


def changed(text: str, **more: object) -> str:
    head, payload, signature = text.split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    again = json.dumps(body | more).encode()
    return ".".join([head, base64.urlsafe_b64encode(again).decode().rstrip("="), signature])


def test_a_word_that_was_changed_shows(city: City) -> None:
    assert refusal(changed(city.record(), installer="someone else"), city.trusts()) == (
        "record-changed"
    )


def test_a_device_speaks_for_itself_alone(city: City, tmp_path: Path) -> None:
    other = msgspec.structs.replace(city.body(), device="stall-08")
    assert refusal(city.record(other), city.trusts()) == "record-other-device"


def test_a_key_that_the_certificate_does_not_name_signs_nothing(city: City) -> None:
    _, key = city.authority.issue("stall-09")
    text = sign_record(city.body(), load_signer(key))
    assert refusal(text, city.trusts()) == "record-damaged"


def test_a_record_of_before_its_certificate_is_doubted(city: City) -> None:
    early = city.body(datetime(2001, 1, 1, tzinfo=UTC))
    assert refusal(city.record(early), city.trusts()) == "record-expired"
    unset = city.body(datetime(2001, 1, 1, tzinfo=UTC), None)
    assert verify_record(city.record(unset), city.trusts()) == unset, "its clock was not set"


@pytest.mark.parametrize("text", ["", "a.b.c", "e30.e30.e30", "가", "x" * 300_000, "..", "a.b"])
def test_what_is_no_record_is_said_to_be_none(city: City, text: str) -> None:
    assert refusal(text, city.trusts()) == "record-damaged"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    city = City(tmp_path_factory.mktemp("city"))
    return city.record(), city.trusts()


@given(place=st.floats(0, 1), sign=st.sampled_from("AZaz09-_."))
@settings(deadline=None, max_examples=150)
def test_no_sign_of_a_record_can_be_changed(
    signed: tuple[str, bytes], place: float, sign: str
) -> None:
    text, trusted = signed
    at = min(len(text) - 1, int(place * len(text)))
    if text[at] != sign:
        with pytest.raises(ProvisioningError):
            verify_record(text[:at] + sign + text[at + 1 :], trusted)


def test_a_file_that_is_no_certificate_trusts_nobody(city: City) -> None:
    assert refusal(city.record(), b"no pem") == "anchors-unusable"
