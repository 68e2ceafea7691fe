"""Heat and cold that are a strain on people in a room, over hours."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording as wording
from agent.detectors.derived import Derived
from agent.detectors.presence import Source
from agent.detectors.threshold import HeldThreshold
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

HOUR_S = 3600.0
CLEAR_S = 1800.0
SMOOTH_S = 900.0  # of the air's temperature, against doors and draughts
FIRE_RISE_C = 6.0  # so far above the last quarter of an hour is no weather
FIRE_C = 50.0
HUMIDITY_FRESH_S = 900.0
ASSUMED_PCT = 50.0  # of humidity, where none is measured

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class Strain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prealarm and alarm limits in °C, and for how many hours each must last."""

    prealarm_c: Annotated[float, Meta(ge=0, le=45)]
    prealarm_h: Annotated[float, Meta(ge=0.1, le=24)]
    alarm_c: Annotated[float, Meta(ge=0, le=45)]
    alarm_h: Annotated[float, Meta(ge=0.1, le=24)]


HEAT = Strain(prealarm_c=33.0, prealarm_h=2.0, alarm_c=35.0, alarm_h=1.0)
COLD = Strain(prealarm_c=18.0, prealarm_h=8.0, alarm_c=16.0, alarm_h=4.0)


class ClimateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[climate]`. `heat` is in felt temperature, `cold` in air temperature; 1 °C of hysteresis.

    33 and 35 °C felt are the limits of the Korea Meteorological Administration's heat advisory and
    warning; 18 °C is the least for health (WHO Housing and health guidelines, 2018), 16 °C that
    below which airways suffer (Collins, 1986). `sensors` names the room's own thermometers; without
    it they are those that measure humidity too, for a thermometer on a plug is no weather. Where a
    room's humidity is not heard for a quarter of an hour 50 % is assumed, and the event says so.
    """

    heat: Strain = HEAT
    cold: Strain = COLD
    sensors: list[Name] = []
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.heat.alarm_c < self.heat.prealarm_c:
            yield "`alarm_c` is below `prealarm_c` - at `$.climate.heat`", "raise `alarm_c`"
        if self.cold.alarm_c > self.cold.prealarm_c:
            yield "`alarm_c` is above `prealarm_c` - at `$.climate.cold`", "lower `alarm_c`"
        both = {Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT}
        if not self.sensors and not any(both <= each.quantities for each in sources.values()):
            problem = "no sensor measures temperature and humidity - at `$.climate`"
            yield problem, "name a thermometer in `sensors`, or add one with driver `sht4x`"
        for name in self.sensors:
            if name not in sources or Quantity.TEMPERATURE_C not in sources[name].quantities:
                problem = f"no thermometer is named `{name}` - at `$.climate.sensors`"
                yield problem, "name one of the sensors"


def wet_bulb_c(air_c: float, humidity_pct: float) -> float:
    """Wet-bulb temperature in °C: Stull, J. Appl. Meteorol. Climatol. 50, 2267 (2011), eq. 1.

    Within 1 °C for 5 to 99 % and -20 to 50 °C; the humidity is cut to that.
    """
    rh = min(max(humidity_pct, 5.0), 99.0)
    return (
        air_c * math.atan(0.151977 * math.sqrt(rh + 8.313659))
        + math.atan(air_c + rh)
        - math.atan(rh - 1.676331)
        + 0.00391838 * rh * math.sqrt(rh) * math.atan(0.023101 * rh)
        - 4.686035
    )


def felt_c(air_c: float, humidity_pct: float) -> float:
    """Felt temperature in °C, as the Korea Meteorological Administration's for summer (2022)."""
    wet = wet_bulb_c(air_c, humidity_pct)
    return -0.2442 + 0.55399 * wet + 0.45535 * air_c - 0.0022 * wet**2 + 0.00278 * wet * air_c + 3.0


@dataclass(slots=True, eq=False)
class _Stress:
    """Heat or cold of one room: two levels that must last."""

    name: str
    prealarm: HeldThreshold
    alarm: HeldThreshold
    stage: Stage | None = None

    def update(self, level: float, at: float) -> Stage | None:
        """Take the level in; give the stage that is new."""
        self.prealarm.update(level, at)
        self.alarm.update(level, at)
        if self.alarm.active:
            found: Stage | None = Stage.ALARM
        elif self.prealarm.active:
            found = self.stage or Stage.PREALARM  # an alarm is over when all of it is
        else:
            found = None if self.stage is None else Stage.CLEARED
        if found is self.stage:
            return None
        self.stage = None if found is Stage.CLEARED else found
        return found

    def lasted_s(self, at: float) -> float:
        """For how long it has lasted, in s."""
        which = self.alarm if self.stage is Stage.ALARM else self.prealarm
        return at - which.begun


@dataclass(slots=True, eq=False)
class _Room:
    """One thermometer, its smoothed air in °C and what it feels like; `begun` at its first."""

    heat: _Stress
    cold: _Stress
    begun: float
    air_c: float | None = None
    felt_c: float | None = None
    at: float = field(default=0.0)


class ClimateDetector:
    """An incident for each room and kind: heat by what it feels like, cold by the air.

    Held thresholds over hours, by readings alone. A fire's heat is no weather: readings that rise
    fast, or that no room has, count for nothing here.
    """

    def __init__(self, config: ClimateConfig) -> None:
        self._config = config
        self._rooms: dict[str, _Room] = {}
        self._humidity: dict[str, Reading] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is Quantity.RELATIVE_HUMIDITY_PCT:
            self._humidity[reading.sensor] = reading
            return []
        if reading.quantity is not Quantity.TEMPERATURE_C or not self._is_a_room(reading.sensor):
            return []
        room = self._rooms.get(reading.sensor)
        if room is None:
            room = self._rooms[reading.sensor] = _Room(
                _stress("heat", self._config.heat, 1),
                _stress("cold", self._config.cold, -1),
                reading.at,
            )
        return self._judge(room, reading) if self._take(room, reading) else []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def derived(self) -> Iterator[Derived]:
        """Give what each room feels like, in °C."""
        for name, room in self._rooms.items():
            if room.felt_c is not None:
                yield Derived(name, "FELT_C", room.felt_c, room.at)

    def _is_a_room(self, sensor: str) -> bool:
        if self._config.sensors:
            return sensor in self._config.sensors
        return sensor in self._humidity

    def _take(self, room: _Room, reading: Reading) -> bool:
        """Follow the air's temperature; tell whether the reading can be weather."""
        if room.air_c is None:
            room.air_c, room.at = reading.value, reading.at
        share = 1.0 - math.exp(-max(0.0, reading.at - room.at) / SMOOTH_S)
        is_weather = reading.value < FIRE_C and reading.value - room.air_c < FIRE_RISE_C
        room.air_c += share * (reading.value - room.air_c)
        room.at = reading.at
        return is_weather

    def _judge(self, room: _Room, reading: Reading) -> list[Detection]:
        air_c, at, found = room.air_c if room.air_c is not None else reading.value, reading.at, []
        if (humidity := self._humidity_pct(room, reading)) is not None:
            humidity_pct, measured = humidity
            room.felt_c = felt_c(air_c, humidity_pct)
            if (stage := room.heat.update(room.felt_c, at)) is not None:
                told = wording.heat(room.felt_c, air_c, room.heat.lasted_s(at))
                assumed = None if measured else wording.humidity_assumed(humidity_pct)
                told = wording.joined(told, assumed)
                found.append(self._detection("heat", stage, told, (reading, *measured)))
        if (stage := room.cold.update(-air_c, at)) is not None:
            told = wording.cold(air_c, room.cold.lasted_s(at))
            found.append(self._detection("cold", stage, told, (reading,)))
        return found

    def _humidity_pct(
        self, room: _Room, reading: Reading
    ) -> tuple[float, tuple[Reading, ...]] | None:
        """Give the humidity in % and its reading; without one it is assumed, but not at once."""
        humidity = self._humidity.get(reading.sensor)
        heard = room.begun if humidity is None else humidity.at
        if reading.at - heard > HUMIDITY_FRESH_S:
            return ASSUMED_PCT, ()
        return None if humidity is None else (humidity.value, (humidity,))

    def _detection(
        self, rule: str, stage: Stage, told: Why, evidence: tuple[Reading, ...]
    ) -> Detection:
        if stage is Stage.CLEARED:
            why = wording.climate_over()
        else:
            tell = self._config.tell
            why = wording.joined(told, wording.CLIMATE_ADVICE[rule], tell)
        subject, at = f"{evidence[0].sensor} {rule}", evidence[0].at
        return Detection(Hazard.CLIMATE, stage, subject, rule, evidence, at, why)


def _stress(name: str, strain: Strain, sign: int) -> _Stress:
    """Limits as levels that rise: cold is heat with its sign turned."""
    held = [
        HeldThreshold(sign * c, sign * c - 1.0, HOUR_S * h, CLEAR_S)
        for c, h in ((strain.prealarm_c, strain.prealarm_h), (strain.alarm_c, strain.alarm_h))
    ]
    return _Stress(name, held[0], held[1])
