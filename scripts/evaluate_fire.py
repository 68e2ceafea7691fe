"""Replay every recording of a data folder and write the page of alarm times, `docs/fire.md`.

The same thresholds everywhere: those of the shipped profiles. Progress goes to stderr.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fire_life import background_table, budget_lines, false_alarms, prealarms
from fire_more import ablation_lines, held_out_lines, joined, lag_lines, simulated_lines
from fire_nuisance import nuisance_lines
from fire_result import Result, evaluate

from agent import config
from agent.config import ConfigError
from agent.recording import Recording, RecordingError

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("market-stall", "single-room")
FIRES = {
    "nist-home-smoke-alarms": "NIST, home smoke alarms (TN 1455)",
    "fsri-compartments": "UL FSRI, compartments",
    "uaeu-early-fire": "UAEU, early fire",
}


def folders(data: Path) -> list[Path]:
    """Every recording under the sources this page speaks of."""
    sources = [*FIRES, "background"]
    return sorted(p.parent for source in sources for p in data.glob(f"{source}/*/recording.toml"))


def progress(done: int, total: int, name: str) -> None:
    """Draw a bar."""
    bar = "#" * (30 * done // total)
    print(f"\r[{bar:<30}] {done}/{total} {name[:36]:<36}", end="", file=sys.stderr, flush=True)


def seconds(value: float | None) -> str:
    """Show a time, or a dash."""
    return "-" if value is None else f"{value:.0f}"


def fire_table(results: list[Result]) -> Iterator[str]:
    """Our times beside the real alarms'."""
    yield "| recording | scenario | ignition, s | our prealarm | our alarm | rule | ionisation |"
    yield "photoelectric | difference | our CO alarm |"
    yield "|---|---|--:|--:|--:|---|--:|--:|--:|--:|"
    for each in results:
        first, ours = each.first_real_s, each.alarm_s
        difference = "-" if first is None or ours is None else f"{ours - first:+.0f}"
        cells = (
            each.found.folder.name,
            each.found.scenario.split(",")[0].replace(" (inferred)", ""),
            seconds(each.found.labels.get("ignition_t_s")),
            seconds(each.prealarm_s),
            f"**{seconds(ours)}**",
            each.rule.replace("_", " ") or "-",
            seconds(each.after("ionisation_alarm_t_s")),
            seconds(each.after("photoelectric_alarm_t_s")),
            difference,
            seconds(each.co_s),
        )
        yield "| " + " | ".join(cells) + " |"


def summary(results: list[Result]) -> Iterator[str]:
    """What the tables of fires say together, the bad news included."""
    early = [r for r in results if any(_is_early(r, event) for event in r.told)]
    flaming = [r for r in results if r.found.scenario.startswith(("flaming", "full-scale"))]
    silent = [r.found.folder.name for r in results if r.alarm_s is None]
    compared = [
        r.alarm_s - r.first_real_s
        for r in results
        if r.alarm_s is not None
        and r.first_real_s is not None
        and "ionisation_alarm_t_s" in r.found.labels
    ]
    hasty = sum(r.prealarm_s is not None and r.prealarm_s < 0 for r in results)
    yield f"- Alarms of any hazard before ignition: in {len(early)} of {len(results)} recordings."
    yield f"- Prealarms before ignition: in {hasty}, all of them in NIST's; see *What fails*."
    heard = sum(r.alarm_s is not None for r in flaming)
    yield f"- Flaming fires that alarm: {heard} of {len(flaming)}."
    yield f"- No fire alarm at all: {', '.join(silent) or 'none'}."
    if compared:
        ordered = sorted(compared)
        yield (
            f"- At the {len(compared)} NIST stations with published times our alarm came "
            f"{sum(compared) / len(compared):.0f} s after the first real one on average (median "
            f"{ordered[len(ordered) // 2]:.0f}, from {ordered[0]:+.0f} to {ordered[-1]:+.0f} s); "
            f"before it at {sum(s < 0 for s in compared)}, at most 10 s after it at "
            f"{sum(s <= 10 for s in compared)}."
        )
        photo = [r for r in results if _before_photoelectric(r)]
        yield f"- Before the photoelectric alarm: at {len(photo)} of those stations."


def _is_early(result: Result, event: dict[str, Any]) -> bool:
    ignition_t_s = result.found.labels.get("ignition_t_s", 0.0)
    return event["stage"] == "alarm" and bool(event["t_s"] < ignition_t_s)


def _before_photoelectric(result: Result) -> bool:
    real = result.after("photoelectric_alarm_t_s")
    if real is None or result.alarm_s is None or "ionisation_alarm_t_s" not in result.found.labels:
        return False
    return result.alarm_s < real


def page(results: Mapping[str, list[Result]], data: Path) -> str:
    """Put the page together."""
    lines: list[str] = []
    for name, all_of_it in results.items():
        fires = [r for r in all_of_it if r.found.folder.parent.name in FIRES]
        lines += [f"\n## Profile `{name}`: fires\n", *summary(fires)]
        for source, title in FIRES.items():
            rows = [r for r in fires if r.found.folder.parent.name == source]
            if rows and (name == PROFILES[0] or _differ(rows, results[PROFILES[0]])):
                lines += [f"\n### {title}\n", *joined(fire_table(rows))]
            elif rows:
                lines += [f"\n{title}: every time as in profile `{PROFILES[0]}`."]
        ordinary = [r for r in all_of_it if r.found.folder.parent.name not in FIRES]
        if ordinary:
            lines += [
                f"\n## Profile `{name}`: ordinary life\n",
                *joined(background_table(ordinary)),
            ]
            alarms = list(false_alarms(ordinary))
            lines += [f"\n{prealarms(ordinary)}", "\nEvery alarm:\n", *(alarms or ["- none"])]
            lines += ["\n## False-alarm budget\n", *budget_lines(ordinary)]
    lines += more(results[PROFILES[0]])
    profile = config.load(ROOT / "provisioning" / "profiles" / f"{PROFILES[0]}.toml")
    lines += [
        "\n## Nuisances of which raw counts alone are known\n",
        *nuisance_lines(data, profile),
    ]
    template = Path(__file__).with_name("fire_page.md").read_text("utf-8")
    found = {"{results}": "\n".join(lines).strip(), "{count}": str(len(folders(data)))}
    for place, text in found.items():
        template = template.replace(place, text)
    return template


def more(results: list[Result]) -> list[str]:
    """What is asked of groups of recordings: lag, one channel less, a test held out, simulated."""
    profile = config.load(ROOT / "provisioning" / "profiles" / f"{PROFILES[0]}.toml")
    by_source: dict[str, list[Recording]] = {}
    for each in results:
        by_source.setdefault(each.found.folder.parent.name, []).append(each.found)
    fsri = by_source.get("fsri-compartments", [])
    nist = by_source.get("nist-home-smoke-alarms", [])
    stations = [found for found in nist if "ionisation_alarm_t_s" in found.labels]
    return [
        "\n## Heat with a slow sensor\n",
        *joined(lag_lines(fsri, profile)),
        "\n## One channel less\n",
        *ablation_lines(stations, profile),
        "\n## A test held out\n",
        *joined(held_out_lines(nist, profile)),
        "\n## Simulated\n",
        *simulated_lines(),
    ]


def plots(results: list[Result], folder: Path) -> None:
    """One plot a recording."""
    import fire_plots  # noqa: PLC0415  # matplotlib is needed here only

    for each in results:
        times = {
            "prealarm": each.prealarm_s,
            "alarm": each.alarm_s,
            "ionisation": each.after("ionisation_alarm_t_s"),
            "photoelectric": each.after("photoelectric_alarm_t_s"),
        }
        fire_plots.recording(each.found, times, folder / f"{each.found.folder.name}.png")


def _differ(rows: list[Result], others: list[Result]) -> bool:
    first = {each.found.folder: (each.alarm_s, each.prealarm_s, each.co_s) for each in others}
    return any((r.alarm_s, r.prealarm_s, r.co_s) != first[r.found.folder] for r in rows)


def main() -> int:
    """Run; 0 if every recording replayed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds the sources")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "fire.md")
    args = parser.parse_args()
    todo = folders(args.data)
    if not todo:
        print(f"{args.data}: no recordings: name the folder that holds them", file=sys.stderr)
        return 64
    results: dict[str, list[Result]] = {}
    try:
        for number, name in enumerate(PROFILES):
            profile = config.load(ROOT / "provisioning" / "profiles" / f"{name}.toml")
            # ordinary life takes minutes; the profiles differ in fixed heat alone
            some = todo if number == 0 else [p for p in todo if p.parent.name in FIRES]
            results[name] = []
            for done, folder in enumerate(some, 1):
                progress(done, len(some), f"{name} {folder.name}")
                results[name].append(evaluate(folder, profile))
    except (ConfigError, RecordingError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    plots(results[PROFILES[0]], args.output.parent / "fire")
    args.output.write_text(page(results, args.data), "utf-8")
    print(f"\n{args.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
