"""What the page of alarm times says beyond each recording: lag, ablation, held out, simulated."""

import json
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from agent.detectors.fire import FireConfig, FireDetector
from agent.detectors.limits import OnsetSign
from agent.recording import Recording
from agent.sections import Config
from agent.values import Reading, Stage
from drivers.sensor import Quantity

SIMULATED = Path(__file__).resolve().parent.parent / "docs" / "fire" / "simulated.json"
LAG_S = 30.0  # the slow end of what DHT11's data sheet gives (1/e in 6 to 30 s); DHT22's is silent
FIXED_C = 57.0
LIMITS = (0.5, 0.6, 0.7, 0.8, 1.0, 1.2)
LATE_S = 10.0
Filter = Callable[[Iterable[Reading]], Iterator[Reading]]


def first_alarm_s(
    found: Recording, config: FireConfig, through: Filter | None = None, for_s: float = math.inf
) -> float | None:
    """Seconds after ignition to the first fire alarm, of readings that went `through` something."""
    detector, ignition_s = FireDetector(config), found.labels.get("ignition_t_s", 0.0)
    readings: Iterable[Reading] = found.readings()
    for reading in readings if through is None else through(readings):
        if reading.at - ignition_s > for_s:
            return None
        for detection in detector.update(reading):
            if detection.stage is Stage.ALARM:
                return detection.at - ignition_s
    return None


def joined(lines: Iterator[str]) -> list[str]:
    """A table whose head is too long for one line of source."""
    head, more, *rows = lines
    return [f"{head} {more}", *rows]


def without(quantity: Quantity) -> Filter:
    """Leave a channel out."""

    def through(readings: Iterable[Reading]) -> Iterator[Reading]:
        return (reading for reading in readings if reading.quantity is not quantity)

    return through


def lagging(tau_s: float) -> Filter:
    """Have every thermometer follow its air with a first-order lag, read every 2 s in 0.1 °C."""

    def through(readings: Iterable[Reading]) -> Iterator[Reading]:
        felt: dict[str, tuple[float, float]] = {}
        due: dict[str, float] = {}
        for reading in readings:
            name, at = reading.sensor, reading.at
            before_at, before = felt.get(name, (at, reading.value))
            now = before + (reading.value - before) * -math.expm1(-(at - before_at) / tau_s)
            felt[name] = at, now
            if at >= due.get(name, at):
                due[name] = at + 2.0
                yield Reading(name, reading.quantity, round(now, 1), at)

    return through


def fixed_heat_s(found: Recording) -> float | None:
    """Seconds after ignition until bare air first is 57 °C at any thermometer."""
    ignition_s = found.labels.get("ignition_t_s", 0.0)
    hot = (r.at for r in found.readings() if r.value >= FIXED_C)
    return next((at - ignition_s for at in hot), None)


def lag_lines(runs: list[Recording], config: Config) -> Iterator[str]:
    """FSRI's fires through slow thermometers, beside 57 °C in bare air."""
    yield f"| run | bare air at 57 °C | alarm, lag 12 s | alarm, lag {LAG_S:.0f} s | lead at 12 s |"
    yield f"lead at {LAG_S:.0f} s |"
    yield "|---|--:|--:|--:|--:|--:|"
    for found in runs:
        hot_s = fixed_heat_s(found) or math.inf
        ours = [first_alarm_s(found, config.fire, lagging(tau)) for tau in (12.0, LAG_S)]
        cells = [f"{math.inf if s is None else s:.0f}" for s in ours]
        leads = [f"{hot_s - (math.inf if s is None else s):+.0f}" for s in ours]
        yield f"| {found.folder.name} | {hot_s:.0f} | " + " | ".join([*cells, *leads]) + " |"


def _first_real_s(found: Recording) -> float:
    ignition_s = found.labels["ignition_t_s"]
    keys = ("ionisation_alarm_t_s", "photoelectric_alarm_t_s")
    return min(found.labels[key] - ignition_s for key in keys if key in found.labels)


def ablation_lines(stations: list[Recording], config: Config) -> Iterator[str]:
    """The stations with published times, with one channel left out at a time."""
    yield "| left out | alarm | within 10 s of the first real one | mean difference, s |"
    yield "|---|--:|--:|--:|"
    channels = (None, Quantity.TEMPERATURE_C, Quantity.SMOKE_OBSCURATION_PCT_PER_M, Quantity.CO_PPM)
    for channel in channels:
        late = []
        for found in stations:
            through = None if channel is None else without(channel)
            ours = first_alarm_s(found, config.fire, through)
            if ours is not None:
                late.append(ours - _first_real_s(found))
        near = sum(each <= LATE_S for each in late)
        mean = f"{sum(late) / len(late):+.0f}" if late else "-"
        name = "nothing" if channel is None else str(channel).split("_")[0].lower()
        yield f"| {name} | {len(late)} of {len(stations)} | {near} | {mean} |"


def held_out_lines(fires: list[Recording], config: Config) -> Iterator[str]:
    """The onset's limit chosen on all tests but one, and what it gives on that one."""
    times: dict[tuple[str, float], float | None] = {}
    for found in fires:
        for limit in LIMITS:
            onset = OnsetSign(rise=limit, fall=0.3)
            fire = msgspec.structs.replace(config.fire, onset=onset)
            times[found.folder.name, limit] = first_alarm_s(found, fire, None, 400.0)
    stations = [found for found in fires if "ionisation_alarm_t_s" in found.labels]
    yield "| test held out | limit the others choose | within 10 s | before photoelectric |"
    yield "mean, s |"
    yield "|---|--:|--:|--:|--:|"
    for test in sorted({_test(found) for found in stations}):
        others = [found for found in fires if _test(found) != test]
        limit = max(LIMITS, key=lambda each: (_merit(others, times, each), each))
        held = [found for found in stations if _test(found) == test]
        late = [(times[f.folder.name, limit] or math.inf) - _first_real_s(f) for f in held]
        before = sum(
            (times[f.folder.name, limit] or math.inf)
            < f.labels["photoelectric_alarm_t_s"] - f.labels["ignition_t_s"]
            for f in held
        )
        near = sum(each <= LATE_S for each in late)
        mean = sum(late) / len(late)
        yield f"| {test} | {limit:g} | {near} of {len(held)} | {before} | {mean:+.1f} |"


def _merit(
    fires: list[Recording], times: dict[tuple[str, float], float | None], limit: float
) -> tuple[int, int]:
    """None before ignition, then as many as possible near the first real alarm."""
    ours = [(found, times[found.folder.name, limit]) for found in fires]
    early = sum(s is not None and s < 0 for _, s in ours)
    near = sum(
        s is not None and "ionisation_alarm_t_s" in found.labels and s - _first_real_s(found) <= 10
        for found, s in ours
    )
    return -early, near


def _test(found: Recording) -> str:
    return found.folder.name.rsplit("-", 1)[0]


def simulated_lines() -> Iterator[str]:
    """What `scripts/fire_simulated.py` found last."""
    if not SIMULATED.exists():
        yield "Not computed: run `scripts/fire_simulated.py`."
        return
    known = json.loads(SIMULATED.read_text("utf-8"))
    yield "| ordinary life as read by | hours | fire prealarms | false fire alarms |"
    yield "|---|--:|--:|--:|"
    for each in known["life"]:
        yield f"| {each['device']} | {each['hours']} | {each['prealarms']} | {each['alarms']} |"
    yield ""
    yield from (f"- {line}" for line in known["told"])
    yield ""
    yield "| 500 fires as read by | alarm | before photoelectric | lead, s: 5 %, 50 %, 95 % |"
    yield "|---|--:|--:|--:|"
    yield from (_fires_row(each, "photo") for each in known["fires"])
    yield ""
    yield "| 500 fires as read by | alarm | before 57 °C heat | lead, s: 5 %, 50 %, 95 % |"
    yield "|---|--:|--:|--:|"
    yield from (_fires_row(each, "heat") for each in known["fires"])
    yield ""
    yield "![how the leads are distributed](fire/leads.png)"


def _fires_row(each: dict[str, object], what: str) -> str:
    leads = each[f"{what}_lead_s"]
    cells = ", ".join(f"{lead:+.0f}" for lead in leads) if isinstance(leads, list) else "-"
    return f"| {each['device']} | {each['alarmed']} | {each[f'{what}_before_pct']} % | {cells} |"
