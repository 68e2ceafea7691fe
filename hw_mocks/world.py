"""What the sensors feel of the simulated room: lag, noise, and the end of their range.

Lags run in steps of a fixed second, so the same scenario and seed give the same knobs however
often one looks. Not imitated: ageing, cross-sensitivity between cells, and heat that a sensor's
own body keeps after the fire has killed it.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hw_mocks.air import Air, Room
from hw_mocks.chips import chip
from hw_mocks.faults import Fault
from hw_mocks.scenario import SCENARIOS, FaultConfig, Scenario
from hw_mocks.senses import Sense

TICK_S = 1.0
Change = tuple[str, float | str]  # a knob, for example `ceiling.celsius`, and its new value


def noise(seed: int, name: str, tick: int) -> float:
    """A number from -1 to 1 that looks random and is the same each time (splitmix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + (zlib.crc32(name.encode()) << 32) + tick) & (2**64 - 1)
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return ((x ^ (x >> 31)) >> 11) / 2**52 - 1


@dataclass(slots=True)
class Felt:
    """One knob of one sensor, and what it feels by now (None before the first step)."""

    sensor: str
    driver: str
    sense: Sense
    value: float | None = None

    def follow(self, target: float, seconds: float) -> float:
        """Come nearer to the target, exponentially."""
        if self.value is None or self.sense.tau_s == 0:
            self.value = target
        else:
            self.value += (target - self.value) * -math.expm1(-seconds / self.sense.tau_s)
        return self.value


class World:
    """The room and its sensors. `sensors` gives each sensor's driver by its name.

    `step` says which knobs to turn; it turns none itself.
    """

    def __init__(
        self,
        scenario: Scenario,
        sensors: Mapping[str, str],
        *,
        seed: int = 0,
        folder: Path = SCENARIOS,
    ) -> None:
        self.room: Room
        self._scenario, self._sensors, self._seed = scenario, sensors, seed
        self._air = Air(scenario, folder)
        self._felt = [
            Felt(name, driver, sense)
            for name, driver in sensors.items()
            for sense in chip(driver).senses
        ]
        self._tick = -1
        self._closed = False  # the smoke alarm's relay
        self._acted: set[str] = set()
        self._dead: set[int] = set()  # faults that stay for good
        self._faults: dict[str, str] = {}

    def step(self, t_s: float) -> list[Change]:
        """Let time pass to `t_s` seconds after the scenario began, and give every change in order.

        Raises:
            ValueError: Time runs backwards.
        """
        tick = math.floor(t_s / TICK_S)
        if tick < self._tick:
            raise ValueError(f"{t_s} s: before the last step at {self._tick * TICK_S} s")
        changes: list[Change] = []
        while self._tick < tick:
            self._tick += 1
            self.room = self._air.at(self._tick * TICK_S)
            acts = [*self._acts(), *self._ramps()]
            self._acted.update(knob for knob, _ in acts)  # from then on not by what is felt
            changes += acts
            changes += self._failures()
            felt = [self._feel(each) for each in self._felt]
            if self._tick == tick:
                changes += [each for each in felt if each[0] not in self._acted]
        return changes

    def _feel(self, felt: Felt) -> Change:
        sense = felt.sense
        target = sense.target(self.room)
        if sense.knob == "celsius":
            target += self._hot_spot_c(felt)
        value = felt.follow(target, TICK_S)
        knob = f"{felt.sensor}.{sense.knob}"
        if sense.knob == "alarm":
            return knob, float(self._relay(value))
        if sense.knob == "motion":  # people sit still now and then
            return knob, float(value > 0 and noise(self._seed, knob, self._tick // 5) > -0.4)
        value += noise(self._seed, knob, self._tick) * (sense.noise + sense.share * abs(value))
        return knob, max(sense.low, min(sense.high, value))

    def _relay(self, felt_pct_per_m: float) -> bool:
        alarm = self._scenario.smoke_alarm
        threshold = alarm.opens_pct_per_m if self._closed else alarm.closes_pct_per_m
        self._closed = felt_pct_per_m >= threshold
        return self._closed

    def _hot_spot_c(self, felt: Felt) -> float:
        return sum(
            -spot.rise_c * math.expm1(-(self.room.t_s - spot.start_s) / spot.tau_s)
            for spot in self._scenario.hot_spots
            if spot.sensor in {felt.sensor, felt.driver} and self.room.t_s > spot.start_s
        )

    def _acts(self) -> list[Change]:
        now = self._in_scenario()
        return [
            (f"{name}.{act.knob}", act.value)
            for act in sorted(self._scenario.acts, key=lambda act: act.at_s)
            if now - TICK_S < act.at_s <= now
            for name in self._matching(act.sensor)
        ]

    def _ramps(self) -> list[Change]:
        now = self._in_scenario()
        return [
            (f"{name}.{ramp.knob}", ramp.at(now))
            for ramp in self._scenario.ramps
            if ramp.start_s <= now < ramp.until_s + TICK_S
            for name in self._matching(ramp.sensor)
        ]

    def _failures(self) -> list[Change]:
        now: dict[str, str] = {}
        for index, failure in enumerate(self._scenario.faults):
            for name in self._matching(failure.sensor):
                now.setdefault(name, Fault.NONE)
                if self._fails(index, failure):
                    now[name] = failure.fault
        changes = [(f"{name}.fault", fault) for name, fault in now.items()]
        changed: list[Change] = [
            (knob, fault) for knob, fault in changes if fault != self._faults.get(knob, Fault.NONE)
        ]
        self._faults = dict(changes)
        return changed

    def _fails(self, index: int, failure: FaultConfig) -> bool:
        if failure.above_c is not None and self.room.temperature_c > failure.above_c:
            self._dead.add(index)
        if failure.start_s is None:
            return index in self._dead
        now = self._in_scenario()
        return failure.start_s <= now and (failure.until_s is None or now < failure.until_s)

    def _in_scenario(self) -> float:
        t_s = self._tick * TICK_S
        return t_s % self._scenario.length_s if self._scenario.repeats else t_s

    def _matching(self, which: str) -> list[str]:
        return [name for name, driver in self._sensors.items() if which in {name, driver}]
