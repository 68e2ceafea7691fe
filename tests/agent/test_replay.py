"""Recorded days in, the events they must give out."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import recording
from agent.recording import RecordingError
from agent.replay import as_text, replay
from agent.sections import AnnunciatorConfig, Config, SirenConfig
from agent.values import Why
from drivers.dht22 import Dht22Config
from drivers.smoke_relay import SmokeRelayConfig

REPLAYS = Path(__file__).parent.parent / "replays"
DATA = Path(os.environ.get("HAETAE_DATA", Path(__file__).parents[3] / "shared" / "data"))
FIRES = sorted(
    path.parent
    for source in ("nist-home-smoke-alarms", "fsri-compartments", "uaeu-early-fire")
    for path in (DATA / source).glob("*/recording.toml")
)
needs_data = pytest.mark.skipif(not FIRES, reason=f"no recordings of real fires at {DATA}")


CONFIG = Config(
    profile="replay",
    title=Why("시험", "test"),
    annunciator=AnnunciatorConfig(siren=SirenConfig(gpio=18)),
    sensors=[
        Dht22Config(name="ceiling", gpio=16, every_s=5.0),
        SmokeRelayConfig(name="smoke_alarm", gpio=17, every_s=5.0),
    ],
)


def events(folder: Path, *, readings: bool = False) -> list[dict[str, Any]]:
    return list(replay(folder, CONFIG, readings=readings))


def alarms(folder: Path) -> list[dict[str, Any]]:
    return [each for each in events(folder) if each["stage"] == "alarm"]


@pytest.mark.parametrize("folder", sorted(REPLAYS.glob("*/")), ids=lambda path: path.name)
def test_our_own_recordings_give_what_they_must(folder: Path) -> None:
    if not (folder / "recording.toml").exists():
        pytest.skip("no recording")
    found = [
        f"{each['t_s']:g} {each['hazard']} {each['stage']} {each['subject']} {each['rule']}"
        for each in events(folder)
    ]
    assert found == (folder / "expected.txt").read_text("utf-8").splitlines()


def test_an_event_names_its_evidence_in_both_languages() -> None:
    alarm = alarms(REPLAYS / "flaming-stall")[0]
    assert set(alarm) == {"t_s", "hazard", "stage", "rule", "subject", "evidence", "why"}
    assert set(alarm["evidence"][0]) == {"sensor", "quantity", "value", "t_s"}
    assert set(alarm["why"]) == {"ko", "en"}
    assert "불이 났을 수 있습니다" in as_text(alarm)
    assert "There may be a fire" in as_text(alarm)


def test_derived_readings_come_on_demand_and_change_no_event() -> None:
    folder = REPLAYS / "flaming-stall"
    both = events(folder, readings=True)
    assert [each for each in both if "hazard" in each] == events(folder)
    derived = [each for each in both if "hazard" not in each]
    assert {each["quantity"] for each in derived} == {
        "TEMPERATURE_RISE_C",
        "TEMPERATURE_GROWTH_C",
        "ONSET",
        "COHB_PCT",
    }
    assert set(derived[0]) == {"t_s", "sensor", "quantity", "value"}
    assert as_text(derived[-1])


def test_a_folder_that_is_no_recording_is_an_error() -> None:
    with pytest.raises(RecordingError):
        events(REPLAYS / "none")


def write(folder: Path, rows: list[str]) -> Path:
    folder.mkdir()
    (folder / "recording.toml").write_text('title = "made up"\nscenario = "test"\n')
    (folder / "readings.csv").write_text("\n".join(["t_s,sensor,quantity,value", *rows]) + "\n")
    return folder


def falls(until_s: int) -> list[str]:
    """A body that falls at 3 s and then lies still, seen twice a second."""
    rows = []
    for step in range(2 * until_s + 1):
        is_down = step >= 6
        seen = {"FALL_SCORE": 0.9, "LYING_SCORE": 0.9, "BODY_MOTION": 0.0} if is_down else {}
        rows += [
            f"{step / 2},camera,{name},{value}"
            for name, value in (
                {"FALL_SCORE": 0.0, "LYING_SCORE": 0.0, "BODY_MOTION": 0.5, "PERSON_COUNT": 1}
                | seen
            ).items()
        ]
    return rows


@pytest.mark.parametrize("until_s", [5, 20, 60])
def test_an_unanswered_fall_alarms_even_after_the_recordings_end(
    tmp_path: Path, until_s: int
) -> None:
    asked, alarm = events(write(tmp_path / "fall", falls(until_s)))
    assert (asked["hazard"], asked["stage"], asked["local"]) == ("fall", "prealarm", True)
    assert (alarm["hazard"], alarm["stage"], alarm.get("local")) == ("fall", "alarm", None)
    assert asked["t_s"] + 30 <= alarm["t_s"] <= asked["t_s"] + 31


def test_an_unanswered_fall_alarms_in_time_where_rows_are_far_apart(tmp_path: Path) -> None:
    rows = [*falls(5), "600.0,door,CONTACT_OPEN,0"]
    asked, alarm = events(write(tmp_path / "fall", rows))
    assert asked["t_s"] + 30 <= alarm["t_s"] <= asked["t_s"] + 31


def encoded(folder: Path) -> bytes:
    return b"\n".join(msgspec.json.encode(each) for each in events(folder, readings=True))


@needs_data
def test_a_real_fire_alarms_after_its_ignition_and_twice_the_same() -> None:
    folder = DATA / "nist-home-smoke-alarms" / "nist-sdc05-b"
    fire = next(each for each in alarms(folder) if each["hazard"] == "fire")
    ignition_t_s = recording.load(folder).labels["ignition_t_s"]
    assert ignition_t_s < fire["t_s"] < ignition_t_s + 60
    assert encoded(folder) == encoded(folder)


@needs_data
@pytest.mark.parametrize("folder", FIRES, ids=lambda path: path.name)
def test_no_real_fire_is_announced_before_its_ignition(folder: Path) -> None:
    ignition_t_s = recording.load(folder).labels["ignition_t_s"]
    assert [each for each in alarms(folder) if each["t_s"] < ignition_t_s] == []


@needs_data
@pytest.mark.parametrize(
    "folder",
    [f for f in FIRES if recording.load(f).scenario.startswith(("flaming", "full-scale"))],
    ids=lambda path: path.name,
)
def test_every_real_flaming_fire_alarms(folder: Path) -> None:
    assert "fire" in {each["hazard"] for each in alarms(folder)}
