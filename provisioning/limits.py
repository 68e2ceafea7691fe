"""What a profile warns of, in words: each limit with its unit, its hold and where it comes from.

The words are in `provisioning/limits.toml`; every figure is read from the configuration itself.
"""

import functools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import msgspec

from agent.detectors.noise_rule import DAY_BEGINS, DAY_ENDS, Measure, limit_dba
from agent.sections import Config
from agent.values import Why

NOISE_RULE = "공동주택 층간소음 규칙 2023-01-02 · Korean rule on noise between floors, 2023-01-02"
_NOISE = {
    Measure.IMPACT_LEQ: (Why("1분 등가소음", "mean of a minute (impact)"), "1 min"),
    Measure.IMPACT_MAX: (Why("최고소음, 한 시간에 3번", "highest level, three times an hour"), "-"),
    Measure.AIRBORNE_LEQ: (Why("5분 등가소음", "mean of five minutes (airborne)"), "5 min"),
}
_UNITS = {"s": "s", "min": "min", "h": "h", "hours": "h"}


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One limit: its key in the configuration (`at`), and its words."""

    at: str
    hold: str = ""
    hazard: str
    stage: str
    unit: str
    needs: list[str] = []
    ko: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a profile, ready to be shown; `hold` is how long it must last."""

    hazard: str
    stage: str
    what: Why
    value: str
    hold: str
    source: str
    key: str


@functools.cache
def rows() -> tuple[Row, ...]:
    """All that has words, in the order in which it is told."""
    text = resources.files("provisioning").joinpath("limits.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["limits"], list[Row]))


def limits(config: Config) -> Iterator[Limit]:
    """What this profile warns of: the limits of what its sensors measure."""
    given = {str(quantity) for sensor in config.sensors for quantity in sensor.spans}
    indoors = {
        str(quantity)
        for sensor in config.sensors
        if sensor.name not in config.outdoors
        for quantity in sensor.spans
    }
    for row in rows():
        if row.needs and not (indoors if row.hazard == "fire" else given) & set(row.needs):
            continue
        value = _at(config, row.at)
        if row.at and value in (None, []):
            continue
        hold = _hold(config, row.hold)
        yield Limit(
            row.hazard,
            row.stage,
            Why(row.ko, row.en),
            f"{_shown(value)} {row.unit}".strip() or "-",
            hold,
            row.source or "-",
            row.at or "-",
        )
    if config.noise is not None:
        yield from _noise(config.noise.older_housing)


def _noise(is_older: bool) -> Iterator[Limit]:  # as the rule has it
    for is_day, name in ((True, Why("낮", "day")), (False, Why("밤", "night"))):
        hours = f"{DAY_BEGINS}-{DAY_ENDS}" if is_day else f"{DAY_ENDS}-{DAY_BEGINS}"
        for measure, (what, hold) in _NOISE.items():
            limit = limit_dba(measure, is_day=is_day, is_older=is_older)
            yield Limit(
                "noise",
                "alarm",
                Why(f"{name.ko}({hours}) {what.ko}", f"by {name.en}: {what.en}"),
                f"{limit:g} dB(A)",
                hold,
                NOISE_RULE,
                "noise",
            )


def _at(config: Any, path: str) -> Any:
    found = config
    for name in filter(None, path.split(".")):
        found = getattr(found, name, None)
    return found if path else ""


def _hold(config: Config, path: str) -> str:
    value = _at(config, path)
    if not path or value is None:
        return "-"
    unit = re.search(r"(?:_|\.)(s|min|h|hours)$", path)
    return f"{_shown(value)} {_UNITS[unit[1]] if unit else ''}".strip()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}"
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)
