"""What a bad month holds: troubles drawn from a seed, each at its time. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


class Kind(StrEnum):
    """One kind of trouble, or what the device is there for."""

    PRESS = "call for help"
    SMOKE = "smoke alarm goes off"
    LINK = "hub away"
    POWER = "power cut"
    SENSOR = "sensor dead"
    CAMERA = "camera hangs"
    DISK = "disk full"
    CLOCK = "clock jumps"


# so many a day, and how long each lasts, from and to, in seconds
OFTEN: dict[Kind, tuple[float, float, float]] = {
    Kind.PRESS: (6.0, 0.0, 0.0),
    Kind.SMOKE: (0.5, 2 * MINUTE_S, 10 * MINUTE_S),
    Kind.LINK: (12.0, 20.0, 40 * MINUTE_S),
    Kind.POWER: (0.5, 0.0, 0.0),
    Kind.SENSOR: (1.5, 10 * MINUTE_S, 12 * HOUR_S),
    Kind.CAMERA: (2.0, 5 * MINUTE_S, 2 * HOUR_S),
    Kind.DISK: (0.4, 30 * MINUTE_S, 6 * HOUR_S),
    Kind.CLOCK: (1.0, 5 * MINUTE_S, 3 * HOUR_S),
}
LONG_OUTAGE_S = 1.5 * DAY_S  # once a month the line is dug up
DEATHS = ("absent", "stuck")
JUMPS_S = (-400 * DAY_S, -HOUR_S, -90.0, 90.0, HOUR_S, 400 * DAY_S)
APART_S = 20.0  # two things at one instant would be one thing on a compressed clock


@dataclass(frozen=True, slots=True)
class Trouble:
    """It begins at `at_s` (seconds since the month began) and lasts `lasts_s`.

    `choice` (0 to 1) picks which sensor, which fault, how far: what there is to pick from is
    known only where it happens.
    """

    at_s: float
    kind: Kind
    lasts_s: float
    choice: float


def draw(days: float, seed: int) -> list[Trouble]:
    """A month of so many days, in order; no trouble meets another of its own kind."""
    choose = random.Random(seed)
    found = [each for kind in Kind for each in _of_kind(kind, days, choose)]
    if days > 7:
        found = _with_long_outage(found, choose.uniform(0.3, 0.6) * days * DAY_S)
    return _apart(sorted(found, key=lambda each: each.at_s))


def _of_kind(kind: Kind, days: float, choose: random.Random) -> Iterator[Trouble]:
    rate, low, high = OFTEN[kind]
    at_s = 0.0
    while True:
        at_s += choose.expovariate(rate / DAY_S)
        lasts_s = choose.uniform(low, high)
        if at_s + lasts_s > days * DAY_S:
            return
        yield Trouble(at_s, kind, lasts_s, choose.random())
        at_s += lasts_s


def _with_long_outage(found: list[Trouble], at_s: float) -> list[Trouble]:
    end_s = at_s + LONG_OUTAGE_S
    kept = [
        each
        for each in found
        if each.kind is not Kind.LINK or each.at_s + each.lasts_s < at_s or each.at_s > end_s
    ]
    return [*kept, Trouble(at_s, Kind.LINK, LONG_OUTAGE_S, 0.0)]


def _apart(found: list[Trouble]) -> list[Trouble]:
    kept: list[Trouble] = []
    for each in found:
        if not kept or each.at_s - kept[-1].at_s >= APART_S:
            kept.append(each)
    return kept
