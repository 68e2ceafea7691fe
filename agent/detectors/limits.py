"""`[fire]`: every threshold of fire detection, with its unit and its bounds."""

from collections.abc import Iterator
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

Hold = Annotated[float, Meta(ge=0, le=30)]  # seconds; type tests give a detector 30 s


class Limit(Protocol):
    """A threshold as configured: `rise` and `fall` in its own unit, `hold_s` in seconds."""

    @property
    def rise(self) -> float:
        """At or above this it begins, once held."""

    @property
    def fall(self) -> float:
        """Below this it ends, once held."""

    @property
    def hold_s(self) -> float:
        """How long it must last to begin, in seconds."""


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


class HeatGrowth(Table, frozen=True, kw_only=True):
    """°C in 36 s that did not slow down; see `agent.detectors.heat.GrowingHeat`."""

    rise: Annotated[float, Meta(ge=6, le=14)] = 8.0
    fall: Annotated[float, Meta(ge=2, le=12)] = 4.0
    hold_s: Annotated[float, Meta(ge=0, le=20)] = 0.0


class LastingSmoke(Table, frozen=True, kw_only=True):
    """Obscuration in %/m that stays: a puff passes, what smoulders goes on.

    A class 1 spot detector operates at 5 %/m within 30 s; UL 217's cooking test lets an alarm
    sound from 4.8 %/m (1.5 %/ft) on, so this begins above it.
    """

    rise: Annotated[float, Meta(ge=5, le=9)] = 5.0
    fall: Annotated[float, Meta(ge=1, le=8)] = 3.0
    hold_s: Annotated[float, Meta(ge=30, le=600)] = 60.0


class OnsetSign(Table, frozen=True, kw_only=True):
    """Smoke and heat that came within the same half minute: √(°C x %/m); see `detectors.onset`.

    `least` is what each must have risen by at least, °C and %/m. At `sure` the two confirm each
    other, so that no second reading is waited for.
    """

    rise: Annotated[float, Meta(ge=0.5, le=1.6)] = 0.6
    fall: Annotated[float, Meta(ge=0.1, le=1.5)] = 0.3
    hold_s: Annotated[float, Meta(ge=0, le=10)] = 0.0
    least: Annotated[float, Meta(ge=0.3, le=1)] = 0.4
    sure: Annotated[float, Meta(ge=1.7, le=2)] = 1.9


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


class CoSurge(Table, frozen=True, kw_only=True):
    """CO in ppm: far more of it needs to last far less."""

    rise: Annotated[float, Meta(ge=60, le=300)] = 100.0
    fall: Annotated[float, Meta(ge=20, le=250)] = 50.0
    hold_s: Hold = 10.0


class GasSign(Table, frozen=True, kw_only=True):
    """R0/Rs of an MQ cell, 1 in clean air: twice as much means that its resistance has halved."""

    rise: Annotated[float, Meta(ge=1.25, le=20)] = 2.0
    fall: Annotated[float, Meta(ge=1.1, le=19)] = 1.6
    hold_s: Hold = 30.0


class VocSign(Table, frozen=True, kw_only=True):
    """TVOC in ppb; homes reached 2,234 at most, things that smouldered 2,500 to 8,300."""

    rise: Annotated[float, Meta(ge=1000, le=20_000)] = 2000.0
    fall: Annotated[float, Meta(ge=500, le=19_000)] = 1200.0
    hold_s: Annotated[float, Meta(ge=0, le=300)] = 30.0


class FlickerSign(Table, frozen=True, kw_only=True):
    """Flicker of infrared light in Hz; flames flicker at 1 to 15 Hz, lamps not or far faster."""

    rise: Annotated[float, Meta(ge=0.5, le=10)] = 1.0
    fall: Annotated[float, Meta(ge=0.1, le=9)] = 0.5
    hold_s: Annotated[float, Meta(ge=1, le=60)] = 5.0


class SeenFire(Table, frozen=True, kw_only=True):
    """What the picture model says of fire, 0 to 1, held by most pictures of `hold_s`.

    Flames must fill `large_pct` of the picture, or double within 15 s from `least_pct` on: a hob
    or a candle does neither. `rise` is the model's measured threshold (models/manifest.toml).
    """

    rise: Annotated[float, Meta(ge=0.2, le=0.99)] = 0.85
    fall: Annotated[float, Meta(ge=0.05, le=0.98)] = 0.6
    hold_s: Annotated[float, Meta(ge=4, le=30)] = 8.0
    large_pct: Annotated[float, Meta(ge=0.1, le=20)] = 0.5
    least_pct: Annotated[float, Meta(ge=0.01, le=5)] = 0.05


class SeenSmoke(Table, frozen=True, kw_only=True):
    """What the picture model says of smoke, 0 to 1, held by most pictures of `hold_s`.

    It must have come within ten minutes: a picture that always looks so is fog, steam or a curtain.
    """

    rise: Annotated[float, Meta(ge=0.2, le=0.99)] = 0.92
    fall: Annotated[float, Meta(ge=0.05, le=0.98)] = 0.6
    hold_s: Annotated[float, Meta(ge=4, le=30)] = 10.0


class ModelSign(Table, frozen=True, kw_only=True):
    """What the model of the readings says, 0 to 1: it raises a prealarm, and nothing else."""

    rise: Annotated[float, Meta(ge=0.5, le=0.99)] = 0.9
    fall: Annotated[float, Meta(ge=0.1, le=0.98)] = 0.5
    hold_s: Annotated[float, Meta(ge=5, le=300)] = 20.0


class FireConfig(Table, frozen=True, kw_only=True):
    """`[fire]`. The first three are the normative floor and alarm whatever else is read.

    `heat_growth`, `lasting_smoke` and `onset` alarm too, but a named nuisance may hold the last
    two back. The signs give a prealarm, and alarm when they agree.
    `clear_s`: everything must have been below its `fall` for so many seconds before it is over.
    Budget: at most one false alarm in a device-year; what was measured stands in docs/fire.md.
    """

    fixed_heat: FixedHeat = FixedHeat()
    rate_of_rise: RateOfRise = RateOfRise()
    smoke_density: SmokeDensity = SmokeDensity()
    heat_growth: HeatGrowth = HeatGrowth()
    lasting_smoke: LastingSmoke = LastingSmoke()
    onset: OnsetSign = OnsetSign()
    smoke: SmokeSign = SmokeSign()
    particles: ParticlesSign = ParticlesSign()
    heat: HeatSign = HeatSign()
    co: CoSign = CoSign()
    co_surge: CoSurge = CoSurge()
    gas: GasSign = GasSign()
    voc: VocSign = VocSign()
    flicker: FlickerSign = FlickerSign()
    seen_fire: SeenFire = SeenFire()
    seen_smoke: SeenSmoke = SeenSmoke()
    model: ModelSign = ModelSign()
    clear_s: Annotated[float, Meta(ge=10, le=600)] = 60.0

    def problems(self) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        for name in self.__struct_fields__:
            limit: Limit | float = getattr(self, name)
            if not isinstance(limit, int | float) and limit.fall >= limit.rise:
                yield f"`fall` is not below `rise` - at `$.fire.{name}`", "lower `fall`"
