"""A person who lives alone, day by day: what they do, and what the sensors of the home see of it.

Made up, not measured: the figures are plausible habits of an old person, each drawn anew every day.
Seconds of local time since the first midnight. The same seed gives the same life.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.sensor import Quantity

HOUR_S, DAY_S = 3600.0, 86_400.0
# mean seconds between two movements that a motion sensor sees
GAP_S = {"active": 150.0, "still": 1200.0, "sleep": 9000.0, "ill": 5400.0, "fallen": 5400.0}

Edge = tuple[float, str, Quantity, float]


@dataclass(frozen=True, slots=True)
class Traits:
    """One person's habits: hours of the day, hours, and chances a day."""

    name: str
    wakes: float = 6.5
    wakes_sd: float = 0.5
    sleeps: float = 22.0
    sleeps_sd: float = 0.5
    nap: float = 0.5
    sits_h: float = 1.5
    outing: float = 0.6
    visit: float = 0.3
    toilet: float = 1.5  # times a night
    nights_away: float = 0.01  # nobody is told of half of them
    has_cat: bool = False


RESIDENTS = (
    Traits("steady", wakes=5.8, wakes_sd=0.3, sleeps=21.3, sleeps_sd=0.3, toilet=2.0),
    Traits("average"),
    Traits("irregular", wakes=7.5, wakes_sd=1.1, sleeps=23.2, sleeps_sd=1.0, nap=0.7, sits_h=2.2),
    Traits("goes out a lot", outing=0.95, visit=0.15, nights_away=0.02),
    Traits("hardly moves", wakes=7.0, nap=0.9, sits_h=2.8, outing=0.15, visit=0.5, toilet=1.0),
    Traits("with a cat", has_cat=True),
)


@dataclass(frozen=True, slots=True)
class Span:
    """What somebody does from `begin` to `end`, in seconds."""

    begin: float
    end: float
    doing: str


@dataclass(slots=True)
class Life:
    """One person's days. `fate` overrides: days of illness, hospital and heat, by day number."""

    traits: Traits
    seed: int
    ill: frozenset[int] = frozenset()
    hospital: frozenset[int] = frozenset()
    hot: frozenset[int] = frozenset()
    unheated: frozenset[int] = frozenset()

    def day(self, number: int) -> list[Span]:
        """What is done on a day, from waking to waking."""
        dice = random.Random(f"{self.seed} {self.traits.name} {number}")
        base, traits = number * DAY_S, self.traits
        if number in self.hospital and number + 1 in self.hospital:
            return [Span(base, base + DAY_S, "hospital")]
        wakes = base + HOUR_S * max(2.0, dice.gauss(traits.wakes, traits.wakes_sd))
        sleeps = base + HOUR_S * min(23.9, dice.gauss(traits.sleeps, traits.sleeps_sd))
        before, today = self._night_away(number - 1), self._night_away(number)
        before = "hospital" if number in self.hospital else before
        if before:
            wakes = base + HOUR_S * dice.uniform(10, 17)  # comes home then
        spans = [Span(base, wakes, before or "sleep")]
        if number in self.ill:
            return [*spans, Span(wakes, base + DAY_S, "ill")]
        if today:
            leaves = wakes + HOUR_S * dice.uniform(3, 5)
            spans += list(self._awake(dice, wakes, leaves, number))
            return [*spans, Span(leaves, base + DAY_S, today)]
        spans += list(self._awake(dice, wakes, sleeps, number))
        return [*spans, Span(sleeps, base + DAY_S, "sleep")]

    def _night_away(self, number: int) -> str:
        """Whether the night after this day is spent elsewhere: `away told`, `away untold` or ''."""
        dice = random.Random(f"{self.seed} {self.traits.name} away {number}")
        around = {number - 1, number, number + 1}
        if around & (self.ill | self.hospital) or dice.random() >= self.traits.nights_away:
            return ""
        return "away told" if dice.random() < 0.5 else "away untold"

    def _awake(self, dice: random.Random, begin: float, end: float, number: int) -> Iterator[Span]:
        """Meals and chores, an outing perhaps, a nap perhaps, sitting still in the evening."""
        plans = []
        noon = number * DAY_S + 12 * HOUR_S
        if dice.random() < self.traits.outing:
            at = noon + HOUR_S * dice.uniform(-3, 2)
            plans.append(Span(at, at + HOUR_S * min(7.0, dice.lognormvariate(0.6, 0.6)), "out"))
        if dice.random() < self.traits.visit:
            at = noon + HOUR_S * dice.uniform(-2, 6)
            plans.append(Span(at, at + HOUR_S * dice.uniform(0.4, 2.0), "visit"))
        nap = self.traits.nap + (0.4 if number in self.hot else 0.0)
        if dice.random() < nap:
            at = noon + HOUR_S * dice.uniform(0.5, 4)
            plans.append(Span(at, at + HOUR_S * dice.uniform(0.4, 1.8), "sleep"))
        sits = end - HOUR_S * self.traits.sits_h * dice.uniform(0.6, 1.3)
        plans.append(Span(sits, end, "still"))
        at = begin
        for plan in sorted(plans, key=lambda each: each.begin):
            if plan.begin < at or plan.begin >= end:
                continue
            yield from _chores(dice, at, plan.begin)
            yield Span(plan.begin, min(plan.end, end), plan.doing)
            at = min(plan.end, end)
        yield from _chores(dice, at, end)


def _chores(dice: random.Random, begin: float, end: float) -> Iterator[Span]:
    """Moving about and sitting down, by turns."""
    at, doing = begin, "active"
    while at < end:
        until = min(end, at + 60 * dice.uniform(15, 75))
        yield Span(at, until, doing)
        at, doing = until, "still" if doing == "active" else "active"


@dataclass(slots=True)
class Home:
    """What motion sensors, door, bed mat, radar and button say of a life; a cat if there is one."""

    traits: Traits
    seed: int
    _where: str = field(default="sleep", init=False)

    def edges(self, spans: list[Span], number: int) -> list[Edge]:
        """Every change of level that comes of a day's doings, in order of time."""
        dice = random.Random(f"{self.seed} {self.traits.name} edges {number}")
        found: list[Edge] = []
        for span in spans:
            found += self._enter(span, dice)
            found += self._move(span, dice)
            self._where = span.doing
        found += self._noise(dice, number)
        return sorted(found)

    def _enter(self, span: Span, dice: random.Random) -> Iterator[Edge]:
        """Doors, bed and buttons as one thing ends and another begins."""
        was_out, is_out = _is_out(self._where), _is_out(span.doing)
        at = span.begin
        if span.doing == "away told":
            yield from _pulse(at - 60, "away", Quantity.BUTTON, 0.5)
        if was_out is not is_out or "visit" in (span.doing, self._where):
            yield from _pulse(at, "door", Quantity.CONTACT_OPEN, dice.uniform(4, 25))
        in_bed = span.doing in {"sleep", "ill"}
        yield at + 30, "bed", Quantity.BED_OCCUPIED, float(in_bed)
        sees = not is_out and (not in_bed or dice.random() < 0.5)
        yield at + 40, "radar", Quantity.PRESENCE, float(sees)

    def _move(self, span: Span, dice: random.Random) -> Iterator[Edge]:
        doing = {"visit": "active"}.get(span.doing, span.doing)
        if (gap_s := GAP_S.get(doing)) is None:
            return
        at = span.begin + dice.uniform(5, 60)
        while at < span.end:
            sensor = "motion_bath" if dice.random() < 0.2 else "motion_room"
            for k in range(dice.choice((1, 1, 2, 3)) if doing == "active" else 1):
                yield from _pulse(at + 9 * k, sensor, Quantity.MOTION, dice.uniform(2, 7))
            at += 30 + dice.expovariate(1 / gap_s)
        times = {"sleep": self.traits.toilet * (span.end - span.begin) / (8 * HOUR_S), "ill": 6.0}
        for _ in range(_poisson(dice, times.get(doing, 0.0))):
            yield from _toilet(dice, dice.uniform(span.begin, span.end))

    def _noise(self, dice: random.Random, number: int) -> Iterator[Edge]:
        """Sunbeams on the motion sensor, ghosts on the radar, a cat."""
        base = number * DAY_S
        for _ in range(_poisson(dice, 1.5)):
            at = base + dice.uniform(0, DAY_S)
            yield from _pulse(at, "motion_room", Quantity.MOTION, 3.0)
        for _ in range(_poisson(dice, 3.0)):
            at = base + dice.uniform(0, DAY_S)
            yield from _pulse(at, "radar", Quantity.PRESENCE, dice.uniform(60, 900))
        if self.traits.has_cat:
            for _ in range(_poisson(dice, 60.0)):
                at = base + dice.uniform(0, DAY_S)
                yield from _pulse(at, "motion_low", Quantity.MOTION, 4.0)


def _is_out(doing: str) -> bool:
    return doing in {"out", "hospital"} or doing.startswith("away")


def _pulse(at: float, sensor: str, quantity: Quantity, for_s: float) -> Iterator[Edge]:
    yield at, sensor, quantity, 1.0
    yield at + for_s, sensor, quantity, 0.0


def _toilet(dice: random.Random, at: float) -> Iterator[Edge]:
    yield at, "bed", Quantity.BED_OCCUPIED, 0.0
    for k in range(3):
        yield from _pulse(at + 20 + 60 * k, "motion_bath", Quantity.MOTION, dice.uniform(2, 6))
    yield at + 240, "bed", Quantity.BED_OCCUPIED, 1.0


def _poisson(dice: random.Random, mean: float) -> int:
    count, left = 0, dice.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + dice.expovariate(1.0)
    return count
