"""`make fleet`: thousands of device sessions through an outage of their hub."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from hw_mocks.clusters.nats import Nats
from hw_mocks.clusters.rabbit import Rabbit
from hw_mocks.fleet.hub import Cluster, FleetHub, Mosquitto
from hw_mocks.fleet.storm import Fleet, Sizes

_CLUSTERS: dict[str, type[Nats] | type[Rabbit]] = {"nats": Nats, "rabbitmq": Rabbit}


def main() -> int:
    """Run one storm; 1 if anything was lost, made up or disordered."""
    sizes = Sizes()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=sizes.sessions)
    parser.add_argument("--outage", type=float, default=sizes.outage_s, metavar="SECONDS")
    parser.add_argument("--storm", type=float, default=sizes.storm_s, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--hub", choices=["mosquitto", *_CLUSTERS], default="mosquitto",
                        help="a cluster loses its first node instead of going away")  # fmt: skip
    parser.add_argument("--share", type=float, default=1.0, help="of a core that mosquitto gets")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the figures as JSON")
    args = parser.parse_args()
    sizes = Sizes(args.sessions, args.outage, args.storm)
    say(f"{sizes}, hub {args.hub}, share {args.share:g}, seed {args.seed}")
    folder = Path(tempfile.mkdtemp(prefix="hf-"))
    try:
        hub = _hub(args.hub, folder / "hub", sizes, args.share)
        with Fleet(folder, hub, sizes, args.seed, say) as fleet:
            verdict = fleet.storm()
            sys.stdout.write(f"{verdict}\n")
            sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if args.write is not None:
        verdict.write(args.write)
    return 0 if verdict.is_good else 1


def _hub(kind: str, folder: Path, sizes: Sizes, share: float) -> FleetHub:
    say(f"{sizes.sessions} certificates")
    if kind == "mosquitto":
        return Mosquitto(folder, sizes.names, share)
    return Cluster(_CLUSTERS[kind], folder, sizes.names)


def say(line: str) -> None:
    """Show progress."""
    sys.stderr.write(f"fleet: {time.strftime('%H:%M:%S')} {line}\n")


if __name__ == "__main__":
    sys.exit(main())
