"""A zone that somebody shall not leave alone: the tag that a child or a wanderer carries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import public_wording as wording
from agent.care_wording import joined, perhaps_flat
from agent.detectors.calendar import Calendar, ClockTime
from agent.detectors.presence import LOST_READS, LOST_S, Source, inner_doors
from agent.detectors.press import Presses
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

ESCORT_S = 600.0  # who leaves within so long after the escort's button goes along with somebody
DOOR_S = 120.0  # a door opened this lately before the tag was last heard, or after: by that door
BACK_DB = 6.0  # stronger than the edge by so much: inside again

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class ZoneConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[zone]`. Which `tags` stay in reach, from `begins` to `ends` local time, or always.

    Out of reach, or weaker than `edge_dbm`, for `gone_s`: it speaks, and tells (prealarm); so for
    `return_s` more, or at once if a door was just opened: an alarm. Back is heard for `back_s`.
    `escort` is the button that whoever goes out along presses first. A tag counts once it was in
    the zone for `settle_s`. `tell` says who is told of an alarm.
    """

    tags: Annotated[list[Name], Meta(min_length=1, max_length=32)]
    begins: ClockTime = "00:00"
    ends: ClockTime = "00:00"
    gone_s: Annotated[float, Meta(ge=15, le=600)] = 40.0
    return_s: Annotated[float, Meta(ge=15, le=1800)] = 60.0
    back_s: Annotated[float, Meta(ge=0, le=300)] = 15.0
    settle_s: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    edge_dbm: Annotated[float, Meta(ge=-100, le=-40)] | None = None
    escort: Name | None = None
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        for n, name in enumerate(self.tags):
            source, place = sources.get(name), f"`$.zone.tags[{n}]`"
            if source is None or Quantity.TAG_PRESENT not in source.quantities:
                problem = f"no tag is named `{name}` - at {place}"
                yield problem, "add a `[[sensors]]` with driver `ble_tag`"
            elif self.gone_s < 2 * source.every_s:
                problem = f"`gone_s` is below two reads of `{name}` - at `$.zone.gone_s`"
                yield problem, f"{2 * source.every_s:g} s or more, or ask the tag more often"
        button = sources.get(self.escort or "")
        if self.escort and (button is None or Quantity.BUTTON not in button.quantities):
            yield f"no button is named `{self.escort}` - at `$.zone.escort`", "name a button"


@dataclass(slots=True, eq=False)
class _Tag:
    """Where one tag is: since when it is inside, and when it was last, in monotonic s."""

    entered: float | None = None  # None while it is out
    inside_at: float = float("-inf")
    out_at: float = float("-inf")  # the first read of those without it
    heard_at: float = float("-inf")  # the last read of the receiver, with it or without
    counts: bool = False  # it was inside for long enough to be missed
    with_escort: bool = False
    stage: Stage | None = None
    rule: str = ""


class ZoneDetector:
    """One incident a tag. Readings alone decide: a receiver that is silent finds nobody gone.

    A flat battery, a tag wrapped in a coat and one that left read alike, so the sentence says so.
    Where the time of day is not known the zone is watched.
    """

    def __init__(
        self, config: ZoneConfig, sources: Mapping[str, Source], calendar: Calendar
    ) -> None:
        self._config, self._calendar = config, calendar
        self._inner = inner_doors(sources)
        self._tags = {name: _Tag() for name in config.tags}
        self._every_s = {name: sources[name].every_s for name in config.tags}
        self._is_open: dict[str, bool] = {}
        self._opened: Reading | None = None
        self._escorted = float("-inf")
        self._presses = Presses()

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        quantity = reading.quantity
        if quantity is Quantity.CONTACT_OPEN and reading.sensor not in self._inner:
            self._follow_door(reading)
        elif quantity is Quantity.BUTTON and reading.sensor == self._config.escort:
            return self._escort(reading) if self._presses.update(reading) else []
        elif reading.sensor in self._tags:
            is_in = self._is_inside(reading)
            if is_in is not None:
                found = self._enter(reading) if is_in else self._leave(reading)
                self._tags[reading.sensor].heard_at = reading.at
                return found
        return []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def _is_inside(self, reading: Reading) -> bool | None:
        """Where this reading puts the tag; None: it does not say."""
        edge_dbm = self._config.edge_dbm
        if reading.quantity is Quantity.TAG_PRESENT:
            if reading.value < 0.5:
                return False
            return True if edge_dbm is None else None  # its strength, the same read, says more
        if edge_dbm is None or reading.quantity is not Quantity.TAG_RSSI_DBM:
            return None
        if self._tags[reading.sensor].entered is None:
            return reading.value >= edge_dbm + BACK_DB
        return reading.value >= edge_dbm

    def _follow_door(self, reading: Reading) -> None:
        before = self._is_open.get(reading.sensor)
        now = self._is_open[reading.sensor] = reading.value >= 0.5
        if now and before is False:
            self._opened = reading

    def _escort(self, reading: Reading) -> list[Detection]:
        """Who is out already is out with somebody."""
        self._escorted = reading.at
        found = []
        for name, tag in self._tags.items():
            if tag.entered is None:
                tag.with_escort = True
            if tag.stage is not None:
                why = wording.escorted(reading.sensor)
                found.append(self._end(name, "escorted", reading, why))
        return found

    def _enter(self, reading: Reading) -> list[Detection]:
        tag = self._tags[reading.sensor]
        tag.entered = reading.at if tag.entered is None else tag.entered
        tag.inside_at = reading.at
        inside_s = reading.at - tag.entered
        tag.counts |= inside_s >= self._config.settle_s
        if inside_s < self._config.back_s:
            return []
        tag.with_escort = False
        if tag.stage is None:
            return []
        return [self._end(reading.sensor, tag.rule, reading, wording.back_in_zone(reading.sensor))]

    def _leave(self, reading: Reading) -> list[Detection]:
        tag = self._tags[reading.sensor]
        if tag.entered is not None:
            tag.entered, tag.out_at = None, reading.at
            tag.with_escort |= tag.inside_at - self._escorted <= ESCORT_S
            return []  # one read alone is a body between tag and receiver
        every_s, unheard_s = self._every_s[reading.sensor], reading.at - tag.heard_at
        if unheard_s > max(LOST_S, LOST_READS * every_s):  # nobody listened: not gone for longer
            tag.out_at = min(reading.at, tag.out_at + unheard_s)
        gone_s = reading.at - max(tag.inside_at, tag.out_at - every_s)
        if not tag.counts or tag.with_escort or gone_s < self._config.gone_s:
            return []
        if tag.stage is None and not self._is_watched(reading.at):
            tag.counts = False  # out of hours: it went home
            return []
        return self._judge(tag, reading, gone_s)

    def _judge(self, tag: _Tag, reading: Reading, gone_s: float) -> list[Detection]:
        told = wording.out_of_zone(reading.sensor, gone_s)
        look = joined(perhaps_flat(), wording.look_for_them())
        opened = self._opened
        if tag.stage is Stage.ALARM:
            return []
        if opened is not None and opened.at >= tag.inside_at - DOOR_S:
            why = joined(told, wording.by_door(opened.sensor), look, self._config.tell)
            return [self._tell(tag, Stage.ALARM, "left_by_door", (reading, opened), why)]
        if gone_s >= self._config.gone_s + self._config.return_s:
            why = joined(told, look, self._config.tell)
            return [self._tell(tag, Stage.ALARM, "left_zone", (reading,), why)]
        if tag.stage is None:
            why = joined(told, look)
            return [self._tell(tag, Stage.PREALARM, "out_of_zone", (reading,), why)]
        return []

    def _is_watched(self, at: float) -> bool:
        config = self._config
        return self._calendar.is_within(at, config.begins, config.ends) is not False

    def _tell(
        self, tag: _Tag, stage: Stage, rule: str, found: tuple[Reading, ...], why: Why
    ) -> Detection:
        tag.stage, tag.rule = stage, rule
        decided = found[0]
        return Detection(Hazard.WANDERING, stage, decided.sensor, rule, found, decided.at, why)

    def _end(self, name: str, rule: str, reading: Reading, why: Why) -> Detection:
        tag = self._tags[name]
        tag.stage, tag.rule = None, ""
        return Detection(Hazard.WANDERING, Stage.CLEARED, name, rule, (reading,), reading.at, why)
