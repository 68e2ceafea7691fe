"""The onset of a flame: its ceiling jet brings smoke and heat within the same half minute."""

import math
from collections import deque
from dataclasses import dataclass, field

from agent.detectors.heat import LeakyRise
from agent.values import Reading
from drivers.sensor import Quantity

RISE_S = 30.0  # so quickly both must come: of what takes minutes little is left
SMOOTH_S = 3.0  # a smoke channel's noise is averaged over
FRESH_S = 60.0  # a channel counts no longer than this after it was seen
# What counts at most: more says no more, so that one channel alone is never sure
MOST_C, MOST_PCT_PER_M = 2.0, 2.0
# 1 mg/m³ of flame smoke dims by 0.87 %/m (8.7 m²/g), but frying makes as fine a mist: half
PCT_PER_M_OF_UG_M3 = 0.0005

Source = tuple[str, Quantity]


@dataclass(slots=True, eq=False)
class _Rise:
    """A rise within the last half minute, smoothed first if `smooth_s`."""

    smooth_s: float
    leaky: LeakyRise = field(default_factory=lambda: LeakyRise(RISE_S))
    _mean: float = math.nan
    _at: float = -math.inf

    def update(self, value: float, at: float) -> None:
        """Take a value at `at` (seconds) in."""
        if math.isnan(self._mean) or self.smooth_s == 0:
            self._mean = value
        else:
            self._mean += (value - self._mean) * -math.expm1(-(at - self._at) / self.smooth_s)
        self._at = at
        self.leaky.update(self._mean, at)


class _Channel:
    """One channel's rise in °C or %/m: of its values, and of what two of them confirm.

    The median of the last three is confirmed: one wrong value, high or low, never shows in it.
    """

    def __init__(self, smooth_s: float, scale: float, most: float, ends: float) -> None:
        self._raw, self._confirmed = _Rise(smooth_s), _Rise(smooth_s)
        self._scale, self._most, self._ends = scale, most, ends
        self._last: deque[float] = deque(maxlen=3)
        self.reading: Reading | None = None

    def update(self, reading: Reading) -> None:
        """Take a reading in."""
        value = min(reading.value, self._ends)
        self._last.append(value)
        if len(self._last) == 1:
            self._last.append(value)
        self._raw.update(value, reading.at)
        self._confirmed.update(sorted(self._last)[1], reading.at)
        self.reading = reading

    def rise(self, *, confirmed: bool) -> float:
        """From 0 to `most`."""
        rise = (self._confirmed if confirmed else self._raw).leaky.rise
        return max(0.0, min(self._most, self._scale * rise))


class Onset:
    """The geometric mean of the smoke's and the heat's rise within half a minute, √(°C x %/m).

    Cooking warms the air for minutes before it smokes, or smokes without warming it much further;
    a heater brings no smoke, a cigarette and a spray no heat. A flame's jet brings both at once,
    long before either would alarm alone. Below `least` of either there is no onset at all.
    """

    def __init__(self, least: float, sure: float, particles_end: float) -> None:
        self._least, self._sure, self._particles_end = least, sure, particles_end
        self._channels: dict[Source, _Channel] = {}
        self.seen: tuple[Reading, ...] = ()  # the two channels that made the last level
        self.rises = (0.0, 0.0)  # °C and %/m of that level

    def update(self, reading: Reading) -> float:
        """Take a reading of temperature, smoke or particles in; return the level.

        Unconfirmed values count only where the two channels, both new, are `sure` of each other.
        """
        source = reading.sensor, reading.quantity
        channel = self._channels.get(source)
        if channel is None:
            channel = self._channels[source] = self._channel(reading.quantity)
        channel.update(reading)
        level = self._level(reading.at, confirmed=False)
        if level >= self._sure:
            return level
        return self._level(reading.at, confirmed=True)

    def _level(self, at: float, *, confirmed: bool) -> float:
        heat = self._highest(at, confirmed=confirmed, heat=True)
        smoke = self._highest(at, confirmed=confirmed, heat=False)
        if heat is None or smoke is None or heat.reading is None or smoke.reading is None:
            return 0.0
        rises = heat.rise(confirmed=confirmed), smoke.rise(confirmed=confirmed)
        if min(rises) < self._least:
            return 0.0
        self.rises, self.seen = rises, (heat.reading, smoke.reading)
        return math.sqrt(rises[0] * rises[1])

    def _channel(self, quantity: Quantity) -> _Channel:
        if quantity is Quantity.TEMPERATURE_C:
            return _Channel(0.0, 1.0, MOST_C, math.inf)
        if quantity is Quantity.PM2_5_UG_M3:
            return _Channel(SMOOTH_S, PCT_PER_M_OF_UG_M3, MOST_PCT_PER_M, self._particles_end)
        return _Channel(SMOOTH_S, 1.0, MOST_PCT_PER_M, math.inf)

    def _highest(self, at: float, *, confirmed: bool, heat: bool) -> _Channel | None:
        fresh = [
            channel
            for (_, quantity), channel in self._channels.items()
            if (quantity is Quantity.TEMPERATURE_C) is heat
            and channel.reading is not None
            and at - channel.reading.at <= FRESH_S
        ]
        return max(fresh, key=lambda each: each.rise(confirmed=confirmed), default=None)


WATCHED = frozenset(
    {Quantity.TEMPERATURE_C, Quantity.SMOKE_OBSCURATION_PCT_PER_M, Quantity.PM2_5_UG_M3}
)
