"""What the command line shows to people, a line at a time."""

from typing import Any

import msgspec

_SHOWN = frozenset({"hazard", "stage", "wall_time", "wall_source"})


def hub_line(hub: dict[str, Any]) -> str:
    """One hub: how it stands in both languages, what to do, when it last answered."""
    age_s, left = hub["acknowledged_s_ago"], max(0.0, hub["budget_left"])
    heard = "no answer yet" if age_s is None else f"last answer {age_s:.0f} s ago"
    spent = f"{hub['spent_kb']:.0f} kB since the start, {left:.0%} of a day's budget left"
    said = f"{hub['cause']}: {hub['why']['ko']} / {hub['why']['en']}"
    remedy = hub["remedy"]
    todo = f"\n    {remedy['ko']} / {remedy['en']}" if remedy else ""
    name, waiting = hub["name"], f"{hub['pending']} waiting"
    return f"  {name} {hub['address']}: {said}{todo}\n    {heard}; {waiting}; {spent}"


def clock_line(clock: dict[str, Any]) -> str:
    """What the wall clock shows, and how far it can be trusted."""
    known = clock["uncertainty_s"]
    within = "nobody knows how wrong" if known is None else f"within {known:.3g} s"
    return f"clock: {clock['shows']}, {clock['source']}, {within}"


def record(body: bytes) -> dict[str, Any]:
    """What the bytes of a record say; where they are damaged, under `damaged` what is left."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except ValueError:  # no JSON, or no UTF-8
        return {"damaged": body.decode("utf-8", "replace")}


def event_line(row: dict[str, Any]) -> str:
    """One event: when, what, whether home has it, and why; what its time rests on unless known."""
    known = "confirmed" if row["confirmed"] else "waiting"
    why = row.get("why")
    if not (row.keys() >= _SHOWN and isinstance(why, dict) and {"ko", "en"} <= why.keys()):
        return f"record {row['seq']} is damaged  {known}"
    trusted = "" if row["wall_source"] == "ntp" else f" ({row['wall_source']})"
    head = f"{row['wall_time']}{trusted}  {row['hazard']:<8} {row['stage']:<9} {known:<9}"
    if row.get("revision", 0):
        head += "  (told again, with its time)"
    return f"{head}  {why['ko']} / {why['en']}"
