"""Lets a scenario happen on a bench, at the pace of a clock."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from agent.sections import Config
from drivers import baseline, kept
from drivers.board import SensorConfig
from hw_mocks.bench import Bench
from hw_mocks.chips import chip
from hw_mocks.clock import FastClock
from hw_mocks.scenario import Scenario
from hw_mocks.world import TICK_S, World

log = logging.getLogger(__name__)

STEP_S = 0.1  # of real time, and at most a tick of the world's


@runtime_checkable
class GasCell(Protocol):
    """A part whose driver needs to know the cell's resistance in clean air."""

    clean_air_kohm: float


class Life:
    """A scenario on a bench; it began when this was made.

    What the control socket offers is the bench's, and `scenario`: how its time is reckoned.
    """

    def __init__(self, name: str, scenario: Scenario, bench: Bench, clock: FastClock) -> None:
        self._name, self._scenario, self._bench, self._clock = name, scenario, bench, clock
        self._world = World(scenario, bench.drivers)
        self._began_at = clock()
        self._turn(0.0)

    def run(self, stop: threading.Event) -> None:
        """Turn the knobs until told to stop."""
        pause_s = min(STEP_S, TICK_S / self._clock.rate)
        while not stop.wait(pause_s):
            self.catch_up()

    def catch_up(self) -> None:
        """Turn the knobs to where they belong now."""
        self._turn(self._clock() - self._began_at)

    def facts(self) -> dict[str, Any]:
        """The scenario's name and times.

        `t_s` is its own time now; `ignition_s` when its fire is lit (None without one);
        `began_at` and `now` are the agent's clock, which runs `rate` times as fast as the
        monotonic clock and agreed with it at `clock_set_at`.
        """
        now = self._clock()
        fire = self._scenario.fire
        return {
            "name": self._name,
            "t_s": now - self._began_at,
            "ignition_s": None if fire is None else fire.start_s,
            "began_at": self._began_at,
            "now": now,
            "rate": self._clock.rate,
            "clock_set_at": self._clock.set_at,
        }

    def _turn(self, t_s: float) -> None:
        for knob, value in self._world.step(t_s):
            self._bench.follow(knob, value)


def write_baselines(
    config: Config, bench: Bench, state: Path, taken_at: str, say: Callable[[str], None]
) -> None:
    """Give each simulated part the clean-air baseline that an installer would have taken.

    On a full or read-only disk the part is left without one, as a real one would be.
    """
    for each in config.sensors:
        part, commission = bench.parts[each.name], chip(bench.drivers[each.name]).commission
        if isinstance(part, GasCell):
            taken = baseline.Baseline(
                r0_kohm=part.clean_air_kohm, taken_at=taken_at, burn_in_h=48.0
            )
            commission = _cell(taken)
        if commission is None or kept.path(state, each.name).exists():
            continue
        try:
            commission(state, each, taken_at)
        except OSError as error:
            say(f"{each.name}: simulated: no clean-air baseline: {error}")
        else:
            say(f"{each.name}: simulated: wrote the clean-air baseline that an installer takes")


def _cell(taken: baseline.Baseline) -> Callable[[Path, SensorConfig, str], None]:
    return lambda state, config, _taken_at: baseline.store(state, config.name, taken)
