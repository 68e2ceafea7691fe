"""Writes what a bad month came to into `docs/month.md`, and draws `docs/month/month.svg`.

    PYTHONPATH=. python scripts/month_page.py [--take FOLDER | --check]

`--take` first takes over a run: FOLDER as `make bad-month MONTH="--write FOLDER"` wrote it, its
samples hour by hour. `--check` writes nothing and fails where page or picture are out of date.
"""

import argparse
import csv
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from month_picture import Lane, Panel, draw

from tests.month.__main__ import verdict
from tests.month.plan import Kind
from tests.month.samples import EVENT_BYTES, IDLE_DAY_BYTES

ROOT = Path(__file__).resolve().parent.parent
PAGE, FOLDER = ROOT / "docs" / "month.md", ROOT / "docs" / "month"
PICTURE, HOURS, FOUND = FOLDER / "month.svg", FOLDER / "hours.csv", FOLDER / "month.json"
HOUR_S = 3600.0
COLUMNS = ("hour", "armed_pct", "rss_mib", "threads", "written_kib", "pending", "lives", "troubles")
BEGIN, END = "<!-- found -->\n", "<!-- end of found -->\n"

Row = dict[str, Any]


def by_hour(samples: list[Row]) -> Iterator[Row]:
    """The samples of each hour in one row: armed share, most memory and threads, bytes written."""
    hours: dict[int, list[Row]] = defaultdict(list)
    for each in samples:
        hours[int(float(each["at_s"]) // HOUR_S)].append(each)
    before: dict[str, int] = defaultdict(int)  # of each life: what was counted already
    for hour, of_it in sorted(hours.items()):
        ends = {each["life"]: int(each["written_bytes"]) for each in of_it}
        written = sum(count - before[life] for life, count in ends.items())
        before |= ends
        yield {
            "hour": hour,
            "armed_pct": f"{100 * sum(e['armed'] == 'True' for e in of_it) / len(of_it):.2f}",
            "rss_mib": f"{max(int(e['rss_kib']) for e in of_it) / 1024:.2f}",
            "threads": max(int(e["threads"]) for e in of_it),
            "written_kib": f"{written / 1024:.1f}",
            "pending": max(int(e["pending"]) for e in of_it),
            "lives": len({e["life"] for e in of_it}),
            "troubles": " ".join(sorted({t for e in of_it for t in e["troubles"].split()})),
        }


def take(folder: Path) -> None:
    """Take over what a run has written."""
    FOLDER.mkdir(exist_ok=True)
    FOUND.write_text((folder / FOUND.name).read_text("utf-8"), "utf-8")
    with (folder / "samples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(by_hour(list(csv.DictReader(file))))
    with HOURS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def picture() -> str:
    """What befell it, and armed share, memory, threads, flash and waiting events below."""
    with HOURS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    hours = int(rows[-1]["hour"]) + 1
    lanes = [
        Lane(
            str(kind), [int(e["hour"]) for e in rows if kind.name.lower() in e["troubles"].split()]
        )
        for kind in Kind
        if kind not in {Kind.PRESS, Kind.POWER}  # over in an instant
    ]
    cuts = [int(e["hour"]) for e in rows if int(e["lives"]) > 1]
    lanes.append(Lane(str(Kind.POWER), cuts))
    written = list(accumulate(float(e["written_kib"]) / 1024 for e in rows))
    found = json.loads(FOUND.read_text("utf-8"))
    a_day = (IDLE_DAY_BYTES + EVENT_BYTES * found["events"] / found["days"]) / (1 << 20)
    budget = [a_day * (n + 1) / 24 for n in range(hours)]
    panels = (
        Panel("armed, % of the hour", [float(e["armed_pct"]) for e in rows], 100, (), 90),
        Panel("memory, MiB", [float(e["rss_mib"]) for e in rows], 80),
        Panel("threads", [float(e["threads"]) for e in rows], 40),
        Panel("written, MB, and budget", written, _round_up(budget[-1]), budget),
        Panel("events waiting", [float(e["pending"]) for e in rows],
              _round_up(max(float(e["pending"]) for e in rows))),
    )  # fmt: skip
    return draw(lanes, panels, hours)


def page() -> str:
    """The page with what was found made anew."""
    found: dict[str, Any] = json.loads(FOUND.read_text("utf-8"))
    lines, _ = verdict(found)
    facts = (
        f"{found['days']:g} days at {found['rate']:g} times the speed of life, seed "
        f"{found['seed']}, {found['lives']} lives, {found['events']} events, of them "
        f"{found['alarms']} alarms; {found['disk_written'] / 1e6:.0f} MB reached the card."
    )
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    body = "\n".join(["```", *lines, "```", "", facts, ""])
    return before + BEGIN + body + END + rest.partition(END)[2]


def _round_up(number: float) -> float:
    step = 10.0 ** math.floor(math.log10(max(number, 1.0)))
    return step * math.ceil(max(number, 1.0) / step)


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--check", action="store_true")
    one.add_argument("--take", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    if args.take is not None:
        take(args.take)
    made = {PAGE: page(), PICTURE: picture()}
    if args.check:
        return int(any(path.read_text("utf-8") != text for path, text in made.items()))
    for path, text in made.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
