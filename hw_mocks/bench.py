"""The whole board of simulated parts that a configuration asks for, wired up."""

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.sections import Config
from agent.wallclock import WallTime, read_wall_clock
from drivers.board import SensorConfig
from drivers.stimulus import LineStimulus
from hw_mocks.chips import chip
from hw_mocks.clock import SetWall
from hw_mocks.wiring import Wiring

CLOCK = "clock"  # the part that is no sensor


def _driver(config: SensorConfig) -> str:
    return str(type(config).__struct_config__.tag)


class Bench:
    """Simulated parts for every sensor of a configuration, and a real `Board` on their wires.

    Knobs are named `<sensor>.<knob>`; each part has a knob `fault`. A knob that was `set` is held
    against the scenario until it is released. `clock` is the agent's, in monotonic seconds; the
    knobs of `clock` set its `wall`, which shows the one given until then.
    """

    def __init__(
        self,
        config: Config,
        *,
        w1_root: Path,
        state: Path,
        clock: Callable[[], float] | None = None,
        wall: Callable[[], WallTime] = read_wall_clock,
    ) -> None:
        self._wiring = Wiring(w1_root, clock)
        self.drivers = {each.name: _driver(each) for each in config.sensors}
        self.parts: dict[str, Any] = {
            each.name: chip(_driver(each)).plug(self._wiring, each) for each in config.sensors
        }
        for each in config.sensors:
            if isinstance(each.stimulus, LineStimulus):
                self._wiring.lead_stimulus(each.stimulus, self.parts[each.name])
        self.wall = SetWall(wall)
        self.parts.setdefault(CLOCK, self.wall)
        self.board = self._wiring.board(state)
        self._outputs = {"siren": config.annunciator.siren.gpio}
        if config.annunciator.lamp is not None:
            self._outputs["lamp"] = config.annunciator.lamp.gpio
        if config.annunciator.relay is not None:
            self._outputs["relay"] = config.annunciator.relay.gpio
        if config.annunciator.deterrent is not None:
            self._outputs["deterrent"] = config.annunciator.deterrent.gpio
        self._held: set[str] = set()
        self._turning = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the board and take the parts off the wires."""
        self.board.close()
        self._wiring.close()

    def knobs(self) -> dict[str, Any]:
        """Every knob and where it stands."""
        return {
            f"{name}.{knob}": getattr(self.parts[name], knob)
            for name in self.parts
            for knob in self._knobs(name)
        }

    def outputs(self) -> list[str]:
        """The output pins that can be watched."""
        return list(self._outputs)

    def set(self, knob: str, value: Any) -> float:
        """Turn a knob and hold it; monotonic seconds just before the wire moved.

        Raises:
            ValueError: There is no such knob, or the part has no such value.
        """
        part, name = self._find(knob)
        value = _checked(getattr(part, name), value)
        with self._turning:
            self._held.add(knob)
            at = time.monotonic()
            setattr(part, name, value)
        return at

    def follow(self, knob: str, value: float | str) -> None:
        """Turn a knob for the scenario, unless it is held by hand or stands there already.

        Raises:
            ValueError: There is no such knob, or the part has no such value.
        """
        part, name = self._find(knob)
        value = _checked(getattr(part, name), value)
        with self._turning:
            if knob not in self._held and getattr(part, name) != value:
                setattr(part, name, value)

    def release(self, knob: str) -> float:
        """Let the scenario have a knob again; monotonic seconds."""
        with self._turning:
            self._held.discard(knob)
        return time.monotonic()

    def edges(self, output: str) -> list[tuple[float, bool]]:
        """The last changes of an output pin: monotonic seconds and the new level."""
        return list(self._wiring.pins.wire(self._outputs[output]).moves)

    def listen(self, output: str, heard: Callable[[bool], None]) -> None:
        """Have `heard` called at each change of an output pin, in the driver's thread."""
        self._wiring.pins.wire(self._outputs[output]).on_level.append(heard)

    def _find(self, knob: str) -> tuple[Any, str]:
        sensor, _, name = knob.partition(".")
        if sensor not in self.parts or name not in self._knobs(sensor):
            raise ValueError(f"no knob {knob!r}")
        return self.parts[sensor], name

    def _knobs(self, name: str) -> tuple[str, ...]:
        if name not in self.drivers:
            return SetWall.KNOBS
        return *chip(self.drivers[name]).knobs, "fault"


def _checked(now: object, value: object) -> Any:
    """The value in the knob's own kind.

    Raises:
        ValueError: It is not of that kind.
    """
    if isinstance(now, str):
        if isinstance(value, str):
            return value
        raise ValueError(f"{value!r} is no fault; write its name")
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        number = math.inf
    if isinstance(now, bool):
        if number in {0.0, 1.0}:
            return bool(number)
        raise ValueError(f"{value!r} is neither 0 nor 1")
    if math.isfinite(number):
        return number
    raise ValueError(f"{value!r} is no finite number")
