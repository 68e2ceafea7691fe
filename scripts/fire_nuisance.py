"""Real nuisances whose recordings hold raw counts of a converter: evaluated, never trained on.

A heated cell and its load divide the supply, so Rs/R0 = (full/x - 1) / (full/x0 - 1), whatever the
load is, if the converter's full scale is the supply; x0 is the median in the source's clean air.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from fire_more import joined
from fire_result import evaluate

from agent import recording
from agent.sections import Config
from agent.values import Reading
from drivers.sensor import Quantity

CLIP_ROWS, CLIP_S = 10, 12.0  # one row in ten: 1 Hz; a clip began each 12 s
CLIPS_FULL = 1023.0  # 10 bits, and the cells hang on the board's own 5 V
CLIPS_CLEAN = "no_fire/closed_room"  # the same evening, windows shut
CLIPS_CELLS = ("smoke", "voc")
ARRAY_FULL = 4095.0  # not stated; no count of the whole set is above 2,565
ARRAY_NORMAL = "1"
ARRAY_CLASSES = {"1": "normal", "2": "meals", "3": "smoke: paper, wood", "4": "cleaning"}
INTERVALS_S = (2.0, 10.0, 60.0)  # the interval of the array's rows is not stated: all of these

Row = dict[str, str]


@dataclass
class Count:
    """What the recordings of one class gave."""

    episodes: int = 0
    rows: int = 0
    minutes: float = 0.0
    prealarmed: int = 0
    alarmed: int = 0
    rules: str = ""

    def add(self, name: str, readings: list[Reading], profile: Config) -> None:
        """Replay one episode."""
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / name
            recording.write(folder, name, "nuisance", readings, {})
            result = evaluate(folder, profile)
        self.episodes += 1
        self.minutes += (readings[-1].at - readings[0].at) / 60
        self.prealarmed += result.counts.get("fire prealarm", 0)
        self.alarmed += result.counts.get("fire alarm", 0)
        told = {e["rule"].replace("_", " ") for e in result.told if e["hazard"] == "fire"}
        self.rules = ", ".join(sorted({*self.rules.split(", "), *told} - {""}))


def nuisance_lines(data: Path, profile: Config) -> Iterator[str]:
    """Both sources, each class apart."""
    clips, array = data / "nuisance" / "jimzord12", data / "nuisance" / "gambi" / "train.csv"
    if not clips.is_dir() or not array.is_file():
        yield "Not evaluated: the folder of data holds no `nuisance/`."
        return
    yield from joined(clip_lines(clips, profile))
    yield ""
    yield from joined(array_lines(array, profile))


def clip_lines(folder: Path, profile: Config) -> Iterator[str]:
    """Thirty clips of ten seconds a class, put in a row as one session and one by one."""
    sets = {
        "/".join(place.parts[-2:]): _clips(place)
        for place in sorted(folder.glob("*/*"))
        if place.is_dir()
    }
    clean = [row for clip in sets[CLIPS_CLEAN] for row in clip]
    at_rest = {cell: median(float(row[cell]) for row in clean) for cell in CLIPS_CELLS}
    yield "| clips, class | clips | minutes | one by one: prealarms | alarms |"
    yield "in a row: prealarms | alarms | rules |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for name, clips in sets.items():
        alone, session, together = Count(), list[Reading](), Count()
        for number, clip in enumerate(clips):
            readings = list(_clip_readings(clip, number * CLIP_S, at_rest))
            alone.add("clip", readings, profile)
            session += readings
        together.add("session", session, profile)
        yield (
            f"| {name} | {alone.episodes} | {alone.minutes:.1f} | {alone.prealarmed} | "
            f"{alone.alarmed} | {together.prealarmed} | {together.alarmed} | "
            f"{together.rules or '-'} |"
        )


def array_lines(path: Path, profile: Config) -> Iterator[str]:
    """The MQ-2 of a six-cell array, each run an episode."""
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    at_rest = median(float(row["MQ2"]) for row in rows if row["label"] == ARRAY_NORMAL)
    yield "| array, class | runs | rows |"
    yield " | ".join(f"{s:g} s: minutes | prealarms | alarms" for s in INTERVALS_S) + " |"
    yield "|---|--:|--:|" + "--:|--:|--:|" * len(INTERVALS_S)
    for label, name in ARRAY_CLASSES.items():
        runs: dict[str, list[Row]] = {}
        for row in rows:
            if row["label"] == label:
                runs.setdefault(row["run"], []).append(row)
        cells = [name, str(len(runs)), str(sum(map(len, runs.values())))]
        for interval_s in INTERVALS_S:
            count = Count()
            for run in runs.values():
                ratios = (rs_over_r0(float(row["MQ2"]), at_rest, ARRAY_FULL) for row in run)
                count.add("run", list(_gas("mq2", ratios, interval_s)), profile)
            cells += [f"{count.minutes:.0f}", str(count.prealarmed), str(count.alarmed)]
        yield "| " + " | ".join(cells) + " |"


def rs_over_r0(count: float, at_rest: float, full: float) -> float:
    """The cell's resistance over that in clean air, of a converter's counts across the load."""
    return (full / max(count, 1.0) - 1) / (full / at_rest - 1)


def _gas(sensor: str, ratios: Iterable[float], interval_s: float) -> Iterator[Reading]:
    for number, ratio in enumerate(ratios):
        yield Reading(sensor, Quantity.GAS_RS_R0, ratio, number * interval_s)


def _clips(place: Path) -> list[list[Row]]:
    """The clips of a class in the order of their numbers."""
    paths = sorted(place.glob("*.csv"), key=lambda path: int(path.stem.rsplit("_", 1)[1]))
    clips = []
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            clips.append(list(csv.DictReader(lines)))
    return clips


def _clip_readings(
    clip: list[Row], begins_s: float, at_rest: dict[str, float]
) -> Iterator[Reading]:
    first_ms = float(clip[0]["timestamp"])
    for row in clip[::CLIP_ROWS]:
        at = begins_s + (float(row["timestamp"]) - first_ms) / 1000
        for cell in CLIPS_CELLS:
            ratio = rs_over_r0(float(row[cell]), at_rest[cell], CLIPS_FULL)
            yield Reading(cell, Quantity.GAS_RS_R0, ratio, at)
        light = min(1.0, float(row["flame"]) / CLIPS_FULL)
        yield Reading("flame", Quantity.FLAME_IR, light, at)
        yield Reading("air", Quantity.TEMPERATURE_C, float(row["temp"]), at)
        humidity = float(row["hum"] if "hum" in row else row["humid"])
        yield Reading("air", Quantity.RELATIVE_HUMIDITY_PCT, humidity, at)
