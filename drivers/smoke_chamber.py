"""From scattered light to obscuration: a chamber's clean state, and what dust may be taken off.

Light scattered by smoke is told as a power transfer ratio (PTR): nW at the photodiode for each mW
of the LED. A clean chamber scatters some itself, and more as dust settles in it.
"""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.kept import RFC3339
from drivers.sensor import DisconnectedError, NotReadyError

Ptr = Annotated[float, Meta(gt=0, le=50)]
_LEAST_READINGS, _SETTLED = 30, 0.05
# Dust is taken off up to a tenth of what 10 %/m scatters, that is 1.05 %/m, and an LED may fade to
# 80 %: with both at once, smoke of 7.5 %/m (one and a half times class 1) still reads as 5.
# EN 54-7, 4.8 would let compensation raise the threshold by a factor of 1.6.
MOST_DUST = 0.1
DIMMEST = 0.8  # of the clean chamber's light: below it the channel is lost
_DUST_S = 7 * 86_400.0  # so much in a week at the fastest: no smouldering fire is that slow
_CALM = 0.3  # above 3 %/m there is smoke, and dust is not learnt
_SETTLING_READS = 5


class CleanChamber(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The two channels' PTR in clean air, in nW/mW, and when that was measured."""

    blue: Ptr
    ir: Ptr
    taken_at: Annotated[str, Meta(pattern=RFC3339)]


def measure_clean(ptrs: Sequence[tuple[float, float]], *, taken_at: str) -> CleanChamber:
    """Make the record of a clean chamber from pairs of blue and infrared PTR, in order.

    Raises:
        NotReadyError: They are too few, or still moving: there is smoke, or the part warms up.
    """
    third = len(ptrs) // 3
    if third < _LEAST_READINGS // 3:
        raise NotReadyError(f"{len(ptrs)} readings are too few: take {_LEAST_READINGS}")
    for name, channel in zip(("blue", "infrared"), zip(*ptrs, strict=True), strict=True):
        first, last = median(channel[:third]), median(channel[-third:])
        if first <= 0 or abs(last - first) > _SETTLED * first:
            raise NotReadyError(f"{name} moves from {first:.3f} to {last:.3f} nW/mW: air it")
    blue, ir = (median(channel) for channel in zip(*ptrs, strict=True))
    return CleanChamber(blue=blue, ir=ir, taken_at=taken_at)


class Channel:
    """One colour: how much more it scatters than its clean chamber, as a share of `at_10`.

    `at_10` is the PTR that smoke of 10 %/m adds. What an LED has lost since shows as ever less
    light in a calm chamber, is followed down at once, and is made good. The floor that is taken
    off follows dust up from there, by `MOST_DUST` at most and slowly.
    """

    def __init__(self, name: str, clean: float, at_10: float, every_s: float) -> None:
        self._name, self._clean, self._at_10 = name, clean, at_10
        self._least = self._floor = clean
        self._rise = MOST_DUST * at_10 * every_s / _DUST_S
        self._last: deque[float] = deque(maxlen=_SETTLING_READS)

    @property
    def clean_level(self) -> float:
        """What the clean chamber itself scatters, as a share of `at_10`."""
        return self._clean / self._at_10

    def smoke(self, ptr: float) -> float:
        """Take a measurement in; 1 is smoke of 10 %/m.

        Raises:
            DisconnectedError: There is less light than a working LED gives in a clean chamber.
        """
        if ptr < DIMMEST * self._clean:
            raise DisconnectedError(
                f"{self._name}: {ptr:.3f} nW/mW, {ptr / self._clean:.0%} of the clean chamber's: "
                "LED worn or dark, or chamber open, or cleaned: then take a new baseline"
            )
        self._last.append(ptr)
        if len(self._last) == _SETTLING_READS:  # so that one low reading by noise does nothing
            self._least = min(self._least, max(self._last))
            self._floor = min(self._floor, max(self._last))
        level = (ptr - self._floor) * self._clean / self._least / self._at_10
        if 0.0 < level < _CALM:
            dusty = self._least + MOST_DUST * self._at_10
            self._floor = min(self._floor + self._rise, ptr, dusty)
        return level


def obscuration_pct_per_m(level: float) -> float:
    """Beer-Lambert over one metre: 0 is clean air, 1 is 10 %/m, and no smoke is more than 100."""
    return 100.0 * (1.0 - math.pow(0.9, level))
