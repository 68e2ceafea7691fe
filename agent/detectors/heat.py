"""How far a channel is ahead of its own last minutes, and heat that grows as a fire's does."""

import itertools
import math
from collections import deque
from dataclasses import dataclass, field

TAU_S = 240.0  # see `LeakyRise`
STEP_S, STEPS = 12.0, 3  # see `GrowingHeat`
LEAST_C = 1.0  # 5 °C/min: 3 is the fastest ramp on which a rate-of-rise detector must be silent
KEPT = 0.95  # how much of one step's rise the next must have at least
LONGEST_GAP_S = 12.0  # of which a DHT leaves some: a third of its reads fail


@dataclass(slots=True, eq=False)
class LeakyRise:
    """A leaky difference in °C: d' = T' - d/tau, exact for straight lines between readings.

    With tau of 4 min a ramp of r °C/min settles at 4r and a step shows at once, whatever the
    sampling interval. So one limit parts all type-test vectors (FIELD: class 2, and class 1 as
    named): 3 °C/min for 15 min gives 11.7 °C and a +15 °C step 15 °C, neither operates; 10 °C/min
    gives 27.0 °C and 15 °C/min 40.5 °C within 4 min 30 s, a +20 °C step still 17.7 °C after 30 s
    and a +30 °C step more. The first reading is the start: nothing has risen yet.

    Of another channel it gives the rise in that channel's unit.
    """

    tau_s: float = TAU_S
    rise: float = field(default=0.0, init=False)
    _last: float = field(default=math.nan, init=False)
    _at: float = field(default=-math.inf, init=False)

    def update(self, value: float, at: float) -> float:
        """Take the value at `at` (seconds) in; return the rise in its unit."""
        dt = at - self._at
        if dt > 0:
            kept = math.exp(-dt / self.tau_s)
            if dt < math.inf:
                slope = (value - self._last) / dt
                self.rise = self.rise * kept + slope * self.tau_s * (1 - kept)
            self._last, self._at = value, at
        return self.rise


@dataclass(slots=True, eq=False)
class GrowingHeat:
    """The rise of the last 36 s in °C, if no third of them rose less than the third before.

    A fire grows with the square of time, or faster. A heater that was turned on, an oven that was
    opened and a bead that follows a step all slow down exponentially: a step with a lag of 2 min
    keeps 0.90 of its rise from one 12 s to the next, a shorter lag less. So this tells a growing
    fire below the limit of the rate-of-rise detector, and stays at 0 on the steps and the
    3 °C/min on which that must be silent.
    """

    _recent: deque[tuple[float, float]] = field(default_factory=deque, init=False)

    def update(self, celsius: float, at: float) -> float:
        """Take the temperature at `at` (seconds) in; return the rise in °C, or 0."""
        recent = self._recent
        if recent and not 0 <= at - recent[-1][0] <= LONGEST_GAP_S:
            recent.clear()
        recent.append((at, celsius))
        while len(recent) > 1 and recent[1][0] <= at - STEPS * STEP_S:
            recent.popleft()
        if recent[0][0] > at - STEPS * STEP_S or celsius - recent[0][1] < LEAST_C:
            return 0.0
        marks = [self._at(at - step * STEP_S) for step in range(STEPS, 0, -1)] + [celsius]
        before = 0.0
        for one, after in itertools.pairwise(marks):
            if after - one < max(LEAST_C, KEPT * before):
                return 0.0
            before = after - one
        return celsius - marks[0]

    def _at(self, at: float) -> float:
        """Between two readings it was on the straight line between them."""
        after_at, after = self._recent[-1]
        for seen_at, celsius in reversed(self._recent):
            if seen_at <= at:
                share = (at - seen_at) / (after_at - seen_at) if after_at > seen_at else 0.0
                return celsius + share * (after - celsius)
            after_at, after = seen_at, celsius
        return after
