"""Every driver's promises, kept on the device's own wires."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hil.device import status
from tests.hil.rigs.rig import CommandError, Rig

PROGRAM = (Path(__file__).parent / "on_target.py").read_text("utf-8")


@pytest.fixture
def wires(rig: Rig) -> Iterator[str]:
    """How the program is to open them; real ones are let go by the agent first."""
    if status(rig)["simulated"]:
        yield "--simulated"
        return
    rig.run(rig.at.stop)
    yield ""
    rig.start_again()


def test_every_driver_keeps_its_promises_on_the_devices_own_wires(rig: Rig, wires: str) -> None:
    sensors = status(rig)["sensors"]
    places = f"--config {rig.at.config} --state {rig.at.state} {wires}"
    command = f"{rig.at.python} - {places} <<'END_OF_PROGRAM'\n{PROGRAM}\nEND_OF_PROGRAM\n"
    try:
        said = rig.run(command, within_s=600)
    except CommandError as error:
        said = error.said
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert rows, said
    assert [row for row in rows if not row["kept"]] == [], said
    assert {row["sensor"] for row in rows} == sensors.keys()
