"""`make fleet`: thousands of device sessions through an outage of their hub."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from hw_mocks.fleet.storm import Fleet, Sizes


def main() -> int:
    """Run one storm; 1 if anything was lost, made up or disordered."""
    sizes = Sizes()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=sizes.sessions)
    parser.add_argument("--outage", type=float, default=sizes.outage_s, metavar="SECONDS")
    parser.add_argument("--storm", type=float, default=sizes.storm_s, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    sizes = Sizes(args.sessions, args.outage, args.storm)
    say(f"{sizes}, seed {args.seed}")
    folder = Path(tempfile.mkdtemp(prefix="hf-"))
    try:
        with Fleet(folder, sizes, args.seed, say) as fleet:
            verdict = fleet.storm()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(f"{verdict}\n")
    return 0 if verdict.is_good else 1


def say(line: str) -> None:
    """Show progress."""
    sys.stderr.write(f"fleet: {time.strftime('%H:%M:%S')} {line}\n")


if __name__ == "__main__":
    sys.exit(main())
