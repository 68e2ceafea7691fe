"""Nuisances by name: what is not a fire, and how it is told from one."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from agent.detectors.heat import LeakyRise
from agent.values import Reading
from drivers.sensor import Quantity

FRESH_S = 120.0


class Nuisance(StrEnum):
    """What ordinary life does to the sensors."""

    STEAM = "steam"
    COOKING = "cooking"  # aerosol and gas without CO, or oil mist over a hob
    SMOKING = "smoking"  # a cigarette or incense: particles alone, no heat
    SPRAY = "spray"  # gas or vapour alone
    PICTURE = "picture"  # a screen, a lamp or the sun, seen by a camera alone


def vapour_g_m3(celsius: float, humidity_pct: float) -> float:
    """Water in the air (Magnus' formula over water, WMO-No. 8, annex 4.B)."""
    celsius = min(100.0, max(-40.0, celsius))  # where the formula holds
    pascal = 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))
    return humidity_pct / 100 * 2.167 * pascal / (celsius + 273.15)


@dataclass(slots=True, eq=False)
class _Air:
    """One combined sensor's temperature and vapour, and how they rose in the last minutes."""

    celsius: Reading | None = None
    humidity: Reading | None = None
    rise_c: LeakyRise = field(default_factory=LeakyRise)
    rise_g_m3: LeakyRise = field(default_factory=LeakyRise)


class Steam:
    """Steam by its water: far more vapour came than a fire of this heat could have made.

    Burning brings at most 0.1 g/m³ of water for each °C (CFAST, four fuels; stoichiometry of wood
    and oil without any loss of heat to the walls gives 0.04 to 0.06); a shower or a pot brings
    1 to 5. `least_g_m3` is beyond what weather and breath do within minutes. It lasts while half
    of that water is still in the air, and half an hour at most.
    """

    least_g_m3 = 1.5
    least_g_m3_per_c = 0.4
    longest_s = 1800.0

    def __init__(self) -> None:
        self._airs: dict[str, _Air] = {}
        self._began = self._until = -math.inf
        self._stays_g_m3 = math.inf

    def update(self, reading: Reading) -> None:
        """Take a reading of temperature or humidity in."""
        air = self._airs.setdefault(reading.sensor, _Air())
        if reading.quantity is Quantity.TEMPERATURE_C:
            air.celsius = reading
        else:
            air.humidity = reading
        if air.celsius is None or air.humidity is None or air.celsius.at != air.humidity.at:
            return  # of one read
        at = reading.at
        rise_c = max(0.0, air.rise_c.update(air.celsius.value, at))
        water = vapour_g_m3(air.celsius.value, air.humidity.value)
        rise = air.rise_g_m3.update(water, at)
        if rise >= max(self.least_g_m3, self.least_g_m3_per_c * rise_c):
            if not self.stands(at):
                self._began = at
            self._until, self._stays_g_m3 = at + FRESH_S, water - rise / 2
        elif self.stands(at) and water >= self._stays_g_m3 and at - self._began < self.longest_s:
            self._until = max(self._until, at + FRESH_S)

    def stands(self, at: float) -> bool:
        """Whether there is steam at `at` (monotonic seconds)."""
        return at <= self._until
