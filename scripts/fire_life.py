"""Ordinary life on the page of alarm times: false alarms, and the budget they are held to."""

import csv
import json
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from fire_more import SIMULATED
from fire_result import Result

from agent.recording import Recording

YEAR_H = 8766.0
BUDGET = 1.0  # false fire alarms in a device-year
NOT_COUNTED = "nepal"  # open biomass fires in kitchens: an alarm may be right there


def hours(found: Recording) -> Mapping[str, float]:
    """The hours of valid data that the source states, by quantity."""
    table = tomllib.loads((found.folder / "recording.toml").read_text("utf-8"))
    stated: dict[str, float] = table.get("hours_of_valid_data", {})
    return stated


def background_table(results: list[Result]) -> Iterator[str]:
    """False alarms of each source, with the hours in which they could have come."""
    columns = ("TEMPERATURE_C", "PM2_5_UG_M3", "CO_PPM")
    yield "| source | recordings | h temperature | h PM2.5 | h CO | fire prealarms | fire alarms |"
    yield "CO prealarms | CO alarms | faults |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    sources: dict[str, list[Result]] = {}
    for each in results:
        sources.setdefault(each.found.folder.name.split("-")[0], []).append(each)
    kinds = ("fire prealarm", "fire alarm", "co prealarm", "co alarm", "fault alarm")
    for name, group in [*sources.items(), ("all", results)]:
        observed = [sum(hours(each.found).get(q, 0.0) for each in group) for q in columns]
        counts = [sum(each.counts.get(kind, 0) for each in group) for kind in kinds]
        cells = [name, str(len(group)), *(f"{h:,.0f}" for h in observed), *map(str, counts)]
        yield "| " + " | ".join(cells) + " |"


def false_alarms(results: list[Result]) -> Iterator[str]:
    """Every alarm in ordinary life, with what the source says was going on."""
    for each in results:
        for event in each.told:
            if event["stage"] == "alarm":
                evidence = ", ".join(
                    f"{e['quantity']} {e['value']:g} at {e['sensor']}" for e in event["evidence"]
                )
                yield (
                    f"- {each.found.folder.name}, {event['t_s'] / 3600:.1f} h: {event['hazard']} "
                    f"by {event['rule'].replace('_', ' ')} ({evidence}); marked then: "
                    f"{marked(each.found.folder, event['t_s'])}."
                )


def marked(folder: Path, at: float) -> str:
    """What the recording's `events.csv` says of this moment."""
    path = folder / "events.csv"
    if not path.exists():
        return "nothing is marked in this source"
    with path.open(encoding="utf-8") as lines:
        now = [
            row["label"]
            for row in csv.DictReader(lines)
            if float(row["t_start_s"]) - 600 <= at <= float(row["t_end_s"]) + 600
        ]
    return ", ".join(now).replace("_", " ") or "nothing"


def prealarms(results: list[Result]) -> str:
    """How many of the prealarms in ordinary life came beside something marked."""
    told = [
        marked(each.found.folder, event["t_s"])
        for each in results
        for event in each.told
        if event["stage"] == "prealarm" and event["hazard"] == "fire"
    ]
    cooking = sum("stove" in mark or "cook" in mark for mark in told)
    return f"{len(told)} fire prealarms, {cooking} of them within ten minutes of a marked stove."


def budget_lines(results: list[Result]) -> Iterator[str]:
    """The false-alarm budget of a device-year, beside what was measured and what was simulated."""
    counted = [r for r in results if not r.found.folder.name.startswith(NOT_COUNTED)]
    heat_h = sum(hours(r.found).get("TEMPERATURE_C", 0.0) for r in counted)
    alarms = sum(r.counts.get("fire alarm", 0) for r in counted)
    yield f"At most {BUDGET:g} false fire alarm in a device-year ({YEAR_H:,.0f} h) is the budget.\n"
    yield "| counted over | hours | false fire alarms | in a device-year | exact 95 % interval |"
    yield "|---|--:|--:|--:|--:|"
    yield _rate_row("measured: homes, Nepal apart, hours with a thermometer", heat_h, alarms)
    for each in json.loads(SIMULATED.read_text("utf-8"))["life"] if SIMULATED.exists() else ():
        yield _rate_row(f"simulated: {each['device']}", each["hours"], each["alarms"])
    proof_h = poisson_interval(0)[1] / BUDGET * YEAR_H
    yield ""
    yield (
        "The intervals are those of a Poisson count (Garwood's). An interval that ends above the "
        f"budget proves nothing: that takes {proof_h:,.0f} h of the whole device without a false "
        "alarm. The hours measured hold no obscuration meter, and homes are no market stalls; "
        "the false alarm of the nuisances' clips below is not counted, for nobody knows its hours."
    )


def _rate_row(name: str, observed_h: float, alarms: int) -> str:
    years = observed_h / YEAR_H
    if not years:
        return f"| {name} | 0 | {alarms} | - | - |"
    low, high = (each / years for each in poisson_interval(alarms))
    rate, interval = f"{alarms / years:.2f}", f"{low:.2f} to {high:.1f}"
    return f"| {name} | {observed_h:,.0f} | {alarms} | {rate} | {interval} |"


def poisson_interval(count: int) -> tuple[float, float]:
    """The exact 95 % interval of a Poisson mean of which `count` was seen (Garwood, 1936)."""

    def at_most(seen: int, mean: float) -> float:
        return math.fsum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(seen + 1))

    low = 0.0 if count == 0 else _root(lambda mean: at_most(count - 1, mean) - 0.975)
    return low, _root(lambda mean: at_most(count, mean) - 0.025)


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function crosses zero, by bisection; it must do so below 700."""
    low, high = 0.0, 700.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return low
