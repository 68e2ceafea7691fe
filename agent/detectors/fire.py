"""Fire: the normative floor, which always alarms, and signs that alarm when they agree."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import wording
from agent.detectors.derived import Derived
from agent.detectors.heat import LeakyRise
from agent.detectors.rules import GROWN, Kind, Limit, Rule, Watch, agreeing, value_itself
from agent.detectors.threshold import HeldThreshold
from agent.values import PLACE, Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity

Source = tuple[str, Quantity]  # a sensor's name and what it measures
Hold = Annotated[float, Meta(ge=0, le=30)]  # seconds; type tests give a detector 30 s


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table under `[fire]`: a key that is not listed is an error."""


class FixedHeat(Table, frozen=True, kw_only=True):
    """Air temperature in °C. `rise` spans EN 54-5's static response of classes A1 to C."""

    rise: Annotated[float, Meta(ge=54, le=100)] = 60.0
    fall: Annotated[float, Meta(ge=30, le=95)] = 50.0
    hold_s: Annotated[float, Meta(ge=0, le=20)] = 4.0


class RateOfRise(Table, frozen=True, kw_only=True):
    """°C above the leaky mean of the last four minutes; see `agent.detectors.heat`.

    Within these bounds every rate-of-rise vector of classes 1 and 2 holds in both directions.
    """

    rise: Annotated[float, Meta(ge=16, le=18)] = 17.0
    fall: Annotated[float, Meta(ge=4, le=15)] = 10.0
    hold_s: Annotated[float, Meta(ge=0, le=8)] = 4.0


class SmokeDensity(Table, frozen=True, kw_only=True):
    """Obscuration in %/m: photoelectric spot classes 1, 2 and 3 operate at 5, 10 and 15 %/m."""

    rise: Annotated[float, Meta(ge=5, le=15)] = 10.0
    fall: Annotated[float, Meta(ge=1, le=14)] = 6.0
    hold_s: Annotated[float, Meta(ge=0, le=25)] = 10.0


class SmokeSign(Table, frozen=True, kw_only=True):
    """Obscuration in %/m, below the class that alarms alone."""

    rise: Annotated[float, Meta(ge=1, le=10)] = 3.0
    fall: Annotated[float, Meta(ge=0.5, le=9)] = 2.0
    hold_s: Hold = 5.0


class ParticlesSign(Table, frozen=True, kw_only=True):
    """PM2.5 in µg/m³; about 1000 is both where a PMSA003I ends and 1 %/m of smoke."""

    rise: Annotated[float, Meta(ge=100, le=900)] = 500.0
    fall: Annotated[float, Meta(ge=50, le=850)] = 300.0
    hold_s: Annotated[float, Meta(ge=0, le=120)] = 30.0
    saturates: Annotated[float, Meta(ge=500, le=5000)] = 1000.0


class HeatSign(Table, frozen=True, kw_only=True):
    """°C above the leaky mean of the last four minutes; ordinary rooms stayed below 1 °C."""

    rise: Annotated[float, Meta(ge=3, le=15)] = 4.0
    fall: Annotated[float, Meta(ge=1, le=14)] = 2.5
    hold_s: Hold = 4.0


class CoSign(Table, frozen=True, kw_only=True):
    """CO in ppm, absolute: a baseline that follows drift loses a smouldering fire's lead."""

    rise: Annotated[float, Meta(ge=10, le=100)] = 30.0
    fall: Annotated[float, Meta(ge=5, le=90)] = 20.0
    hold_s: Annotated[float, Meta(ge=0, le=300)] = 60.0


class GasSign(Table, frozen=True, kw_only=True):
    """R0/Rs of an MQ cell, 1 in clean air: twice as much means that its resistance has halved."""

    rise: Annotated[float, Meta(ge=1.25, le=20)] = 2.0
    fall: Annotated[float, Meta(ge=1.1, le=19)] = 1.6
    hold_s: Hold = 30.0


class FireConfig(Table, frozen=True, kw_only=True):
    """`[fire]`. The first three alarm alone; the signs give a prealarm, and alarm when they agree.

    `clear_s`: everything must have been below its `fall` for so many seconds before it is over.
    """

    fixed_heat: FixedHeat = FixedHeat()
    rate_of_rise: RateOfRise = RateOfRise()
    smoke_density: SmokeDensity = SmokeDensity()
    smoke: SmokeSign = SmokeSign()
    particles: ParticlesSign = ParticlesSign()
    heat: HeatSign = HeatSign()
    co: CoSign = CoSign()
    gas: GasSign = GasSign()
    clear_s: Annotated[float, Meta(ge=10, le=600)] = 60.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        for name in self.__struct_fields__:
            limit: Limit | float = getattr(self, name)
            if not isinstance(limit, int | float) and limit.fall >= limit.rise:
                yield f"`fall` is not below `rise` - at `$.fire.{name}`", "lower `fall`"


class FireDetector:
    """One incident for the whole room, from any number of sensors of each kind.

    Readings alone move it, in both directions: a channel that falls silent or is doubted keeps the
    rules it had begun, so an alarm lasts until each of them was seen below its `fall` again. While
    in alarm, a rule that joins or a level that grows by half is told as a further alarm, once for
    all sensors of a kind.

    `ends` names where a channel saturates, in its own unit: a limit beyond that would never be
    reached, so there the channel's end is the limit.
    """

    def __init__(self, config: FireConfig, ends: Mapping[Source, float] | None = None) -> None:
        self._config, self._ends = config, ends or {}
        self._watches: dict[Source, list[Watch]] = {}
        self._rules: list[Rule] = []
        self._active: list[Rule] = []
        self._took_part: list[Rule] = []
        self._told: dict[str, float] = {}  # the highest level told in this incident, by rule
        self._stage: Stage | None = None
        self._rule = ""

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity not in _WATCHED:
            return []
        source = reading.sensor, reading.quantity
        watches = self._watches.get(source)
        if watches is None:
            end = self._ends.get(source, math.inf)
            watches = self._watches[source] = _WATCHED[reading.quantity](self._config, end)
            self._rules += [rule for watch in watches for rule in watch.rules]
        changed = False
        for watch in watches:
            changed |= watch.update(reading)
        if changed:
            self._active = [rule for rule in self._rules if rule.threshold.active]
            self._active.sort(key=_gravity)
            self._took_part += [rule for rule in self._active if rule not in self._took_part]
        return self._decide(reading.at) if changed or self._active else []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def derived(self) -> Iterator[Derived]:
        """Give the latest rise of every temperature sensor, in °C above its last minutes."""
        for (sensor, _), watches in self._watches.items():
            for watch in watches:
                reading = watch.rules[0].reading
                if watch.measure is not value_itself and reading is not None:
                    at = reading.at
                    yield Derived(sensor, "TEMPERATURE_RISE_C", watch.rules[0].level, at)

    def _decide(self, at: float) -> list[Detection]:
        if not self._active:
            return self._end(at)
        if self._stage is Stage.ALARM:
            grown = [r for r in self._active if r.level >= GROWN * self._told.get(r.name, 0.0)]
            return [self._alarm(grown[:1], at)] if grown else []
        if deciding := [r for r in self._active if r.alone][:1] or agreeing(self._active, at):
            return [self._alarm(deciding, at)]
        if self._stage is None:
            self._stage, self._rule = Stage.PREALARM, self._active[0].name
            return [self._detection(self._active[:1], at, "fire_prealarm")]
        return []

    def _alarm(self, deciding: list[Rule], at: float) -> Detection:
        self._stage = Stage.ALARM
        self._rule = deciding[0].name if deciding[0].alone else "corroboration"
        for rule in self._active:
            self._told[rule.name] = max(self._told.get(rule.name, 0.0), rule.level)
        others = [rule for rule in self._active if rule not in deciding]
        return self._detection(deciding, at, "fire_alarm", others)

    def _end(self, at: float) -> list[Detection]:
        if self._stage is None:
            return []
        self._stage = Stage.CLEARED
        ended = self._detection([], at, "fire_over", self._took_part)
        self._took_part, self._told, self._stage = [], {}, None
        return [ended]

    def _detection(
        self, deciding: list[Rule], at: float, advice: str, others: Iterable[Rule] = ()
    ) -> Detection:
        readings = [r.reading for r in (*deciding, *others) if r.reading is not None]
        phrases = [rule.why(at) for rule in deciding] or [wording.normal_again()]
        return Detection(
            hazard=Hazard.FIRE,
            stage=self._stage or Stage.CLEARED,
            subject=PLACE,
            rule=self._rule,
            evidence=tuple(dict.fromkeys(readings)),
            at=at,
            why=wording.join(phrases, advice),
        )


def _gravity(rule: Rule) -> tuple[bool, bool]:
    """Sort what alarms alone before signs, and heat, which nobody may hush, before smoke."""
    return not rule.alone, rule.kind is not Kind.HEAT


def _held(limit: Limit, config: FireConfig, end: float = math.inf) -> HeldThreshold:
    rise = min(limit.rise, end)
    fall = limit.fall if rise == limit.rise else min(limit.fall, 0.9 * end)
    return HeldThreshold(rise, fall, limit.hold_s, config.clear_s)


def _temperature(config: FireConfig, end: float) -> list[Watch]:
    held = _held(config.fixed_heat, config, end)
    fixed = Rule("fixed_heat", Kind.HEAT, held, wording.fixed_heat, alone=True)
    held = _held(config.rate_of_rise, config)
    rate = Rule("rate_of_rise", Kind.HEAT, held, wording.heat_rise, alone=True)
    sign = Rule("heat", Kind.HEAT, _held(config.heat, config), wording.heat_rise)
    return [Watch(value_itself, [fixed]), Watch(LeakyRise().update, [rate, sign])]


def _obscuration(config: FireConfig, end: float) -> list[Watch]:
    held = _held(config.smoke_density, config, end)
    density = Rule("smoke_density", Kind.AEROSOL, held, wording.smoke, alone=True)
    sign = Rule("smoke", Kind.AEROSOL, _held(config.smoke, config, end), wording.smoke)
    return [Watch(value_itself, [density, sign])]


def _relay(config: FireConfig, _end: float) -> list[Watch]:
    # a certified alarm behind a debounced contact: at once, on one reading
    closed = HeldThreshold(0.5, 0.5, 0.0, config.clear_s, confirm=False)
    relay = Rule("smoke_relay", Kind.AEROSOL, closed, wording.smoke_relay, alone=True)
    return [Watch(value_itself, [relay])]


def _particles(config: FireConfig, end: float) -> list[Watch]:
    held, end = _held(config.particles, config, end), min(config.particles.saturates, end)
    sign = Rule("particles", Kind.AEROSOL, held, wording.particles, saturates=end)
    return [Watch(value_itself, [sign])]


def _co(config: FireConfig, end: float) -> list[Watch]:
    sign = Rule("co", Kind.CO, _held(config.co, config, end), wording.co_level)
    return [Watch(value_itself, [sign])]


def _gas(config: FireConfig, _end: float) -> list[Watch]:
    sign = Rule("gas", Kind.GAS, _held(config.gas, config), wording.gas)
    return [Watch(_fall_of_resistance, [sign])]


def _fall_of_resistance(ratio: float, _at: float) -> float:
    """R0/Rs, which grows with the gas; a ratio of 0 is an end that the span allows."""
    return 1 / max(ratio, 1e-3)


_WATCHED: Mapping[Quantity, Callable[[FireConfig, float], list[Watch]]] = {
    Quantity.TEMPERATURE_C: _temperature,
    Quantity.SMOKE_OBSCURATION_PCT_PER_M: _obscuration,
    Quantity.SMOKE_ALARM_CONTACT: _relay,
    Quantity.PM2_5_UG_M3: _particles,
    Quantity.CO_PPM: _co,
    Quantity.GAS_RS_R0: _gas,
}
