"""Night wandering: a door opens while the bed is empty; a tag leaves its zone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent import care_wording as wording
from agent.detectors.calendar import Calendar, ClockTime
from agent.detectors.presence import LOST_READS, LOST_S, Source, inner_doors
from agent.detectors.press import Presses
from agent.detectors.signs import says_somebody
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

SLEPT_S = 7200.0  # who lay for so long and got up lately is up at night, whatever the time
LEFT_BED_S = 1800.0
ESCORT_S = 600.0  # after the escort's button
DOOR_BEFORE_S = 900.0  # a door this lately, and the tag is gone: it left by the door

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class WanderingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[wandering]`. Night is from `begins` to `ends`, local time.

    A door opened at night speaks at once; it is an alarm when after `return_s` nobody has come
    back. A tag unheard for `tag_gone_s` is told as gone, `always` or only at night, and is an alarm
    if a door had just been opened. `escort` is a button that whoever goes out along presses first.
    `tell` says who is told of an alarm; before that the device speaks to who is at the door.
    """

    begins: ClockTime = "22:00"
    ends: ClockTime = "06:00"
    return_s: Annotated[float, Meta(ge=30, le=1800)] = 180.0
    tag_gone_s: Annotated[float, Meta(ge=30, le=3600)] = 120.0
    tag_when: Literal["always", "night"] = "always"
    escort: Name | None = None
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        seen = {quantity for each in sources.values() for quantity in each.quantities}
        if not seen & {Quantity.CONTACT_OPEN, Quantity.TAG_PRESENT}:
            problem = "neither a door nor a tag shows who leaves - at `$.wandering`"
            yield problem, "add a `[[sensors]]` with driver `door` or `ble_tag`"
        button = sources.get(self.escort or "")
        if self.escort and (button is None or Quantity.BUTTON not in button.quantities):
            yield f"no button is named `{self.escort}` - at `$.wandering.escort`", "name a button"


@dataclass(slots=True, eq=False)
class _Level:
    """The last reading of a contact, bed or tag, since when it stands so, and what it was."""

    reading: Reading
    since: float
    stood_s: float = 0.0  # how long the level before had stood

    def is_on(self) -> bool:
        return says_somebody(self.reading)


class WanderingDetector:
    """Two kinds of incident: who left by a door at night (the place), and a tag (its name).

    An occupied bed explains a door; a bed that is not heard explains nothing. Only who is seen
    back ends an incident: the bed, the tag, or motion behind a shut door.
    """

    def __init__(
        self, config: WanderingConfig, sources: Mapping[str, Source], calendar: Calendar
    ) -> None:
        self._config, self._sources, self._calendar = config, sources, calendar
        self._inner = inner_doors(sources)
        self._doors: dict[str, _Level] = {}
        self._beds: dict[str, _Level] = {}
        self._tags: dict[str, _Level] = {}
        self._motion: dict[str, bool] = {}
        self._opened: Reading | None = None  # the door of the incident, or the last one
        self._seen_back = 0
        self._escorted = float("-inf")
        self._presses = Presses()
        self._stages: dict[str, Stage] = {}
        self._rules: dict[str, str] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        quantity = reading.quantity
        if quantity is Quantity.CONTACT_OPEN and reading.sensor not in self._inner:
            opened = _follow(self._doors, reading) and says_somebody(reading)
            return self._open(reading) if opened else []
        if quantity is Quantity.BED_OCCUPIED:
            entered = _follow(self._beds, reading) and says_somebody(reading)
            return self._end(PLACE, reading) if entered else []
        if quantity is Quantity.TAG_PRESENT:
            _follow(self._tags, reading)
            return self._hear(reading)
        if quantity is Quantity.MOTION:
            return self._move(reading)
        if reading.sensor == self._config.escort and quantity is Quantity.BUTTON:
            return self._escort(reading) if self._presses.update(reading) else []
        return []

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now`: who has not come back is gone."""
        opened = self._opened
        if self._stages.get(PLACE) is not Stage.PREALARM or opened is None:
            return []
        if now - opened.at < self._config.return_s:
            return []
        told = self._door_why(opened)
        why = wording.joined(told, wording.gone_out(now - opened.at), wording.go_and_look())
        return [self._tell(PLACE, Stage.ALARM, "night_exit", (opened,), at=now, why=why)]

    def _escort(self, reading: Reading) -> list[Detection]:
        self._escorted = reading.at
        return self._end(PLACE, reading)

    def _open(self, reading: Reading) -> list[Detection]:
        self._opened, self._seen_back = reading, 0
        if PLACE in self._stages or not self._is_night(reading.at):
            return []
        if self._is_in_bed(reading.at) or reading.at - self._escorted <= ESCORT_S:
            return []
        why = wording.joined(self._door_why(reading), wording.stay_in())
        beds = tuple(bed.reading for bed in self._beds.values())
        found = (reading, *beds)
        return [self._tell(PLACE, Stage.PREALARM, "night_door", found, at=reading.at, why=why)]

    def _move(self, reading: Reading) -> list[Detection]:
        """Motion behind a shut door: twice, for the one who shut it is seen too."""
        before = self._motion.get(reading.sensor, False)
        now = self._motion[reading.sensor] = says_somebody(reading)
        if PLACE not in self._stages or not now or before:
            return []
        if any(door.is_on() for door in self._doors.values()):
            return []
        shut_at = max((door.since for door in self._doors.values()), default=reading.at)
        self._seen_back += reading.at - shut_at > 5.0
        return self._end(PLACE, reading) if self._seen_back > 1 else []

    def _hear(self, reading: Reading) -> list[Detection]:
        tag, level = reading.sensor, self._tags[reading.sensor]
        if level.is_on():
            return self._end(tag, reading)
        gone_s = reading.at - level.since
        if gone_s < self._config.tag_gone_s or not self._is_tag_missed(level, reading.at):
            return []
        if self._stages.get(tag) is Stage.ALARM:
            return []
        told, request = wording.tag_gone(tag, gone_s), wording.go_and_look()
        opened = self._opened
        if opened is not None and level.since - opened.at <= DOOR_BEFORE_S:
            why = wording.joined(told, self._door_why(opened), request)
            found = (reading, opened)
            return [self._tell(tag, Stage.ALARM, "tag_left", found, at=reading.at, why=why)]
        if tag in self._stages:
            return []
        why = wording.joined(told, wording.perhaps_flat(), request)
        return [self._tell(tag, Stage.PREALARM, "tag_gone", (reading,), at=reading.at, why=why)]

    def _is_tag_missed(self, tag: _Level, at: float) -> bool:
        """Whether it is to be told that this tag is gone: not if it left with an escort."""
        if tag.since - self._escorted <= ESCORT_S:
            return False
        return self._config.tag_when == "always" or self._is_night(at)

    def _is_night(self, at: float) -> bool:
        """By the clock; where nobody knows the time, by who slept and got up lately."""
        night = self._calendar.is_within(at, self._config.begins, self._config.ends)
        if night is not None:
            return night
        return any(
            not bed.is_on() and bed.stood_s >= SLEPT_S and at - bed.since <= LEFT_BED_S
            for bed in self._beds.values()
        )

    def _is_in_bed(self, at: float) -> bool:
        """Whether a bed that is heard says that somebody lies in it."""
        return any(
            bed.is_on() and at - bed.reading.at <= self._lost_s(name)
            for name, bed in self._beds.items()
        )

    def _lost_s(self, name: str) -> float:
        source = self._sources.get(name)
        return max(LOST_S, LOST_READS * source.every_s) if source is not None else 300.0

    def _door_why(self, opened: Reading) -> Why:
        clock = self._calendar.clock(opened.at)
        return wording.night_door(opened.sensor, clock, bed=bool(self._beds))

    def _end(self, subject: str, reading: Reading) -> list[Detection]:
        if subject not in self._stages:
            return []
        rule, why = self._rules[subject], wording.back_again()
        return [self._tell(subject, Stage.CLEARED, rule, (reading,), at=reading.at, why=why)]

    def _tell(  # noqa: PLR0913  # a detection
        self,
        subject: str,
        stage: Stage,
        rule: str,
        evidence: tuple[Reading, ...],
        *,
        at: float,
        why: Why,
    ) -> Detection:
        if stage is Stage.CLEARED:
            del self._stages[subject], self._rules[subject]
        else:
            self._stages[subject], self._rules[subject] = stage, rule
            tell = self._config.tell if stage is Stage.ALARM else None
            why = wording.joined(why, tell)
        return Detection(Hazard.WANDERING, stage, subject, rule, evidence, at, why)


def _follow(levels: dict[str, _Level], reading: Reading) -> bool:
    """Take the reading in; tell whether the level changed. The first one changes nothing."""
    level = levels.get(reading.sensor)
    if level is None:
        levels[reading.sensor] = _Level(reading, reading.at)
        return False
    if level.is_on() == says_somebody(reading):
        level.reading = reading
        return False
    stood_s = reading.at - level.since
    levels[reading.sensor] = _Level(reading, reading.at, stood_s)
    return True
