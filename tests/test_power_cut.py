"""The data partition after power cuts in the middle of a write, as the next start finds it."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import Mosquitto
from tests.month.device import DEVICE, Device
from tests.torture.disk import CardDisk, DiskError
from tests.torture.life import eventually, rows

REPAIRED = 1  # e2fsck's: it has mended something, and all is well now


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    try:
        disk = CardDisk(tmp_path)
    except DiskError as error:
        pytest.skip(f"no card whose power can be cut here: {error}")
    try:
        with Mosquitto(tmp_path / "hub") as broker:
            found = Device(tmp_path, disk, broker.config(DEVICE), 1.0)
            found.start()
            yield found
            found.stop()
    finally:
        disk.close()


def e2fsck(*words: str, image: Path) -> tuple[int, str]:
    path = shutil.which("e2fsck", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip("not installed: e2fsck")
    done = subprocess.run((path, *words, str(image)), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def alarms(device: Device) -> set[str]:
    return {id_ for id_, _, is_alarm, _ in rows(device.database, 500) if is_alarm}


def call(device: Device) -> None:
    """Press the button and see the alarm in the file."""
    before = alarms(device)
    device.turn(sos__pressed=1)
    device.turn(sos__pressed=0)
    eventually(lambda: alarms(device) - before, "an alarm in the file", 20.0)


@pytest.mark.parametrize("keep", ["some", "flushed"])
def test_the_partition_is_repaired_without_a_question_and_the_agent_guards_on(
    device: Device, tmp_path: Path, keep: str
) -> None:
    call(device)
    sure = alarms(device)
    choose = random.Random(keep)
    device.disk.left = tmp_path / "left"
    assert device.process is not None
    device.disk.cut(device.process, after=choose.randint(1, 8), keep=keep, seed=7)
    device.turn(sos__pressed=1)  # it writes, and in the middle of that the power goes
    outage = device.cut_short()
    assert outage.in_time
    found, said = e2fsck("-p", image=device.disk.left)  # as the start does it: nobody is asked
    assert found <= REPAIRED, said
    found, said = e2fsck("-f", "-n", image=device.disk.left)
    assert found == 0, said
    device.start()
    assert sure <= alarms(device)
    call(device)
