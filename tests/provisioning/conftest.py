"""One browser for the console, one for the setup page, and what stands around a device."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.brokers import Mosquitto
from tests.provisioning.cities import City
from tests.provisioning.receivers import HOME_TOPICS, Ear, WebServer

if TYPE_CHECKING:
    from tests.provisioning.office import Office
    from tests.provisioning.phones import Phone


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Office]":
    """A ward office with one browser, on the console's page."""
    from tests.provisioning.office import opened  # noqa: PLC0415  # without selenium it skips

    with opened(tmp_path_factory.mktemp("office")) as found:
        found.browser.get(found.address)
        yield found


@pytest.fixture(scope="session")
def handset(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Phone]":
    """A telephone's browser, for all tests of the setup page."""
    from tests.provisioning.phones import phone  # noqa: PLC0415  # without selenium it skips

    with phone(tmp_path_factory.mktemp("phone")) as found:
        yield found


@pytest.fixture
def emptied(office: "Office") -> Iterator[None]:
    """What one test's devices left retained is gone before the next one's."""
    yield
    office.leave()
    office.loader.forget()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A city's authority that serves."""
    with City(tmp_path / "city").open() as found:
        yield found


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as found:
        yield found


@pytest.fixture
def home(broker: Mosquitto) -> Iterator[Ear]:
    ear = Ear(broker, "home-assistant", *HOME_TOPICS)
    yield ear
    ear.close()


@pytest.fixture
def mobius(broker: Mosquitto) -> Iterator[Ear]:
    ear = Ear(broker, "onem2m", "/oneM2M/req/#")
    yield ear
    ear.close()
