"""One cut of the power in the middle of the agent's write, and what the next start finds.

    python -m tests.torture.cut_short all|some|flushed

prints one JSON object: whether the cut came with a write, what `e2fsck -p` and then `e2fsck -f -n`
say of the partition (exit code and words), whether the alarm that was in the file before is there
after the next start, and whether a call is then heard. 2 if the machine does not allow it.
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.brokers import Mosquitto
from tests.month.device import DEVICE, Device
from tests.torture.disk import CardDisk, DiskError, program
from tests.torture.life import eventually, rows

CANNOT = 2


def main() -> int:
    """Do it and print it."""
    folder = Path(tempfile.mkdtemp(prefix="haetae-cut-"))
    try:
        disk = CardDisk(folder)
    except DiskError as error:
        sys.stderr.write(f"no card whose power can be cut: {error}\n")
        shutil.rmtree(folder, ignore_errors=True)
        return CANNOT
    try:
        with Mosquitto(folder / "hub") as broker:
            device = Device(folder, disk, broker.config(DEVICE), 1.0)
            try:
                found = _cut(device, sys.argv[1], folder / "left")
            finally:
                device.stop()
    finally:
        disk.close()
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def call(device: Device) -> None:
    """Press the button, and wait until the alarm is in the file.

    Raises:
        TimeoutError: It is not.
    """
    before = alarms(device)
    device.turn(sos__pressed=1)
    device.turn(sos__pressed=0)
    eventually(lambda: alarms(device) - before, "an alarm in the file", 30.0)


def alarms(device: Device) -> set[str]:
    """The ids of the alarms in the file."""
    return {id_ for id_, _, is_alarm, _ in rows(device.database, 500) if is_alarm}


def _cut(device: Device, keep: str, left: Path) -> dict[str, Any]:
    device.start()
    call(device)
    sure = alarms(device)
    device.disk.left = left
    if device.process is None:
        raise DiskError("the agent is not running")
    after = random.Random(keep).randint(1, 8)
    device.disk.cut(device.process, after=after, keep=keep, seed=7)
    device.turn_as_it_ends(sos__pressed=1)  # it writes, and in the middle of that the power goes
    in_time = device.cut_short().in_time
    checks = {"preen": _e2fsck("-p", left), "check": _e2fsck("-fn", left)}
    device.start()
    kept = sure <= alarms(device)
    call(device)
    return {"in_time": in_time, "kept": kept, "heard": True} | checks


def _e2fsck(how: str, image: Path) -> tuple[int, str]:
    command = (program("e2fsck"), how, str(image))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
