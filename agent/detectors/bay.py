"""A parking bay that is kept for some: taken for how long, and by whom with a permit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import public_wording as wording
from agent.care_wording import joined
from agent.detectors.presence import LOST_READS, LOST_S, Source
from agent.detectors.threshold import HeldThreshold
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

CLEAR_S = 10.0  # free for so long: it drove away
BEFORE_S = 60.0  # a permit heard so long before the car stood still is the car's
RULE = "bay_without_permit"

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class MagnetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A magnetometer in the bay's ground: how far the field is from the empty bay's, in µT."""

    sensor: Name
    rise: Annotated[float, Meta(ge=3, le=200)] = 12.0
    fall: Annotated[float, Meta(ge=1, le=190)] = 7.0


class RangeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A range finder over or beside the bay: by how many metres something is nearer than `empty_m`.

    What swallows the ping reads as empty, so it stands better beside a magnetometer than alone.
    """

    sensor: Name
    empty_m: Annotated[float, Meta(ge=0.5, le=4)]
    rise: Annotated[float, Meta(ge=0.2, le=3)] = 0.6
    fall: Annotated[float, Meta(ge=0.1, le=2.9)] = 0.4


class PermitConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tags of permits, and how strong one must be heard to be in this bay, in dBm.

    One permit that is heard once is enough: nobody is accused whose tag is hard to hear.
    """

    tags: Annotated[list[Name], Meta(min_length=1, max_length=16)]
    least_dbm: Annotated[float, Meta(ge=-110, le=-30)] = -80.0


class BayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[bay]`. Taken where all that can be heard of magnet and range say so for `hold_s`.

    Without a permit within `permit_s` of standing still it speaks to the driver (on site alone);
    still there after `leave_s` more: an event. A driver may step out for `hold_s` and tell nobody.
    """

    magnet: MagnetConfig | None = None
    range: RangeConfig | None = None
    permit: PermitConfig
    hold_s: Annotated[float, Meta(ge=5, le=600)] = 20.0
    permit_s: Annotated[float, Meta(ge=10, le=1800)] = 60.0
    leave_s: Annotated[float, Meta(ge=30, le=7200)] = 300.0
    tell: Why | None = None

    def watches(self) -> list[MagnetConfig | RangeConfig]:
        """What tells whether the bay is taken."""
        return [each for each in (self.magnet, self.range) if each is not None]

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if not self.watches():
            yield "nothing tells whether it is taken - at `$.bay`", "give `magnet` or `range`"
        for key, each, quantity, driver in (
            ("magnet", self.magnet, Quantity.MAGNETIC_SHIFT_UT, "lis3mdl"),
            ("range", self.range, Quantity.DISTANCE_M, "hc_sr04"),
        ):
            if each is None:
                continue
            source = sources.get(each.sensor)
            if source is None or quantity not in source.quantities:
                problem = f"`{each.sensor}` gives no {quantity} - at `$.bay.{key}.sensor`"
                yield problem, f"add a `[[sensors]]` with driver `{driver}`"
            if each.fall >= each.rise:
                yield f"`fall` is not below `rise` - at `$.bay.{key}`", "lower `fall`"
        for n, name in enumerate(self.permit.tags):
            source, place = sources.get(name), f"`$.bay.permit.tags[{n}]`"
            if source is None or Quantity.TAG_PRESENT not in source.quantities:
                problem = f"no tag is named `{name}` - at {place}"
                yield problem, "add a `[[sensors]]` with driver `ble_tag`"


@dataclass(slots=True, eq=False)
class _Watch:
    """One sensor's word on whether the bay is taken; `empty_m` of one that measures a range."""

    threshold: HeldThreshold
    lost_s: float
    empty_m: float | None
    last: Reading | None = field(default=None, init=False)

    def update(self, reading: Reading) -> None:
        """Take a reading in."""
        self.last = reading
        level = reading.value if self.empty_m is None else self.empty_m - reading.value
        self.threshold.update(level, reading.at)

    def is_fresh(self, at: float) -> bool:
        """Whether it was heard lately enough to be asked."""
        return self.last is not None and at - self.last.at <= self.lost_s


class BayDetector:
    """Free, taken with a permit, or taken without: then it speaks, and after a while tells.

    Nobody is accused by what is not heard: while no permit can be heard at all, because the
    receiver fails, the bay is watched and nothing is said. Readings alone decide.
    """

    def __init__(self, config: BayConfig, sources: Mapping[str, Source]) -> None:
        self._config = config
        self._watches = {
            each.sensor: _Watch(
                HeldThreshold(each.rise, each.fall, config.hold_s, CLEAR_S),
                max(LOST_S, LOST_READS * sources[each.sensor].every_s),
                each.empty_m if isinstance(each, RangeConfig) else None,
            )
            for each in config.watches()
        }
        self._place = next(iter(self._watches))
        tags = config.permit.tags
        self._lost_s = max(LOST_S, LOST_READS * max(sources[each].every_s for each in tags))
        self._listened: Reading | None = None  # the last word of the receiver, yes or no
        self._permit_at = float("-inf")
        self._taken_at: float | None = None  # when it came to stand there
        self._warned_at: float | None = None
        self._deaf_s, self._last_at = 0.0, 0.0
        self._stage: Stage | None = None

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.sensor in self._config.permit.tags:
            return self._hear(reading)
        watch = self._watches.get(reading.sensor)
        if watch is None:
            return []
        wanted = Quantity.MAGNETIC_SHIFT_UT if watch.empty_m is None else Quantity.DISTANCE_M
        if reading.quantity is not wanted:
            return []
        watch.update(reading)
        return self._judge(reading)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def _hear(self, reading: Reading) -> list[Detection]:
        if reading.quantity is Quantity.TAG_PRESENT:
            self._listened = reading
            return []
        is_strong = reading.value >= self._config.permit.least_dbm
        if reading.quantity is not Quantity.TAG_RSSI_DBM or not is_strong:
            return []
        self._permit_at = reading.at
        if self._stage is None:
            return []
        return [self._end("permit_heard", reading, wording.permit_heard())]

    def _judge(self, reading: Reading) -> list[Detection]:
        at = reading.at
        elapsed_s, self._last_at = at - self._last_at, at
        fresh = [each for each in self._watches.values() if each.is_fresh(at)]
        if not all(each.threshold.active for each in fresh):  # this reading's own is among them
            self._taken_at = None
            free = wording.bay_free()
            return [] if self._stage is None else [self._end(RULE, reading, free)]
        if self._taken_at is None:
            self._taken_at = max(each.threshold.begun for each in fresh)
            self._deaf_s = 0.0
        if not self._hears(at):
            self._deaf_s += elapsed_s
            if self._warned_at is not None:  # nor does the driver's time run
                self._warned_at += elapsed_s
            return []
        is_permitted = self._permit_at >= self._taken_at - BEFORE_S
        return [] if is_permitted else self._warn(reading, at - self._taken_at)

    def _warn(self, reading: Reading, stood_s: float) -> list[Detection]:
        """No permit: speak once it was given its time, and tell once the driver was."""
        if self._stage is None and stood_s - self._deaf_s >= self._config.permit_s:
            self._warned_at = reading.at
            return [self._tell(Stage.PREALARM, reading, wording.bay_warning())]
        if self._stage is not Stage.PREALARM or self._warned_at is None:
            return []
        if reading.at - self._warned_at < self._config.leave_s:
            return []
        why = joined(wording.bay_taken(stood_s), self._config.tell)
        return [self._tell(Stage.ALARM, reading, why)]

    def _hears(self, at: float) -> bool:
        return self._listened is not None and at - self._listened.at <= self._lost_s

    def _evidence(self, reading: Reading) -> tuple[Reading, ...]:
        seen = [each.last for each in self._watches.values() if each.last is not None]
        heard = [] if self._listened is None else [self._listened]
        return reading, *(each for each in (*seen, *heard) if each is not reading)

    def _tell(self, stage: Stage, reading: Reading, why: Why) -> Detection:
        self._stage = stage
        found = self._evidence(reading)
        is_local = stage is Stage.PREALARM
        return _detection(stage, self._place, RULE, found, why, is_local=is_local)

    def _end(self, rule: str, reading: Reading, why: Why) -> Detection:
        is_local = self._stage is Stage.PREALARM
        self._stage = self._warned_at = None
        return _detection(Stage.CLEARED, self._place, rule, (reading,), why, is_local=is_local)


def _detection(  # noqa: PLR0913  # a detection
    stage: Stage, place: str, rule: str, found: tuple[Reading, ...], why: Why, *, is_local: bool
) -> Detection:
    at = found[0].at
    return Detection(Hazard.INTRUSION, stage, place, rule, found, at, why, is_local=is_local)
