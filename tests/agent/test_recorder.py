"""The last minutes, frozen with an alarm."""

from pathlib import Path

import msgspec

from agent import recording
from agent.recorder import Recorder
from agent.sections import RecorderConfig
from agent.values import Event, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity


def event(
    seq: int, hazard: Hazard = Hazard.FIRE, stage: Stage = Stage.ALARM, at: float = 1000.0
) -> Event:
    return Event(
        id=f"boot-{seq}", seq=seq, boot_id="boot", site="test", device="d-1", hazard=hazard,
        stage=stage, subject="place", rule="smoke_density", monotonic_s=at,
        wall_time="2026-11-21T12:00:00Z", wall_uncertainty_s=None, wall_source="unset",
        evidence=(), why=Why("연기", "smoke"), software="test", models={}, simulated=True,
        previous="0" * 64,
    )  # fmt: skip


def recorder(folder: Path, keep: int = 3) -> Recorder:
    made = Recorder(folder, RecorderConfig(minutes=5, keep=keep))
    for at in range(0, 1001, 2):
        made.remember(Reading("ceiling", Quantity.TEMPERATURE_C, 20 + at / 100, float(at)))
    return made


def written(made: Recorder) -> None:
    made.stop()
    made.run(lambda: None)


def test_an_alarm_freezes_the_last_minutes_as_a_recording_that_replays(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.freeze(event(1))
    written(made)
    found = recording.load(tmp_path / "boot-1")
    readings = list(found.readings())
    assert (readings[0].at, readings[-1].at) == (0.0, 300.0)
    assert readings[-1].value == 30.0
    assert found.labels["fire_alarm_t_s"] == 300.0


def test_one_incident_is_frozen_once_however_often_it_grows(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    for seq in (1, 2, 3):
        made.freeze(event(seq))
    made.freeze(event(4, stage=Stage.CLEARED))
    made.freeze(event(5))
    written(made)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boot-1", "boot-5"]


def test_prealarms_and_faults_freeze_nothing(tmp_path: Path) -> None:
    made = recorder(tmp_path)
    made.freeze(event(1, stage=Stage.PREALARM))
    made.freeze(event(2, hazard=Hazard.FAULT))
    written(made)
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_recordings_stay(tmp_path: Path) -> None:
    made = recorder(tmp_path, keep=2)
    for seq in range(1, 5):
        made.freeze(msgspec.structs.replace(event(seq), subject=f"place-{seq}"))
    written(made)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_disk_that_refuses_costs_the_recording_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "recordings"
    blocked.write_text("a file where the folder should be")
    made = recorder(blocked)
    made.freeze(event(1))
    written(made)
    assert blocked.is_file()
