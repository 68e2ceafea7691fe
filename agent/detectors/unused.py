"""No water used for too long, at a home where somebody lives: a sign of trouble."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording, town_wording
from agent.detectors.calendar import Calendar
from agent.detectors.derived import Derived
from agent.detectors.presence import Source
from agent.detectors.press import Presses
from agent.detectors.threshold import STALE_S
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

SUBJECT = "water"
WITHIN_S = 600.0  # one use: a flush, a meal, a wash
HOUR_S = 3600.0

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
Hours = Annotated[float, Meta(ge=6, le=336)]


class UnusedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[unused]`. All in hours but `use_l`: so many litres within ten minutes are a use.

    Less is a drip, which no hand opened. After `prealarm_h` without a use somebody may ring up,
    after `alarm_h` somebody goes there. `away_button` sets "away" for `by_hand_h` at most, and so
    does the hub by its command; the next use ends it. `tell` is a sentence: who is to be told.
    """

    use_l: Annotated[float, Meta(gt=0, le=1000)] = 3.0
    prealarm_h: Hours = 24.0
    alarm_h: Hours = 36.0
    away_button: Name | None = None
    by_hand_h: Annotated[float, Meta(ge=1, le=720)] = 72.0
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.prealarm_h > self.alarm_h:
            yield "`prealarm_h` is above `alarm_h` - at `$.unused`", "lower `prealarm_h`"
        if not any(Quantity.WATER_L in each.quantities for each in sources.values()):
            yield "nothing counts water - at `$.unused`", "add one with driver `water_meter`"
        button = sources.get(self.away_button or "")
        if self.away_button and (button is None or Quantity.BUTTON not in button.quantities):
            problem = f"no button is named `{self.away_button}` - at `$.unused.away_button`"
            yield problem, "name a button"


@dataclass(slots=True, eq=False)
class Uses:
    """Tells uses from drips, by a counter's litres at times in s."""

    use_l: float
    _counts: deque[tuple[float, float]] = field(default_factory=deque, init=False)

    def update(self, litres: float, at: float) -> bool:
        """Take the counter in; tell whether there was a use in the last ten minutes."""
        counts = self._counts
        if counts and (litres < counts[-1][1] or at - counts[-1][0] > STALE_S):
            counts.clear()  # set anew, or not heard for long: a drip alone comes to that much
        if len(counts) > 1 and at - counts[-2][0] < WITHIN_S / 60:
            counts.pop()
        counts.append((at, litres))
        while len(counts) > 2 and at - counts[1][0] >= WITHIN_S:
            counts.popleft()
        return litres - counts[0][1] >= self.use_l


class UnusedDetector:
    """One incident, `water`: a prealarm, then an alarm; a use, a button or "away" ends it.

    Time counts while a meter is heard. With several meters a use of any is one.
    """

    def __init__(self, config: UnusedConfig, calendar: Calendar) -> None:
        self._config, self._calendar = config, calendar
        self._uses: dict[str, Uses] = {}
        self._unused_s = 0.0
        self._heard: float | None = None  # when a meter was heard last
        self._used: Reading | None = None  # the last that was a use
        self._away_until: float | None = None
        self._stage: Stage | None = None
        self._presses = Presses()

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is Quantity.AWAY_H:
            return self._obey_hub(reading)
        if reading.quantity is Quantity.BUTTON:
            return self._press(reading)
        if reading.quantity is not Quantity.WATER_L:
            return []
        uses = self._uses.setdefault(reading.sensor, Uses(self._config.use_l))
        is_used = uses.update(reading.value, reading.at)
        passed_s = 0.0 if self._heard is None else reading.at - self._heard
        self._heard = reading.at
        if is_used:
            self._used, self._away_until = reading, None
            return self._end("used", reading, town_wording.water_used())
        if self._away_until is not None and reading.at < self._away_until:
            return []
        if self._away_until is not None:
            self._away_until = None
            self._unused_s = 0.0
        self._unused_s += passed_s if passed_s <= STALE_S else 0.0
        return self._judge(reading)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def derived(self) -> Iterator[Derived]:
        """Give for how many hours no water was used."""
        if self._heard is not None:
            yield Derived(SUBJECT, "UNUSED_H", self._unused_s / HOUR_S, self._heard)

    def _judge(self, reading: Reading) -> list[Detection]:
        config, stage = self._config, self._stage
        if self._unused_s >= HOUR_S * config.alarm_h:
            stage = Stage.ALARM
        elif self._unused_s >= HOUR_S * config.prealarm_h:
            stage = stage or Stage.PREALARM
        if stage is None or stage is self._stage:
            return []
        self._stage = stage
        since = None if self._used is None else self._calendar.clock(self._used.at)
        is_alarm = stage is Stage.ALARM
        asked = care_wording.go_and_look() if is_alarm else town_wording.ring_up()
        told = town_wording.unused(self._unused_s, since)
        why = care_wording.joined(told, asked, config.tell)
        return [self._detection(stage, "no_water_used", reading, why)]

    def _press(self, reading: Reading) -> list[Detection]:
        if not self._presses.update(reading):
            return []
        if reading.sensor == self._config.away_button:
            return self._go_away("away_by_hand", HOUR_S * self._config.by_hand_h, reading)
        self._away_until = None
        return self._end("pressed", reading, care_wording.alive(reading.sensor))

    def _obey_hub(self, reading: Reading) -> list[Detection]:
        if reading.value > 0:
            return self._go_away("away_by_hub", HOUR_S * reading.value, reading)
        self._away_until = None
        return self._end("home_by_hub", reading, care_wording.at_home())

    def _go_away(self, rule: str, for_s: float, reading: Reading) -> list[Detection]:
        self._away_until = reading.at + for_s
        return self._end(rule, reading, care_wording.away())

    def _end(self, rule: str, reading: Reading, why: Why) -> list[Detection]:
        """Count anew from now on; end the incident, if there is one."""
        self._unused_s = 0.0
        if self._stage is None:
            return []
        self._stage = None
        return [self._detection(Stage.CLEARED, rule, reading, why)]

    def _detection(self, stage: Stage, rule: str, reading: Reading, why: Why) -> Detection:
        seen = [reading, self._used] if stage is not Stage.CLEARED else [reading]
        evidence = tuple(dict.fromkeys(each for each in seen if each is not None))
        return Detection(Hazard.INACTIVITY, stage, SUBJECT, rule, evidence, reading.at, why)
