"""`make clusters`: a device against a NATS JetStream cluster and a RabbitMQ cluster."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from hw_mocks.clusters.nats import Nats
from hw_mocks.clusters.outages import CLIENTS, outages
from hw_mocks.clusters.rabbit import Rabbit


def main() -> int:
    """Run both; 1 if one lost, repeated or disordered anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=20, help="between two calamities (20)")
    presses = parser.parse_args().presses
    bad = False
    folder = Path(tempfile.mkdtemp(prefix="hc-"))
    try:
        for kind in (Nats, Rabbit):
            with kind(folder / kind.__name__.lower(), CLIENTS) as cluster:
                device = folder / f"{kind.__name__.lower()}-device"
                verdict = outages(cluster, device, presses, say)
            sys.stdout.write(f"{verdict}\n")
            sys.stdout.flush()
            bad = bad or bool(verdict.problems)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


def say(line: str) -> None:
    """Show progress."""
    sys.stderr.write(f"clusters: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
