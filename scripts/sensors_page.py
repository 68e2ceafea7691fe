"""Write docs/sensors.md from what the drivers of the catalogue say of their parts.

    scripts/sensors_page.py [--check]

With `--check` nothing is written; the exit code is 1 where the page does not fit the code.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from drivers import catalog
from drivers.board import SensorConfig

PAGE = Path(__file__).parents[1] / "docs" / "sensors.md"
Kind = type[SensorConfig]
HOUR_S = 3600.0


def page() -> str:
    """The whole page."""
    kinds = dict(zip(catalog.DRIVERS, catalog.config_types(catalog.DRIVERS), strict=True))
    by_purpose = sorted(kinds.items(), key=lambda each: (each[1].sheet.purpose, each[0]))
    tables = {
        "{figures}": table(
            "driver | part | for | measures | accuracy | a new value | warm-up | lasts | price",
            ([name, *figures(kind)] for name, kind in by_purpose),
        ),
        "{spans}": table(
            "driver | quantity | can report | at its end | stuck after",
            ([name, *row] for name, kind in by_purpose for row in spans(kind)),
        ),
        "{wiring}": table("driver | wires", column(by_purpose, "wiring")),
        "{limits}": table("driver | limits", column(by_purpose, "limits")),
        "{sources}": table(
            "driver | library | source",
            ([name, kind.sheet.library, kind.sheet.source] for name, kind in by_purpose),
        ),
    }
    text = Path(__file__).with_suffix(".md").read_text("utf-8")
    for place, made in tables.items():
        text = text.replace(place, made)
    return text


def table(head: str, rows: Iterable[list[str]]) -> str:
    """A Markdown table whose first column is code."""
    heads = head.split(" | ")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += [
        "| " + " | ".join([f"`{name}`", *(each.replace("|", "\\|") for each in rest)]) + " |"
        for name, *rest in rows
    ]
    return "\n".join(lines)


def figures(kind: Kind) -> list[str]:
    """The maker's figures."""
    sheet = kind.sheet
    return [
        sheet.part,
        sheet.purpose,
        sheet.range,
        sheet.accuracy,
        sheet.rate,
        sheet.warm_up,
        "-" if kind.life_years is None else f"{kind.life_years:g} years",
        sheet.price,
    ]


def spans(kind: Kind) -> Iterator[list[str]]:
    """What the driver can report, a row a quantity."""
    for quantity, span in kind.spans.items():
        still_s = span.frozen_after_s
        stuck = "-" if still_s is None else duration(still_s)
        end = "-" if span.saturates is None else f"from {span.saturates:g}"
        yield [f"`{quantity}`", f"{span.low:g} to {span.high:g}", end, stuck]


def duration(seconds: float) -> str:
    """In the unit that reads best."""
    return f"{seconds / HOUR_S:g} h" if seconds >= HOUR_S else f"{seconds / 60:g} min"


def column(kinds: list[tuple[str, Kind]], field: str) -> Iterator[list[str]]:
    """One field of every sheet."""
    for name, kind in kinds:
        text: str = getattr(kind.sheet, field)
        yield [name, text.removesuffix(".")]


def main() -> int:
    """Write the page, or see whether it fits; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    made = page()
    if parser.parse_args().check:
        return int(PAGE.read_text("utf-8") != made)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
