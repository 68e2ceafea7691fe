"""A week of ordinary life through the middle of each profile for towns: nothing is told."""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest

from agent import config as configuration
from agent.cli import PROFILES
from agent.detectors.calendar import Calendar
from agent.pipeline import Pipeline
from agent.values import HOURLY, Detection, Reading
from agent.watch import detectors, watched
from drivers.sensor import Quantity

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MIDNIGHT = datetime(2026, 1, 14, 15, 0, tzinfo=UTC).timestamp()  # in Seoul
Channel = tuple[str, Quantity]
Life = Callable[[random.Random], Iterator[tuple[float, Mapping[Channel, float]]]]


def lived(profile: str, life: Life, seed: int) -> list[Detection]:
    config = configuration.load(PROFILES / f"{profile}.toml")
    calendar = Calendar(config.calendar.utc_offset_h)
    calendar.set(0.0, MIDNIGHT, 1.0)
    pipeline = Pipeline(watched(config), detectors(config, calendar))
    found: list[Detection] = []
    for now, values in life(random.Random(seed)):
        for (sensor, quantity), value in values.items():
            found += pipeline.handle(Reading(sensor, quantity, value, now))
        found += pipeline.tick(now)
    return found


def water(rng: random.Random) -> Iterator[tuple[float, Mapping[Channel, float]]]:
    """One household: flushes at night too, showers, baths, a washing machine, a day trip."""
    uses: list[tuple[float, float, float]] = []  # begins at, litres a minute, minutes
    for day in range(7):
        begins, trip = day * DAY, day == 5
        wakes, sleeps = rng.gauss(6.5, 0.4) * HOUR, rng.gauss(22.5, 0.5) * HOUR
        uses += [(begins + rng.uniform(0, 5) * HOUR, 8.0, 1.0) for _ in range(rng.randrange(3))]
        uses += [
            (begins + wakes, 8.0, 1.0),
            (begins + wakes + 0.3 * HOUR, 10.0, rng.uniform(5, 15)),
        ]
        until = wakes + HOUR if trip else sleeps
        uses += [
            (begins + rng.uniform(wakes, until), rng.uniform(3, 12), rng.uniform(0.3, 8))
            for _ in range(4 if trip else 25)
        ]
        if day in (1, 4):
            uses += [(begins + 10 * HOUR + n * 20 * MINUTE, 12.0, 2.0) for n in range(4)]
        if day in (2, 6):
            uses.append((begins + 21 * HOUR, 18.0, 9.0))  # a bath
        if day == 3:
            uses.append((begins + 17 * HOUR, 14.0, 45.0))  # the garden
        uses.append((begins + sleeps, 8.0, 1.0))
    flowed, every_s = 0.0, 30.0
    for n in range(int(7 * DAY / every_s)):
        now = n * every_s
        flowed += sum(
            rate * max(0.0, min(now, at + MINUTE * length) - max(now - every_s, at)) / 60
            for at, rate, length in uses
        )
        buttons = {(name, Quantity.BUTTON): 0.0 for name in ("sos", "hush", "away")}
        dry = {("floor", Quantity.WATER_PRESENT): 0.0}
        yield now, {("meter", Quantity.WATER_L): float(int(flowed)), **dry, **buttons}


def bin_(rng: random.Random) -> Iterator[tuple[float, Mapping[Channel, float]]]:
    """Filled to two thirds and emptied each morning, in the sun at noon, opened and leant on."""
    every_s, fill = 30.0, 0.0
    for n in range(int(7 * DAY / every_s)):
        now = n * every_s
        hour = now % DAY / HOUR
        sun = max(0.0, math.sin(math.pi * (hour - 7) / 11)) if 7 < hour < 18 else 0.0
        clouds = 0.5 + 0.5 * math.sin(now / 900.0)
        is_open = rng.random() < 0.02
        fill = 0.0 if hour < 6 else min(0.65, fill + rng.random() * 0.0006)
        metres = 4.0 if is_open else 0.9 - 0.7 * fill + rng.gauss(0, 0.01)
        leant_deg = rng.uniform(5, 25) if rng.random() < 0.01 else abs(rng.gauss(0.5, 0.3))
        lid_c = 18.0 + 12.0 * sun + 30.0 * sun * clouds
        yield (
            now,
            {
                ("lid_heat", Quantity.TEMPERATURE_C): lid_c + rng.gauss(0, 0.1),
                ("wall_heat", Quantity.TEMPERATURE_C): 18.0 + 14.0 * sun + rng.gauss(0, 0.1),
                ("level", Quantity.DISTANCE_M): metres,
                ("body", Quantity.TILT_DEG): leant_deg,
                ("body", Quantity.VIBRATION_M_S2): abs(rng.gauss(0, 1.5)),
                ("hush", Quantity.BUTTON): 0.0,
            },
        )


def facility(rng: random.Random) -> Iterator[tuple[float, Mapping[Channel, float]]]:
    """A wall that the sun warms, lorries that pass, a kitchen next door, humid nights."""
    every_s, gas = 10.0, 1.0
    for n in range(int(7 * DAY / every_s)):
        now = n * every_s
        day = math.sin(2 * math.pi * (now / DAY - 0.4))
        lorry = rng.uniform(0.3, 1.5) if rng.random() < 0.005 else 0.05
        if rng.random() < 0.001:
            gas = rng.uniform(0.3, 0.6)  # a spray, frying
        gas += (1.0 + 0.2 * day - gas) * 0.02
        buttons = {(name, Quantity.BUTTON): 0.0 for name in ("sos", "hush")}
        yield (
            now,
            {
                ("wall", Quantity.TILT_DEG): abs(0.5 + 0.6 * day + rng.gauss(0, 0.15)),
                ("wall", Quantity.VIBRATION_M_S2): lorry,
                ("gas", Quantity.GAS_RS_R0): gas + rng.gauss(0, 0.01),
                ("ceiling", Quantity.TEMPERATURE_C): 24.0 + 6.0 * day + rng.gauss(0, 0.1),
                ("water", Quantity.WATER_PRESENT): 0.0,
                ("smoke_alarm", Quantity.SMOKE_ALARM_CONTACT): 0.0,
                **buttons,
            },
        )


def street(rng: random.Random) -> Iterator[tuple[float, Mapping[Channel, float]]]:
    """Traffic by day, a hazy morning, a lorry that idles below the post, a hot noon."""
    every_s = 15.0
    for n in range(int(7 * DAY / every_s)):
        now = n * every_s
        day, hour = math.sin(2 * math.pi * (now / DAY - 0.4)), now % DAY / HOUR
        haze = 60.0 if int(now // DAY) == 3 and 7 < hour < 10 else 22.0
        smoke = rng.uniform(200, 900) if rng.random() < 0.002 else 0.0
        pm2_5 = max(1.0, haze + smoke + rng.gauss(0, 2))
        night = hour < 6 or hour >= 22
        leq = (53.0 if night else 64.0) + rng.gauss(0, 2)
        peak = leq + abs(rng.gauss(6, 3))
        yield (
            now,
            {
                ("particles", Quantity.PM2_5_UG_M3): pm2_5,
                ("particles", Quantity.PM10_UG_M3): 1.7 * pm2_5,
                ("air", Quantity.TEMPERATURE_C): 24.0 + 6.5 * day + rng.gauss(0, 0.2),
                ("air", Quantity.RELATIVE_HUMIDITY_PCT): 55.0 - 15.0 * day,
                ("voc", Quantity.VOC_INDEX): min(500.0, 100.0 + abs(rng.gauss(0, 25)) + smoke / 3),
                ("microphone", Quantity.SOUND_LAF_DBA): peak,
                ("microphone", Quantity.SOUND_LAEQ_DBA): leq,
                ("microphone", Quantity.SOUND_LOST_PCT): 0.0,
                ("microphone", Quantity.ALARM_PULSES): 0.0,
                ("hush", Quantity.BUTTON): 0.0,
            },
        )


WEEKS: Mapping[str, Life] = {
    "water-meter": water,
    "smart-bin": bin_,
    "facility": facility,
    "street-node": street,
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("profile", WEEKS)
def test_an_ordinary_week_is_told_nothing_of(profile: str, seed: int) -> None:
    found = lived(profile, WEEKS[profile], seed)
    told = [each for each in found if each.rule != HOURLY]
    assert [(each.at / DAY, each.subject, each.rule, each.why.en) for each in told] == []
    assert len(found) == (3 * (7 * 24 - 1) if profile == "street-node" else 0)
