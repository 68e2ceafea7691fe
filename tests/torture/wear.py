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
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.brokers import Mosquitto
from tests.month.device import DEVICE, Device
from tests.torture.disk import CardDisk, DiskError, run
from tests.torture.life import bytes_written, eventually, rows

CANNOT = 2
HOUR_S = 3600.0
CALL_S, CUT_S = 300.0, 2 * HOUR_S
_HELD_S = 0.05  # real time: a press


@dataclass(frozen=True, slots=True)
class Day:
    """What was written in so many hours: `card_bytes` to the card, `agent_bytes` by the agent."""

    hours: float
    card_bytes: int
    agent_bytes: int
    calls: int = 0
    starts: int = 0


class Wear:
    """One device on one card, beside a broker; `device` is running and armed."""

    def __init__(self, folder: Path, rate: float) -> None:
        self.disk = CardDisk(folder)
        self.broker = Mosquitto(folder / "hub")
        self.broker.start()
        self.device = Device(folder, self.disk, self.broker.config(DEVICE), rate)
        self.device.start()

    def idle(self, hours: float) -> Day:
        """Let time pass."""
        before = self._counted()
        self._pass(hours * HOUR_S)
        return self._since(before, hours)

    def bad(self, hours: float) -> Day:
        """Let time pass without a hub, with a call every five minutes and cuts of the power."""
        self.broker.kill()
        before, began = self._counted(), self.device.elapsed_s()
        agent = calls = starts = 0
        while (at_s := self.device.elapsed_s() - began) < hours * HOUR_S:
            if at_s >= (starts + 1) * CUT_S:
                agent += self._written() - before[1]
                self.device.cut_power(random.Random(starts))
                self.device.start()
                before, starts = (before[0], 0), starts + 1
            self.call()
            calls += 1
            self._pass(max(0.0, calls * CALL_S - (self.device.elapsed_s() - began)))
        found = self._since(before, hours)
        return Day(hours, found.card_bytes, found.agent_bytes + agent, calls, starts)

    def call(self) -> None:
        """Press the button, and wait until the alarm is in the file."""
        before = self._alarms()
        self.device.turn(sos__pressed=1)
        time.sleep(_HELD_S)
        self.device.turn(sos__pressed=0)
        eventually(lambda: self._alarms() - before, "an alarm in the file", 30.0)

    def close(self) -> None:
        """End it all."""
        self.device.stop()
        self.broker.stop()
        self.disk.close()

    def _alarms(self) -> set[str]:
        return {id_ for id_, _, is_alarm, _ in rows(self.device.database, 50) if is_alarm}

    def _pass(self, seconds: float) -> None:
        time.sleep(seconds / self.device.rate)
        self.device.holds_together()

    def _written(self) -> int:
        return 0 if self.device.process is None else bytes_written(self.device.process)

    def _counted(self) -> tuple[int, int]:
        run("sync", "--file-system", str(self.disk.state))  # whatever the kernel still holds
        return self.disk.bytes_written() or 0, self._written()

    def _since(self, before: tuple[int, int], hours: float) -> Day:
        card, agent = self._counted()
        return Day(hours, card - before[0], agent - before[1])


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
                f"{name}: {day.hours:g} h: {day.card_bytes / 1024:.0f} KiB at the card, "
                f"{day.agent_bytes / 1024:.0f} KiB by the agent; {day.calls} calls, "
                f"{day.starts} starts"
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
