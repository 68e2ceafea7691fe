"""What is watched of each quantity: its levels, and the rules over them."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent import wording
from agent.detectors.heat import GrowingHeat, LeakyRise
from agent.detectors.limits import FireConfig, Limit
from agent.detectors.rules import Kind, Rule, Watch, value_itself
from agent.detectors.threshold import HeldThreshold
from agent.values import Why
from drivers.sensor import Quantity

RISE_S = 300.0  # the CO sentence tells of the rise in so long


def held(
    limit: Limit, config: FireConfig, end: float = math.inf, *, confirm: bool = True
) -> HeldThreshold:
    """Give the threshold of a limit; a channel that ends below it has its limit at its end."""
    rise = min(limit.rise, end)
    fall = limit.fall if rise == limit.rise else min(limit.fall, 0.9 * end)
    return HeldThreshold(rise, fall, limit.hold_s, config.clear_s, confirm)


@dataclass(slots=True, eq=False)
class _LastMinutes:
    """How far a value is above the lowest of the last five minutes, looked at twice a minute."""

    rise: float = 0.0
    _lows: deque[tuple[float, float]] = field(default_factory=deque)

    def update(self, value: float, at: float) -> float:
        """Take the value at `at` (seconds) in and return it."""
        if not self._lows or at - self._lows[-1][0] >= RISE_S / 10:
            self._lows.append((at, value))
        elif value < self._lows[-1][1]:
            self._lows[-1] = self._lows[-1][0], value
        while at - self._lows[0][0] > RISE_S:
            self._lows.popleft()
        self.rise = value - min(low for _, low in self._lows)
        return value


def _temperature(config: FireConfig, end: float) -> list[Watch]:
    fixed = Rule(
        "fixed_heat",
        Kind.HEAT,
        held(config.fixed_heat, config, end),
        wording.fixed_heat,
        alone=True,
    )
    rate = Rule(
        "rate_of_rise", Kind.HEAT, held(config.rate_of_rise, config), wording.heat_rise, alone=True
    )
    growth = Rule(
        "heat_growth", Kind.HEAT, held(config.heat_growth, config), wording.heat_growth, alone=True
    )
    sign = Rule("heat", Kind.HEAT, held(config.heat, config), wording.heat_rise)
    return [
        Watch(value_itself, [fixed]),
        Watch(LeakyRise().update, [rate, sign]),
        Watch(GrowingHeat().update, [growth]),
    ]


def _obscuration(config: FireConfig, end: float) -> list[Watch]:
    density = Rule(
        "smoke_density",
        Kind.AEROSOL,
        held(config.smoke_density, config, end),
        wording.smoke,
        alone=True,
    )
    lasting = Rule(
        "lasting_smoke", Kind.AEROSOL, held(config.lasting_smoke, config, end), wording.smoke
    )
    sign = Rule("smoke", Kind.AEROSOL, held(config.smoke, config, end), wording.smoke)
    return [Watch(value_itself, [density, lasting, sign])]


def _relay(config: FireConfig, _end: float) -> list[Watch]:
    # a certified alarm behind a debounced contact: at once, on one reading
    closed = HeldThreshold(0.5, 0.5, 0.0, config.clear_s, confirm=False)
    relay = Rule("smoke_relay", Kind.AEROSOL, closed, wording.smoke_relay, alone=True)
    return [Watch(value_itself, [relay])]


def _particles(config: FireConfig, end: float) -> list[Watch]:
    limit = held(config.particles, config, end)
    end = min(config.particles.saturates, end)
    sign = Rule("particles", Kind.AEROSOL, limit, wording.particles, saturates=end)
    return [Watch(value_itself, [sign])]


def _co(config: FireConfig, end: float) -> list[Watch]:
    past = _LastMinutes()

    def words(level_ppm: float, held_s: float) -> Why:
        return wording.co_level(level_ppm, held_s, past.rise)

    lasting = Rule("co", Kind.CO, held(config.co, config, end), words)
    surge = Rule("co_surge", Kind.CO, held(config.co_surge, config, end), words)
    return [Watch(past.update, [lasting, surge])]


def _gas(config: FireConfig, _end: float) -> list[Watch]:
    sign = Rule("gas", Kind.GAS, held(config.gas, config), wording.gas)
    return [Watch(_fall_of_resistance, [sign])]


def _voc(config: FireConfig, end: float) -> list[Watch]:
    sign = Rule("voc", Kind.GAS, held(config.voc, config, end), wording.voc)
    return [Watch(value_itself, [sign])]


def _flicker(config: FireConfig, end: float) -> list[Watch]:
    sign = Rule("flicker", Kind.FLICKER, held(config.flicker, config, end), wording.flicker)
    return [Watch(value_itself, [sign])]


def model(config: FireConfig) -> list[Watch]:
    """What is watched of the score that the sensors' model gives."""
    sign = Rule("model", Kind.MODEL, held(config.model, config), wording.score)
    return [Watch(value_itself, [sign])]


def _fall_of_resistance(ratio: float, _at: float) -> float:
    """R0/Rs, which grows with the gas; a ratio of 0 is an end that the span allows."""
    return 1 / max(ratio, 1e-3)


WATCHED: Mapping[Quantity, Callable[[FireConfig, float], list[Watch]]] = {
    Quantity.TEMPERATURE_C: _temperature,
    Quantity.SMOKE_OBSCURATION_PCT_PER_M: _obscuration,
    Quantity.SMOKE_ALARM_CONTACT: _relay,
    Quantity.PM2_5_UG_M3: _particles,
    Quantity.CO_PPM: _co,
    Quantity.GAS_RS_R0: _gas,
    Quantity.TVOC_PPB: _voc,
    Quantity.FLAME_FLICKER_HZ: _flicker,
}
