"""What a day writes to the card, counted where it counts: at the block device, journal and all.

    python -m tests.torture.wear [--rate N] [--hours N] [--day NAME] [--write FILE]

The real agent on simulated wires, its state on ext4 as on a device (`tests/torture/disk.py`), a
real broker. Its clock runs `--rate` times as fast as life; ext4's does not. So what the agent waits
for (fsync) is counted as it is; what it leaves to the kernel, which writes after 5 to 30 s of its
own time, is counted once where it would be written several times.

An idle day: nothing happens and the hub is there. A bad day: the hub is away, somebody calls for
help every five minutes, and the power is cut every two hours.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.brokers import Mosquitto
from tests.month.device import DEVICE, Device
from tests.torture.cut_short import call
from tests.torture.disk import CardDisk, DiskError, run

CANNOT = 2
HOUR_S = 3600.0
SETTLES_S = 900.0  # after a start, whose own writing is told with the bad day
CALL_S, CUT_S = 300.0, 2 * HOUR_S


@dataclass(frozen=True, slots=True)
class Day:
    """What came to the card in so many hours, in bytes."""

    hours: float
    card_bytes: int
    calls: int = 0
    starts: int = 0


class Wear:
    """One device on one card, beside a broker; `device` is running and armed."""

    def __init__(self, folder: Path, rate: float) -> None:
        with ExitStack() as stack:
            self.disk = CardDisk(folder)
            stack.callback(self.disk.close)
            self.broker = stack.enter_context(Mosquitto(folder / "hub"))
            self.device = Device(folder, self.disk, self.broker.config(DEVICE), rate)
            self.device.start()
            stack.callback(self.device.stop)
            self._pass(SETTLES_S)
            self._stack = stack.pop_all()

    def idle(self, hours: float) -> Day:
        """Let time pass."""
        before = self._counted()
        self._pass(hours * HOUR_S)
        return Day(hours, self._counted() - before)

    def bad(self, hours: float) -> Day:
        """Let time pass without a hub, with a call every five minutes and cuts of the power."""
        self.broker.kill()
        before, began = self._counted(), self.device.elapsed_s()
        calls = starts = 0
        while (at_s := self.device.elapsed_s() - began) < hours * HOUR_S:
            if at_s >= (starts + 1) * CUT_S:
                self.device.cut_power(random.Random(starts))
                self.device.start()
                starts += 1
            call(self.device)
            calls += 1
            self._pass(max(0.0, calls * CALL_S - (self.device.elapsed_s() - began)))
        return Day(hours, self._counted() - before, calls, starts)

    def close(self) -> None:
        """End it all."""
        self._stack.close()

    def _pass(self, seconds: float) -> None:
        time.sleep(seconds / self.device.rate)
        self.device.holds_together()

    def _counted(self) -> int:
        run("sync", "--file-system", str(self.disk.state))  # whatever the kernel still holds
        return self.disk.bytes_written() or 0


def main() -> int:
    """Measure both days and print them; 2 if the machine does not allow it."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.wear")
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--day", choices=("idle", "bad"), help="one of the two alone")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the figures as JSON")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="haetae-wear-"))
    found: dict[str, object] = {}
    try:
        wear = Wear(folder, args.rate)
    except DiskError as error:
        _say(f"cannot make a card: {error}; it takes root and /dev/fuse")
        return CANNOT
    try:
        for name, measure in (("idle", wear.idle), ("bad", wear.bad)):
            if args.day not in {None, name}:
                continue
            day = measure(args.hours)
            found[name] = asdict(day)
            _say(
                f"{name}: {day.hours:g} h: {day.card_bytes / 1024:.0f} KiB at the card; "
                f"{day.calls} calls, {day.starts} starts"
            )
    finally:
        wear.close()
        shutil.rmtree(folder, ignore_errors=True)
    if args.write is not None:
        args.write.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"wear: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
