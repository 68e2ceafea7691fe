"""What an event that is no alarm costs in flash, alone and in company.

A process of its own: `python -m hw_mocks.flash_bench FOLDER EVENTS TOGETHER` prints the bytes that
one event made it send to the block device.
"""

import os
import subprocess
import sys
from pathlib import Path

from agent.envelope import Identity, stamp
from agent.outbox import HOME, Outbox
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage, Why
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from hw_mocks import procfs
from hw_mocks.figure import Figure

EVENTS = 200
_IDENTITY = Identity("alley-3", "stall-17", "00000000-11111111", "haetae", {}, simulated=True)
COMPANIES = (1, 10)  # events within the second that may pass before an fsync


def grouped(disk: Path) -> Figure:
    """Measure events that are put, flushed, confirmed and pruned, in a process of their own."""
    found = {}
    for together in COMPANIES:
        folder = disk / f"flash-{together}"
        folder.mkdir(parents=True)
        words = (sys.executable, "-m", __name__, str(folder), str(EVENTS), str(together))
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
        found[together] = float(done.stdout)
    return Figure(
        "flash, one event: no alarm",
        "<= 16 KiB",
        ", ".join(f"{size / 1024:.1f} KiB at {n} a second" for n, size in found.items()),
        f"write_bytes of /proc/PID/io over {EVENTS} air events put into an outbox on "
        f"{procfs.filesystem(disk)}, each second's events in one fsync, each confirmed by a reader "
        "and pruned; without the file system's journal",
    )


def written_per_event(folder: Path, events: int, together: int) -> float:
    """Bytes for one of `events` events, of which `together` share an fsync."""
    outbox = Outbox(folder / "outbox.db")
    home = outbox.reader(HOME)
    before = procfs.written_bytes(os.getpid())
    for n in range(events):
        outbox.put(_event)
        if n % together == together - 1:
            outbox.flush()
            while (row := home.oldest()) is not None:
                home.confirm(row.seq, 1.0)
    written = procfs.written_bytes(os.getpid()) - before
    outbox.close()
    return written / events


def _event(seq: int, previous: str) -> Event:
    """About as long as a real one: three readings and a sentence in two languages."""
    readings = tuple(
        Reading(f"sensor-{n}", Quantity.CO2_PPM, 1234.5 + n, 1000.0 - n) for n in range(3)
    )
    why = Why("이산화탄소가 많습니다. 창문을 열어 주세요.", "The air is stale. Open a window.")
    return stamp(
        Detection(Hazard.AIR, Stage.ALARM, PLACE, "stale", readings, 1000.0 + seq, why),
        seq=seq,
        previous=previous,
        identity=_IDENTITY,
        wall=WallTime("2026-11-22T09:00:00.000Z", 0.01, "ntp"),
    )


if __name__ == "__main__":
    sys.stdout.write(
        f"{written_per_event(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))}\n"
    )
