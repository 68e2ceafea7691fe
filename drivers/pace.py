"""How a driver that takes many samples in one read tells their times and waits between them."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of a clock that never steps, and a wait for so many of them.

    A driver asks neither for the time of day nor for how long ago its last read was: it uses this
    within one read only, to know when each sample of a burst was really taken.
    """

    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = time.sleep
