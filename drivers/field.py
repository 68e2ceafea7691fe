"""The earth's magnetic field at a place, and how far something of iron moves it: arithmetic."""

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.kept import RFC3339
from drivers.pose import Vector, vibration
from drivers.sensor import NotReadyError

AT_REST_UT = 1.5  # more than any magnetometer's noise; a car that drives by moves it more


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The field of the empty place in µT along the part's axes, and when that was measured."""

    empty: Vector
    taken_at: Annotated[str, Meta(pattern=RFC3339)]


def shift_ut(now: Vector, empty: Vector) -> float:
    """Give by how much the field differs from that of the empty place, whichever way, in µT."""
    return math.dist(now, empty)


def measure_field(samples: Sequence[Vector], *, taken_at: str) -> Field:
    """Make the record of the empty place from samples in µT.

    Raises:
        NotReadyError: There are none, or something moved meanwhile.
    """
    empty, rms = vibration(samples)
    if rms > AT_REST_UT:
        raise NotReadyError(f"the field moved by {rms:.1f} µT: keep cars away while it is taken")
    return Field(empty=empty, taken_at=taken_at)
