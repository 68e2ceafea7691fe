"""Draws fires at random and computes each with CFAST: growth, fuel, place and ventilation.

    python scripts/draw_fires.py [--count 500] [--out DIR] [--first 0]

The draw is fixed by the fire's number, so the tables (some 25 MB) need not be kept: what is
committed is this file and the scores in `docs/fire.md`. About 2 s a fire. A fire that CFAST refuses
is drawn again, with the next letter in its seed; how often is printed.
"""

import argparse
import dataclasses
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import make_cfast_fires as cfast
from make_cfast_fires import BLOCK, GYPSUM, FireCase, Place, Rows

TABLES = Path.home() / ".cache" / "haetae" / "cfast-fires"
COUNT = 500
LETTERS = "abcdefgh"
SMOULDERING_CO = 0.1  # g/g, the low end for cellulose and foam (SFPE Handbook, smouldering)


@dataclass(frozen=True)
class Fuel:
    """A fuel of the SFPE Handbook's table A.39 (5th ed.), yields in g/g, heat in kJ/g."""

    name: str
    carbon: float
    hydrogen: float
    oxygen: float
    chlorine: float
    heat_kj_g: float
    radiative: float
    co_yield: float
    soot_yield: float


FUELS = (
    Fuel("wood", 1, 1.7, 0.74, 0, 12.4, 0.35, 0.005, 0.015),
    Fuel("cotton and polyester", 10, 9, 4, 0, 20.0, 0.35, 0.04, 0.06),
    Fuel("polyurethane foam", 6.3, 7.1, 2.1, 0, 18.0, 0.4, 0.031, 0.10),
    Fuel("paper and carton", 6, 10, 5, 0, 14.0, 0.3, 0.01, 0.02),
    Fuel("polystyrene", 8, 8, 0, 0, 27.0, 0.45, 0.06, 0.164),
    Fuel("cooking oil", 18, 34, 2, 0, 36.0, 0.35, 0.02, 0.05),
    Fuel("PVC cable", 2, 3, 0, 1, 8.0, 0.3, 0.063, 0.10),
)


def place(draw: random.Random) -> tuple[str, Place]:
    """A stall, open or shut, or a room of a few square metres with its door open, ajar or shut."""
    kind = draw.choice(("open stall", "shut stall", "single room", "studio"))
    if kind.endswith("stall"):
        width, depth, height = (
            draw.uniform(*ends) for ends in ((2.2, 4.0), (2.2, 4.0), (2.3, 3.2))
        )
        opening = draw.uniform(1.8, 2.2) if kind == "open stall" else draw.uniform(0.02, 0.08)
        room = Place(width, depth, height, GYPSUM, 0.8 * width, min(opening, height - 0.2), True)
        return kind, room
    small = kind == "single room"
    width, depth = (draw.uniform(1.4, 2.2) if small else draw.uniform(2.5, 4.5) for _ in "wd")
    wall, width_m = draw.choice((GYPSUM, BLOCK)), draw.choice((0.02, 0.1, 0.8))
    return kind, Place(width, depth, draw.uniform(2.1, 2.5), wall, width_m, 1.9)


def growth(draw: random.Random, most_kw: float) -> tuple[Rows, float, int]:
    """Heat release: it may smoulder first, then t² from slow to ultra-fast; first flame; length."""
    smoulders = draw.random() < 0.3
    flame_s = draw.uniform(300, 1800) if smoulders else draw.uniform(0, 90)
    alpha = 10 ** draw.uniform(-2.5, -0.73)  # 0.003 (slow) to 0.19 kW/s² (ultra-fast)
    peak_kw = draw.uniform(60, most_kw)
    before: Rows = [(0.0, 0.02), (flame_s, 0.5)] if smoulders else [(0.0, 0.2), (flame_s + 1, 1.0)]
    rows, t = list(before), before[-1][0]
    start, grown_s = t, (peak_kw / alpha) ** 0.5
    while t < start + grown_s:
        t += max(2.0, grown_s / 40)
        rows.append((t, min(peak_kw, max(1.0, alpha * (t - start) ** 2))))
    end = t + 180
    return [*rows, (end, peak_kw)], (flame_s if smoulders else 0.0), int(end)


def case(number: int, letter: str) -> FireCase:
    """The fire of this number."""
    draw = random.Random(f"haetae fire {number}{letter}")
    kind, room = place(draw)
    fuel = draw.choice(FUELS)
    most_kw = {"single room": 250.0, "studio": 600.0}.get(kind, 1200.0)
    if room.opening_width <= 0.1 or kind == "shut stall":
        most_kw = 150.0
    rows, flame_s, length_s = growth(draw, most_kw)
    if flame_s:  # what smoulders burns badly; CFAST is given one yield for the whole fire
        fuel = dataclasses.replace(fuel, co_yield=max(fuel.co_yield, SMOULDERING_CO))
    return FireCase(
        f"{fuel.name} in a {kind}, {'smoulders first' if flame_s else 'flames at once'}",
        room,
        rows,
        **{f.name: getattr(fuel, f.name) for f in dataclasses.fields(Fuel) if f.name != "name"},
        area_m2=0.3,
        smoulders_s=flame_s,
        length_s=length_s,
        step_s=2 if length_s < 900 else 5,
    )


def text(number: int) -> tuple[str, int]:
    """Compute a fire; its table as `make_cfast_fires` writes it, and how often it was refused.

    Raises:
        RuntimeError: CFAST refused every letter.
    """
    for refused, letter in enumerate(LETTERS):
        drawn = case(number, letter)
        with tempfile.TemporaryDirectory() as folder:
            try:
                columns, log = cfast.run(cfast.input_text(drawn), Path(folder))
            except RuntimeError:
                continue
        head = [f"# {drawn.title}", f"# first_flame_s: {drawn.smoulders_s:g}", *cfast.labels(log)]
        rows = (",".join(row) for row in cfast.table(drawn, columns))
        return "\n".join([*head, cfast.COLUMNS, *rows]) + "\n", refused
    raise RuntimeError(f"fire {number}: refused by CFAST {len(LETTERS)} times")


def main() -> int:
    """Write the tables that are not there yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, default=TABLES)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    refused = 0
    for number in range(args.first, args.first + args.count):
        path = args.out / f"fire_{number:03}.csv"
        if not path.exists():
            table, again = text(number)
            refused += again
            path.write_text(table, "utf-8")
        print(f"\r{number + 1 - args.first}/{args.count}", end="", file=sys.stderr, flush=True)
    print(f"\n{args.out}: {args.count} fires; drawn again: {refused}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
