"""The level of a digital microphone's samples, by what its data sheet says of its sensitivity."""

import math
from collections.abc import Sequence

from drivers.sensor import DisconnectedError
from drivers.sound_level import rms

FULL_SCALE = 2**31
INMP441_DBFS = SPH0645_DBFS = -26.0  # what 94 dB at 1 kHz give, ±1 dB (INMP441), ±3 dB (SPH0645)
_AT_DB = 94.0


def level_db(samples: Sequence[int], sensitivity_dbfs: float) -> float:
    """The unweighted level in dB re 20 µPa of signed 32-bit samples; a mean is no sound.

    dBFS are those of a sine that just reaches full scale (AES17).

    Raises:
        DisconnectedError: All samples are the same: the data line is cut, or nobody drives it.
    """
    if (effective := rms(samples)) == 0:
        raise DisconnectedError(f"{len(samples)} equal samples: no microphone on the data line")
    dbfs = 20 * math.log10(effective * math.sqrt(2) / FULL_SCALE)
    return _AT_DB + dbfs - sensitivity_dbfs
