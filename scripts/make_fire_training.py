"""Writes what the sensors' model learns from beside real fires: simulated ones, ordinary life.

    python scripts/make_fire_training.py OUT [--fires DIR]

Recordings as `haetae replay` takes them. The fires are numbers 500 and on of `draw_fires.py` and
the days 100 and on of `hw_mocks.corpus`: none that `make evaluate-fire` evaluates on.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from agent import config
from agent.recording import HEADER
from agent.values import Reading
from hw_mocks import corpus
from hw_mocks.scenario import FireTable

ROOT = Path(__file__).resolve().parent.parent
FIRST_DAY = 100
FIRE_S = 120.0  # `corpus.burning` lights its fire then


def write(folder: Path, lines: Iterable[str], rows: Iterable[Reading]) -> None:
    """Write one recording."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recording.toml").write_text("\n".join(lines) + "\n", "utf-8")
    table = [f"{r.at},{r.sensor},{r.quantity},{r.value:g}" for r in rows]
    (folder / "readings.csv").write_text("\n".join([HEADER, *table]) + "\n", "utf-8")


def main() -> int:
    """Write all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--fires", type=Path, default=Path.home() / ".cache/haetae/cfast-fires")
    args = parser.parse_args()
    profiles = {
        name: config.load(ROOT / "provisioning" / "profiles" / f"{name}.toml")
        for name in ("market-stall", "single-room")
    }
    for number, (profile, scenario, worn) in enumerate(corpus.days(FIRST_DAY)):
        rows = corpus.readings(scenario, profiles[profile], seed=1000 + number, worn=worn)
        lines = [f'title = "{scenario.title}"', 'scenario = "ordinary life, simulated"']
        write(args.out / f"day-{number:02}", lines, rows)
    for number, table in enumerate(sorted(args.fires.glob("fire_*.csv"))):
        flame_s = float(FireTable(table).labels["first_flame_s"])
        scenario = corpus.burning(table)
        device = profiles["market-stall" if number % 2 else "single-room"]
        worn = corpus.Wear()
        rows = corpus.readings(scenario, device, seed=number, worn=worn, folder=args.fires)
        lines = [
            f'title = "{table.stem}"',
            f'scenario = "{"smouldering" if flame_s else "flaming"}, simulated"',
            f"ignition_t_s = {FIRE_S}",
            f"flame_t_s = {FIRE_S + flame_s}",
        ]
        write(args.out / table.stem, lines, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
