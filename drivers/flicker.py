"""How fast a light flickers: flames do at 1 to 15 Hz, lamps on the mains at 100 or 120 Hz."""

import math
from collections.abc import Sequence

LOW_HZ, HIGH_HZ = 1.0, 15.0
_STEP_HZ = 0.25
_SHARE = 0.25  # of all that varies; of 80 samples of plain noise the best frequency has 0.1
_LEAST_EDGES = 3


def of_edges(rises: Sequence[float]) -> float:
    """Hz of a switched light by the times in seconds at which it went on; 0.0 if too few."""
    if len(rises) < _LEAST_EDGES or rises[-1] <= rises[0]:
        return 0.0
    return (len(rises) - 1) / (rises[-1] - rises[0])


def of_samples(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """The strongest frequency from 1 to 15 Hz, in Hz, and its amplitude in the values' unit.

    The times in seconds are when the samples were really taken, evenly or not. Level and drift
    do not count. Both are 0.0 where no frequency stands out of all that varies.
    """
    count = len(times)
    mean_t, mean = math.fsum(times) / count, math.fsum(values) / count
    t = [each - mean_t for each in times]
    slope = math.fsum(a * (v - mean) for a, v in zip(t, values, strict=True))
    slope /= math.fsum(a * a for a in t)
    x = [v - mean - slope * a for a, v in zip(t, values, strict=True)]
    power = math.fsum(each * each for each in x) / count
    best_hz, best = 0.0, 0.0
    for step in range(round((HIGH_HZ - LOW_HZ) / _STEP_HZ) + 1):
        hz = LOW_HZ + step * _STEP_HZ
        turn = 2 * math.pi * hz
        cosine = math.fsum(v * math.cos(turn * a) for a, v in zip(t, x, strict=True))
        sine = math.fsum(v * math.sin(turn * a) for a, v in zip(t, x, strict=True))
        if (found := 2 * (cosine**2 + sine**2) / count**2) > best:
            best_hz, best = hz, found
    if best <= _SHARE * power:
        return 0.0, 0.0
    return best_hz, math.sqrt(2 * best)
