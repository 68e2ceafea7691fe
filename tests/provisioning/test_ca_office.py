"""What operators ask of the authority, by a certificate of their own."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from hw_mocks.broker import free_port
from provisioning.ca import profiles
from provisioning.office import ClaimRecord, Office, Registered, claim_digest
from provisioning.remedy import ProvisioningError
from tests.provisioning.cities import DEVICE, SITE, City, Stall


def record(number: int) -> ClaimRecord:
    return ClaimRecord(
        sha256=claim_digest(f"code {number}"),
        device=f"stall-{number}",
        site=SITE,
        expires=profiles.now() + timedelta(days=30),
    )


def refusal(office: Office) -> str:
    with pytest.raises(ProvisioningError) as raised:
        office.devices()
    return raised.value.failure.code


def door(city: City) -> str:
    return f"https://localhost:{city.authority.office_port}"


def test_claims_are_registered_once_however_often_they_are_sent(city: City) -> None:
    office, records = city.office(), [record(number) for number in range(2100)]
    assert office.register(records[:1500]) == Registered(new=1500, known=0)
    assert office.register(records) == Registered(new=600, known=1500)
    found = office.devices()
    assert len(found) == 2100
    assert {each.state for each in found} == {"awaited"}


def test_a_claim_that_was_used_is_not_made_good_again_by_sending_it_anew(
    city: City, tmp_path: Path
) -> None:
    claim = city.claim()
    assert Stall(tmp_path / "first", city, claim).enrol() == 0
    again = ClaimRecord(
        sha256=claim_digest(claim.code), device=DEVICE, site=SITE, expires=claim.expires
    )
    assert city.office().register([again]) == Registered(new=0, known=1)
    second = Stall(tmp_path / "second", city, claim)
    assert second.enrol() == 1
    assert second.told.code == "claim-used"


def test_what_the_office_sees_of_a_device(city: City, tmp_path: Path) -> None:
    office = city.office()
    stall = Stall(tmp_path / "stall", city, city.claim())
    assert [(e.device, e.state) for e in office.devices()] == [(DEVICE, "awaited")]
    assert stall.enrol() == 0
    (found,) = office.devices()
    assert (found.state, found.site, found.serial) == ("enrolled", SITE, f"{stall.serial:040x}")
    assert office.revoke(DEVICE, "stolen") == 1
    assert office.revoke(DEVICE, "stolen") == 0
    assert [(e.state, e.reason) for e in office.devices()] == [("revoked", "stolen")]


def test_who_did_what_is_written_down(city: City) -> None:
    office = city.office("kim")
    office.register([record(1)])
    office.revoke("stall-1", "a mistake")
    with city.issuer.registry.transaction() as ledgers:
        found = [(who, what, device) for _, who, what, device, _ in ledgers.journal()]
    assert found[-2:] == [("kim", "registered", ""), ("kim", "revoked", "stall-1")]


def test_a_name_that_nobody_has_is_said(city: City) -> None:
    office = city.office()
    with pytest.raises(ProvisioningError, match="device-unknown"):
        office.revoke("stall-99", "stolen")
    with pytest.raises(ProvisioningError, match="device-unknown"):
        office.release("stall-99")


@pytest.mark.parametrize(("name", "role"), [("hub", "service"), ("lee", "operator")])
def test_who_is_no_device_is_not_withdrawn_from_a_laptop(city: City, name: str, role: str) -> None:
    city.pair(name, role)
    with pytest.raises(ProvisioningError, match="request-refused"):
        city.office().revoke(name, "a typing error")
    with city.issuer.registry.transaction() as ledgers:
        assert [each.revoked_at for each in ledgers.of_device(name)] == [None]


def test_only_operators_may(city: City, tmp_path: Path) -> None:
    stall = Stall(tmp_path / "stall", city, city.claim())
    assert stall.enrol() == 0
    roots = city.folder / "roots.pem"
    for files in (stall.files, city.pair("hub")):
        assert refusal(Office(door(city), roots, *files)) == "operator-refused"
    with City(tmp_path / "other", name="other").open() as other:
        foreign = other.pair("kim", "operator")
    found = refusal(Office(door(city), roots, *foreign))
    assert found in {"tls-refused", "authority-unreachable"}


def test_an_operator_who_has_left_may_no_more(city: City) -> None:
    office = city.office("lee")
    assert office.devices() == []
    with city.issuer.registry.transaction() as ledgers:
        assert ledgers.revoke("lee", "has left", 0.0) == 1
    assert refusal(office) == "operator-refused"


def test_the_office_talks_to_nobody_else(city: City, tmp_path: Path) -> None:
    with City(tmp_path / "other", name="other").open() as other:
        office = Office(door(other), city.folder / "roots.pem", *city.pair("kim", "operator"))
        assert refusal(office) == "wrong-authority"
    office = Office(
        f"https://localhost:{free_port()}", city.folder / "roots.pem", *city.pair("kim", "operator")
    )
    assert refusal(office) == "authority-unreachable"
    office = Office(door(city), city.folder / "roots.pem", tmp_path / "no.pem", tmp_path / "no.key")
    assert refusal(office) == "operator-key-unusable"


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "short", "device": DEVICE},
        {"sha256": "0" * 64, "device": "Not An Id"},
        {"sha256": "0" * 64, "device": DEVICE, "code": "never send this"},
        {"sha256": "0" * 64},
        {"sha256": "0" * 64, "device": "hub"},
    ],
)
def test_what_is_no_claim_is_not_registered(city: City, wrong: dict[str, str]) -> None:
    claims = [{"site": SITE, "expires": profiles.now().isoformat()} | wrong]
    office = city.office()
    with pytest.raises(ProvisioningError, match="request-refused"):
        office._ask("/office/claims", Registered, {"claims": claims})
    assert msgspec.json.encode(office.devices()) == b"[]"
