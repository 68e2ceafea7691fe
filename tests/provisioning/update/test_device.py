"""An update on a running device: kept where it detects as well as before, else taken back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hw_mocks.release_keys import ReleaseKeys
from provisioning.update import device, outcome, selection
from provisioning.update.signing import Signer
from tests.provisioning.update.devices import NEXT, Device, application, chosen, places_in, running
from tests.provisioning.update.releases import made

SHIPPED = "haetae 0.1.0"
UPDATED = f"haetae {NEXT}"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReleaseKeys:
    return ReleaseKeys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: ReleaseKeys) -> Signer:
    return keys.signer(at=datetime(2026, 10, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Path:
    return made(tmp_path_factory.mktemp("good") / "a", signer, application(), version=NEXT)


@pytest.fixture
def here(tmp_path: Path, keys: ReleaseKeys) -> Iterator[Device]:
    with running(places_in(tmp_path, keys.roots)) as found:
        yield found


def test_a_good_one_is_kept_and_can_be_taken_back_by_hand(here: Device, good: Path) -> None:
    assert here.software == SHIPPED
    told = device.install(good, here.hands())
    assert (told.state, told.why) == ("good", "")
    assert here.software == UPDATED
    assert chosen(here.places) == {"application": NEXT}
    assert outcome.read(here.places.update_run) == told == outcome.read(here.places.updates)

    back = device.roll_back(here.hands(by_hand=True))
    assert back.state == "good"
    assert here.software == SHIPPED
    assert chosen(here.places) == {}
    assert selection.read_floor(here.places.installed) == {"application": NEXT}
