"""A microphone's calibration: made once against a known sound, kept with its date."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers import kept
from drivers.sensor import NotReadyError

_LEAST_READINGS = 10
_STEADY_DB = 1.0
_ABOVE_FLOOR_DB = 10.0  # below this the channel's own noise adds half a decibel and more


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one channel needs to tell the truth.

    `taken_at` is an RFC 3339 time, for people; `reference` names the sound that was held to it;
    `offset_db` is added to what the channel says; `floor_db` is what it then says in silence, so
    that nothing near it can be told from its own noise.
    """

    taken_at: Annotated[str, Meta(pattern=kept.RFC3339)]
    reference: Annotated[str, Meta(min_length=1, max_length=200)]
    offset_db: Annotated[float, Meta(ge=-40, le=40)]
    floor_db: Annotated[float, Meta(ge=-20, le=120)]


def measure(
    heard_db: Sequence[float],
    silent_db: Sequence[float],
    *,
    reference_db: float,
    reference: str,
    taken_at: str,
) -> Calibration:
    """Make a calibration of what the uncalibrated channel said, in dB.

    `heard_db` are its levels under the reference of `reference_db`, `silent_db` those in silence.

    Raises:
        NotReadyError: They are too few, the sound was not steady, or it hardly rose above the
            channel's own noise.
    """
    if min(len(heard_db), len(silent_db)) < _LEAST_READINGS:
        raise NotReadyError(f"too few levels: take {_LEAST_READINGS} of the sound, and of silence")
    level_db, floor_db = fmean(heard_db), fmean(silent_db)
    if (scatter_db := stdev(heard_db)) > _STEADY_DB:
        raise NotReadyError(f"the sound was not steady: ±{scatter_db:.1f} dB; close the coupler")
    if level_db - floor_db < _ABOVE_FLOOR_DB:
        above = f"{level_db - floor_db:.1f} dB above silence"
        raise NotReadyError(f"the sound was only {above}: louder, or a more sensitive channel")
    offset_db = reference_db - level_db
    return Calibration(
        taken_at=taken_at,
        reference=reference,
        offset_db=offset_db,
        floor_db=floor_db + offset_db,
    )


def path(state: Path, name: str) -> Path:
    """Where the calibration of the sensor called `name` is kept."""
    return state / "calibrations" / f"{name}.json"


def load(state: Path, name: str) -> Calibration | None:
    """Give the stored calibration; None where there was never one.

    Raises:
        NotReadyError: It cannot be used: a channel once calibrated never goes back to guessing.
    """
    found = path(state, name)
    if not found.exists():
        return None
    remedy = f"calibrate again, or remove {found.name}"
    return kept.load(found, Calibration, what="calibration", remedy=remedy)
