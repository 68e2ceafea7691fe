"""A year of simulated residents on the real pipeline: false events, and how soon fate is noticed.

    PYTHONPATH=. python scripts/resident_year.py [--days 365] [--only NAME] [--out FILE]

Seeds are fixed. Writes `docs/care/year.json`, from which `scripts/care_page.py` makes the page.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resident_home import Fault, Told, Watching, climate, live, settings
from resident_life import DAY_S, HOUR_S, RESIDENTS, Edge, Home, Life, Traits

from agent.detectors.calendar import as_clock
from agent.values import Hazard, Stage
from drivers.sensor import Quantity

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "scripts" / "resident_home.toml"
OUT = ROOT / "docs" / "care" / "year.json"
SEED = 2026
WATCHED_H = 40
POLL_S = 120.0


def life_of(traits: Traits, days: int) -> Life:
    """Ill for five days in spring and four in autumn, in hospital in summer, and the weather."""
    return Life(
        traits,
        SEED,
        ill=frozenset((*range(75, 80), *range(250, 254))),
        hospital=frozenset(range(170, 180)),
        hot=frozenset(range(135, 146)),
        unheated=frozenset(range(320, 323)) if days > 320 else frozenset(),
    )


def faults() -> tuple[Fault, ...]:
    """Sensors that fail in this year, each for a while."""
    return (
        Fault("motion_bath", 40 * DAY_S, 43 * DAY_S),
        Fault("motion_room", 100.4 * DAY_S, 100.7 * DAY_S),
        Fault("motion_bath", 100.4 * DAY_S, 100.7 * DAY_S),
        Fault("door", 120 * DAY_S, 122 * DAY_S),
        Fault("motion_room", 200 * DAY_S, 201 * DAY_S, stuck=1.0),
        Fault("bed", 220 * DAY_S, 230 * DAY_S, stuck=1.0),
        Fault("radar", 260 * DAY_S, 280 * DAY_S),
    )


def hub() -> list[Edge]:
    """The hub tells of the hospital, an hour after the ambulance."""
    return [(170 * DAY_S + HOUR_S, "hub", Quantity.AWAY_H, 9.75 * 24)]


@dataclass(slots=True)
class Year:
    """What came of one resident's year."""

    traits: Traits
    days: int
    events: list[dict[str, Any]] = field(default_factory=list)
    fates: list[dict[str, Any]] = field(default_factory=list)
    faults: int = 0

    def note(self, told: Told) -> None:
        """Keep an event; faults are only counted."""
        each = told.detection
        if each.hazard is Hazard.FAULT:
            self.faults += each.stage is Stage.ALARM
            return
        if each.stage is not Stage.CLEARED:
            self.events.append(
                {
                    "day": int(each.at // DAY_S),
                    "clock": as_clock(each.at),
                    "hazard": str(each.hazard),
                    "stage": str(each.stage),
                    "rule": each.rule,
                    "doing": told.doing,
                    "why": each.why.en,
                }
            )


def fate(watching: Watching, life: Life, at: float, kind: str) -> dict[str, Any]:
    """From `at` on the resident lies on the floor, or is dead; hours until it is told."""
    dice = random.Random(f"{life.seed} {life.traits.name} {kind} {at}")
    found: dict[str, Any] = {"kind": kind, "day": int(at // DAY_S), "clock": as_clock(at)}
    edges = sorted(_after(kind, at, dice, has_cat=life.traits.has_cat))
    for step in range(1, int(WATCHED_H * HOUR_S / POLL_S)):
        now = at + step * POLL_S
        while edges and edges[0][0] <= now:
            watching.take(edges.pop(0))
        for each in watching.poll(now, climate(life, now, dice)):
            if each.hazard is Hazard.INACTIVITY and each.stage is not Stage.CLEARED:
                hours = round((each.at - at) / HOUR_S, 2)
                found.setdefault(str(each.stage), hours)
                found.setdefault("rule", each.rule)
                found.setdefault("why", brief(each.why.en))
        if "alarm" in found:
            break
    return found


def brief(why: str) -> str:
    """The first two sentences: what is usual, what is today, or why a fixed limit holds."""
    return ". ".join(why.removesuffix(".").split(". ")[:2]) + "."


def _after(kind: str, at: float, dice: random.Random, *, has_cat: bool) -> Iterator[Edge]:
    """What moves when nobody does: sunbeams, ghosts, a cat, and who has fallen, now and then."""
    per_hour = [("motion_room", Quantity.MOTION, 1.5 / 24, 3.0)]
    per_hour += [("radar", Quantity.PRESENCE, 3.0 / 24, 300.0)]
    if has_cat:
        per_hour += [("motion_low", Quantity.MOTION, 2.5, 4.0)]
    if kind == "fall":
        per_hour += [("motion_room", Quantity.MOTION, 0.5, 3.0)]
        yield at + 5, "bed", Quantity.BED_OCCUPIED, 0.0
    yield at + 10, "radar", Quantity.PRESENCE, 0.0
    for sensor, quantity, rate, for_s in per_hour:
        now = at + HOUR_S * dice.expovariate(rate)
        while now < at + WATCHED_H * HOUR_S:
            yield now, sensor, quantity, 1.0
            yield now + for_s, sensor, quantity, 0.0
            now += for_s + HOUR_S * dice.expovariate(rate)


def year(traits: Traits, days: int, fates_from: int, every_days: int) -> Year:
    """One resident's year; every few days fate is tried out at another hour of the day."""
    found, life, home = Year(traits, days), life_of(traits, days), Home(traits, SEED)
    watching = Watching(settings(HOME, has_cat=traits.has_cat), faults())
    hour, due = 0, fates_from
    for each in live(watching, life, home, range(days), hub()):
        if isinstance(each, Told):
            found.note(each)
            continue
        day, now_h = int(each // DAY_S), each % DAY_S / HOUR_S
        if now_h == 0 and day in {65, 240}:
            watching.restart(has_clock=day != 240)
        if now_h == 0 and day == 242:
            watching.has_clock = True
        if day >= due and now_h >= hour and _is_at_home(life, each):
            found.fates += [fate(watching.fork(), life, each, kind) for kind in ("fall", "death")]
            due, hour = (
                day + every_days,
                (hour + 5) % 24,
            )  # 5 and 24 share nothing: every hour comes
    return found


def _is_at_home(life: Life, at: float) -> bool:
    spans = life.day(int(at // DAY_S))
    now = next((each.doing for each in reversed(spans) if each.begin <= at), "sleep")
    return now in {"sleep", "active", "still"}


def as_json(years: list[Year]) -> str:
    """One event or fate a line."""
    lines = []
    for each in years:
        head = {"name": each.traits.name, "days": each.days, "faults": each.faults}
        rows = [("events", each.events), ("fates", each.fates)]
        body = [
            f' "{key}": [\n  ' + ",\n  ".join(map(_line, found)) + "\n ]" for key, found in rows
        ]
        lines.append(_line(head)[:-1] + ",\n" + ",\n".join(body) + "}")
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(arguments: list[str] | None = None) -> int:
    """Live the years and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--only", help="one resident's name")
    parser.add_argument("--fates-from", type=int, default=60, help="first day, after learning")
    parser.add_argument("--fates-every", type=int, default=3, help="days between two")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    years = []
    for traits in RESIDENTS:
        if options.only in {None, traits.name}:
            found = year(traits, options.days, options.fates_from, options.fates_every)
            print(
                f"{traits.name}: {len(found.events)} events, {len(found.fates)} fates", flush=True
            )
            years.append(found)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(as_json(years), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
