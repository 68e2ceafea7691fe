"""The simulated room: fire, steam, smoke, gas and people, in physical units; no sensors yet.

Not imitated: where in the room one is (this is the air at the ceiling), air currents, radiation,
and the way from a fire to the ceiling (a zone model's layer is there at once).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hw_mocks.scenario import (
    SCENARIOS,
    FireRow,
    FireTable,
    HeatConfig,
    Scenario,
    SourceConfig,
    SpellConfig,
)

DAY_S = 86_400.0
FLAMING_M2_PER_G = 8.7  # specific extinction of flame smoke (Mulholland and Croarkin 2000)
SMOULDERING_M2_PER_G = 4.4  # and of smoke from pyrolysis (Mulholland, SFPE Handbook)
CO_PPM_PER_MG_M3 = 0.859  # 24.05 L/mol over 28.01 g/mol at 20 °C
MAINS_V = 220.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a milligram of a source does.

    `extinction_m2_g`: how it dims light; `fine`: the share that a laser counter takes for PM2.5;
    `vapour_mg`, `co_mg`: water and carbon monoxide that come with it; `reducing_ppm`: what a
    tin-oxide cell takes 1 mg/m³ of it for, in ppm of CO; `settles_per_h`: what leaves the air by
    settling or evaporating, beside the air changes.
    """

    extinction_m2_g: float
    fine: float
    vapour_mg: float
    co_mg: float
    reducing_ppm: float
    settles_per_h: float


KINDS = {
    # fog droplets of about 10 µm: 3 / (density x diameter) = 0.3 m²/g; gone within a minute
    "steam": Kind(0.3, 0.02, 10.0, 0.0, 0.02, 60.0),
    # oil mist of about 1 µm (He et al. 2004: 2.7 mg PM2.5 a minute from one household pan)
    "frying": Kind(3.0, 0.7, 0.0, 0.1, 3.0, 2.0),
    # sidestream smoke: about 12 mg of particles and 50 mg of CO a cigarette (Klepeis et al. 2003)
    "cigarette": Kind(SMOULDERING_M2_PER_G, 0.95, 0.0, 4.0, 2.0, 1.0),
    # a stick burns 1 g in half an hour: some 40 mg of particles, five times as much CO
    "incense": Kind(SMOULDERING_M2_PER_G, 0.95, 0.0, 5.0, 2.0, 0.5),
    # an aerosol can: droplets of 10 to 30 µm and twenty times as much propellant (LPG)
    "spray": Kind(0.2, 0.05, 0.0, 0.0, 12.0, 20.0),
    # swept or shaken out: coarse, gone within minutes
    "dust": Kind(0.3, 0.15, 0.0, 0.0, 0.0, 6.0),
}


@dataclass(frozen=True, slots=True)
class Room:
    """The air at the ceiling, and the rest of the room, at one instant.

    `reducing_ppm` is everything a tin-oxide cell reacts to, in ppm of CO.
    """

    t_s: float
    temperature_c: float
    humidity_pct: float
    obscuration_pct_per_m: float
    pm2_5_ug_m3: float
    co_ppm: float
    co2_ppm: float
    reducing_ppm: float
    person: bool
    mains_v: float


def concentration_mg_m3(
    source: SourceConfig, t_s: float, volume_m3: float, decay_per_h: float
) -> float:
    """What one source has put into the air, well mixed, with first-order decay; exact."""
    since = t_s - source.start_s
    if since <= 0:
        return 0.0
    decay_per_s = decay_per_h / 3600
    lit_s = min(since, source.duration_s)
    steady = source.rate_mg_s / volume_m3 / decay_per_s
    at_its_end = -steady * math.expm1(-decay_per_s * lit_s)
    return at_its_end * math.exp(-decay_per_s * (since - lit_s))


AIR_J_M3_K = 1206.0
OUTDOOR_CO2_PPM = 420.0
CO2_PER_CO = 20.0  # of a fire with too little air
WALL_W_M2_K = 6.0  # from indoor air to walls and goods
CEILING = 1.5  # the air below the ceiling is so much warmer than the room's mean


def warming_c(heat: HeatConfig, t_s: float, volume_m3: float, air_changes_per_h: float) -> float:
    """How much warmer the air below the ceiling is for one source of heat; first order.

    Lost to air changes and walls (a cube's six faces); goods hold as much heat as the air.
    """
    since = t_s - heat.start_s
    if since <= 0:
        return 0.0
    loss_w_k = AIR_J_M3_K * volume_m3 * air_changes_per_h / 3600
    loss_w_k += WALL_W_M2_K * 6 * volume_m3 ** (2 / 3)
    tau_s = 2 * AIR_J_M3_K * volume_m3 / loss_w_k
    at_its_end = -math.expm1(-min(since, heat.duration_s) / tau_s)
    gone = math.exp(-max(0.0, since - heat.duration_s) / tau_s)
    return float(CEILING * heat.watts / loss_w_k * at_its_end * gone)


def saturation_g_m3(celsius: float) -> float:
    """How much water vapour air can hold (Magnus' formula, WMO-No. 8, annex 4.B)."""
    pascal = 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))
    return 2.167 * pascal / (celsius + 273.15)


def mq_ratio(reducing_ppm: float, *, heated: bool) -> float:
    """Rs over its clean-air value, on the CO curve of the MQ-2 (Rs/R0 9.8; 5.2 at 200 ppm).

    A cold cell is nearly an insulator: it reads far above clean air.
    """
    return (1 + reducing_ppm / 37.5) ** -0.34 if heated else 3.0


class Air:
    """The room without sensors: a pure function of time."""

    def __init__(self, scenario: Scenario, folder: Path = SCENARIOS) -> None:
        self._scenario = scenario
        self._fire = None if scenario.fire is None else FireTable(folder / scenario.fire.table)

    def at(self, t_s: float) -> Room:
        """What the room is like `t_s` seconds after the scenario began."""
        scenario, plain = self._scenario, self._scenario.room
        if scenario.repeats:
            t_s %= scenario.length_s
        day = math.sin(2 * math.pi * (t_s / DAY_S - 0.4))  # coldest before dawn
        celsius = plain.temperature_c + plain.day_swing_c * day
        for heat in scenario.heats:
            celsius += warming_c(heat, t_s, plain.volume_m3, plain.air_changes_per_h)
        fire = self._burning(t_s)
        if fire is not None:
            celsius += fire.temperature_c - FireTable.ambient_c
        extinction = fine = co = reducing = vapour = 0.0  # m²/m³ times 1000; mg/m³; ppm
        for source in scenario.sources:
            kind = KINDS[source.kind]
            air = plain.air_changes_per_h
            mass = concentration_mg_m3(source, t_s, plain.volume_m3, air + kind.settles_per_h)
            gases = concentration_mg_m3(source, t_s, plain.volume_m3, air)
            extinction += kind.extinction_m2_g * mass
            fine += kind.fine * mass
            vapour += kind.vapour_mg * gases
            co += kind.co_mg * gases * CO_PPM_PER_MG_M3
            reducing += kind.reducing_ppm * gases
        humidity = plain.humidity_pct
        if fire is not None:
            extinction += FLAMING_M2_PER_G * fire.flaming_smoke_mg_m3
            extinction += SMOULDERING_M2_PER_G * fire.smouldering_smoke_mg_m3
            fine += fire.flaming_smoke_mg_m3 + fire.smouldering_smoke_mg_m3
            co += fire.co_ppm
            humidity *= fire.humidity_pct / 50.0  # the tables start from 50 %
        humidity += vapour / 10 / saturation_g_m3(celsius)
        return Room(
            t_s=t_s,
            temperature_c=celsius,
            humidity_pct=min(100.0, humidity),
            obscuration_pct_per_m=-100 * math.expm1(-extinction / 1000),
            pm2_5_ug_m3=plain.pm2_5_ug_m3 * (1 + 0.3 * day) + 1000 * fine,
            co_ppm=co,
            co2_ppm=OUTDOOR_CO2_PPM + CO2_PER_CO * co + self._breathed(t_s),
            reducing_ppm=reducing + co,
            person=_within(scenario.people, t_s),
            mains_v=0.0 if _within(scenario.power_cuts, t_s) else MAINS_V,
        )

    def _breathed(self, t_s: float) -> float:
        """What people have breathed out by now, in ppm; well mixed, exact."""
        plain = self._scenario.room
        changes_per_s = plain.air_changes_per_h / 3600
        found = 0.0
        for spell in self._scenario.people:
            since = t_s - spell.start_s
            if since > 0:
                steady = 1000 * spell.count * spell.co2_l_h / plain.volume_m3
                steady /= plain.air_changes_per_h
                there_s = min(since, spell.until_s - spell.start_s)
                at_its_end = -steady * math.expm1(-changes_per_s * there_s)
                found += at_its_end * math.exp(-changes_per_s * (since - there_s))
        return found

    def _burning(self, t_s: float) -> FireRow | None:
        lit = self._scenario.fire
        if lit is None or self._fire is None or t_s < lit.start_s:
            return None
        return self._fire.at(t_s - lit.start_s)


def _within(spells: Sequence[SpellConfig], t_s: float) -> bool:
    return any(spell.start_s <= t_s < spell.until_s for spell in spells)
