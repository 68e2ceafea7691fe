"""A part's baseline, measured while the agent runs by the thread that owns its wire."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.wallclock import read_wall_clock
from drivers.sensor import Commissioned, SensorError

READINGS = 60  # as `haetae probe --baseline` takes

Told = Callable[[Mapping[str, Any]], None]


class Measuring:
    """Samples of one part until there are `READINGS`, or until it does not answer."""

    def __init__(self, sensor: Commissioned, heated_h: float, told: Told) -> None:
        self._sensor, self._heated_h, self._told = sensor, heated_h, told
        self._samples: list[tuple[float, ...]] = []

    def step(self) -> bool:
        """Take one more sample; whether it is over. `told` hears how far it is, and what came."""
        try:
            self._samples.append(self._sensor.sample())
            if (taken := len(self._samples)) < READINGS:
                figures = [round(each, 4) for each in self._samples[-1]]
                self._told({"more": True, "taken": taken, "of": READINGS, "figures": figures})
                return False
            kept = self._sensor.commission(
                self._samples, taken_at=read_wall_clock().iso, heated_h=self._heated_h
            )
        except (OSError, SensorError) as error:
            self._told({"result": "failed", "reason": str(error)})
        else:
            self._told({"result": "kept", "kept": kept})
        return True
