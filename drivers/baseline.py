"""A gas cell's clean-air baseline: measured once, kept over restarts, never guessed."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers import kept
from drivers.sensor import NotReadyError

_LEAST_READINGS = 30
_SETTLED = 0.05  # of the resistance: two steps of a 10-bit converter in clean air


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one cell was in clean air.

    `r0_kohm` is its resistance there; `taken_at` an RFC 3339 time, for people; `burn_in_h` how
    many hours it had been heated by then.
    """

    r0_kohm: Annotated[float, Meta(gt=0, le=100_000)]
    taken_at: Annotated[str, Meta(pattern=kept.RFC3339)]
    burn_in_h: Annotated[float, Meta(ge=0)]


def measure_r0(rs_kohm: Sequence[float], *, taken_at: str, burn_in_h: float) -> Baseline:
    """Make a baseline of a cell's resistances in clean air, in kΩ and in the order measured.

    Take one every few seconds for some minutes: that is what shows whether the cell has settled.

    Raises:
        NotReadyError: They are too few, or the cell still drifts: it is heating, or there is gas.
    """
    third = len(rs_kohm) // 3
    if third < _LEAST_READINGS // 3:
        raise NotReadyError(f"{len(rs_kohm)} readings are too few: take {_LEAST_READINGS}")
    first, last = median(rs_kohm[:third]), median(rs_kohm[-third:])
    if abs(last - first) > _SETTLED * first:
        raise NotReadyError(
            f"still drifting, {first:.1f} to {last:.1f} kΩ: heat it longer, in clean air"
        )
    return Baseline(r0_kohm=median(rs_kohm), taken_at=taken_at, burn_in_h=burn_in_h)


def store(state: Path, name: str, baseline: Baseline) -> None:
    """Keep a baseline: either the old one or the new one is there after a power cut.

    Raises:
        OSError: The disk is full, read-only or broken; the old baseline stays.
    """
    kept.store(kept.path(state, name), baseline)


def load(state: Path, name: str) -> Baseline:
    """Give the stored baseline.

    Raises:
        NotReadyError: There is none, or it cannot be used; the message names the remedy.
    """
    remedy = f"in clean air, run `haetae probe --baseline {name}`"
    return kept.load(kept.path(state, name), Baseline, what="clean-air baseline", remedy=remedy)
