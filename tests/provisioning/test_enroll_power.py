"""Whenever the power goes, key and certificate are a pair, and the next start goes on."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.places import TAKEN_SEED
from provisioning.seed import read_seed
from tests.provisioning.cities import DAY, City, Stall
from tests.provisioning.power import Supply


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with City(tmp_path_factory.mktemp("there") / "city").open() as found:
        yield found


@pytest.fixture(scope="module")
def supply() -> Supply:
    return Supply()


def fit(stall: Stall) -> None:
    """OpenSSL itself takes certificate and key for a pair."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(*stall.files)


def test_the_first_enrolment_survives_a_cut_before_each_of_its_steps(
    city: City, supply: Supply, tmp_path: Path
) -> None:
    step = 0
    while True:
        name = f"first-{step}"
        stall = Stall(tmp_path / name, city, city.claim(name), name=name)
        with supply.cut_before(step, stall.configuration):
            assert stall.enrol() == 0
        if supply.steps <= step:
            break
        if stall.files[0].exists() or stall.files[1].exists():
            fit(stall)
        assert stall.enrol() == 0
        fit(stall)
        assert read_seed(stall.configuration / TAKEN_SEED).claim is None
        assert len(list((stall.configuration / "identity/pairs").iterdir())) == 1
        step += 1
    assert step > 15


def test_a_renewal_survives_a_cut_before_each_of_its_steps(
    city: City, supply: Supply, tmp_path: Path
) -> None:
    step = 0
    while True:
        name = f"again-{step}"
        stall = Stall(tmp_path / name, city, city.claim(name), name=name)
        assert stall.enrol() == 0
        before = stall.serial
        stall.ahead = city.ahead = 250 * DAY
        with supply.cut_before(step, stall.configuration):
            assert stall.enrol() == 0
        fit(stall)
        if supply.steps <= step:
            break
        assert stall.enrol() == 0
        fit(stall)
        assert (stall.told.state, stall.serial == before) == ("enrolled", False)
        assert len(list((stall.configuration / "identity/pairs").iterdir())) == 2
        city.ahead *= 0
        step += 1
    assert step > 12
