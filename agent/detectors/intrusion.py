"""Intrusion: somebody is there after closing time."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording as wording
from agent.detectors.calendar import Calendar, ClockTime
from agent.detectors.presence import Source
from agent.detectors.press import Presses
from agent.detectors.signs import says_somebody
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

TOGETHER_S = 120.0  # signs so far apart, or less, agree
APART_S = 3.0
_SEEN = frozenset({Quantity.MOTION, Quantity.PRESENCE, Quantity.PERSON_COUNT})

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class IntrusionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[intrusion]`. Closed from `closes` to `opens`, local time; the first `grace_s` do not count.

    `disarm` is a button: after it nothing is told until the next closing time. An incident is over
    at opening time, or when for `quiet_s` sensors have seen nobody.
    """

    closes: ClockTime
    opens: ClockTime
    grace_s: Annotated[float, Meta(ge=0, le=7200)] = 900.0
    entry_s: Annotated[float, Meta(ge=0, le=300)] = 30.0
    quiet_s: Annotated[float, Meta(ge=60, le=7200)] = 900.0
    disarm: Name | None = None
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.closes == self.opens:
            yield "`closes` is `opens` - at `$.intrusion`", "give the time it opens"
        seen = {quantity for each in sources.values() for quantity in each.quantities}
        if not seen & (_SEEN | {Quantity.CONTACT_OPEN}):
            yield "nothing shows who comes in - at `$.intrusion`", "add a door or motion sensor"
        button = sources.get(self.disarm or "")
        if self.disarm and (button is None or Quantity.BUTTON not in button.quantities):
            yield f"no button is named `{self.disarm}` - at `$.intrusion.disarm`", "name a button"


class IntrusionDetector:
    """A door, or motion twice, is a prealarm; two kinds of sign together are an alarm.

    Motion alone is never more than a prealarm: markets have cats. So is a door alone, and a radar
    alone is nothing. Where the time of day is not known nothing is claimed.
    """

    def __init__(self, config: IntrusionConfig, calendar: Calendar) -> None:
        self._config, self._calendar = config, calendar
        self._levels: dict[tuple[str, Quantity], bool] = {}
        self._signs: dict[Quantity, Reading] = {}  # the last sign of each kind
        self._moved: Reading | None = None  # motion, or the camera, for the first time
        self._stage: Stage | None = None
        self._rule = ""
        self._begun = 0.0
        self._is_off, self._presses = False, Presses()

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.sensor == self._config.disarm and reading.quantity is Quantity.BUTTON:
            return self._disarm(reading) if self._presses.update(reading) else []
        if reading.quantity not in _SEEN and reading.quantity is not Quantity.CONTACT_OPEN:
            return []
        if not self._is_closed(reading.at):
            return self._open(reading)
        source, level = (reading.sensor, reading.quantity), says_somebody(reading)
        before = self._levels.get(source)
        self._levels[source] = level
        if level and reading.quantity in _SEEN:
            self._signs[reading.quantity] = reading  # for as long as it lasts
        if level and before is False:
            self._signs[reading.quantity] = reading
            return self._judge(reading)
        return self._judge(reading) if level and self._stage else self._calm(reading)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def _is_closed(self, at: float) -> bool:
        closed = self._calendar.is_within(at, self._config.closes, self._config.opens)
        grace = self._calendar.is_within(at - self._config.grace_s, *self._hours())
        if closed is False:
            self._is_off = False
        return bool(closed) and bool(grace) and not self._is_off

    def _hours(self) -> tuple[ClockTime, ClockTime]:
        return self._config.closes, self._config.opens

    def _open(self, reading: Reading) -> list[Detection]:
        """It is open, or nobody knows; only the former ends an incident."""
        self._signs.clear()
        self._levels.clear()
        self._moved = None
        if self._calendar.local_s(reading.at) is None:
            return []
        return self._end(reading, self._rule, wording.quiet_again())

    def _disarm(self, reading: Reading) -> list[Detection]:
        self._is_off = self._calendar.is_within(reading.at, *self._hours()) is True
        return self._end(reading, "disarmed", wording.disarmed(reading.sensor))

    def _judge(self, reading: Reading) -> list[Detection]:
        recent = [r for r in self._signs.values() if reading.at - r.at <= TOGETHER_S]
        kinds = {each.quantity for each in recent}
        if self._stage is None:
            if rule := self._first_rule(reading):
                self._stage, self._rule, self._begun = Stage.PREALARM, rule, reading.at
                return [self._detection(tuple(recent), reading.at)]
            return []
        is_entered = reading.at - self._begun >= self._config.entry_s
        if self._stage is Stage.PREALARM and len(kinds) > 1 and is_entered:
            self._stage, self._rule = Stage.ALARM, "signs_agree"
            return [self._detection(tuple(recent), reading.at)]
        return []

    def _first_rule(self, reading: Reading) -> str:
        if reading.quantity is Quantity.CONTACT_OPEN:
            return "door_after_closing"
        if reading.quantity is Quantity.PRESENCE:
            return ""
        first, self._moved = self._moved, reading
        if first is not None and APART_S <= reading.at - first.at <= TOGETHER_S:
            return "motion_after_closing"
        return ""

    def _calm(self, reading: Reading) -> list[Detection]:
        """A sensor that sees nobody: it is over when none has seen anybody for long."""
        if self._stage is None or not self._signs:
            return []
        if reading.at - max(each.at for each in self._signs.values()) < self._config.quiet_s:
            return []
        return self._end(reading, self._rule, wording.quiet_again())

    def _end(self, reading: Reading, rule: str, why: Why) -> list[Detection]:
        if self._stage is None:
            return []
        self._stage, self._moved = None, None
        self._signs.clear()
        stage, found = Stage.CLEARED, (reading,)
        return [Detection(Hazard.INTRUSION, stage, PLACE, rule, found, reading.at, why)]

    def _detection(self, evidence: tuple[Reading, ...], at: float) -> Detection:
        clock = self._calendar.clock(at) or ""
        told = [_told(each, clock) for each in evidence]
        why = wording.joined(*told, self._config.tell)
        stage = self._stage or Stage.CLEARED
        return Detection(Hazard.INTRUSION, stage, PLACE, self._rule, evidence, at, why)


def _told(sign: Reading, clock: str) -> Why:
    if sign.quantity is Quantity.CONTACT_OPEN:
        return wording.opened_after_closing(sign.sensor, clock)
    return wording.after_closing(sign.sensor, clock)
