"""Many samples of one analogue input in one read."""

from drivers.adc import AnalogInput
from drivers.pace import Pace


def burst(
    adc: AnalogInput, pace: Pace, *, rate_hz: float, count: int
) -> tuple[list[float], list[float]]:
    """Sample `count` times, as near to `rate_hz` as the host lets us.

    Gives the seconds at which each sample was really taken, halfway through its conversion, and
    its volts. A late sample is not made up for: the next one keeps to the plan.

    Raises:
        OSError: The bus did not answer.
    """
    times, volts, began = [], [], pace.clock()
    for n in range(count):
        if (left := began + n / rate_hz - pace.clock()) > 0:
            pace.wait(left)
        asked = pace.clock()
        volts.append(adc.volts())
        times.append((asked + pace.clock()) / 2)
    return times, volts
