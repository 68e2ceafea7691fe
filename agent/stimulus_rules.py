"""Which sensors can be provoked, how, and what they then owe."""

from collections.abc import Iterator

from agent.coverage import covered_by, floor
from agent.sampler import HURRIED_S
from agent.sections import Config
from agent.siren_test import can_follow
from agent.values import Hazard
from drivers.board import SensorConfig
from drivers.sensor import Quantity
from drivers.stimulus import Answer, LineStimulus, OwnStimulus


def stands_on(config: Config, sensor: SensorConfig) -> tuple[Quantity, frozenset[Hazard]] | None:
    """By which of its quantities hazards stand on a sensor, and which; None where none does."""
    hazards = covered_by(config, sensor.name)
    found = {q for hazard in hazards for q in floor(config, hazard) & sensor.spans.keys()}
    if not found:
        return None
    quantity = min(found)
    return quantity, frozenset(h for h in hazards if quantity in floor(config, h))


def owed(sensor: SensorConfig) -> Answer:
    """What a sensor owes to its stimulus.

    Raises:
        ValueError: It has none: the configuration's check lets no such pass.
    """
    if isinstance(sensor.stimulus, LineStimulus):
        return sensor.stimulus
    if sensor.stimulus is None or sensor.own_stimulus is None:
        raise ValueError(f"{sensor.name} has no stimulus")
    return sensor.own_stimulus


def every_s(sensor: SensorConfig) -> float:
    """How often it is read while it is provoked, in seconds."""
    return min(sensor.every_s, HURRIED_S)


def is_audible(sensor: SensorConfig) -> bool:
    """Whether people hear its test."""
    return isinstance(sensor.stimulus, LineStimulus) and sensor.stimulus.audible


def stimulus_of(sensor: SensorConfig) -> str:
    """Its stimulus in a word or two."""
    if isinstance(sensor.stimulus, LineStimulus):
        return f"gpio{sensor.stimulus.gpio}"
    return "itself"


def problems(config: Config) -> Iterator[tuple[str, str]]:
    """Stimuli that could prove nothing: (problem with its place, remedy)."""
    yield from config.selftest.problems()
    if config.selftest.siren and not any(can_follow(each) for each in config.sensors):
        problem = "no microphone can hear the siren while it guards - at `$.selftest.siren`"
        yield problem, "add an `i2s_mic`, or leave it out"
    for n, each in enumerate(config.sensors):
        if each.stimulus is None:
            continue
        place = f"at `$.sensors[{n}].stimulus`"
        if not isinstance(each.stimulus, LineStimulus) and each.own_stimulus is None:
            yield f"this part has none inside - {place}", '`by = "line"`, or leave it out'
            continue
        if isinstance(each.stimulus, OwnStimulus) and getattr(each, "sysfs", False):
            yield f"the kernel's driver does not provoke it - {place}", "leave `sysfs` out"
        if stands_on(config, each) is None:
            yield f"no hazard stands on `{each.name}` - {place}", "leave it out"
