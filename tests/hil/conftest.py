"""`--rig NAME` chooses where the suite runs: simulated wires, unless told otherwise.

A test takes the fixture `rig`, and says by `@needs(...)` what of it: on a rig that cannot, it is
skipped with the reason, which the report counts as not proven there.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hil.device import about, last_words
from tests.hil.refusal import REFUSED, OutputsRefusedError
from tests.hil.rigs import RIGS, make
from tests.hil.rigs.rig import Rig, RigError, RigUnavailableError, missing

USUAL = ("sim",)  # of plain pytest, which knows no --rig


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "; ".join(f"{name}: {what}" for name, what in RIGS.items())
    parser.addoption("--rig", action="append", choices=sorted(RIGS), help=about)


def pytest_configure(config: pytest.Config) -> None:
    needs = "needs(*capabilities, knobs): what the test asks of a rig (tests/hil/rigs/rig.py)"
    thorough = "thorough: left out where no --rig was named: `make hil` has the time"
    for line in (needs, thorough):
        config.addinivalue_line("markers", line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "standing" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--rig", default=None) or USUAL
        metafunc.parametrize("standing", chosen, indirect=True, scope="session")


class Standing:
    """A rig for the session, switched on when the first test wants it; a failure is kept, too."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        self._rig: Rig | None = None
        self._is_open = False
        self.device = ""  # what it says of itself, once it is open
        self._failed: Exception | None = None

    def rig(self) -> Rig:
        """The rig as it is, perhaps not switched on.

        Raises:
            RigUnavailableError: It cannot be had here.
        """
        if self._failed is not None:
            raise self._failed
        if self._rig is None:
            try:
                self._rig = make(self._name, self._folder)
            except RigUnavailableError as error:
                self._failed = error
                raise
        return self._rig

    def open(self) -> Rig:
        """The rig, switched on.

        Raises:
            RigUnavailableError: It cannot be had here.
            RigError: It does not come up.
            OutputsRefusedError: Its outputs are real, and nobody has said that they may move.
        """
        rig = self.rig()
        if not self._is_open:
            try:
                rig.open()
            except (RigUnavailableError, RigError) as error:
                self._failed = error
                raise
            self._is_open, self.device = True, about(rig)
        return rig

    def close(self) -> None:
        if self._rig is not None:
            self._rig.close()


@pytest.fixture(scope="session")
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Standing]:
    found = Standing(request.param, tmp_path_factory.mktemp(f"rig-{request.param}"))
    yield found
    found.close()


@pytest.fixture
def rig(standing: Standing, request: pytest.FixtureRequest) -> Rig:
    """The rig, at rest, if it can do what the test needs; else the test is skipped."""
    named = request.config.getoption("--rig", default=None)
    if not named and request.node.get_closest_marker("thorough"):
        pytest.skip("thorough: only where a --rig is named")
    try:
        for mark in request.node.iter_markers("needs"):
            if why := missing(standing.rig(), mark.args, mark.kwargs.get("knobs", ())):
                pytest.skip(why)
        found = standing.open()
    except RigUnavailableError as error:
        pytest.skip(f"no rig: {error}")
    except OutputsRefusedError as error:
        pytest.exit(str(error), returncode=REFUSED)
    found.settle()
    request.node.user_properties += [("rig", found.name), ("device", standing.device)]
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    found = getattr(item, "funcargs", {}).get("rig")
    if report.failed and found is not None:
        report.sections.append(("what the device said last", last_words(found)))
    return report
