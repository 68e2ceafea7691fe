"""The voice of the whole agent: a button is pressed, tones sound, and words come from the card."""

import shutil
import subprocess
import wave
from pathlib import Path

import pytest

from drivers.pace import Pace
from tests.drivers.test_voice import CARD, SAMPLES
from tests.running import REPOSITORY, STALL, running, until

SYSTEMD = REPOSITORY / "systemd"


@pytest.mark.skipif(shutil.which("aplay") is None, reason="apt install alsa-utils")
def test_after_the_tones_of_a_test_the_agent_says_that_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alsa.conf").write_text(CARD.format(folder=tmp_path))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "alsa.conf"))
    with wave.open(str(tmp_path / "test-ko-1.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(SAMPLES.tobytes())
    voice = f'[annunciator.voice]\ncard = "Speaker"\nfolder = "{tmp_path}"\n'
    spoken = tmp_path / "Speaker-0"
    with running(tmp_path, f"{STALL}\n{voice}") as agent:
        until(agent.armed, 20, "the agent is armed")
        agent.set("hush.pressed", 1)
        began = until(lambda: spoken.exists() and Pace().clock(), 10, "words")
        edges = agent.edges("siren")
        assert len(edges) == 6, "after the third tone"
        assert began > edges[-1][0]
        until(lambda: spoken.read_bytes().startswith(SAMPLES.tobytes()), 5, "all the words")
        assert "voice" not in (agent.status() or {})["trouble"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_knows_every_word_of_the_drop_in(tmp_path: Path) -> None:
    unit = tmp_path / "haetae-agent.service"
    text = (SYSTEMD / unit.name).read_text()
    unit.write_text(text.replace("/opt/haetae/bin/haetae run", "/bin/true"))
    shutil.copytree(SYSTEMD / f"{unit.name}.d", tmp_path / f"{unit.name}.d")
    for command in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=15"]):
        done = subprocess.run(
            ["systemd-analyze", *command, str(unit)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        if command[0] == "verify":
            assert "voice.conf" not in done.stdout
