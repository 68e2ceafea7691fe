"""The device's configuration: one TOML file, checked whole before anything starts."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import care, perceived, stimulus_rules, town
from agent.addresses import hub_problems
from agent.commands import VERBS
from agent.sections import Config
from agent.tomlfile import (
    ConfigError,
    field_of,
    finite,
    keys_of,
    read_table,
    refusal,
    remedy_of,
)
from agent.values import HUB
from drivers import catalog
from drivers.sensor import Quantity
from drivers.stimulus import LineStimulus

__all__ = ["ConfigError", "load"]

# what the kernel's drivers of these buses take for themselves on the header (BCM numbers)
BUS_PINS = {
    "spi0.": range(7, 12),
    "i2c-1:": range(2, 4),
    "uart:/dev/serial0": range(14, 16),
}

# what fire, CO and calls for help are told by: a slower poll would starve their detectors
DECIDING = frozenset(
    {
        Quantity.TEMPERATURE_C,
        Quantity.SMOKE_OBSCURATION_PCT_PER_M,
        Quantity.SMOKE_ALARM_CONTACT,
        Quantity.PM2_5_UG_M3,
        Quantity.GAS_RS_R0,
        Quantity.CO_PPM,
        Quantity.BUTTON,
    }
)
DECIDING_EVERY_S = 30.0  # a type test gives a detector 30 s for a step


def load(path: Path) -> Config:
    """Read and check the file.

    Raises:
        ConfigError: It cannot be read, or something in it is not as it must be.
    """
    table = read_table(path)
    try:
        config = _decode(finite(table))
    except msgspec.ValidationError as error:
        raise refusal(path, str(error), _remedy(str(error), table)) from None
    return checked(config, path)


def checked(config: Config, path: Path) -> Config:
    """The same configuration, its parts checked against each other; `path` is for the message.

    Raises:
        ConfigError: They do not go together.
    """
    for problem, remedy in _problems(config):
        raise refusal(path, problem, remedy)
    return config


def _decode(table: dict[str, Any]) -> Config:
    config, sensors = msgspec.convert(table, Config), []
    for n, each in enumerate(config.sensors):
        try:
            sensors.append(catalog.decode(each))
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `$")
            raise msgspec.ValidationError(f"{what} - at `$.sensors[{n}]{place or '`'}") from None
    return msgspec.structs.replace(config, sensors=sensors)


def _remedy(message: str, table: dict[str, Any]) -> str:
    if field_of(message) is not None:
        return remedy_of(message, _keys(table))
    if (tag := re.match(r"Invalid value '(.*?)' - at `.*\.driver`", message)) is not None:
        known = sorted(catalog.DRIVERS)
        near = difflib.get_close_matches(tag[1], known, n=1)
        return f"did you mean `{near[0]}`?" if near else f"one of {', '.join(known)}"
    return remedy_of(message, ())


def _keys(table: dict[str, Any]) -> set[str]:
    """Every key that may stand anywhere in a file with these sensors, for "did you mean"."""
    sensors = catalog.config_types(catalog.named(table.get("sensors")))
    return keys_of(Config, *sensors) | {"driver"}


def _problems(config: Config) -> Iterator[tuple[str, str]]:
    """What no single key shows: (problem with its place, remedy)."""
    yield from _used_twice(config)
    for n, each in enumerate(config.sensors):
        if each.every_s > DECIDING_EVERY_S and DECIDING & each.spans.keys():
            problem = f"{each.every_s:g} s is too slow for an alarm - at `$.sensors[{n}].every_s`"
            yield problem, f"{DECIDING_EVERY_S:g} s at most"
        if each.name == HUB:
            yield f"`{HUB}` is the hub's own name - at `$.sensors[{n}].name`", "name it otherwise"
    buttons = {each.name for each in config.sensors if Quantity.BUTTON in each.spans}
    wanted = [("sos.buttons", name) for name in config.sos.buttons]
    if config.annunciator.button is not None:
        wanted.append(("annunciator.button", config.annunciator.button))
    for place, name in wanted:
        if name not in buttons:
            problem = f"no button is named `{name}` - at `$.{place}`"
            yield problem, f"name one of {sorted(buttons)} or add a `[[sensors]]` for it"
    yield from hub_problems(config)
    yield from config.supply.problems(care.sources(config))
    yield from _commanders(config)
    yield from perceived.problems(config.sensors, [name for _, name in wanted])
    yield from config.fire.problems()
    yield from config.co.problems()
    yield from care.problems(config)
    yield from town.problems(config)
    yield from config.fall.problems()
    yield from stimulus_rules.problems(config)


def _commanders(config: Config) -> Iterator[tuple[str, str]]:
    """Verbs that there are not, and two who sign by one name."""
    names: set[str] = set()
    for n, each in enumerate(config.commanders):
        for verb in each.verbs:
            if verb not in VERBS:
                problem = f"no verb is called `{verb}` - at `$.commanders[{n}].verbs`"
                yield problem, f"one of {', '.join(VERBS)}"
        if each.name in names:
            yield f"`{each.name}` is there twice - at `$.commanders[{n}].name`", "give each its own"
        names.add(each.name)


def _used_twice(config: Config) -> Iterator[tuple[str, str]]:
    """Pins, bus addresses, converter inputs and names that two parts claim."""
    places = [(f"sensors[{n}]", sensor) for n, sensor in enumerate(config.sensors)]
    claims = [(place, claim) for place, each in places for claim in sorted(each.claims())]
    wiring = config.annunciator
    outputs = {
        "siren": wiring.siren,
        "lamp": wiring.lamp,
        "relay": wiring.relay,
        "deterrent": wiring.deterrent,
    }
    claims[:0] = [
        (f"annunciator.{name}", f"gpio{output.gpio}")
        for name, output in outputs.items()
        if output is not None
    ]
    claims += [
        (f"{place}.stimulus", f"gpio{each.stimulus.gpio}")
        for place, each in places
        if isinstance(each.stimulus, LineStimulus)
    ]
    for bus, pins in BUS_PINS.items():  # taken once, by the first part on the bus
        user = next((place for place, claim in claims if claim.startswith(bus)), None)
        if user is not None:
            claims += [(user, f"gpio{pin}") for pin in pins]
    claims += [(f"{place}.name", f"name `{sensor.name}`") for place, sensor in places]
    owners: dict[str, str] = {}
    for place, claim in claims:
        if claim in owners:
            problem = f"{claim} is used by `$.{owners[claim]}` too - at `$.{place}`"
            yield problem, "give each its own"
        owners[claim] = place
