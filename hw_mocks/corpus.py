"""Two hundred hours of ordinary life in stalls and rooms, simulated; and how a device reads them.

The days are drawn with fixed seeds: opening hours, breakfast steam, frying at noon on a gas
burner, cigarettes, incense, insect spray, sweeping, heaters, doors on a winter's day, sagging
mains. A year of ageing is laid over the sensors, more each day. Nothing burns that should not.

Beside what `hw_mocks.air` and `hw_mocks.world` leave out, nothing here has been measured in a
market: what the days hold is judged from the sources' own figures.
"""

import random
import tomllib
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from agent.sections import Config
from agent.values import Reading
from drivers.sensor import Quantity
from hw_mocks.scenario import SCENARIOS, Scenario
from hw_mocks.world import World

DAYS = 9  # in a stall and in a room each, of twelve waking hours: 216 h
DAY_S = 12 * 3600.0
_WRONG = 1 / 700  # of a DHT's values pass the checksum and are wrong (FIELD: 1 in 500 to 1000)
_FAILED = 0.3  # of its reads fail it
METER, METER_LAG_S = "smoke", 4.0
_SATURATED_UG_M3 = 1000.0  # a PMSA003I's effective range ends here


@dataclass(frozen=True, slots=True)
class Wear:
    """What age has done to the sensors: `gain` of particles, zero of CO in ppm, R0 of gas."""

    particles_gain: float = 1.0
    co_zero_ppm: float = 0.0
    gas_r0: float = 1.0
    celsius: float = 0.0


def wear(share: float, draw: random.Random) -> Wear:
    """Ageing after `share` of a year: dust on the optics, a drifting cell, a poisoned oxide."""
    return Wear(
        particles_gain=1 + share * draw.uniform(-0.4, 0.6),
        co_zero_ppm=share * draw.uniform(-8, 8),
        gas_r0=1 + share * draw.uniform(-0.3, 0.3),
        celsius=share * draw.uniform(-0.5, 0.5),
    )


@dataclass(slots=True)
class _Day:
    """A day as it is written down."""

    draw: random.Random
    sources: list[dict[str, Any]] = field(default_factory=list)
    heats: list[dict[str, Any]] = field(default_factory=list)

    def some(self, low: float, high: float) -> float:
        """A number between the two."""
        return self.draw.uniform(low, high)

    def source(self, kind: str, start_s: float, duration_s: float, rate_mg_s: float) -> None:
        """Something gives off particles or droplets."""
        self.sources.append(
            {"kind": kind, "start_s": start_s, "duration_s": duration_s, "rate_mg_s": rate_mg_s}
        )

    def heat(self, start_s: float, duration_s: float, watts: float) -> None:
        """Something warms the air."""
        self.heats.append({"start_s": start_s, "duration_s": duration_s, "watts": watts})

    def cook(self, start_s: float, *, pans: float, watts: float) -> None:
        """A burner, a minute later oil mist (0.045 mg/s a household pan), often a boiling pot."""
        for_s = self.some(300, 1200)
        self.heat(start_s, for_s, watts)
        self.source("frying", start_s + self.some(30, 120), for_s, 0.045 * pans)
        if self.draw.random() < 0.5:
            self.source("steam", start_s + self.some(120, 400), for_s, self.some(2, 25))

    def small_things(self, count: int, *, smokers: bool) -> None:
        """Cigarettes, incense, insect spray and sweeping, at any hour."""
        for _ in range(count):
            at = self.some(600, DAY_S - 2000)
            kind = self.draw.choice(("cigarette", "incense", "spray", "dust"))
            if kind == "cigarette" and smokers:
                self.source(kind, at, 360, self.some(0.02, 0.05))
            elif kind == "incense":
                self.source(kind, at, 1800, self.some(0.01, 0.03))
            elif kind == "spray":
                self.source(kind, at, self.some(2, 8), self.some(50, 300))
            elif kind == "dust":
                self.source(kind, at, self.some(60, 300), self.some(0.5, 3))


def _stall(number: int, draw: random.Random) -> dict[str, Any]:
    """A stall from seven in the morning: its shutter opens at eight."""
    day = _Day(draw)
    food = draw.random() < 0.6
    for hour in (1.0, 4.6, 5.2, 8.5, 10.0) if food else (5.0,):
        burner = draw.choice((1500.0, 2500.0, 3500.0)) if food else 800.0
        day.cook(hour * 3600 + day.some(-900, 900), pans=day.some(1, 10), watts=0.5 * burner)
    day.small_things(5, smokers=True)
    winter = number % 3 == 0
    for hour in (0.3, 6.5, 9.0) if winter else ():
        day.heat(hour * 3600, day.some(1200, 5400), draw.choice((1000.0, 2000.0)))
    day.heat(3600, 300, -800.0)  # the shutter goes up
    return {
        "title": f"stall, day {number}",
        "room": {
            "volume_m3": day.some(16, 32),
            "air_changes_per_h": day.some(8, 30),
            "temperature_c": day.some(2, 12) if winter else day.some(15, 30),
            "humidity_pct": day.some(30, 75),
            "day_swing_c": day.some(1, 5),
            "pm2_5_ug_m3": day.some(10, 80),
        },
        "people": [{"start_s": 3600, "until_s": DAY_S - 1800}],
        "power_cuts": _sags(day),
        "sources": day.sources,
        "heats": day.heats,
    }


def _room(number: int, draw: random.Random) -> dict[str, Any]:
    """A single room of 3 to 7 m², one hot plate, a heater in winter, sometimes a smoker."""
    day = _Day(draw)
    for hour in (0.7, 5.5, 11.0):
        day.cook(
            hour * 3600 + day.some(-1200, 0), pans=day.some(0.3, 1.5), watts=day.some(200, 450)
        )
    day.small_things(4, smokers=number % 2 == 0)
    winter = number % 3 == 1
    for hour in (0.1, 4.0, 8.0) if winter else ():
        day.heat(hour * 3600, day.some(1800, 7200), draw.choice((300.0, 600.0)))
    for _ in range(4):  # the door stands open for a while
        day.heat(day.some(0, DAY_S), day.some(20, 120), day.some(-500, -100))
    day.source("steam", 0.5 * 3600, day.some(120, 400), day.some(2, 15))  # a kettle, wet washing
    return {
        "title": f"room, day {number}",
        "room": {
            "volume_m3": day.some(6.5, 16),
            "air_changes_per_h": day.some(0.8, 4),
            "temperature_c": day.some(12, 20) if winter else day.some(18, 29),
            "humidity_pct": day.some(30, 75),
            "day_swing_c": day.some(0.5, 3),
            "pm2_5_ug_m3": day.some(10, 60),
        },
        "people": [{"start_s": 0, "until_s": DAY_S - 7200}],
        "power_cuts": _sags(day),
        "sources": day.sources,
        "heats": day.heats,
    }


def _sags(day: _Day) -> list[dict[str, float]]:
    """The mains sags for a few seconds, and heated cells go cold."""
    starts = sorted(day.some(0, DAY_S - 60) for _ in range(3))
    return [{"start_s": at, "until_s": at + day.some(1, 20)} for at in starts]


def days(first: int = 0) -> Iterator[tuple[str, Scenario, Wear]]:
    """Every day of the corpus: the profile of the device that lives it, what happens, its age.

    From `first` = 0 it is what is evaluated on; other days are for training.
    """
    plans: tuple[tuple[str, Callable[[int, random.Random], dict[str, Any]]], ...] = (
        ("market-stall", _stall),
        ("single-room", _room),
    )
    for number in range(first, first + DAYS):
        for profile, plan in plans:
            draw = random.Random(f"haetae {profile} {number}")
            table = {"length_s": DAY_S, **plan(number, draw)}
            yield (
                profile,
                msgspec.convert(table, Scenario),
                wear((number - first) / (DAYS - 1), draw),
            )


def readings(  # noqa: PLR0913  # what is lived, by what, how old, in which state
    scenario: Scenario,
    config: Config,
    *,
    seed: int,
    worn: Wear,
    folder: Path = SCENARIOS,
    dead: frozenset[str] = frozenset(),
) -> Iterator[Reading]:
    """What a device of this configuration reads, but for its buttons and contacts.

    Sensors in `dead` never answer. DHTs fail a third of their reads, and one value in 700 is wrong.
    Beside them hangs an obscuration meter, `smoke`, which no profile has yet: leave it out by
    naming it dead.
    """
    parts = {each.name: str(type(each).__struct_config__.tag) for each in config.sensors}
    felt = {name: tag for name, tag in parts.items() if tag in _MEASURES and name not in dead}
    every_s = {each.name: each.every_s for each in config.sensors}
    due = {name: (zlib.crc32(name.encode()) % 100) / 100 * every_s[name] for name in felt}
    world, knobs = World(scenario, felt, seed=seed, folder=folder), dict[str, float]()
    draw, meter = random.Random(seed), 0.0
    for second in range(int(scenario.length_s) + 1):
        for knob, value in world.step(second):
            if isinstance(value, int | float):
                knobs[knob] = value
        meter += (world.room.obscuration_pct_per_m - meter) / METER_LAG_S
        if METER not in dead and second % 2 == 0:
            value = round(max(0.0, meter + draw.gauss(0, 0.1)), 1)
            yield Reading(METER, Quantity.SMOKE_OBSCURATION_PCT_PER_M, value, second)
        for name, tag in felt.items():
            while due[name] < second + 1:
                for quantity, value in _MEASURES[tag](name, knobs, worn, draw).items():
                    yield Reading(name, quantity, value, second)
                due[name] += max(1.0, every_s[name])


Knobs = Mapping[str, float]


def _dht(name: str, knobs: Knobs, worn: Wear, draw: random.Random) -> dict[Quantity, float]:
    if draw.random() < _FAILED:
        return {}
    tenths = round(10 * (knobs[f"{name}.celsius"] + worn.celsius))
    if draw.random() < _WRONG:
        tenths ^= 1 << draw.randrange(10)
    return {
        Quantity.TEMPERATURE_C: tenths / 10,
        Quantity.RELATIVE_HUMIDITY_PCT: round(knobs[f"{name}.humidity_pct"], 1),
    }


def _ds18b20(name: str, knobs: Knobs, worn: Wear, _draw: random.Random) -> dict[Quantity, float]:
    return {Quantity.TEMPERATURE_C: round(16 * (knobs[f"{name}.celsius"] + worn.celsius)) / 16}


def _pmsa003i(name: str, knobs: Knobs, worn: Wear, _draw: random.Random) -> dict[Quantity, float]:
    seen = worn.particles_gain * knobs[f"{name}.pm2_5_ug_m3"]
    return {Quantity.PM2_5_UG_M3: float(round(min(_SATURATED_UG_M3, seen)))}


def _co_cell(name: str, knobs: Knobs, worn: Wear, _draw: random.Random) -> dict[Quantity, float]:
    step_ppm = 1.8  # of the converter
    return {Quantity.CO_PPM: step_ppm * round((knobs[f"{name}.ppm"] + worn.co_zero_ppm) / step_ppm)}


def _mq2(name: str, knobs: Knobs, worn: Wear, _draw: random.Random) -> dict[Quantity, float]:
    return {Quantity.GAS_RS_R0: knobs[f"{name}.rs_over_r0"] / worn.gas_r0}


_MEASURES: Mapping[str, Callable[[str, Knobs, Wear, random.Random], dict[Quantity, float]]] = {
    "dht22": _dht,
    "ds18b20": _ds18b20,
    "pmsa003i": _pmsa003i,
    "co_cell": _co_cell,
    "mq2": _mq2,
}


def burning(path: Path) -> Scenario:
    """A room in which the fire of a table is lit after two minutes."""
    text = path.read_text("utf-8")
    last = next(line for line in reversed(text.splitlines()) if line)
    table = f"""
        title = "{path.stem}"
        length_s = {120 + float(last.split(",")[0])}
        fire = {{ table = "{path.name}", start_s = 120 }}
        room = {{ volume_m3 = 20, air_changes_per_h = 2 }}
        smoke_alarm = {{ closes_pct_per_m = 10, opens_pct_per_m = 7 }}
    """
    return msgspec.convert(tomllib.loads(table), Scenario)
