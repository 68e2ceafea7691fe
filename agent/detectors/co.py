"""Carbon monoxide: the dose that blood takes up, after UL 2034."""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import wording
from agent.detectors.derived import Derived
from agent.detectors.threshold import HeldThreshold
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

# Coburn-Forster-Kane as alarms use it, for heavy work: B = 0.0404 (US7408473B2)
TAU_S = 2398 * 0.0404 * 60
UPTAKE_PCT = 218.0
ENDOGENOUS = 0.0003
PPM = 1316.0
LONGEST_GAP_S = 300.0  # of a longer silence only this much counts: what was not seen is not dose
WINDOW_S = 60.0
GROWN = 1.5  # a dose so many times what was told last is told again


class CoConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[co]`. `rise` is in % COHb; `fall` and `prealarm` are in ppm of CO in the air.

    UL 2034 rests on 10 % COHb, but a dose that alarms at 10 % comes at 15.9 min for 400 ppm, past
    its window (4 to 15 min). All three windows hold for 5.4 to 9.5 %; 7.5 % lies in their middle.
    30 ppm ends at 5.0 % and so stays silent for ever.
    """

    rise: Annotated[float, Meta(ge=5.5, le=9.0)] = 7.5
    fall: Annotated[float, Meta(ge=10, le=50)] = 30.0
    clear_s: Annotated[float, Meta(ge=60, le=1800)] = 300.0
    prealarm: Annotated[float, Meta(ge=35, le=200)] = 50.0
    hold_s: Annotated[float, Meta(ge=0, le=600)] = 120.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.fall >= self.prealarm:
            yield "`fall` is not below `prealarm` - at `$.co`", "lower `fall`"


@dataclass(slots=True, eq=False)
class LowerQuartile:
    """What three quarters of the last minute's readings reached.

    Electrochemical cells and analysers throw short peaks; a level that lasts passes unchanged,
    45 s late at most.
    """

    _recent: deque[tuple[float, float]] = field(default_factory=deque, init=False)
    _sorted: list[float] = field(default_factory=list, init=False)

    def update(self, value: float, at: float) -> float:
        """Take a value at `at` (seconds) in; return the quartile in the value's unit."""
        self._recent.append((at, value))
        insort(self._sorted, value)
        while self._recent[0][0] < at - WINDOW_S:
            _, old = self._recent.popleft()
            del self._sorted[bisect_left(self._sorted, old)]
        return self._sorted[(len(self._sorted) - 1) // 4]


@dataclass(slots=True, eq=False)
class CoDose:
    """Carboxyhaemoglobin in % of someone who breathes this sensor's air, from 0 at the start."""

    cohb_pct: float = field(default=0.0, init=False)
    _at: float = field(default=math.inf, init=False)

    def update(self, ppm: float, at: float) -> float:
        """Breathe `ppm` since the last call until `at` (seconds); return the dose in % COHb."""
        dt = max(0.0, min(at - self._at, LONGEST_GAP_S))
        kept = math.exp(-dt / TAU_S)
        limit = UPTAKE_PCT * (ENDOGENOUS + max(0.0, ppm) / PPM)
        self.cohb_pct = self.cohb_pct * kept + limit * (1 - kept)
        self._at = at
        return self.cohb_pct


@dataclass(slots=True, eq=False)
class _Cell:
    """One CO sensor: its air, its dose, and where they stand."""

    alarm: HeldThreshold
    prealarm: HeldThreshold
    air: LowerQuartile = field(default_factory=LowerQuartile)
    dose: CoDose = field(default_factory=CoDose)
    ppm: float = 0.0
    told: float = 0.0
    reading: Reading | None = None


class CoDetector:
    """Prealarm on a level that lasts, alarm on the dose, of any number of CO sensors.

    It is over when the air of every sensor that took part was below `fall` for `clear_s`; the dose
    is remembered beyond that, so that the next CO alarms the sooner.
    """

    def __init__(self, config: CoConfig) -> None:
        self._config = config
        self._cells: dict[str, _Cell] = {}
        self._stage: Stage | None = None

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is not Quantity.CO_PPM:
            return []
        cell = self._cells.get(reading.sensor)
        if cell is None:
            cell = self._cells[reading.sensor] = self._cell()
        cell.reading = reading
        cell.ppm = cell.air.update(reading.value, reading.at)
        cohb_pct = cell.dose.update(cell.ppm, reading.at)
        dosed = cell.alarm.active or cohb_pct >= self._config.rise
        cell.alarm.update(cell.ppm if dosed else 0.0, reading.at)
        cell.prealarm.update(cell.ppm, reading.at)
        return self._decide(cell, reading.at)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def derived(self) -> Iterator[Derived]:
        """Give every sensor's dose in % COHb."""
        for sensor, cell in self._cells.items():
            if cell.reading is not None:
                yield Derived(sensor, "COHB_PCT", cell.dose.cohb_pct, cell.reading.at)

    def _cell(self) -> _Cell:
        fall, clear_s = self._config.fall, self._config.clear_s
        return _Cell(
            HeldThreshold(fall, fall, 0.0, clear_s),
            HeldThreshold(self._config.prealarm, fall, self._config.hold_s, clear_s),
        )

    def _decide(self, cell: _Cell, at: float) -> list[Detection]:
        seen = wording.co_dose(cell.dose.cohb_pct, cell.ppm)
        if cell.alarm.active and cell.dose.cohb_pct >= GROWN * cell.told:
            self._stage, cell.told = Stage.ALARM, cell.dose.cohb_pct
            return [self._detection("co_dose", cell, at, wording.join([seen], "co_alarm"))]
        if any(each.alarm.active or each.prealarm.active for each in self._cells.values()):
            if self._stage is not None:
                return []
            self._stage = Stage.PREALARM
            return [self._detection("co_level", cell, at, wording.join([seen], "co_prealarm"))]
        if self._stage is None:
            return []
        rule = "co_dose" if self._stage is Stage.ALARM else "co_level"
        self._stage = Stage.CLEARED
        over = self._detection(rule, cell, at, wording.join([wording.normal_again()], "co_over"))
        self._stage = None
        for each in self._cells.values():
            each.told = 0.0
        return [over]

    def _detection(self, rule: str, cell: _Cell, at: float, why: Why) -> Detection:
        evidence = (cell.reading,) if cell.reading is not None else ()
        stage = self._stage or Stage.CLEARED
        return Detection(Hazard.CO, stage, PLACE, rule, evidence, at, why)
