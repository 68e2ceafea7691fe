"""Gas that burns, by a heated cell whose resistance falls: a ratio, never a concentration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import town_wording as wording
from agent.detectors.derived import Derived
from agent.detectors.graded import Graded
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage, Why
from agent.wording import gas as resistance
from drivers.sensor import Quantity

RULE = "gas_ratio"
LEAST_RATIO = 1e-3  # of Rs to R0: an end that the span allows

Times = Annotated[float, Meta(ge=1.5, le=15)]


class GasConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[gas]`, in R0/Rs: how many times less the cell resists than in clean air.

    A cell that nobody calibrated names no share of the explosive limit. These figures are to be set
    with test gas at commissioning: the alarm must come below a tenth of the lower explosive limit.
    """

    prealarm: Times = 4.0
    alarm: Times = 8.0
    fall: Annotated[float, Meta(ge=1.2, le=14)] = 3.0
    hold_s: Annotated[float, Meta(ge=0, le=120)] = 15.0
    clear_s: Annotated[float, Meta(ge=10, le=3600)] = 120.0
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if not self.fall < self.prealarm <= self.alarm:
            problem = "`fall`, `prealarm` and `alarm` do not rise - at `$.gas`"
            yield problem, "give them in that order"
        if not any(Quantity.GAS_RS_R0 in each.quantities for each in sources.values()):
            yield "nothing smells gas - at `$.gas`", "add one with driver `mq5`"


@dataclass(slots=True, eq=False)
class _Cell:
    """One cell's limits, and what it said last."""

    level: Graded
    last: Reading

    @property
    def times(self) -> float:
        """How many times less it resists than in clean air."""
        return 1 / max(self.last.value, LEAST_RATIO)


class GasDetector:
    """One incident for each cell. A cell that is not heard, or that warms up, ends nothing."""

    def __init__(self, config: GasConfig) -> None:
        self._config = config
        self._cells: dict[str, _Cell] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is not Quantity.GAS_RS_R0:
            return []
        cell = self._cells.get(reading.sensor)
        if cell is None:
            cell = self._cells[reading.sensor] = self._new(reading)
        cell.last = reading
        if (stage := cell.level.update(cell.times, reading.at)) is None:
            return []
        if stage is Stage.CLEARED:
            why = wording.gas_gone()
        else:
            advice = wording.gas_alarm() if stage is Stage.ALARM else wording.gas_prealarm()
            why = wording.joined(resistance(cell.times, 0.0), advice, self._config.tell)
        subject, found = reading.sensor, (reading,)
        return [Detection(Hazard.GAS, stage, subject, RULE, found, reading.at, why)]

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def standing(self, hazard: Hazard) -> tuple[Reading, ...]:
        """The last readings of the cells by which an incident goes on now."""
        if hazard is not Hazard.GAS:
            return ()
        cells = self._cells.values()
        return tuple(each.last for each in cells if each.level.standing)

    def derived(self) -> Iterator[Derived]:
        """Give R0/Rs of each cell."""
        for name, each in self._cells.items():
            yield Derived(name, "GAS_R0_RS", each.times, each.last.at)

    def _new(self, reading: Reading) -> _Cell:
        config = self._config
        limits = config.prealarm, config.alarm
        return _Cell(Graded.of(limits, config.fall, config.hold_s, config.clear_s), reading)
