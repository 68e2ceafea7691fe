"""What a simulated part says of how it feels the simulated room."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hw_mocks.air import Room, mq_ratio


@dataclass(frozen=True, slots=True)
class Sense:
    """How a part feels one thing: a first-order lag of `tau_s`, noise, and the part's end.

    `noise` is in the knob's unit, `share` a part of the value. `of` is what it would feel at once;
    a knob that is named in `TARGETS` need not say so.
    """

    knob: str
    tau_s: float
    noise: float = 0.0
    share: float = 0.0
    low: float = 0.0
    high: float = math.inf
    of: Callable[[Room], float] | None = None

    def target(self, room: Room) -> float:
        """What it would feel without lag."""
        return (self.of or TARGETS[self.knob])(room)


TARGETS: Mapping[str, Callable[[Room], float]] = {
    "celsius": lambda room: room.temperature_c,
    "humidity_pct": lambda room: room.humidity_pct,
    "rs_over_r0": lambda room: mq_ratio(room.reducing_ppm, heated=room.mains_v > 0),
    "ppm": lambda room: room.co_ppm,
    "pm1_0_ug_m3": lambda room: 0.7 * room.pm2_5_ug_m3,
    "pm2_5_ug_m3": lambda room: room.pm2_5_ug_m3,
    "pm10_ug_m3": lambda room: 1.1 * room.pm2_5_ug_m3,
    "alarm": lambda room: room.obscuration_pct_per_m,
    "motion": lambda room: float(room.person),
}
