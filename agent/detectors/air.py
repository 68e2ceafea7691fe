"""Indoor air against limits for a mean over hours; a matter of health, not of minutes."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording as wording
from agent.detectors.calendar import Calendar, ClockTime
from agent.detectors.derived import Derived
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

BUCKETS = 96  # of a mean: a quarter of an hour for 24 h, 38 s for 1 h

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class MeanLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mean over `mean_h` hours must stay at or below `limit`; told again once below `fall`."""

    limit: Annotated[float, Meta(gt=0, le=100_000)]
    fall: Annotated[float, Meta(gt=0, le=100_000)]
    mean_h: Annotated[float, Meta(ge=0.5, le=24)]


class AirConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[air]`. Limits of the Korean indoor-air act for daycare, hospitals and care homes.

    PM10 75 and PM2.5 35 µg/m³, CO2 1000 and CO 10 ppm (enforcement rule, annex 2). Particles are a
    mean of a day, gases of an hour; the alarm for CO is another detector's. A mean counts when
    `valid_pct` of its time was measured. Between `in_use_to` and `in_use_from` nobody is there to
    be told: nothing begins then.
    """

    pm10: MeanLimit = MeanLimit(limit=75.0, fall=65.0, mean_h=24.0)
    pm2_5: MeanLimit = MeanLimit(limit=35.0, fall=30.0, mean_h=24.0)
    co2: MeanLimit = MeanLimit(limit=1000.0, fall=900.0, mean_h=1.0)
    co: MeanLimit = MeanLimit(limit=10.0, fall=8.0, mean_h=1.0)
    valid_pct: Annotated[float, Meta(ge=50, le=100)] = 75.0
    in_use_from: ClockTime = "00:00"
    in_use_to: ClockTime = "00:00"
    tell: Why | None = None

    def limits(self) -> dict[Quantity, MeanLimit]:
        """The limit of each quantity."""
        return {
            Quantity.PM10_UG_M3: self.pm10,
            Quantity.PM2_5_UG_M3: self.pm2_5,
            Quantity.CO2_PPM: self.co2,
            Quantity.CO_PPM: self.co,
        }

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        limits = {"pm10": self.pm10, "pm2_5": self.pm2_5, "co2": self.co2, "co": self.co}
        for name, each in limits.items():
            if each.fall > each.limit:
                yield f"`fall` is above `limit` - at `$.air.{name}`", "lower `fall`"
        seen = {quantity for each in sources.values() for quantity in each.quantities}
        if not seen & self.limits().keys():
            yield "no sensor measures what is limited - at `$.air`", "add one for PM, CO2 or CO"


@dataclass(slots=True, eq=False)
class Mean:
    """The mean of the last `hours`, in buckets of equal time; times in monotonic seconds.

    Each bucket weighs the same however many readings fell into it; one without any is not guessed.
    """

    hours: float
    _means: deque[tuple[int, float]] = field(default_factory=deque, init=False)
    _bucket: int | None = field(default=None, init=False)
    _sum: float = field(default=0.0, init=False)
    _count: int = field(default=0, init=False)

    def add(self, value: float, at: float) -> bool:
        """Take a value in; tell whether a bucket was closed by it."""
        bucket = int(at // (3600 * self.hours / BUCKETS))
        is_new = self._bucket is not None and bucket != self._bucket
        if is_new and self._bucket is not None:
            self._means.append((self._bucket, self._sum / self._count))
            self._sum, self._count = 0.0, 0
        self._bucket = bucket
        while self._means and self._means[0][0] < bucket - BUCKETS:
            self._means.popleft()
        self._sum, self._count = self._sum + value, self._count + 1
        return is_new

    @property
    def share_pct(self) -> float:
        """Of how much of the time there are values, in %."""
        return 100 * len(self._means) / BUCKETS

    @property
    def value(self) -> float:
        """The mean of the closed buckets, in the unit of what was added; 0 without any."""
        return sum(mean for _, mean in self._means) / max(1, len(self._means))


@dataclass(slots=True, eq=False)
class _Channel:
    """One quantity of one sensor: its mean, and whether it was told to be over its limit."""

    limit: MeanLimit
    mean: Mean
    is_over: bool = False
    at: float = 0.0


class AirDetector:
    """One incident for each sensor and quantity, told once as a prealarm: nobody has to run.

    A mean that is not valid begins nothing and ends nothing.
    """

    def __init__(self, config: AirConfig, calendar: Calendar) -> None:
        self._config, self._calendar = config, calendar
        self._limits = config.limits()
        self._channels: dict[tuple[str, Quantity], _Channel] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if (limit := self._limits.get(reading.quantity)) is None:
            return []
        key = reading.sensor, reading.quantity
        channel = self._channels.setdefault(key, _Channel(limit, Mean(limit.mean_h)))
        channel.at = reading.at
        if not channel.mean.add(reading.value, reading.at):
            return []
        if channel.mean.share_pct < self._config.valid_pct:
            return []
        return self._judge(channel, reading)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def derived(self) -> Iterator[Derived]:
        """Give every valid mean."""
        for (sensor, quantity), each in self._channels.items():
            if each.mean.share_pct >= self._config.valid_pct:
                name = f"{quantity}_MEAN_{each.limit.mean_h:g}H"
                yield Derived(sensor, name, each.mean.value, each.at)

    def _judge(self, channel: _Channel, reading: Reading) -> list[Detection]:
        mean, limit = channel.mean.value, channel.limit
        if channel.is_over and mean < limit.fall:
            channel.is_over = False
            return [_told(Stage.CLEARED, reading, wording.air_over(reading.quantity, mean))]
        if channel.is_over or mean <= limit.limit or not self._is_in_use(reading.at):
            return []
        channel.is_over = True
        told = wording.air(reading.quantity, mean, limit.limit, limit.mean_h)
        why = wording.joined(told, self._config.tell)
        return [_told(Stage.PREALARM, reading, why)]

    def _is_in_use(self, at: float) -> bool:
        """Whether somebody may be there; yes where nobody knows the time."""
        used = self._calendar.is_within(at, self._config.in_use_from, self._config.in_use_to)
        return used is not False


def _told(stage: Stage, reading: Reading, why: Why) -> Detection:
    rule = f"{str(reading.quantity).lower()}_mean"
    subject = f"{reading.sensor} {reading.quantity}"
    return Detection(Hazard.AIR, stage, subject, rule, (reading,), reading.at, why)
