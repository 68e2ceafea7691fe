"""A device enrols and renews over a real TLS server, and logs in at a real broker."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from agent.hub import Hub
from agent.signing import load_signer
from hw_mocks.broker import free_port
from provisioning.places import TAKEN_SEED
from provisioning.seed import Authority, read_seed
from tests.agent.events import row_of
from tests.brokers import Listener
from tests.disks import fill, small_disk
from tests.provisioning.cities import DAY, DEVICE, SITE, YEAR, City, Stall


@pytest.fixture
def stall(city: City, tmp_path: Path) -> Stall:
    """A device that is enrolled."""
    found = Stall(tmp_path / "stall", city, city.claim())
    assert found.enrol() == 0
    return found


def later(city: City, stall: Stall, by: timedelta) -> None:
    """Let time pass for both; the device's clock is right, but not vouched for."""
    city.ahead += by
    stall.ahead, stall.source = city.ahead, "rtc"


def test_a_claim_becomes_a_certificate_that_the_broker_takes(
    city: City, stall: Stall, tmp_path: Path
) -> None:
    assert (stall.told.state, stall.told.code) == ("enrolled", "")
    certificate, key = stall.files
    assert key.stat().st_mode & 0o777 == 0o600
    with city.broker(tmp_path / "hub") as broker, Listener(broker) as listener:
        anchors = str(stall.configuration / "identity/ca.pem")
        config = broker.config(files=(certificate, key), ca=anchors)
        hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}")
        assert hub.send(row_of()), hub.status
        listener.until(listener.events)
        hub.close()
    assert listener.events()[0].topic == f"haetae/v1/{SITE}/{DEVICE}/event/sos"


def test_the_claim_is_forgotten_once_it_is_used(stall: Stall) -> None:
    seed = stall.configuration / TAKEN_SEED
    assert stall.seed.claim is not None
    assert stall.seed.claim.code not in seed.read_text("utf-8")
    assert read_seed(seed).claim is None
    assert seed.stat().st_mode & 0o777 == 0o600


def test_a_young_certificate_is_left_alone(city: City, stall: Stall) -> None:
    serial = stall.serial
    later(city, stall, YEAR / 2)
    assert stall.enrol() == 0
    assert stall.serial == serial


def test_at_two_thirds_of_its_life_it_is_renewed_with_another_key(city: City, stall: Stall) -> None:
    serial, key = stall.serial, load_signer(stall.files[1]).key_id
    later(city, stall, 250 * DAY)
    assert stall.enrol() == 0
    assert stall.serial != serial
    assert load_signer(stall.files[1]).key_id != key
    previous = stall.identity.previous
    assert previous is not None
    assert previous.leaf().serial_number == serial
    pairs = list((stall.configuration / "identity/pairs").iterdir())
    assert len(pairs) == 2


@pytest.mark.parametrize("source", ["unset", "unsynchronised"])
def test_a_clock_at_1970_is_no_hindrance(city: City, tmp_path: Path, source: str) -> None:
    stall = Stall(tmp_path / "stall", city, city.claim())
    stall.ahead, stall.source = -57 * YEAR, source
    assert stall.enrol() == 0
    assert stall.told.state == "enrolled"
    assert stall.enrol() == 0  # and none of it is renewed for that


def test_without_a_clock_it_is_the_authoritys_that_says_when_to_renew(
    city: City, stall: Stall
) -> None:
    serial = stall.serial
    city.ahead += 250 * DAY
    stall.ahead, stall.source = -57 * YEAR, "unset"
    assert stall.enrol() == 0
    assert stall.serial != serial


def test_an_authority_that_is_away_does_no_harm_to_who_is_enrolled(
    city: City, stall: Stall
) -> None:
    later(city, stall, 250 * DAY)
    stall.write_seed(claim=None, authority=nowhere(stall))
    assert stall.enrol() == 0
    assert stall.told.state == "enrolled"


def test_a_device_that_is_offline_for_days_waits_longer_and_longer_and_then_enrols(
    city: City, tmp_path: Path
) -> None:
    stall = Stall(tmp_path / "stall", city, city.claim())
    right = stall.seed.authority
    stall.write_seed(authority=nowhere(stall))
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        assert stall.told.state == "waiting"
        assert stall.told.code == "authority-unreachable"
        if len(waits) == 30:
            stall.write_seed(authority=right)

    assert stall.enroller(wait).run(once=False) == 0
    assert stall.told.state == "enrolled"
    assert waits[:4] == [5, 10, 20, 40]
    assert set(waits[8:]) == {600}


def test_a_full_disk_leaves_the_pair_that_works(city: City, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        stall = Stall(disk / "stall", city, city.claim())
        stall.run = tmp_path / "run"
        assert stall.enrol() == 0
        serial = stall.serial
        ballast = fill(disk)
        later(city, stall, 250 * DAY)
        assert stall.enrol() == 1
        assert (stall.told.state, stall.told.code) == ("failed", "disk-full")
        assert "카드" in stall.told.remedy.ko
        assert stall.serial == serial
        ballast.unlink()
        assert stall.enrol() == 0
        assert stall.serial != serial


def test_a_hundred_devices_at_once_are_a_hundred_identities(city: City, tmp_path: Path) -> None:
    names = [f"stall-{number}" for number in range(100)]
    stalls = [Stall(tmp_path / name, city, city.claim(name), name=name) for name in names]
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda some=stalls[i::8]: codes.extend(s.enrol() for s in some))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 100
    assert len({each.serial for each in stalls}) == 100
    assert len({load_signer(each.files[1]).key_id for each in stalls}) == 100
    assert {each.device for each in city.office().devices()} == set(names)


def nowhere(stall: Stall) -> Authority:
    """An authority at a port where nobody listens."""
    anchors = stall.seed.authority.anchors
    return Authority(url=f"https://localhost:{free_port()}", anchors=anchors)
