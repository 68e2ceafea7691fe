"""Let lives of the agent end badly, again and again, and count what was lost; docs/torture.md."""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.torture import leftovers
from tests.torture.disk import DiskError, run
from tests.torture.life import ROOT
from tests.torture.verdict import verdict
from tests.torture.worker import NEEDS

CANNOT = 2


def main() -> int:
    """Run the rounds and print the verdict; 1 if it does not hold, 2 if something is missing."""
    args = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for left in leftovers.clean():
        _say(f"torture: taken away, left by a run that was killed: {left}")
    _say(f"torture: {args.rounds} rounds, seed {args.seed}, {args.workers} devices")
    folder = leftovers.folder()
    workers: list[subprocess.Popen[str]] = []
    try:
        for number in range(args.workers):
            rounds = len(range(number, args.rounds, args.workers))
            workers.append(_start(args, number, rounds, folder))
        found = [said for number, worker in enumerate(workers) if (said := _follow(number, worker))]
        ended_early = len(workers) - len(found)
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
        if args.keep:
            folder = folder.rename(folder.with_name(f"haetae-kept-{folder.name}"))
        else:
            shutil.rmtree(folder, ignore_errors=True)
    lines, holds = verdict(found, without=args.without, ended_early=ended_early)
    for line in lines:
        _say(line)
    if args.keep:
        _say(f"torture: all files are in {folder}")
    if holds:
        return 0
    return 1 if ended_early or any(each["problems"] for each in found) else CANNOT


def _start(
    args: argparse.Namespace, number: int, rounds: int, folder: Path
) -> subprocess.Popen[str]:
    # its mounts in a namespace of its own: nobody else's copy of them keeps a disk busy
    apart = ["unshare", "--mount", "--propagation", "private", "--"]
    command = [
        *(apart if _may(*apart, "true") else ()),
        *("setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "tests.torture.worker"),
        *("--number", str(number), "--rounds", str(rounds), "--seed", str(args.seed + 2 * number)),
        *("--folder", str(folder / str(number)), "--without", ",".join(args.without)),
        *("--sabotage", args.sabotage),
    ]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": "/tmp"}
    )


def _may(*command: str) -> bool:
    try:
        run(*command)
    except DiskError:
        return False
    return True


def _follow(number: int, worker: subprocess.Popen[str]) -> dict[str, Any] | None:
    """Pass on what a worker says; its last line is what it found."""
    found: dict[str, Any] | None = None
    for line in worker.stdout or ():
        if line.startswith("{"):
            found = json.loads(line)
        else:
            _say(f"device {number}: {line.rstrip()}")
    if worker.wait():
        _say(f"torture: a device's harness ended with {worker.returncode}")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="lives of the agent (1000)")
    parser.add_argument("--workers", type=int, default=2, help="devices side by side (2)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument(
        "--without",
        type=lambda text: [_known(each) for each in text.split(",") if each],
        default=[],
        help=f"leave out, parted by commas: {', '.join(NEEDS)}",
    )
    parser.add_argument(
        "--sabotage", default="", help="break the agent so; see tests.torture.sabotage"
    )
    parser.add_argument("--keep", action="store_true", help="leave logs and files in place")
    return parser


def _known(name: str) -> str:
    if name not in NEEDS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(NEEDS)}")
    return name


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
