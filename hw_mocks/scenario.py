"""Scenarios: what happens in a simulated room, as data. One TOML file each in `scenarios/`."""

import bisect
import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from hw_mocks.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

SCENARIOS = Path(__file__).parent / "scenarios"
Seconds = Annotated[float, Meta(ge=0, le=7 * 86_400)]
Which = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]  # a sensor's name, or a driver


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a scenario: a key that is not listed is an error."""


class RoomConfig(Section, frozen=True, kw_only=True):
    """The room on an ordinary day. `day_swing_c` is half the way from coldest to warmest."""

    volume_m3: Annotated[float, Meta(ge=1, le=10_000)]
    air_changes_per_h: Annotated[float, Meta(ge=0.05, le=100)]
    temperature_c: Annotated[float, Meta(ge=-30, le=50)] = 20.0
    humidity_pct: Annotated[float, Meta(ge=0, le=100)] = 50.0
    day_swing_c: Annotated[float, Meta(ge=0, le=20)] = 0.0
    pm2_5_ug_m3: Annotated[float, Meta(ge=0, le=500)] = 15.0


class SmokeAlarmConfig(Section, frozen=True, kw_only=True):
    """At which smoke the certified alarm beside the device closes and opens its relay, in %/m."""

    closes_pct_per_m: Annotated[float, Meta(gt=0, le=100)] = 11.0
    opens_pct_per_m: Annotated[float, Meta(gt=0, le=100)] = 7.0


class FireConfig(Section, frozen=True, kw_only=True):
    """A computed fire: a table in `scenarios/` and when it is lit."""

    table: Annotated[str, Meta(pattern=r"^[a-z0-9_]+\.csv\Z")]
    start_s: Seconds


class SourceConfig(Section, frozen=True, kw_only=True):
    """Something of ordinary life that gives off particles or droplets, `rate_mg_s` of them."""

    kind: Literal["steam", "frying", "cigarette", "incense", "spray", "dust"]
    start_s: Seconds
    duration_s: Seconds
    rate_mg_s: Annotated[float, Meta(ge=0, le=10_000)]


class HeatConfig(Section, frozen=True, kw_only=True):
    """Something that warms the room's air by `watts`; below 0 it is a draught of cold air."""

    start_s: Seconds
    duration_s: Seconds
    watts: Annotated[float, Meta(ge=-10_000, le=10_000)]


class HotSpotConfig(Section, frozen=True, kw_only=True):
    """A sensor that touches something hot: it feels up to `rise_c` above the air."""

    sensor: Which
    start_s: Seconds
    rise_c: Annotated[float, Meta(ge=-50, le=1000)]
    tau_s: Annotated[float, Meta(gt=0, le=86_400)]


class FaultConfig(Section, frozen=True, kw_only=True):
    """A sensor that fails: at a time, or for good once its air is hotter than `above_c`."""

    sensor: Which
    fault: Fault
    start_s: Seconds | None = None
    until_s: Seconds | None = None
    above_c: Annotated[float, Meta(ge=-50, le=1000)] | None = None


class ActConfig(Section, frozen=True, kw_only=True):
    """Somebody does something: from `at_s` on the knob has this value, whatever the room says."""

    sensor: Which
    knob: Which
    at_s: Seconds
    value: float


class SpellConfig(Section, frozen=True, kw_only=True):
    """From when to when something is so."""

    start_s: Seconds
    until_s: Seconds


class RampConfig(SpellConfig, frozen=True, kw_only=True):
    """Something that changes evenly: the knob goes from `begins` to `ends`, and stays there."""

    sensor: Which
    knob: Which
    begins: float
    ends: float

    def at(self, t_s: float) -> float:
        """Where the knob stands `t_s` seconds after the scenario began."""
        share = (t_s - self.start_s) / (self.until_s - self.start_s)
        return self.begins + min(1.0, max(0.0, share)) * (self.ends - self.begins)


class PeopleConfig(SpellConfig, frozen=True, kw_only=True):
    """Somebody is in the room, `count` of them; each breathes out `co2_l_h` of CO2.

    18 L/h is an adult at rest, 10 a child of three to five (ASHRAE 62.1, Persily & de Jonge 2017).
    """

    count: Annotated[int, Meta(ge=1, le=100)] = 1
    co2_l_h: Annotated[float, Meta(ge=0, le=100)] = 18.0


class Scenario(Section, frozen=True, kw_only=True):
    """One file. Times are seconds from its start; after `length_s` it stays or starts again."""

    title: Annotated[str, Meta(min_length=1)]
    length_s: Annotated[float, Meta(gt=0, le=7 * 86_400)]
    repeats: bool = False
    room: RoomConfig
    smoke_alarm: SmokeAlarmConfig = SmokeAlarmConfig()
    fire: FireConfig | None = None
    sources: list[SourceConfig] = []
    heats: list[HeatConfig] = []
    hot_spots: list[HotSpotConfig] = []
    faults: list[FaultConfig] = []
    acts: list[ActConfig] = []
    ramps: list[RampConfig] = []
    people: list[PeopleConfig] = []
    power_cuts: list[SpellConfig] = []  # the mains is off; the device lives on its battery


class ScenarioError(Exception):
    """The scenario cannot be used; the message names file, place and remedy."""


def names(folder: Path = SCENARIOS) -> list[str]:
    """Every scenario that can be named."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def load(name: str, folder: Path = SCENARIOS) -> Scenario:
    """Read and check a scenario by its name, for example `quiet_day`.

    Raises:
        ScenarioError: There is none of this name, or something in it is not as it must be.
    """
    path = folder / f"{name}.toml"
    try:
        scenario = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Scenario)
    except OSError:
        raise ScenarioError(
            f"{name}: no such scenario; there are: {', '.join(names(folder))}"
        ) from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path.name}: {error}") from None
    for problem in _problems(scenario, folder):
        raise ScenarioError(f"{path.name}: {problem}")
    return scenario


def _problems(scenario: Scenario, folder: Path) -> list[str]:
    found = []
    alarm = scenario.smoke_alarm
    if alarm.opens_pct_per_m >= alarm.closes_pct_per_m:
        found.append("opens_pct_per_m must be below closes_pct_per_m - at $.smoke_alarm")
    if scenario.fire is not None and not (folder / scenario.fire.table).exists():
        tables = ", ".join(sorted(path.name for path in folder.glob("*.csv")))
        found.append(f"no table {scenario.fire.table!r}; there are: {tables} - at $.fire.table")
    found += [
        f"give either start_s or above_c - at $.faults[{index}]"
        for index, fault in enumerate(scenario.faults)
        if (fault.start_s is None) == (fault.above_c is None)
    ]
    for key in ("people", "power_cuts", "ramps"):
        spells: Sequence[SpellConfig] = getattr(scenario, key)
        found += [
            f"until_s must be after start_s - at $.{key}[{index}]"
            for index, spell in enumerate(spells)
            if spell.until_s <= spell.start_s
        ]
    return found


@dataclass(frozen=True, slots=True)
class FireRow:
    """The air below the ceiling at one instant of a fire; smoke as mass in mg per m³."""

    temperature_c: float
    humidity_pct: float
    flaming_smoke_mg_m3: float
    smouldering_smoke_mg_m3: float
    co_ppm: float


class FireTable:
    """One computed fire; between its rows it is linear, after its last row it stays so."""

    ambient_c = 20.0  # what the tables start from

    def __init__(self, path: Path) -> None:
        text = path.read_text("utf-8").splitlines()
        self.labels = dict(
            line.removeprefix("# ").split(": ", 1)
            for line in text
            if line.startswith("# ") and ": " in line
        )
        table = csv.DictReader(line for line in text if not line.startswith("#"))
        keys = tuple(FireRow.__dataclass_fields__)
        self._times: list[float] = []
        self._rows: list[tuple[float, ...]] = []
        for row in table:
            self._times.append(float(row["t_s"]))
            self._rows.append(tuple(float(row[key]) for key in keys))

    def at(self, t_s: float) -> FireRow:
        """What the fire has made of the air `t_s` seconds after it was lit."""
        after = bisect.bisect_right(self._times, t_s)
        if after == 0:
            return FireRow(*self._rows[0])
        if after == len(self._times):
            return FireRow(*self._rows[-1])
        start, end = self._times[after - 1], self._times[after]
        share = (t_s - start) / (end - start)
        pairs = zip(self._rows[after - 1], self._rows[after], strict=True)
        return FireRow(*(low + share * (high - low) for low, high in pairs))
