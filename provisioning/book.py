"""The book of parts: which terminals each has, and in which words people know it.

`provisioning/book.toml` is the book; this reads it. A profile says *which* parts there are and on
which pins; the book says what they are.
"""

import functools
import tomllib
from importlib import resources
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.values import Why

Milliamperes = Annotated[float, Meta(ge=0, le=5000)]
Volts = Annotated[float, Meta(ge=0, le=60)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the book: a key that is not listed here is an error."""


class Colour(Entry, frozen=True, kw_only=True):
    """A wire's colour: as it is drawn (`hex`), and its names."""

    hex: Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}\Z")]
    ko: str
    en: str


class Piece(Entry, frozen=True, kw_only=True):
    """A small part that lies in a wire or beside it; `mark` is how a picture shows it."""

    mark: str
    name: Why
    price: Literal["€", "€€", "€€€"]


class Draw(Entry, frozen=True, kw_only=True):
    """The current that a part takes at most, in mA, and how that is known."""

    rail: Literal["3V3", "5V", "pins"]
    ma: Milliamperes
    basis: Literal["data sheet", "proposal"]


class Wire(Entry, frozen=True, kw_only=True):
    """One terminal (`at`) and where it goes (`to`); the book's head says which places there are.

    `key` is the sensor's key that names the pin. `level_v` is the most that it drives, in V, or
    the key that says it; `share` is how much of that arrives, or the key.
    """

    at: str
    to: str
    key: str = "gpio"
    level_v: Volts | str | None = None
    share: Share | str = 1.0
    pieces: list[str] = []
    colour: str | None = None


class Part(Entry, frozen=True, kw_only=True):
    """A part, or something that several parts share.

    `config_txt` are lines that the Pi's `config.txt` needs for it, `takes` GPIOs that these lines
    take beside the wires. `is_part`: something shared that is a part to buy, and no mere bus.
    """

    name: Why
    why: Why | None = None
    price: Literal["€", "€€", "€€€"] | None = None  # of a driver, its sheet has it
    is_part: bool = True
    wires: list[Wire]
    pieces: list[str] = []
    draws: Draw | None = None
    config_txt: list[str] = []
    takes: list[int] = []
    test: Wire | None = None  # where a pin of `stimulus = { by = "line" }` goes


class Book(Entry, frozen=True, kw_only=True):
    """The whole book; `parts` by driver, `outputs` by their key in `[annunciator]`."""

    colours: dict[str, Colour]
    rails: dict[str, str]  # the colour of each
    pieces: dict[str, Piece]
    shared: dict[str, Part]
    outputs: dict[str, Part]
    parts: dict[str, Part]
    roles: dict[str, Why]


@functools.cache
def book() -> Book:
    """The book as it is shipped."""
    text = resources.files("provisioning").joinpath("book.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Book)
