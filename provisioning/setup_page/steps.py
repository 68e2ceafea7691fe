"""Which steps there are, which of them are done, and what is shown of each sensor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.values import FailureKind, Why
from provisioning.setup_page import noise, verdicts
from provisioning.setup_page.draft import NOTHING, Trial
from provisioning.setup_page.words import (
    FAILURES,
    STARTING,
    WARMING,
    driver_of,
    label_of,
    parts,
    task_of,
)

if TYPE_CHECKING:
    from agent.sections import Config
    from drivers.board import SensorConfig
    from provisioning.setup_page.installation import Installation

Body = Mapping[str, Any]
_STATES = {
    "ok": "ok",
    "warming": "waiting",
    "silent": "silent",
    "failing": "failed",
    "doubted": "failed",
}


def steps(what: "Installation", state: Body) -> list[dict[str, Any]]:
    """In their order, each with whether it is done."""
    now = what.draft
    trials = [each["trial"]["state"] for each in state["sensors"]]
    done = {
        "identity": state["identity"]["state"] == "enrolled",
        "place": now.place is not None,
        "profile": bool(now.profile) and what.config is not None,
        "sensors": bool(trials) and all(each in {"passed", "skipped"} for each in trials),
    }
    if cameras := what.has("camera"):
        done["zones"] = now.zones is not None and set(now.zones) == set(cameras)
    if noise.microphone(what.config) is not None:
        done["noise"] = now.noise is not None and now.noise.state == "passed"
    done["network"] = now.network.state == "passed"
    done["contacts"] = bool(state["contacts"])
    done["commission"] = what.record is not None
    return [{"id": name, "done": is_done} for name, is_done in done.items()]


def sensors(
    what: "Installation", status: Body, running: tuple[str, Trial] | None
) -> list[dict[str, Any]]:
    """Each sensor of the profile: how it does now, and how its trial goes or went."""
    if what.config is None:
        return []
    return [_sensor(what, each, what.config, status, running) for each in what.config.sensors]


def _sensor(
    what: "Installation",
    each: "SensorConfig",
    config: "Config",
    status: Body,
    running: tuple[str, Trial] | None,
) -> dict[str, Any]:
    task = task_of(each)
    quantity = task.stimulus.quantity
    state = _STATES.get(status.get("sensors", {}).get(each.name, {}).get("state", ""), "waiting")
    if is_muted(what, each.name):
        state = "muted"
    why, remedy = _why(what, each.name, state, status)
    trial = what.draft.trials.get(each.name, Trial())
    if running is not None and running[0] == each.name:
        trial = running[1]
    return {
        "name": each.name,
        "driver": driver_of(each),
        "label": label_of(each, config),
        "quantity": quantity,
        "unit": _unit(quantity),
        "value": what.live.last(each.name, quantity),
        "state": state,
        "why": why,
        "remedy": remedy,
        "prompt": task.prompt,
        "trial": _trial(trial),
        "baseline": _baseline(what, each),
    }


def is_muted(what: "Installation", name: str) -> bool:
    """Whether somebody has switched it off by hand."""
    failure = what.live.failure(name)
    return failure is not None and failure["failure"] == FailureKind.MUTED


def _why(what: "Installation", name: str, state: str, status: Body) -> tuple[Why, Why | None]:
    """What is wrong with it, and what to do."""
    if state == "ok":
        return NOTHING, None
    if not status:
        return STARTING, None
    if state == "muted":
        return FAILURES[FailureKind.MUTED][1:]
    found = verdicts.problem(name, what.live.failure(name), status)
    return found[1:] if found is not None else (WARMING, None)


def _baseline(what: "Installation", each: "SensorConfig") -> Any:
    """How far its measuring in clean air or at rest is; None where it needs none."""
    part = parts().get(driver_of(each))
    if part is None or not part.baseline:
        return None
    return what.baselines.shown().get(each.name, {"state": "untried"})


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "state": trial.state,
        "why": trial.why or NOTHING,
        "remedy": trial.remedy,
        "code": trial.code,
        "proof": trial.proof,
        "reason": trial.reason,
        "curve": trial.curve,
    }


def _unit(quantity: str) -> str:
    """What stands behind the number; empty for what has none."""
    return next((unit for end, unit in _UNITS.items() if quantity.endswith(end)), "")


_UNITS = {
    "_PCT_PER_M": "%/m",
    "_UG_M3": "µg/m³",
    "_M_S2": "m/s²",
    "_DBA": "dB(A)",
    "_DBM": "dBm",
    "_DB": "dB",
    "_PPM": "ppm",
    "_PPB": "ppb",
    "_PCT": "%",
    "_HPA": "hPa",
    "_DEG": "°",
    "_HZ": "Hz",
    "_C": "°C",
    "_M": "m",
    "_L": "L",
    "_V": "V",
    "_A": "A",
}
