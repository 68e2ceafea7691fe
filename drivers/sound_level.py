"""Sound pressure as a level."""

import math
from collections.abc import Sequence

REFERENCE_PA = 20e-6  # 0 dB, the threshold of hearing (ISO 1683)


def rms(values: Sequence[float]) -> float:
    """The root mean square of what varies: the mean is taken off."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in values) / len(values))


def level_db(pressure_pa: float) -> float:
    """The level in dB of an effective pressure in Pa, above 0."""
    return 20 * math.log10(pressure_pa / REFERENCE_PA)


def pressure_pa(level: float) -> float:
    """The effective pressure in Pa of a level in dB."""
    return REFERENCE_PA * math.pow(10, level / 20)
