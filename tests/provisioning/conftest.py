"""One browser for all tests of the console: it takes longer to start than they do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.provisioning.office import Office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Office]":
    """A ward office with one browser, on the console's page."""
    from tests.provisioning.office import opened  # noqa: PLC0415  # without selenium it skips

    with opened(tmp_path_factory.mktemp("office")) as found:
        found.browser.get(found.address)
        yield found


@pytest.fixture
def emptied(office: "Office") -> Iterator[None]:
    """What one test's devices left retained is gone before the next one's."""
    yield
    office.leave()
    office.loader.forget()
