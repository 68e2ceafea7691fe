"""Writes the simulated year's figures into `docs/care.md`, and draws them: `docs/care/noticed.svg`.

    python scripts/care_page.py [--check]

`--check` writes nothing and fails where page or picture are not what `docs/care/year.json` says.
"""

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "care.md"
YEAR = ROOT / "docs" / "care" / "year.json"
PICTURE = ROOT / "docs" / "care" / "noticed.svg"
BEGIN, END = "<!-- from the simulated year -->\n", "<!-- end of the simulated year -->\n"
MONTH_DAYS = 30.4
HOURS = {"night, 00 to 06": range(6), "day, 06 to 18": range(6, 18), "evening": range(18, 24)}
COLOURS = {"fall": "#c60", "death": "#036"}

Table = list[dict[str, Any]]


def kind(event: dict[str, Any]) -> str:
    """Whether an inactivity event was called for: by illness or an untold night away, or false."""
    if event["doing"] == "ill":
        return "ill"
    if event["doing"] == "away untold":
        return "untold"
    return "false"


def event_rows(years: Table) -> Iterator[str]:
    """Inactivity events of each resident, by what was behind them."""
    yield "| resident | days | false prealarms | false alarms | a month | ill | away, untold |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    total: Counter[tuple[str, str]] = Counter()
    days = 0
    for year in years:
        found = Counter((kind(e), e["stage"]) for e in inactivity(year))
        total += found
        days += year["days"]
        yield _event_row(year["name"], year["days"], found)
    yield _event_row("all", days, total)


def _event_row(name: str, days: int, found: Counter[tuple[str, str]]) -> str:
    prealarms, alarms = found["false", "prealarm"], found["false", "alarm"]
    rate = (prealarms + alarms) / days * MONTH_DAYS
    others = [f"{found[k, 'prealarm']} + {found[k, 'alarm']}" for k in ("ill", "untold")]
    cells = [name, str(days), str(prealarms), str(alarms), f"{rate:.2f}", *others]
    return "| " + " | ".join(cells) + " |"


def inactivity(year: dict[str, Any]) -> list[dict[str, Any]]:
    """The inactivity events of one year."""
    return [each for each in year["events"] if each["hazard"] == "inactivity"]


def fate_rows(years: Table) -> Iterator[str]:
    """Hours to prealarm and alarm after a fall and a death, by time of day."""
    yield "| what | when | tries | prealarm, median | alarm, median | 90 % by | longest | never |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    fates = [fate for year in years for fate in year["fates"]]
    for what in COLOURS:
        for name, hours in HOURS.items():
            tries = [f for f in fates if f["kind"] == what and int(f["clock"][:2]) in hours]
            if not tries:
                continue
            asked = [f["prealarm"] for f in tries if "prealarm" in f]
            told = sorted(f["alarm"] for f in tries if "alarm" in f)
            ninth = told[min(len(told) - 1, int(0.9 * len(told)))]
            hours_told = f"{statistics.median(told):.1f} h | {ninth:.1f} h | {told[-1]:.1f} h"
            yield (
                f"| {what} | {name} | {len(tries)} | {statistics.median(asked):.1f} h"
                f" | {hours_told} | {len(tries) - len(told)} |"
            )


def rule_rows(years: Table) -> Iterator[str]:
    """By which rule falls and deaths were told."""
    counted = Counter(f.get("rule", "never") for year in years for f in year["fates"])
    told = ", ".join(f"`{rule}` {count}" for rule, count in counted.most_common())
    yield f"Falls and deaths were told by: {told}."


def other_rows(years: Table) -> Iterator[str]:
    """What else was told in these years."""
    yield "| hazard | stage | rule | events in all years |"
    yield "|---|---|---|--:|"
    others = Counter(
        (e["hazard"], e["stage"], e["rule"])
        for year in years
        for e in year["events"]
        if e["hazard"] != "inactivity"
    )
    for (hazard, stage, rule), count in sorted(others.items()):
        yield f"| {hazard} | {stage} | `{rule}` | {count} |"


def false_events(years: Table) -> Iterator[str]:
    """Every false inactivity event with its explanation."""
    for year in years:
        for each in inactivity(year):
            if kind(each) == "false":
                yield (
                    f"- {year['name']}, day {each['day']}, {each['clock']}, {each['stage']}"
                    f" (`{each['rule']}`; in truth: {each['doing']}): {each['why']}"
                )


def section(years: Table) -> str:
    """What stands between the marks of the page."""
    parts = [
        "\n".join(event_rows(years)),
        "![hours until a fall or a death is told, by hour of the day](care/noticed.svg)",
        "\n".join(fate_rows(years)),
        *rule_rows(years),
        "### Other events of these years\n\n" + "\n".join(other_rows(years)),
        "### Every false inactivity event, in its own words\n\n"
        + ("\n".join(false_events(years)) or "None."),
    ]
    return "\n" + "\n\n".join(parts) + "\n\n"


def picture(years: Table) -> str:
    """A dot for each fall and death: when it happened, and hours until the alarm."""
    left, top, wide, high, most_h = 40, 20, 600, 260, 26.0
    size = f'viewBox="0 0 {left + wide + 20} {top + high + 45}"'
    font = 'font-family="sans-serif" font-size="11"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f'<rect x="{left}" y="{top}" width="{wide}" height="{high}" fill="none" stroke="#999"/>',
    ]
    for hour in range(0, 25, 3):
        x = left + wide * hour / 24
        lines.append(
            f'<text x="{x:.0f}" y="{top + high + 15}" text-anchor="middle">{hour:02d}</text>'
        )
    for hours in range(0, 25, 6):
        y = top + high - high * hours / most_h
        lines.append(
            f'<line x1="{left}" x2="{left + wide}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>'
        )
        lines.append(f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{hours} h</text>')
    for year in years:
        for each in year["fates"]:
            clock = int(each["clock"][:2]) + int(each["clock"][3:]) / 60
            x = left + wide * (clock + (0.25 if each["kind"] == "fall" else 0.0)) / 24
            y = top + high - high * min(most_h, each.get("alarm", most_h)) / most_h
            colour = COLOURS[each["kind"]]
            lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}" opacity="0.5"/>')
    lines += [
        f'<text x="{left + wide / 2 - 40}" y="{top + high + 33}">hour of the day</text>',
        f'<text x="{left}" y="13" fill="{COLOURS["fall"]}">fall</text>',
        f'<text x="{left + 30}" y="13" fill="{COLOURS["death"]}">death</text>',
        '<text x="110" y="13">hours until the alarm (from 26 h on: the upper edge)</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write page and picture, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    years: Table = json.loads(YEAR.read_text("utf-8"))
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    wanted = before + BEGIN + section(years) + END + rest.partition(END)[2]
    drawn = picture(years)
    if options.check:
        is_same = text == wanted and PICTURE.read_text("utf-8") == drawn
        if not is_same:
            print(
                "docs/care is not what the year gave: python scripts/care_page.py", file=sys.stderr
            )
        return 0 if is_same else 1
    PAGE.write_text(wanted, "utf-8")
    PICTURE.write_text(drawn, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
