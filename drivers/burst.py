"""Many samples of one analogue input in one read."""

from drivers.adc import AnalogInput
from drivers.pace import Pace

_GOLDEN = 0.6180339887498949  # its multiples fall evenly, and never twice on the same place


def burst(
    adc: AnalogInput, pace: Pace, *, rate_hz: float, count: int, scattered: bool = False
) -> tuple[list[float], list[float]]:
    """Sample `count` times, as near to `rate_hz` as the host lets us.

    `scattered`: each sample at another place within its period, so that a tone of a multiple of
    the rate does not look like stillness.

    Gives the seconds at which each sample was really taken, halfway through its conversion, and
    its volts. A late sample is not made up for: the next one keeps to the plan.

    Raises:
        OSError: The bus did not answer.
    """
    times, volts, began = [], [], pace.clock()
    for n in range(count):
        due = began + (n + (n * _GOLDEN % 1 if scattered else 0)) / rate_hz
        if (left := due - pace.clock()) > 0:
            pace.wait(left)
        asked = pace.clock()
        volts.append(adc.volts())
        times.append((asked + pace.clock()) / 2)
    return times, volts
