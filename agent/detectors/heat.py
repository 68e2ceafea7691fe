"""Rate of rise: how far the air is ahead of its own last minutes."""

import math
from dataclasses import dataclass, field

TAU_S = 240.0  # see `LeakyRise`


@dataclass(slots=True, eq=False)
class LeakyRise:
    """A leaky difference in °C: d' = T' - d/tau, exact for straight lines between readings.

    With tau of 4 min a ramp of r °C/min settles at 4r and a step shows at once, whatever the
    sampling interval. So one limit parts all type-test vectors (FIELD: class 2, and class 1 as
    named): 3 °C/min for 15 min gives 11.7 °C and a +15 °C step 15 °C, neither operates; 10 °C/min
    gives 27.0 °C and 15 °C/min 40.5 °C within 4 min 30 s, a +20 °C step still 17.7 °C after 30 s
    and a +30 °C step more. The first reading is the start: nothing has risen yet.
    """

    rise_c: float = field(default=0.0, init=False)
    _last_c: float = field(default=math.nan, init=False)
    _at: float = field(default=-math.inf, init=False)

    def update(self, celsius: float, at: float) -> float:
        """Take the temperature at `at` (seconds) in; return the rise in °C."""
        dt = at - self._at
        if dt > 0:
            kept = math.exp(-dt / TAU_S)
            if dt < math.inf:
                slope = (celsius - self._last_c) / dt
                self.rise_c = self.rise_c * kept + slope * TAU_S * (1 - kept)
            self._last_c, self._at = celsius, at
        return self.rise_c
