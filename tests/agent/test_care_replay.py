"""Recordings with a time of day, through the real pipeline."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import config
from agent.cli import PROFILES
from agent.detectors.intrusion import IntrusionConfig
from agent.detectors.wandering import WanderingConfig
from agent.replay import replay

ROOM = msgspec.structs.replace(
    config.load(PROFILES / "single-room.toml"),
    wandering=WanderingConfig(),
    intrusion=IntrusionConfig(closes="20:00", opens="06:00"),
)


def told(folder: Path, start: str, rows: list[str]) -> list[dict[str, Any]]:
    text = f'title = "night"\nscenario = "night"\n{start}\n'
    (folder / "recording.toml").write_text(text, "utf-8")
    table = "\n".join(["t_s,sensor,quantity,value", *rows])
    (folder / "readings.csv").write_text(table + "\n", "utf-8")
    return list(replay(folder, ROOM, readings=True))


NIGHT = ["0,door,CONTACT_OPEN,0", "0,motion,MOTION,0", "10,door,CONTACT_OPEN,1"]
NIGHT += [f"{20 + 20 * k},motion,MOTION,{k % 2}" for k in range(12)]


@pytest.mark.parametrize(
    "start", ['start = "2026-11-22T02:00:00+09:00"', "start = 2026-11-21T17:00:00Z"]
)
def test_a_recording_that_says_when_it_began_replays_its_night(tmp_path: Path, start: str) -> None:
    events = [each for each in told(tmp_path, start, NIGHT) if "hazard" in each]
    assert [(each["hazard"], each["stage"]) for each in events] == [
        ("wandering", "prealarm"),
        ("intrusion", "prealarm"),
        ("intrusion", "alarm"),
        ("wandering", "alarm"),
    ]
    assert "02:00" in events[0]["why"]["en"]


def test_by_day_the_same_rows_tell_nothing_and_occupancy_is_shown(tmp_path: Path) -> None:
    found = told(tmp_path, 'start = "2026-11-22T14:00:00+09:00"', NIGHT)
    assert [each for each in found if "hazard" in each] == []
    assert {each["value"] for each in found if each["quantity"] == "OCCUPANCY"} == {1.0}


@pytest.mark.parametrize("start", ["", 'start = "yesterday"', 'start = "2026-11-22T02:00:00"'])
def test_without_a_time_and_a_zone_no_night_is_claimed(tmp_path: Path, start: str) -> None:
    assert [each for each in told(tmp_path, start, NIGHT) if "hazard" in each] == []
