"""What the agent says of itself: on the device whole, to the hub short."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.cli import PROFILES
from agent.envelope import Identity
from agent.hub_cause import Cause
from agent.pipeline import Health, State
from agent.status import Status
from agent.values import Detection, Hazard, Stage, Why
from tests.agent.test_recorder import event

STALL = config.load(PROFILES / "market-stall.toml")
SOUND, DEAD = Health(State.OK, "", ()), Health(State.FAILING, "no answer", ())


def status(folder: Path) -> Status:
    who = Identity("test", "d-1", "boot", "haetae 0", {}, simulated=False)
    return Status(STALL, who, folder / "status.json")


def update(
    found: Status, *dead: str, trouble: dict[str, str] | None = None, muted: Sequence[str] = ()
) -> None:
    found.update(
        5.0,
        health={each.name: DEAD if each.name in dead else SOUND for each in STALL.sensors},
        armed=True, siren="quiet", trouble=trouble or {}, pending=0,
        hub=("connected", Cause.CONNECTED),
        muted=muted,
    )  # fmt: skip


def test_a_quiet_heartbeat_is_small_enough_for_a_day_of_them(tmp_path: Path) -> None:
    found = status(tmp_path)
    update(found)
    beat = found.for_hub()
    assert json.loads(beat) == {
        "status": "online",
        "coverage": {"fire": "assumed", "co": "assumed", "sos": "assumed"},
    }
    assert len(beat) <= 106  # with topic, ledger's head and TLS record: 1152 are within 200 kB


def test_what_is_wrong_reaches_the_hub_in_words(tmp_path: Path) -> None:
    found = status(tmp_path)
    update(found, "co", trouble={"outbox": "the disk is full"})
    state = json.loads(found.for_hub())
    assert state["coverage"]["co"] == "lost"
    assert state["why"] == {"co": "co: no answer"}
    assert state["faults"] == {"co": "no answer"}
    assert state["trouble"] == {"outbox": "the disk is full"}


def test_the_hub_sees_what_people_switched_off(tmp_path: Path) -> None:
    found = status(tmp_path)
    update(found, muted=["eyes"])
    assert json.loads(found.for_hub())["muted"] == ["eyes"]
    update(found)
    assert "muted" not in json.loads(found.for_hub())


def test_an_incident_is_active_until_it_is_cleared(tmp_path: Path) -> None:
    found = status(tmp_path)
    alarm = Detection(Hazard.FIRE, Stage.ALARM, "place", "smoke_density", (), 1.0, Why("연", "s"))
    found.note(alarm, event(1))
    update(found)
    state = json.loads(found.for_hub())
    assert state["active"] == {"boot-1": "fire alarm"}
    assert state["coverage"]["fire"] == "proven"  # a real stimulus has just gone all the way
    found.note(dataclasses.replace(alarm, stage=Stage.CLEARED), event(2))
    update(found)
    assert "active" not in json.loads(found.for_hub())


def test_a_proof_from_before_the_clock_was_set_names_no_day(tmp_path: Path) -> None:
    found = status(tmp_path)
    alarm = Detection(Hazard.FIRE, Stage.ALARM, "place", "smoke_density", (), 1.0, Why("연", "s"))
    for known, when in (("unset", "before the clock was set"), ("ntp", "2026-11-21T12:00:00Z")):
        found.note(alarm, msgspec.structs.replace(event(1), wall_source=known))
        update(found)
        assert json.loads(found.for_hub())["why"]["fire"] == when


def test_before_the_first_look_it_is_online_and_claims_nothing(tmp_path: Path) -> None:
    assert json.loads(status(tmp_path).for_hub()) == {"status": "online", "coverage": {}}


def test_the_file_is_whole_and_names_who_is_late(tmp_path: Path) -> None:
    found = status(tmp_path / "run")
    update(found)
    found.write(["i2c-1"])
    written = json.loads((tmp_path / "run" / "status.json").read_bytes())
    assert written["late"] == ["i2c-1"]
    assert set(written["sensors"]) == {each.name for each in STALL.sensors}


def test_a_run_directory_that_refuses_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").write_text("a file where the directory should be")
    found = status(tmp_path / "run")
    update(found)
    found.write([])
    found.write([])
    assert [r.getMessage()[:19] for r in caplog.records] == ["status: not written"]
