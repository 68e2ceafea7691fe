"""Let one device live through a bad month, compressed, and say what held: docs/month.md."""

import argparse
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.brokers import Listener, Mosquitto
from tests.month import plan, samples
from tests.month.device import DEVICE, Device
from tests.month.month import Month
from tests.torture.disk import CardDisk, DiskError

CANNOT = 2


def main() -> int:
    """Run it and print the verdict; 1 if something does not hold, 2 if something is missing."""
    args = _parser().parse_args()
    folder = Path(tempfile.mkdtemp(prefix="haetae-month-"))
    try:
        disk = CardDisk(folder)
    except DiskError as error:
        _say(f"cannot make a disk whose power can be cut: {error}; it takes root and /dev/fuse")
        shutil.rmtree(folder, ignore_errors=True)
        return CANNOT
    try:
        found = _live(folder, disk, args)
    finally:
        disk.close()
        shutil.rmtree(folder, ignore_errors=True)
    lines, holds = verdict(found)
    for line in lines:
        _say(line)
    if args.write is not None:
        args.write.mkdir(parents=True, exist_ok=True)
        samples.write(found["samples"], args.write / "samples.csv")
        facts = {key: value for key, value in found.items() if key != "samples"}
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        (args.write / "month.json").write_text(text + "\n", "utf-8")
    return 0 if holds else 1


def verdict(found: dict[str, Any]) -> tuple[list[str], bool]:
    """The lines to print, the last of which begins `month:`, and whether all holds."""
    checks = {
        f"armed {found['armed_pct']:.3f} % (>= {samples.ARMED_PCT} %)": found["armed_pct"]
        >= samples.ARMED_PCT,
        f"{len(found['lost'])} of {found['alarms']} alarms lost": not found["lost"],
        f"{found['repeated']} repeated in effect": not found["repeated"],
        f"memory x {found['growth']:.3f} in the longest life (<= {samples.GROWTH})": found["growth"]
        <= samples.GROWTH,
        f"{found['threads_gained']:+d} threads": found["threads_gained"] == 0,
        f"{found['written'] / 1e6:.1f} MB written by the agent of {found['budget'] / 1e6:.1f} MB": (
            found["written"] <= found["budget"]
        ),
        f"{len(found['problems'])} other problems": not found["problems"],
    }
    lines = [f"  {number:6d}  {what}" for what, number in sorted(found["counts"].items())]
    lines += [f"  {each}" for each in (*found["lost"][:10], *found["problems"][:10])]
    lines += [f"  {'good' if good else 'FAILED'}: {what}" for what, good in checks.items()]
    holds = all(checks.values())
    return [*lines, f"{found['days']:g} days: {'all held' if holds else 'FAILED'}"], holds


def _live(folder: Path, disk: CardDisk, args: argparse.Namespace) -> dict[str, Any]:
    hub = folder / "hub"
    with Mosquitto(hub) as broker, Listener(broker) as listener:
        device = Device(folder, disk, broker.config(DEVICE), args.rate)
        month = Month(device, broker, listener, random.Random(args.seed), _say)
        try:
            month.live(plan.draw(args.days, args.seed))
        finally:
            device.stop()
            device.remove()
        taken = month.samples
        growth, gained = samples.growth(taken)
        return {
            "days": args.days,
            "seed": args.seed,
            "rate": args.rate,
            "counts": dict(month.counts),
            "alarms": len(month.accepted),
            "events": len(month.heard()),
            "lost": month.lost(),
            "repeated": month.repeated(),
            "problems": month.problems,
            "armed_pct": samples.armed_pct(taken, device.unarmed_s),
            "growth": growth,
            "threads_gained": gained,
            "written": samples.written(taken),
            "budget": samples.budget_bytes(taken, len(month.heard())),
            "disk_written": disk.bytes_written(),
            "lives": taken[-1].life,
            "samples": taken,
        }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.month", description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=1200.0, help="times as fast as life")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="month.json and samples.csv")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"month: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
