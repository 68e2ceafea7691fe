"""Which way a thing hangs, and how it shakes: arithmetic on accelerations."""

import math
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.kept import RFC3339
from drivers.sensor import NotReadyError

Vector = tuple[float, float, float]
_AT_REST_G = 0.05  # more than its noise


class Pose(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an accelerometer was mounted: `up` in g along its axes, and when that was measured."""

    up: Vector
    taken_at: Annotated[str, Meta(pattern=RFC3339)]


def tilt_deg(now: Vector, mounted: Vector) -> float:
    """Give the angle between two directions of gravity, 0 to 180°; exact near 0 as well."""
    (ax, ay, az), (bx, by, bz) = now, mounted
    cross = math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return math.degrees(math.atan2(cross, ax * bx + ay * by + az * bz))


def vibration(samples: Sequence[Vector]) -> tuple[Vector, float]:
    """Mean, which is gravity, and the RMS of what is left, in the samples' unit.

    Raises:
        NotReadyError: There are no samples.
    """
    if not samples:
        raise NotReadyError("no samples yet")
    count = len(samples)
    x, y, z = (sum(axis) / count for axis in zip(*samples, strict=True))
    mean_square = sum((a - x) ** 2 + (b - y) ** 2 + (c - z) ** 2 for a, b, c in samples) / count
    return (x, y, z), math.sqrt(mean_square)


def measure_pose(samples: Sequence[Vector], *, taken_at: str) -> Pose:
    """Make the record of how it hangs from samples in g.

    Raises:
        NotReadyError: There are none, or it was moved meanwhile.
    """
    up, rms = vibration(samples)
    if rms > _AT_REST_G:
        raise NotReadyError(f"moved by {rms:.2f} g: leave it alone while its pose is taken")
    return Pose(up=up, taken_at=taken_at)
