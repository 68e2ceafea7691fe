"""Lives the simulated ordinary life and the 500 drawn fires; writes `docs/fire/simulated.json`.

    PYTHONPATH=. python scripts/fire_simulated.py [--fires DIR]

DIR is where `scripts/draw_fires.py` put its tables. Some ten minutes on one core.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from agent import config, fire_model, watch
from agent.pipeline import Pipeline
from agent.sections import Config
from agent.values import Detection, Hazard, Stage
from hw_mocks import corpus
from hw_mocks.corpus import METER
from hw_mocks.scenario import FireTable

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "fire"
ALIVE = ("ceiling", "particles", "co")
LIT_S = 120.0
ENTRY_S, PHOTO_PCT_PER_M = 12.0, 10.0  # a chamber's lag; class 2 of photoelectric spot detectors
DEVICES = {
    "the profile's own sensors": frozenset({METER}),
    "with an obscuration meter": frozenset(),
}


def pipeline(device: Config) -> Pipeline:
    """The real middle with the real model; faults are not what is counted here."""
    return Pipeline({}, watch.detectors(device), fire_model.load())


def life(dead: frozenset[str], profiles: dict[str, Config]) -> tuple[dict[str, Any], list[str]]:
    """Count prealarms and false alarms; an incident is told once."""
    hours = prealarms = alarms = 0
    told = []
    for number, (name, scenario, worn) in enumerate(corpus.days()):
        middle, last_s = pipeline(profiles[name]), -math.inf
        hours += round(scenario.length_s / 3600)
        for r in corpus.readings(scenario, profiles[name], seed=number, worn=worn, dead=dead):
            for each in middle.handle(r):
                if each.hazard is not Hazard.FIRE or each.stage is Stage.CLEARED:
                    continue
                prealarms += each.stage is Stage.PREALARM
                if each.stage is Stage.ALARM and each.at - last_s > 600:
                    alarms += 1
                    told.append(f"{scenario.title}, {each.at / 3600:.1f} h: {each.why.en}")
                if each.stage is Stage.ALARM:
                    last_s = each.at
    return {"hours": hours, "prealarms": prealarms, "alarms": alarms}, told


def alarm_s(path: Path, device: Config, seed: int, dead: frozenset[str]) -> float | None:
    """Seconds after ignition to the first fire alarm."""
    others = frozenset(each.name for each in device.sensors if each.name not in ALIVE)
    middle = pipeline(device)
    scenario, worn = corpus.burning(path), corpus.Wear()
    for r in corpus.readings(
        scenario, device, seed=seed, worn=worn, folder=path.parent, dead=others | dead
    ):
        found: list[Detection] = middle.handle(r)
        if any(d.hazard is Hazard.FIRE and d.stage is Stage.ALARM for d in found):
            return r.at - LIT_S
    return None


def rivals_s(path: Path) -> tuple[float | None, float | None]:
    """A photoelectric chamber with its entry lag, and CFAST's own 57 °C heat detector."""
    table, felt = FireTable(path), 0.0
    heat = table.labels["cfast_heat_57_c_s"]
    last_s = float(path.read_text("utf-8").splitlines()[-1].split(",")[0])
    for second in range(int(last_s)):
        row = table.at(second)
        extinction = 8.7 * row.flaming_smoke_mg_m3 + 4.4 * row.smouldering_smoke_mg_m3
        felt += (-100 * math.expm1(-extinction / 1000) - felt) * -math.expm1(-1 / ENTRY_S)
        if felt >= PHOTO_PCT_PER_M:
            return float(second), None if heat == "never" else float(heat)
    return None, None if heat == "never" else float(heat)


def fires(
    paths: list[Path], profiles: dict[str, Config], dead: frozenset[str], one_dead: bool
) -> dict[str, Any]:
    """Every fire, with one of the three sensors dead in turn where `one_dead`."""
    photo, heat, alarmed = [], [], 0
    for number, path in enumerate(paths):
        stall = "stall" in path.read_text("utf-8").split("\n", 1)[0]
        gone = dead | ({ALIVE[number % 3]} if one_dead else frozenset())
        ours = alarm_s(path, profiles["market-stall" if stall else "single-room"], number, gone)
        rival_photo, rival_heat = rivals_s(path)
        alarmed += ours is not None
        if ours is not None and rival_photo is not None:
            photo.append(rival_photo - ours)
        if ours is not None and rival_heat is not None:
            heat.append(rival_heat - ours)
    return {
        "alarmed": f"{alarmed} of {len(paths)}",
        "photo_before_pct": round(100 * sum(s > 0 for s in photo) / max(1, len(photo))),
        "photo_lead_s": percentiles(photo),
        "heat_before_pct": round(100 * sum(s > 0 for s in heat) / max(1, len(heat))),
        "heat_lead_s": percentiles(heat),
        "photo": sorted(photo),
        "heat": sorted(heat),
    }


def percentiles(leads: list[float]) -> list[float]:
    """The 5th, 50th and 95th."""
    ordered = sorted(leads)
    return [ordered[int(share * (len(ordered) - 1))] for share in (0.05, 0.5, 0.95)]


def main() -> int:
    """Live all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--fires", type=Path, default=Path.home() / ".cache/haetae/cfast-fires")
    paths = sorted(parser.parse_args().fires.glob("fire_*.csv"))
    profiles = {
        name: config.load(ROOT / "provisioning" / "profiles" / f"{name}.toml")
        for name in ("market-stall", "single-room")
    }
    known: dict[str, Any] = {"life": [], "told": [], "fires": []}
    for name, dead in DEVICES.items():
        for one_dead in (True, False):
            device = f"{name}, {'one of three dead' if one_dead else 'all alive'}"
            known["fires"].append({"device": device, **fires(paths, profiles, dead, one_dead)})
        counts, told = life(dead, profiles)
        known["life"].append({"device": name, **counts})
        known["told"] += [f"{name}: {each}" for each in told]
        print(known["life"][-1], known["fires"][-1]["alarmed"], file=sys.stderr, flush=True)
    from fire_plots import leads  # noqa: PLC0415  # matplotlib is needed here only

    leads(known["fires"], OUT / "leads.png")
    for each in known["fires"]:
        del each["photo"], each["heat"]
    (OUT / "simulated.json").write_text(
        json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
