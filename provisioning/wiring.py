"""How the parts of a profile hang on the 40-pin header: boxes with terminals, made from data.

A `Box` is a part, or something that several share (a bus, a converter) with its parts inside.
A `Terminal` goes to a net: a rail (`3V3`, `5V`, `GND`), a pin (`gpio17`), an input of a converter
within the same box (`CH0`), or a place that is not on the header (`csi`, `usb`, `own`, ...).
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from agent.sections import Config
from agent.values import Why
from drivers.board import SensorConfig
from drivers.stimulus import LineStimulus
from drivers.uart import HEADER as SERIAL
from provisioning.book import Book, Draw, Part, Wire, book

# physical pins 1 to 40; BCM 0 and 1 belong to a HAT's EEPROM
HEADER = (
    "3V3", "5V", "gpio2", "5V", "gpio3", "GND", "gpio4", "gpio14", "GND", "gpio15",
    "gpio17", "gpio18", "gpio27", "GND", "gpio22", "gpio23", "3V3", "gpio24", "gpio10", "GND",
    "gpio9", "gpio25", "gpio11", "gpio8", "GND", "gpio7", "ID_SD", "ID_SC", "gpio5", "GND",
    "gpio6", "gpio12", "gpio13", "GND", "gpio19", "gpio16", "gpio26", "gpio20", "GND", "gpio21",
)  # fmt: skip
RAILS = ("3V3", "5V", "GND")
PASSES = "▼"  # no terminal of the chip itself: a rail for the parts inside its box
_CHIP_SELECT = ("gpio8", "gpio7")  # CE0 and CE1
_PALETTE = ("blue", "green", "violet", "brown", "pink", "teal", "yellow", "grey")


@dataclass(frozen=True, slots=True)
class Terminal:
    """One terminal; `volts` is the most that arrives at its net, None where it drives nothing."""

    at: str
    net: str
    colour: str = ""
    pieces: tuple[str, ...] = ()
    volts: float | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A part by its sensor's name or output's key; `label` is what people call it.

    `role` says what it is for here, `why` what it does. `address` is its place on a shared bus.
    """

    key: str
    label: Why
    terminals: tuple[Terminal, ...]
    role: Why | None = None
    why: Why | None = None
    address: str = ""
    pieces: tuple[str, ...] = ()
    draws: Draw | None = None
    takes: tuple[str, ...] = ()
    inside: tuple["Box", ...] = field(default=())
    entry: Part | None = None
    driver: str = ""


def physical(net: str) -> int:
    """The header's pin of a GPIO, 1 to 40.

    Raises:
        ValueError: The header has no such pin.
    """
    return HEADER.index(net) + 1


def plan(config: Config, parts: Book | None = None) -> tuple[Box, ...]:
    """The boxes of a profile, those on the header first, in the order of their pins.

    Raises:
        KeyError: The book has no entry for a driver.
    """
    entries = _with_labels(config, parts or book())
    loose: list[Box] = []
    shared: dict[str, list[Box]] = {}
    for sensor in config.sensors:
        box = _box(sensor, entries)
        place = _shared_by(sensor, entries.parts[box.driver])
        (shared.setdefault(place, []) if place else loose).append(box)
    groups = [_group(place, boxes, entries) for place, boxes in shared.items()]
    boxes = [*groups, *loose, *_outputs(config, entries)]
    return tuple(_coloured(sorted(boxes, key=_order)))


def flat(boxes: Iterable[Box]) -> Iterator[Box]:
    """Every box, and what is inside it after it."""
    for each in boxes:
        yield each
        yield from flat(each.inside)


def config_lines(boxes: Iterable[Box]) -> list[str]:
    """What the Pi's `config.txt` must say for these parts, without doubles, sorted."""
    entries = [each.entry for each in flat(boxes) if each.entry is not None]
    return sorted({line for entry in entries for line in entry.config_txt})


def is_on_header(terminal: Terminal) -> bool:
    """Whether it goes to a pin of its own on the header."""
    return terminal.net.startswith("gpio")


def is_input(terminal: Terminal) -> bool:
    """Whether it goes to an input of a converter."""
    return terminal.net.startswith(("CH", "AIN"))


def driver_of(sensor: SensorConfig) -> str:
    """The name of its driver, as in `driver = "..."`."""
    return str(sensor.__struct_config__.tag)


def _box(sensor: SensorConfig, entries: Book) -> Box:
    driver = driver_of(sensor)
    part = entries.parts[driver]
    wires = part.wires
    if getattr(sensor, "port", SERIAL) != SERIAL:
        wires = [Wire(at="USB", to="usb", pieces=["usb_serial"])]
    if getattr(sensor, "bus", 1) != 1:
        wires = [Wire(at="I2C", to=f"i2c-{sensor.bus}")]  # type: ignore[attr-defined]  # has one
    address = getattr(sensor, "address", None)
    return Box(
        key=sensor.name,
        label=part.name,
        terminals=(*(_terminal(wire, sensor) for wire in wires), *_test(part, sensor)),
        role=entries.roles.get(sensor.name),
        why=part.why,
        address=f"{address:#04x}" if isinstance(address, int) else "",
        pieces=tuple(part.pieces),
        draws=part.draws,
        takes=tuple(f"gpio{each}" for each in part.takes),
        entry=part,
        driver=driver,
    )


def _terminal(wire: Wire, sensor: Any) -> Terminal:
    net = wire.to
    if net == "pin":
        net = f"gpio{getattr(sensor, wire.key)}"
    elif net == "adc":
        net = _input(sensor)
    elif net == "chip_select":
        net = _CHIP_SELECT[sensor.device]
    else:
        fixed = {"sda": "gpio2", "scl": "gpio3", "w1": "gpio4", "txd": "gpio14", "rxd": "gpio15"}
        net = fixed.get(net, net)
    volts = _number(wire.level_v, sensor)
    if volts is not None:
        volts *= _number(wire.share, sensor) or 1.0
    return Terminal(wire.at, net, wire.colour or "", tuple(wire.pieces), volts)


def _test(part: Part, sensor: SensorConfig) -> Iterator[Terminal]:
    """Where a pin provokes it in its self-test."""
    if part.test is not None and isinstance(sensor.stimulus, LineStimulus):
        net = f"gpio{sensor.stimulus.gpio}"
        yield Terminal(part.test.at, net, part.test.colour or "", tuple(part.test.pieces))


def _number(value: float | str | None, sensor: Any) -> float | None:
    return float(getattr(sensor, value)) if isinstance(value, str) else value


def _input(sensor: Any) -> str:
    """The converter's input that a sensor takes, as its chip names it."""
    adc = getattr(sensor, "adc", sensor)
    address = getattr(adc, "address", None)
    return f"CH{adc.channel}" if address is None else f"AIN{adc.channel}@{address:#04x}"


def _shared_by(sensor: Any, part: Part) -> str:
    """The key of what it shares with others; '' where it has wires of its own."""
    places = {wire.to for wire in part.wires}
    if "adc" in places:
        adc = getattr(sensor, "adc", sensor)
        if hasattr(adc, "device"):
            return f"spi0.{adc.device}"
        return "i2c" if adc.bus == 1 else ""
    if "w1" in places:
        return "w1"
    return "i2c" if "sda" in places and sensor.bus == 1 else ""


def _group(place: str, boxes: Sequence[Box], entries: Book) -> Box:
    """A bus with its parts inside; an ADS1115 on it comes before who uses it."""
    nets = {each.net for box in boxes for each in box.terminals}
    if place.startswith("spi0."):
        chip = _chip("mcp3008", "", boxes, entries, _CHIP_SELECT[int(place[-1])])
        rails = nets & set(RAILS) - {each.net for each in chip.terminals}
        more = tuple(Terminal(PASSES, rail) for rail in RAILS if rail in rails)
        return replace(chip, key=place, terminals=more + chip.terminals, inside=tuple(boxes))
    shared = entries.shared[place]
    inside = [*boxes]
    for address in sorted({_ads(each) for each in boxes} - {""}):
        users = [each for each in boxes if _ads(each) == address]
        at = min(inside.index(each) for each in users)
        inside = [each for each in inside if each not in users]
        inside[at:at] = [_chip("ads1115", address, users, entries), *users]
    nets |= {each.net for box in inside for each in box.terminals}
    return Box(
        key=place,
        label=shared.name,
        terminals=(
            *(Terminal(rail, rail) for rail in RAILS if rail in nets),
            *(Terminal(wire.at, wire.to, wire.colour or "") for wire in shared.wires),
        ),
        pieces=tuple(shared.pieces),
        takes=tuple(f"gpio{each}" for each in shared.takes),
        inside=tuple(inside),
        entry=shared,
    )


def _ads(box: Box) -> str:
    """The address of the ADS1115 that it hangs on."""
    return next((each.net.partition("@")[2] for each in box.terminals if "@" in each.net), "")


def _chip(name: str, address: str, users: Sequence[Box], entries: Book, select: str = "") -> Box:
    part = entries.shared[name]
    own = tuple(
        Terminal(wire.at, select if wire.to == "chip_select" else wire.to, wire.colour or "")
        for wire in part.wires
    )
    nets = sorted({each.net for box in users for each in box.terminals if each.volts is not None})
    inputs = tuple(Terminal(net.partition("@")[0], net) for net in nets)
    return Box(
        key=name + (f"@{address}" if address else ""),
        label=part.name,
        terminals=own + inputs,
        why=part.why,
        address=address,
        pieces=() if address else tuple(part.pieces),
        draws=part.draws,
        takes=tuple(f"gpio{each}" for each in part.takes),
        entry=part,
    )


def _with_labels(config: Config, entries: Book) -> Book:
    """What is printed beside a button that reports is what it is for."""
    labels = {each.button: each.label for each in config.report.buttons} if config.report else {}
    return msgspec.structs.replace(entries, roles={**entries.roles, **labels})


def _outputs(config: Config, entries: Book) -> Iterator[Box]:
    """Siren, lamp, relay and voice; a voice may be by its card (`voice.CARD` in the book)."""
    for key, usual in entries.outputs.items():
        output = getattr(config.annunciator, key, None)
        if output is None:
            continue
        part = entries.outputs.get(f"{key}.{getattr(output, 'card', '')}", usual)
        yield Box(
            key=key,
            label=part.name,
            terminals=tuple(_terminal(wire, output) for wire in part.wires),
            why=part.why,
            pieces=tuple(part.pieces),
            draws=part.draws,
            takes=tuple(f"gpio{each}" for each in part.takes),
            entry=part,
        )


def _order(box: Box) -> tuple[float, str]:
    pins = [physical(each.net) for each in box.terminals if is_on_header(each)]
    return (sum(pins) / len(pins) if pins else 99.0), box.key


def _coloured(boxes: Iterable[Box]) -> Iterator[Box]:
    """Give each wire that has no colour of its own the next one, in the order of the boxes."""
    colours = itertools.cycle(_PALETTE)
    rails = book().rails
    for box in boxes:
        inputs = {each.net: next(colours) for each in _inputs(box)}
        yield _painted(box, colours, {**rails, **inputs})


def _inputs(box: Box) -> list[Terminal]:
    chips = [each for each in (box, *box.inside) if not each.driver]
    return [each for chip in chips for each in chip.terminals if is_input(each)]


def _painted(box: Box, colours: Iterator[str], known: dict[str, str]) -> Box:
    terminals = []
    for each in box.terminals:
        if each.net not in known:
            known[each.net] = each.colour or (next(colours) if is_on_header(each) else "grey")
        terminals.append(replace(each, colour=known[each.net]))
    inside = tuple(_painted(each, colours, known) for each in box.inside)
    return replace(box, terminals=tuple(terminals), inside=inside)
