"""A street by the hour: what was measured, told each hour, and hours that are over a limit."""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import hourly_wording as wording
from agent.detectors.calendar import Calendar
from agent.detectors.derived import Derived
from agent.detectors.presence import Source
from agent.values import HOURLY, Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

HOUR_S, MINUTES = 3600.0, 60
LATE_S = 60.0  # a reading may come so late, or a clock be set back by so much: no other hour
DAY_FROM, DAY_TO = "06:00", "22:00"

# what is told of, by whose hazard; levels of sound are means of their energy, or the highest
TOLD: Mapping[Hazard, tuple[Quantity, ...]] = {
    Hazard.AIR: (
        Quantity.PM10_UG_M3,
        Quantity.PM2_5_UG_M3,
        Quantity.CO2_PPM,
        Quantity.VOC_INDEX,
        Quantity.TVOC_PPB,
    ),
    Hazard.CLIMATE: (
        Quantity.TEMPERATURE_C,
        Quantity.RELATIVE_HUMIDITY_PCT,
        Quantity.PRESSURE_HPA,
    ),
    Hazard.NOISE: (Quantity.SOUND_LAEQ_DBA, Quantity.SOUND_LAF_DBA),
}
_HAZARDS = {quantity: hazard for hazard, those in TOLD.items() for quantity in those}

Limit = Annotated[float, Meta(gt=0, le=100_000)]


class HourLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hourly means at or above `prealarm`, or `alarm`, for `hours` in a row; over below `fall`."""

    prealarm: Limit
    alarm: Limit | None = None
    fall: Limit
    hours: Annotated[int, Meta(ge=1, le=24)] = 2


class NoiseLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hourly equivalent levels above `day_dba` (06 to 22 h) or `night_dba`, for `hours` in a row.

    Over when an hour is `fall_db` below its limit. Without a time of day the higher limit holds.
    """

    day_dba: Annotated[float, Meta(ge=40, le=120)] = 68.0
    night_dba: Annotated[float, Meta(ge=40, le=120)] = 58.0
    fall_db: Annotated[float, Meta(ge=0.5, le=20)] = 3.0
    hours: Annotated[int, Meta(ge=1, le=24)] = 1


class HourlyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[hourly]`: an event for each hazard and hour; limits where they are given.

    Particles as the alerts of the Korean Clean Air Conservation Act: hourly means of 150 and 300
    (PM10) or 75 and 150 µg/m³ (PM2.5) for two hours. An hour counts when `valid_pct` of its minutes
    were measured.
    """

    heat_c: HourLimit | None = None
    pm10: HourLimit | None = HourLimit(prealarm=150.0, alarm=300.0, fall=100.0)
    pm2_5: HourLimit | None = HourLimit(prealarm=75.0, alarm=150.0, fall=35.0)
    voc_index: HourLimit | None = None
    noise: NoiseLimit | None = None
    valid_pct: Annotated[float, Meta(ge=50, le=100)] = 75.0
    tell: Why | None = None

    def limits(self) -> dict[Quantity, HourLimit]:
        """The limit of each quantity; noise has its own."""
        found = {
            Quantity.TEMPERATURE_C: self.heat_c,
            Quantity.PM10_UG_M3: self.pm10,
            Quantity.PM2_5_UG_M3: self.pm2_5,
            Quantity.VOC_INDEX: self.voc_index,
        }
        return {quantity: each for quantity, each in found.items() if each is not None}

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        for quantity, each in self.limits().items():
            alarm = each.prealarm if each.alarm is None else each.alarm
            if not each.fall < each.prealarm <= alarm:
                problem = f"the limits of {quantity} do not rise - at `$.hourly`"
                yield problem, "give `fall` below `prealarm`, and `alarm` not below it"
        seen = {quantity for each in sources.values() for quantity in each.quantities}
        if not seen & _HAZARDS.keys():
            yield "nothing here is told by the hour - at `$.hourly`", "add a sensor of the air"


@dataclass(slots=True, eq=False)
class Channel:
    """One quantity of one sensor: the hour under way, and what its last hours were."""

    reading: Reading  # the last
    sum: float = 0.0
    highest: float = -math.inf
    count: int = 0
    minutes: set[int] = field(default_factory=set)
    past: deque[float] = field(default_factory=lambda: deque(maxlen=24))  # beyond each's own limit
    stage: Stage | None = None

    def add(self, reading: Reading, minute: int) -> None:
        """Take a reading in, of this minute of the hour."""
        self.reading = reading
        is_sound = reading.quantity is Quantity.SOUND_LAEQ_DBA
        self.sum += 10 ** (reading.value / 10) if is_sound else reading.value
        self.highest = max(self.highest, reading.value)
        self.count += 1
        self.minutes.add(minute)

    def close(self, valid_pct: float) -> float | None:
        """Give what the hour was, if enough of it was measured, and begin the next."""
        is_valid = 100 * len(self.minutes) >= valid_pct * MINUTES
        level = self.level if self.count else math.nan
        self.sum, self.highest, self.count = 0.0, -math.inf, 0
        self.minutes.clear()
        if not is_valid:
            self.past.clear()  # hours in a row are hours that were measured
            return None
        return level

    @property
    def level(self) -> float:
        """The mean, of sound the equivalent level; of F levels the highest."""
        if self.reading.quantity is Quantity.SOUND_LAF_DBA:
            return self.highest
        mean = self.sum / self.count
        is_sound = self.reading.quantity is Quantity.SOUND_LAEQ_DBA
        return 10 * math.log10(mean) if is_sound else mean


class HourlyDetector:
    """Hours of the clock where the time is known, else of the device's own running.

    A summary is an event that ends an hour: stage `cleared`, rule and subject `hour`. It begins
    nothing, so it sounds and lights nothing. A limit is an incident for each sensor and quantity.
    """

    def __init__(self, config: HourlyConfig, calendar: Calendar) -> None:
        self._config, self._calendar = config, calendar
        self._limits = config.limits()
        self._channels: dict[tuple[str, Quantity], Channel] = {}
        self._hour: int | None = None
        self._shown: dict[tuple[str, Quantity], Derived] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity not in _HAZARDS:
            return []
        found = self._turn(reading.at)
        key = reading.sensor, reading.quantity
        channel = self._channels.setdefault(key, Channel(reading))
        channel.add(reading, int(self._clock_s(reading.at) % HOUR_S // 60))
        return found

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now`: an hour is over also where nothing more is heard."""
        return self._turn(now)

    def derived(self) -> Iterator[Derived]:
        """Give what each channel was in the last hour."""
        yield from self._shown.values()

    def _clock_s(self, at: float) -> float:
        local_s = self._calendar.local_s(at)
        return at if local_s is None else local_s

    def _turn(self, at: float) -> list[Detection]:
        """Close the hour, if it is over."""
        clock_s, before = self._clock_s(at), self._hour
        hour = int(clock_s // HOUR_S)
        if before is not None and 0 < HOUR_S * before - clock_s <= LATE_S:
            return []
        self._hour = hour
        if before is None or before == hour:
            return []
        found: list[Detection] = []
        measured: dict[Hazard, list[Reading]] = {}
        for (sensor, quantity), channel in self._channels.items():
            if (level := channel.close(self._config.valid_pct)) is None:
                continue
            reading = Reading(sensor, quantity, round(level, 1), channel.reading.at)
            measured.setdefault(_HAZARDS[quantity], []).append(reading)
            self._shown[sensor, quantity] = Derived(sensor, f"{quantity}_HOUR", level, at)
            found += self._judge(channel, reading, at)
        is_next = hour == before + 1  # else the clock was just set
        clock = self._calendar.clock(at - HOUR_S) if is_next else None
        since = None if clock is None else f"{clock[:2]}:00"
        for hazard, readings in measured.items():
            readings.sort(key=lambda each: TOLD[_HAZARDS[each.quantity]].index(each.quantity))
            why = wording.hour(since, [(each.quantity, each.value) for each in readings])
            over, evidence = Stage.CLEARED, tuple(readings)
            found.append(Detection(hazard, over, HOURLY, HOURLY, evidence, at, why))
        return found

    def _judge(self, channel: Channel, reading: Reading, at: float) -> list[Detection]:
        """Hold the last hours to their limit."""
        if reading.quantity is Quantity.SOUND_LAEQ_DBA and self._config.noise is not None:
            limit, level = self._noise_limit(self._config.noise, at), reading.value
        elif (found := self._limits.get(reading.quantity)) is not None:
            limit, level = found, reading.value
        else:
            return []
        channel.past.append(level - limit.prealarm)  # noise has another limit at night
        past = list(channel.past)[-limit.hours :]
        beyond = min(past) if len(past) == limit.hours else -math.inf
        stage = channel.stage
        if limit.alarm is not None and beyond >= limit.alarm - limit.prealarm:
            stage = Stage.ALARM
        elif beyond >= 0:
            stage = stage or Stage.PREALARM
        elif level < limit.fall:
            stage = None
        if stage is channel.stage:
            return []
        channel.stage = stage
        subject, rule = f"{reading.sensor} {reading.quantity} hourly", "hourly_mean"
        hazard = _HAZARDS[reading.quantity]
        if stage is None:
            why = wording.within_limit(reading.quantity, level)
            return [Detection(hazard, Stage.CLEARED, subject, rule, (reading,), at, why)]
        shown = limit.alarm if stage is Stage.ALARM and limit.alarm else limit.prealarm
        told = wording.over_limit(reading.quantity, level, shown, limit.hours)
        why = wording.joined(told, self._config.tell)
        return [Detection(hazard, stage, subject, rule, (reading,), at, why)]

    def _noise_limit(self, noise: NoiseLimit, at: float) -> HourLimit:
        """That of the hour which is over."""
        is_day = self._calendar.is_within(at - HOUR_S / 2, DAY_FROM, DAY_TO)
        dba = noise.night_dba if is_day is False else noise.day_dba
        if is_day is None:
            dba = max(noise.day_dba, noise.night_dba)
        return HourLimit(prealarm=dba, fall=dba - noise.fall_db, hours=noise.hours)
