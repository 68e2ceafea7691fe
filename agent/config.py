"""The device's configuration: one TOML file, checked whole before anything starts."""

import difflib
import ipaddress
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import care, perceived
from agent.sections import Config
from agent.values import HUB
from drivers import catalog
from drivers.sensor import Quantity

LONGEST_BYTES = 1024 * 1024
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


class ConfigError(Exception):
    """The file cannot be used; the message is one line that names file, key and remedy."""


def load(path: Path) -> Config:
    """Read and check the file.

    Raises:
        ConfigError: It cannot be read, or something in it is not as it must be.
    """
    try:
        raw = _content(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _error(path, f"cannot be read: {error}", "name a readable file: --config") from None
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        key = _last_key(raw[: error.start].decode().splitlines())
        raise _error(path, f"not UTF-8 - at or after `{key}`", "save it as UTF-8") from None
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _error(path, *_syntax(error, text)) from None
    try:
        config = _decode(_finite(table))
    except msgspec.ValidationError as error:
        raise _error(path, str(error), _remedy(str(error), table)) from None
    for problem, remedy in _problems(config):
        raise _error(path, problem, remedy)
    return config


def _content(path: Path) -> bytes:
    """Read a file that a person can have written: a device or a pipe may never end."""
    if not path.is_file():
        path.stat()  # says so if there is nothing
        raise OSError("not a file")
    with path.open("rb") as file:
        content = file.read(LONGEST_BYTES + 1)
    if len(content) > LONGEST_BYTES:
        raise OSError(f"longer than {LONGEST_BYTES // 1024} KiB")
    return content


def _error(path: Path, problem: str, remedy: str) -> ConfigError:
    line = f"{path}: {problem}: {remedy}"
    return ConfigError("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))


def _syntax(error: Exception, text: str) -> tuple[str, str]:
    """Name the line of a TOML error and the key that stands there or last before it."""
    message = str(error) or type(error).__name__
    place = re.search(r"at line (\d+)", message)
    lines = text.splitlines()[: int(place[1]) if place else None]
    return f"not TOML: {message} - at or after `{_last_key(lines)}`", "mend that line"


def _last_key(lines: list[str]) -> str:
    """The last key or table that begins one of `lines`."""
    keys = (m[1] for line in reversed(lines) if (m := re.match(r"\s*([\w.\-\[\]\"']+)", line)))
    return next(keys, "(start of file)")


def _finite(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table as it is; TOML's `nan` and `inf` measure nothing and pass no bound."""
    todo: list[tuple[str, Any]] = [("$", table)]
    while todo:
        place, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{place}.{key}", each) for key, each in value.items()]
        elif isinstance(value, list):
            todo += [(f"{place}[{n}]", each) for n, each in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            raise msgspec.ValidationError(f"Expected a finite number, got {value} - at `{place}`")
    return table


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
    field = re.search(r"field `(.+?)`", message)
    if field and "missing" in message:
        return f"add `{field[1]} = ...`"
    if field and (near := difflib.get_close_matches(field[1], sorted(_keys(table)), n=1)):
        return f"remove it, or did you mean `{near[0]}`?"
    if field:
        return "remove it"
    if (tag := re.match(r"Invalid value '(.*?)' - at `.*\.driver`", message)) is not None:
        known = sorted(catalog.DRIVERS)
        near = difflib.get_close_matches(tag[1], known, n=1)
        return f"did you mean `{near[0]}`?" if near else f"one of {', '.join(known)}"
    return "change the value"


def _keys(table: dict[str, Any]) -> set[str]:
    """Every key that may stand anywhere in a file with these sensors, for "did you mean"."""
    sensors = catalog.config_types(catalog.named(table.get("sensors")))
    seen: set[str] = set()
    todo: list[Any] = [msgspec.inspect.type_info(each) for each in (Config, *sensors)]
    while todo:
        kind = todo.pop()
        if isinstance(kind, msgspec.inspect.StructType):
            seen |= {field.encode_name for field in kind.fields}
            todo += [field.type for field in kind.fields]
        elif isinstance(kind, msgspec.inspect.UnionType):
            todo += kind.types
    return seen | {"driver"}


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
    if config.hub is not None and not config.hub.tls and not _is_loopback(config.hub.host):
        yield "plain text to another machine - at `$.hub.tls`", "remove `tls = false`"
    yield from perceived.problems(config.sensors, [name for _, name in wanted])
    yield from config.fire.problems()
    yield from config.co.problems()
    yield from care.problems(config)
    yield from config.fall.problems()


def _used_twice(config: Config) -> Iterator[tuple[str, str]]:
    """Pins, bus addresses, converter inputs and names that two parts claim."""
    places = [(f"sensors[{n}]", sensor) for n, sensor in enumerate(config.sensors)]
    claims = [(place, claim) for place, each in places for claim in sorted(each.claims())]
    wiring = config.annunciator
    outputs = {"siren": wiring.siren, "lamp": wiring.lamp, "relay": wiring.relay}
    claims[:0] = [
        (f"annunciator.{name}", f"gpio{output.gpio}")
        for name, output in outputs.items()
        if output is not None
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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
