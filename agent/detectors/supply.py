"""The supply: its loss is told at once, since it may be the last that is heard of this device.

Devices that lose it together are evidence of an electrical fire, which the hub can see.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import supply_wording as wording
from agent.detectors.presence import Source
from agent.detectors.threshold import HeldThreshold
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

SUPPLY_LOST = "supply_lost"  # the rule of a last gasp
BACK_S = 10.0  # a supply that is back for so long is back; before, it flaps
LOW_S, WELL_S = 10.0, 60.0  # a motor that starts makes the lights blink
HYSTERESIS_V = 0.1
DROPS, DROPS_WITHIN_S = 3, 600.0  # under-voltage so often within so long is no accident


class SupplyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[supply]`, in volts. A supply has the voltage it has: without limits it is only measured.

    Below `lost_v` a supply is gone, below `low_v` for 10 s it is low. `battery_low_v` and
    `battery_empty_v` are for one lithium cell; two in series have twice that.
    """

    low_v: Annotated[float, Meta(gt=0, le=60)] | None = None
    lost_v: Annotated[float, Meta(gt=0, le=60)] | None = None
    battery_low_v: Annotated[float, Meta(gt=0, le=60)] = 3.5
    battery_empty_v: Annotated[float, Meta(gt=0, le=60)] = 3.3

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.battery_empty_v > self.battery_low_v:
            problem = "`battery_empty_v` is above `battery_low_v` - at `$.supply`"
            yield problem, "lower `battery_empty_v`"
        if self.low_v is not None and self.lost_v is not None and self.lost_v >= self.low_v:
            yield "`lost_v` is not below `low_v` - at `$.supply`", "lower `lost_v`"
        measured = any(Quantity.SUPPLY_V in each.quantities for each in sources.values())
        for name, limit in (("low_v", self.low_v), ("lost_v", self.lost_v)):
            if limit is not None and not measured:
                problem = f"no sensor measures the supply - at `$.supply.{name}`"
                yield problem, "add a `[[sensors]]` with driver `ina219`, or remove it"


@dataclass(slots=True, eq=False)
class _Mains:
    """Whether one supply is gone; it is back once it has been for `BACK_S`."""

    lost: bool = False
    good_since: float | None = None

    def update(self, is_gone: bool, at: float) -> Stage | None:  # its one input
        """Take one reading in at `at` (s)."""
        if is_gone:
            self.good_since = None
            if self.lost:
                return None
            self.lost = True
            return Stage.ALARM
        if not self.lost:
            return None
        if self.good_since is None:
            self.good_since = at
        if at - self.good_since < BACK_S:
            return None
        self.lost, self.good_since = False, None
        return Stage.CLEARED


@dataclass(slots=True, eq=False)
class _Cell:
    """A battery that runs down, by two levels; levels are negative volts, to rise as it falls."""

    low: HeldThreshold
    empty: HeldThreshold
    stage: Stage | None = None

    def update(self, volts: float, at: float) -> Stage | None:
        """Take one reading in at `at` (s); the stage that is new."""
        self.low.update(-volts, at)
        self.empty.update(-volts, at)
        found = Stage.ALARM if self.empty.active else Stage.PREALARM if self.low.active else None
        if found is self.stage or (found is Stage.PREALARM and self.stage is Stage.ALARM):
            return None
        self.stage = found
        return Stage.CLEARED if found is None else found


@dataclass(slots=True, eq=False)
class _Board:
    """The board's own monitor: when it saw too little, and whether that was told."""

    drops: list[float] = field(default_factory=list)
    told: bool = False

    def update(self, is_low: bool, at: float) -> Stage | None:  # its one input
        """Take one reading in at `at` (s)."""
        self.drops = [each for each in self.drops if at - each < DROPS_WITHIN_S]
        if is_low:
            self.drops.append(at)
        if not self.told and len(self.drops) >= DROPS:
            self.told = True
            return Stage.PREALARM
        if self.told and not self.drops:
            self.told = False
            return Stage.CLEARED
        return None


class SupplyDetector:
    """A lost supply is an alarm at once; a low one or a low battery is told ahead of it."""

    def __init__(self, config: SupplyConfig | None = None) -> None:
        self._config = config if config is not None else SupplyConfig()
        self._mains: dict[str, _Mains] = {}
        self._low: dict[str, HeldThreshold] = {}
        self._cells: dict[str, _Cell] = {}
        self._boards: dict[str, _Board] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        name, value, at = reading.sensor, reading.value, reading.at
        if reading.quantity is Quantity.SUPPLY_LOST:
            return self._by_contact(reading, is_gone=value >= 0.5)
        if reading.quantity is Quantity.SUPPLY_V:
            return self._by_voltage(reading)
        if reading.quantity is Quantity.BATTERY_V:
            limits = self._config.battery_low_v, self._config.battery_empty_v
            cell = self._cells.setdefault(name, _Cell(_below(limits[0]), _below(limits[1])))
            stage = cell.update(value, at)
            least_v = limits[stage is Stage.ALARM]
            return _told("battery_low", stage, reading, wording.battery(name, value, least_v))
        if reading.quantity is Quantity.UNDER_VOLTAGE:
            stage = self._boards.setdefault(name, _Board()).update(value >= 0.5, at)
            return _told("under_voltage", stage, reading, wording.weak(name))
        return []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def _by_voltage(self, reading: Reading) -> list[Detection]:
        found: list[Detection] = []
        if self._config.lost_v is not None:
            found += self._by_contact(reading, is_gone=reading.value < self._config.lost_v)
        if (low_v := self._config.low_v) is not None:
            low = self._low.setdefault(reading.sensor, _below(low_v))
            if low.update(-reading.value, reading.at):
                stage = Stage.PREALARM if low.active else Stage.CLEARED
                why = wording.low(reading.sensor, reading.value, low_v)
                found += _told("supply_low", stage, reading, why)
        return found

    def _by_contact(self, reading: Reading, *, is_gone: bool) -> list[Detection]:
        mains = self._mains.setdefault(reading.sensor, _Mains())
        stage = mains.update(is_gone, reading.at)
        if stage is None:
            return []
        telling = wording.lost if stage is Stage.ALARM else wording.back
        return [_detection(SUPPLY_LOST, stage, reading, telling(reading.sensor))]


def _below(least_v: float) -> HeldThreshold:
    """A threshold for negative volts: it rises where they fall below `least_v`."""
    return HeldThreshold(-least_v, -least_v - HYSTERESIS_V, LOW_S, WELL_S)


def _told(rule: str, stage: Stage | None, reading: Reading, why: Why) -> list[Detection]:
    if stage is None:
        return []
    told = wording.well(reading.sensor) if stage is Stage.CLEARED else why
    return [_detection(rule, stage, reading, told)]


def _detection(rule: str, stage: Stage, reading: Reading, why: Why) -> Detection:
    # the loss and the weakness of one supply are two incidents
    subject = reading.sensor if rule == SUPPLY_LOST else f"{reading.sensor} {rule}"
    return Detection(Hazard.POWER, stage, subject, rule, (reading,), reading.at, why)
