"""What all workers found, as one verdict."""

from collections import Counter
from typing import Any


def verdict(
    found: list[dict[str, Any]], *, without: list[str], ended_early: int
) -> tuple[list[str], bool]:
    """The lines to print, the last of which begins `torture:`, and whether all holds.

    `ended_early` is how many workers have found nothing, since they broke.
    """
    counts: Counter[str] = Counter()
    calamities: Counter[str] = Counter()
    for each in found:
        counts.update(each["counts"])
        calamities.update(each["calamities"])
    problems = [problem for each in found for problem in each["problems"]]
    missing = {name: why for each in found for name, why in each["missing"].items()}
    lines = [f"torture: {problem}" for problem in problems[:20]]
    if len(problems) > 20:
        lines.append(f"torture: and {len(problems) - 20} more")
    lines += [f"torture: NOT DONE HERE: {name}: {why}" for name, why in sorted(missing.items())]
    lines += [f"torture: left out as asked: {name}" for name in without]
    lines += [f"  {count:6d}  {name}" for name, count in sorted(calamities.items())]
    lines.append(
        f"  {counts['presses']} presses; {counts['alarms']} alarms and {counts['minor']} other "
        f"events in the file, {counts['revisions']} told again with a better time"
    )
    lines.append(f"  {counts['neighbour']} at the neighbour's hub, which is sent alarms alone")
    lines.append(
        f"  {counts['delivered']} at the hub, {counts['again']} sent again under their id; "
        f"of what is no alarm {counts['minor_given_up']} given up, {counts['minor_cut']} not yet "
        "on flash when the power went"
    )
    sectors = sum(each["sectors_lost"] for each in found)
    lines += [f"  {sectors} sectors of 512 bytes lost in power cuts", _flash(found)]
    counted = sum(counts[name] for name in ("lost", "repeated", "disorder"))
    holds = not problems and not missing and not counted and not ended_early
    rounds = sum(each["rounds"] for each in found)
    lines.append(
        f"torture: {rounds} rounds: {counts['lost']} alarms lost, {counts['repeated']} repeated in "
        f"effect, {counts['disorder']} out of order{'' if holds else ': FAILED'}"
    )
    return lines, holds


def _flash(found: list[dict[str, Any]]) -> str:
    steady: Counter[str] = Counter()
    for each in found:
        steady.update(each["steady"])
    written = [each["bytes"] for each in found if each["bytes"] is not None]
    if len(written) < len(found) or not steady["rows"]:
        return "  flash: not counted"
    total, rounds = sum(written), sum(each["rounds"] for each in found)
    by_process, by_card = (steady[name] / 1024 / steady["rows"] for name in ("process", "card"))
    return (
        f"  flash: {by_process:.1f} KiB an event written by the agent, {by_card:.1f} KiB by the "
        f"disk with ext4's journal; {total / 1e6:.1f} MB in all, {total / 1024 / rounds:.0f} KiB "
        "a life with its start"
    )
