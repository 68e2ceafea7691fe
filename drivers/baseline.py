"""A gas cell's clean-air baseline: measured once, kept over restarts, never guessed."""

import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.sensor import NotReadyError

_LEAST_READINGS = 30
_SETTLED = 0.05  # of the resistance: two steps of a 10-bit converter in clean air
_RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one cell was in clean air.

    `r0_kohm` is its resistance there; `taken_at` an RFC 3339 time, for people; `burn_in_h` how
    many hours it had been heated by then.
    """

    r0_kohm: Annotated[float, Meta(gt=0, le=100_000)]
    taken_at: Annotated[str, Meta(pattern=_RFC3339)]
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


def path(state: Path, name: str) -> Path:
    """Where the baseline of the sensor called `name` is kept."""
    return state / "baselines" / f"{name}.json"


def store(state: Path, name: str, baseline: Baseline) -> None:
    """Keep a baseline: either the old one or the new one is there after a power cut.

    Raises:
        OSError: The disk is full, read-only or broken; the old baseline stays.
    """
    kept = path(state, name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(baseline)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(kept)
    folder = os.open(kept.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(state: Path, name: str) -> Baseline:
    """Give the stored baseline.

    Raises:
        NotReadyError: There is none, or it cannot be used; the message names the remedy.
    """
    remedy = f"in clean air, run `haetae probe --baseline {name}`"
    try:
        text = path(state, name).read_bytes()
    except FileNotFoundError:
        raise NotReadyError(f"no clean-air baseline: {remedy}") from None
    except OSError as error:
        raise NotReadyError(f"baseline unreadable ({error.strerror}): {remedy}") from error
    try:
        return msgspec.json.decode(text, type=Baseline)
    except ValueError as error:  # msgspec's own errors, and what is not UTF-8
        raise NotReadyError(f"baseline garbled ({error}): {remedy}") from error
