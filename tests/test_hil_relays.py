"""A bench's relays, commands and labgrid's drivers where labgrid is installed, and its console."""

import os
import tty
from pathlib import Path

import pytest

from hw_mocks.child import until
from tests.hil.rigs.console import Console, ConsoleConfig
from tests.hil.rigs.relays import Labgrid, LabgridConfig, RelayConfig, Relays
from tests.hil.rigs.rig import RigError, RigUnavailableError

LABGRID = Path(os.environ.get("HAETAE_LABGRID", "/opt/labgrid/bin/python"))
needs_labgrid = pytest.mark.skipif(
    not LABGRID.exists(), reason=f"no {LABGRID}: HAETAE_LABGRID=PYTHON of labgrid's environment"
)


def writing(path: Path, when: float | str = 1) -> RelayConfig:
    """A relay that leaves its position in a file."""

    def command(word: str) -> list[str]:
        return ["sh", "-c", f"echo {word} >>{path}"]

    return RelayConfig(on=command("on"), off=command("off"), when=when)


def test_a_relay_is_on_while_its_knob_stands_where_it_stands_for(tmp_path: Path) -> None:
    button, supply = tmp_path / "button", tmp_path / "supply"
    relays = Relays(
        {"sos.pressed": writing(button), "gas.fault": writing(supply, "absent")}, Labgrid(None)
    )
    relays.turn("sos.pressed", 1.0)
    relays.turn("gas.fault", "absent")
    relays.turn("gas.fault", "none")
    relays.rest()
    relays.rest()  # nothing is on any more
    assert button.read_text().split() == ["on", "off"]
    assert supply.read_text().split() == ["on", "off"]


def test_a_session_begins_with_every_relay_dropped(tmp_path: Path) -> None:
    relays = Relays({"sos.pressed": writing(tmp_path / "button")}, Labgrid(None))
    relays.drop()
    assert (tmp_path / "button").read_text().split() == ["off"]


@pytest.mark.parametrize(
    ("relay", "why"),
    [
        (RelayConfig(on=["false"], off=["true"]), "relay: false"),
        (RelayConfig(on=["/no/such/program"], off=["true"]), "no/such/program"),
        (RelayConfig(labgrid="sos"), r"no \[labgrid\]"),
    ],
)
def test_a_relay_that_does_not_switch_is_an_error_that_says_why(
    relay: RelayConfig, why: str
) -> None:
    with pytest.raises(RigError, match=why):
        Relays({"sos.pressed": relay}, Labgrid(None)).turn("sos.pressed", 1)


def test_a_knob_without_a_relay_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    relays = Relays({"sos.pressed": writing(tmp_path / "button")}, Labgrid(None))
    with pytest.raises(RigError, match=r"sos\.lit; there are: sos\.pressed"):
        relays.turn("sos.lit", 1)


@needs_labgrid
def test_labgrid_switches_what_its_environment_names(tmp_path: Path) -> None:
    output, environment = tmp_path / "output", tmp_path / "labgrid.yaml"
    output.write_text("0\n")
    driver = f"{{name: sos, filepath: {output}}}"
    environment.write_text(f"targets: {{main: {{drivers: [FileDigitalOutputDriver: {driver}]}}}}")
    labgrid = Labgrid(LabgridConfig(python=str(LABGRID), environment=str(environment)))
    relays = Relays(
        {"sos.pressed": RelayConfig(labgrid="sos"), "x.y": RelayConfig(labgrid="none")}, labgrid
    )
    try:
        relays.turn("sos.pressed", 1)
        assert output.read_text() == "1\n"
        with pytest.raises(RigError, match="no such output"):
            relays.turn("x.y", 1)
        relays.rest()
        assert output.read_text() == "0\n"
    finally:
        labgrid.close()


def test_what_a_board_says_on_its_console_is_kept(tmp_path: Path) -> None:
    board, here = os.openpty()
    tty.setraw(here)
    console = Console(ConsoleConfig(port=os.ttyname(here)), tmp_path / "console.log")
    console.open()
    os.write(board, b"U-Boot\nKernel panic - not syncing: \xff\n")
    until(lambda: "syncing" in console.tail() or None, 10, "the panic is written down")
    console.close()
    os.close(board)
    os.close(here)
    assert console.tail(1).startswith("Kernel panic")


def test_a_console_that_cannot_be_had_is_told_before_anything_is_done(tmp_path: Path) -> None:
    console = Console(ConsoleConfig(port=str(tmp_path / "ttyUSB0")), tmp_path / "console.log")
    with pytest.raises(RigUnavailableError, match=r"\[console\].*ttyUSB0"):
        console.open()
    console.close()
    assert console.tail() == ""
