"""How full a bin is, by the distance from its lid to what lies in it."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import town_wording as wording
from agent.detectors.derived import Derived
from agent.detectors.graded import Graded
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

RULE = "fill"
LEAST_DEPTH_M = 0.1
BEYOND_PCT = -15.0  # farther than the floor by this: the lid is open, or nothing was heard

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
Metres = Annotated[float, Meta(ge=0.02, le=20)]
Percent = Annotated[float, Meta(ge=10, le=100)]


class FillConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[fill]`. The sensor looks down: `empty_m` is what it shows of the floor, `full_m` when full.

    At `prealarm_pct` for `hold_min` minutes it wants emptying soon, at `alarm_pct` now; below
    `fall_pct` for as long it was emptied.
    """

    sensor: Name
    empty_m: Metres
    full_m: Metres
    prealarm_pct: Percent = 75.0
    alarm_pct: Percent = 90.0
    fall_pct: Annotated[float, Meta(ge=5, le=95)] = 50.0
    hold_min: Annotated[float, Meta(ge=1, le=240)] = 15.0
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.empty_m - self.full_m < LEAST_DEPTH_M:
            problem = "`full_m` is not 0.1 m nearer than `empty_m` - at `$.fill`"
            yield problem, "measure from the sensor down: an empty bin is farther than a full one"
        if not self.fall_pct < self.prealarm_pct <= self.alarm_pct:
            problem = "`fall_pct`, `prealarm_pct` and `alarm_pct` do not rise - at `$.fill`"
            yield problem, "give them in that order"
        source = sources.get(self.sensor)
        if source is None or Quantity.DISTANCE_M not in source.quantities:
            problem = f"no sensor of distance is named `{self.sensor}` - at `$.fill.sensor`"
            yield problem, "name one with driver `hc_sr04`, or add it"


class FillDetector:
    """One incident, `<sensor> fill`; of hazard `fault`, for a full bin is out of service.

    What is farther than the floor says nothing: an open lid neither fills nor empties a bin.
    """

    def __init__(self, config: FillConfig) -> None:
        self._config = config
        held_s = 60 * config.hold_min
        limits = config.prealarm_pct, config.alarm_pct
        self._level = Graded.of(limits, config.fall_pct, held_s, held_s)
        self._shown: Derived | None = None

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        config = self._config
        if reading.sensor != config.sensor or reading.quantity is not Quantity.DISTANCE_M:
            return []
        pct = 100 * (config.empty_m - reading.value) / (config.empty_m - config.full_m)
        if pct < BEYOND_PCT:
            return []
        self._shown = Derived(reading.sensor, "FILL_PCT", min(100.0, max(0.0, pct)), reading.at)
        stage = self._level.update(pct, reading.at)
        return [] if stage is None else [self._told(stage, reading, self._shown.value)]

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def derived(self) -> Iterator[Derived]:
        """Give the fill in %."""
        if self._shown is not None:
            yield self._shown

    def _told(self, stage: Stage, reading: Reading, pct: float) -> Detection:
        why = wording.emptied(pct)
        if stage is not Stage.CLEARED:
            advice = wording.empty_now() if stage is Stage.ALARM else wording.empty_soon()
            why = wording.joined(wording.full(pct), advice, self._config.tell)
        subject, found = f"{reading.sensor} {RULE}", (reading,)
        return Detection(Hazard.FAULT, stage, subject, RULE, found, reading.at, why)
