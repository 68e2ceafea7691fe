"""The real perception process beside the real agent: whatever becomes of it, smoke still sounds.

Perception is `haetae-perception` with picamera2 on a simulated camera, the agent runs on simulated
wires; each is a process of its own, and between them is the real socket.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hw_mocks.ready import Ready
from models import runtime
from tests.cameras import needs_picamera2
from tests.running import REPOSITORY, RunningAgent, running, until

pytestmark = needs_picamera2

CONFIG = """
profile = "eyes"
title = {ko = "시험", en = "Test"}
annunciator = {siren = {gpio = 18}}
[[sensors]]
driver = "camera"
name = "eye"
FIRE
[[sensors]]
driver = "smoke_relay"
name = "smoke_alarm"
gpio = 17
"""
FALLS_ONLY = CONFIG.replace("FIRE", "fire = false")
MUTABLE = FALLS_ONLY.replace('name = "eye"', 'name = "eye"\nmute = "privacy"') + (
    '[[sensors]]\ndriver = "button"\nname = "privacy"\ngpio = 23\n'
)
LOST_WITHIN_S = 5.0


@pytest.fixture(autouse=True, scope="module")
def _pose_files() -> None:
    for name in ("pose_detector", "pose_landmarks"):
        try:
            runtime.verified_model(name, runtime.manifest()[name])
        except runtime.ModelError as error:
            pytest.skip(str(error))


class Eyes:
    """One perception process; `said` is its log."""

    def __init__(self, folder: Path, agent: Path, *options: str, **environment: str) -> None:
        (folder / "eyes").mkdir(exist_ok=True)
        self._log = folder / "eyes.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "hw_mocks.eyes"),
                    *("--config", str(folder / "device.toml"), "--agent", str(agent)),
                    *("--run-dir", str(folder / "eyes"), *options),
                ],
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=os.environ | environment,
            )

    def said(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def code(self) -> int | None:
        return self.process.poll()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def both(
    folder: Path, *options: str, config: str = FALLS_ONLY
) -> Iterator[tuple[RunningAgent, Eyes]]:
    """Agent and perception; the agent's own simulated perception is silent."""
    with running(folder, config) as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("eye.fault", "absent")
        until(lambda: "nothing" in claim(agent)["why"], 10, "nobody says anything yet")
        eyes = Eyes(folder, agent.run_dir / "perception.sock", *options)
        try:
            yield agent, eyes
        finally:
            eyes.end()


def claim(agent: RunningAgent) -> dict[str, Any]:
    found = agent.status() or {"coverage": {}}
    return found["coverage"].get("fall", {"claim": "", "why": ""})  # type: ignore[no-any-return]


def sees(agent: RunningAgent, eyes: Eyes, within_s: float = 40.0) -> None:
    def is_seen() -> bool:
        if eyes.code() is not None:
            pytest.fail(f"perception ended with {eyes.code()}: {eyes.said()}")
        return claim(agent)["claim"] == "simulated" and not claim(agent)["why"]

    until(is_seen, within_s, "the camera sees")


def is_lost(agent: RunningAgent, within_s: float = LOST_WITHIN_S + 1.0) -> str:
    """Why; the status is written once a second."""
    until(lambda: claim(agent)["claim"] == "lost", within_s, "the claim is lost")
    return str(claim(agent)["why"])


def still_sounds(agent: RunningAgent) -> None:
    at = agent.set("smoke_alarm.alarm", 1)
    first = until(lambda: [t for t, level in agent.edges("siren") if level], 5, "the siren")[0]
    assert first - at < 1.0


def test_it_sees_and_the_agent_is_told(tmp_path: Path) -> None:
    with both(tmp_path) as (agent, eyes):
        sees(agent, eyes)
        found = (agent.status() or {})["sensors"]["eye"]["readings"]
        assert found["PERSON_COUNT"]["value"] == 0.0
        eyes.process.terminate()
        assert eyes.process.wait(2.0) == 0
        assert "nothing for" in is_lost(agent)
        assert not list((tmp_path / "eyes").iterdir())


def test_killed_it_is_lost_and_the_siren_sounds(tmp_path: Path) -> None:
    with both(tmp_path) as (agent, eyes):
        sees(agent, eyes)
        eyes.process.kill()
        is_lost(agent)
        still_sounds(agent)


def test_stopped_as_a_hung_process_it_is_lost_and_the_siren_sounds(tmp_path: Path) -> None:
    with both(tmp_path) as (agent, eyes):
        sees(agent, eyes)
        eyes.process.send_signal(signal.SIGSTOP)
        is_lost(agent)
        still_sounds(agent)


@pytest.mark.parametrize("fault", ["hang", "corrupted", "garbage", "flood", "babble"])
def test_whatever_is_wrong_it_is_lost_and_the_siren_sounds(tmp_path: Path, fault: str) -> None:
    with both(tmp_path, "--fault", fault, "--on-signal") as (agent, eyes):
        sees(agent, eyes)
        eyes.process.send_signal(signal.SIGUSR1)
        assert is_lost(agent)
        still_sounds(agent)


def test_leaking_it_ends_at_its_limit_and_the_siren_sounds(tmp_path: Path) -> None:
    with both(tmp_path, "--fault", "leak", "--on-signal", "--memory", "400") as (agent, eyes):
        sees(agent, eyes)
        eyes.process.send_signal(signal.SIGUSR1)
        until(lambda: eyes.code() is not None, 60.0, "it has ended")
        assert eyes.code() == -signal.SIGKILL
        is_lost(agent)
        still_sounds(agent)


def test_frames_too_small_to_see_anything_are_no_sight(tmp_path: Path) -> None:
    with both(tmp_path, "--fault", "tiny") as (agent, eyes):
        until(lambda: "shape" in eyes.said(), 20.0, "the frames are refused")
        assert is_lost(agent)


def test_a_stuck_driver_ends_the_process_for_systemd_to_start_anew(tmp_path: Path) -> None:
    with both(tmp_path, "--fault", "stuck_stop", "--on-signal") as (agent, eyes):
        sees(agent, eyes)
        eyes.process.send_signal(signal.SIGUSR1)
        assert is_lost(agent)
        until(lambda: eyes.code() is not None, 15.0, "it has ended")
        assert eyes.code() == 69
        assert "cannot be closed" in eyes.said()


def test_it_ends_within_two_seconds_even_while_the_driver_hangs(tmp_path: Path) -> None:
    with both(tmp_path, "--fault", "hang", "--on-signal") as (agent, eyes):
        sees(agent, eyes)
        eyes.process.send_signal(signal.SIGUSR1)
        is_lost(agent)
        eyes.process.terminate()
        assert eyes.process.wait(3.0) == 0


def test_muted_by_hand_the_camera_is_off_until_switched_on(tmp_path: Path) -> None:
    with both(tmp_path, config=MUTABLE) as (agent, eyes):
        sees(agent, eyes)
        press(agent)
        until(lambda: "muted by hand" in claim(agent)["why"], 10, "it is told")
        until(lambda: "eye: muted by hand" in eyes.said(), 5, "perception obeys")
        press(agent)
        sees(agent, eyes)


def press(agent: RunningAgent) -> None:
    for level in (1, 0):
        agent.set("privacy.pressed", level)


def test_systemd_hears_that_it_is_ready_and_makes_progress(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(FALLS_ONLY)
    with Ready(tmp_path / "notify") as ready:
        eyes = Eyes(tmp_path, tmp_path / "no.sock", NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            ready.at(20.0)
        finally:
            eyes.end()


def test_without_a_camera_or_microphone_it_says_so_and_is_not_started_again(tmp_path: Path) -> None:
    text = FALLS_ONLY.replace(
        'driver = "camera"\nname = "eye"\nfire = false', 'driver = "button"\nname = "sos"\ngpio = 5'
    )
    (tmp_path / "device.toml").write_text(text)
    eyes = Eyes(tmp_path, tmp_path / "no.sock")
    assert eyes.process.wait(20.0) == 78
    assert "no camera" in eyes.said()
