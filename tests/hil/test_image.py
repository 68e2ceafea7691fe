"""Our SD card's image, started as a board does: what is in it, and that it runs on arm64."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from hw_mocks.emulated_pi import RASPI3B
from models.runtime import FOLDER
from tests.hil.device import status
from tests.hil.rigs.qemu import QemuRig
from tests.hil.rigs.rig import Capability, Rig, needs
from tests.running import REPOSITORY

imaged = needs(Capability.IMAGE, Capability.ROOT)
header = needs(Capability.IMAGE, Capability.GPIO, Capability.ROOT)
on_arm = needs(Capability.ARM64, Capability.MODELS, Capability.IMAGE)
PYTHON = "/opt/haetae/bin/python"
INSTALLED = "/opt/haetae/lib/python3.11/site-packages/models/weights"
POSE_FILES = ("pose_detection.tflite", "pose_landmark_lite.tflite")
LINES = 54  # GPIO lines of a BCM2835 to BCM2711
CHIPS = """\
import json, lgpio
from pathlib import Path
found = []
for path in sorted(Path("/dev").glob("gpiochip*")):
    chip = lgpio.gpiochip_open(int(path.name.removeprefix("gpiochip")))
    _, lines, name, label = lgpio.gpio_get_chip_info(chip)
    found.append({"lines": lines, "label": label})
    lgpio.gpiochip_close(chip)
print(json.dumps(found))
"""
HEADER = """\
import json
from drivers.board import Board
pins = Board().pins()
pin = pins.pin(17)
pin.function = "input"
pin.pull = "up"
model = pins.board_info.model
print(json.dumps({"state": int(pin.state), "factory": type(pins).__name__, "model": model}))
"""


@pytest.fixture
def qemu(rig: Rig) -> QemuRig:
    """The emulated Pi among the rigs: what is asked here goes beyond what each can."""
    if not isinstance(rig, QemuRig):
        pytest.skip(f"rig {rig.name} is no emulated board")
    return rig


def program(rig: Rig, text: str) -> Any:
    """What a program prints that root runs on the device with our packages: JSON."""
    rig.put("/run/program.py", text.encode())
    # lgpio makes a pipe where it is started
    return json.loads(rig.run(f"cd /tmp && {PYTHON} -B /run/program.py", 240).splitlines()[-1])


@header
def test_the_card_starts_a_pi_3b_with_the_agent_armed_and_its_gpio_chip_found_by_label(
    qemu: QemuRig,
) -> None:
    with qemu.as_board(RASPI3B):
        model = qemu.run("tr -d '\\0' </proc/device-tree/model")
        assert model == "Raspberry Pi 3 Model B"
        chips = program(qemu, CHIPS)
        assert {"lines": LINES, "label": "pinctrl-bcm2835"} in chips
        header_ = program(qemu, HEADER)
        assert header_["state"] in {0, 1}
        assert (header_["factory"], header_["model"]) == ("LGPIOFactory", "3B")
        qemu.wait_until_armed()
        assert status(qemu)["armed"]
        assert qemu.run("systemctl is-active haetae-agent.service").strip() == "active"


@imaged
def test_nothing_has_failed_and_the_root_cannot_be_written(rig: Rig) -> None:
    assert rig.run("systemctl list-units --failed --plain --no-legend") == ""
    assert rig.run("findmnt --noheadings --output FSTYPE,OPTIONS /").split()[0] == "squashfs"
    assert rig.run("touch /usr/x 2>/dev/null || echo refused").strip() == "refused"


@pytest.fixture
def with_pose_files(qemu: QemuRig) -> Iterator[QemuRig]:
    """The image, which has no camera and so no pose files, with those of this machine laid over."""
    files = [FOLDER / "weights" / each for each in POSE_FILES]
    if not all(each.exists() for each in files):
        pytest.skip("no pose files here: python -m models fetch")
    qemu.run(f"mkdir -p /run/weights && cp {INSTALLED}/* /run/weights")
    for each in files:
        qemu.bring(each, f"/run/weights/{each.name}")
    qemu.run(f"mount --bind /run/weights {INSTALLED}")
    yield qemu
    qemu.run(f"umount {INSTALLED} && rm -r /run/weights")


@on_arm
def test_every_model_runs_on_arm64_and_sees_what_it_sees_here(
    with_pose_files: QemuRig, tmp_path: Path
) -> None:
    rig = with_pose_files
    assert rig.run("uname -m").strip() == "aarch64"
    picture = tmp_path / "fire.png"
    draw = ImageDraw.Draw(drawn := Image.new("RGB", (224, 224), (30, 28, 40)))
    draw.polygon([(70, 210), (112, 60), (160, 210)], fill=(255, 140, 20))
    draw.polygon([(95, 210), (112, 120), (135, 210)], fill=(255, 240, 120))
    drawn.save(picture)
    rig.put("/run/fire.png", picture.read_bytes())
    there = lines(rig.run(f"cd /tmp && {PYTHON} -B -m models verify", 300))
    here = lines(models("verify"))
    assert [each["model"] for each in there] == [each["model"] for each in here]
    assert all(each["sha256"] == "ok" and each["runs_on"] for each in there)
    said = rig.run(f"cd /tmp && {PYTHON} -B -m models score fire-image /run/fire.png", 300)
    (score,), (scored,) = lines(said), lines(models("score", "fire-image", str(picture)))
    for name in ("fire", "smoke"):
        assert score[name] == pytest.approx(scored[name], abs=0.02)
    assert score["threshold"] == scored["threshold"]


def models(*words: str) -> str:
    command = [sys.executable, "-m", "models", *words]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=REPOSITORY, env=env
    )
    return done.stdout


def lines(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]
