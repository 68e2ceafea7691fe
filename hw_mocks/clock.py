"""A clock that runs faster than life."""

import time
from collections.abc import Callable


class FastClock:
    """Monotonic seconds that begin at the base clock's now and run `rate` times as fast."""

    def __init__(self, rate: float = 1.0, base: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0:
            raise ValueError(f"{rate}: time must run forwards")
        self.rate, self.set_at, self._base = rate, base(), base

    def __call__(self) -> float:
        """Seconds now."""
        return self.set_at + (self._base() - self.set_at) * self.rate
