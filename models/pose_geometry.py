"""Regions of a picture: turned squares, how to cut them out, how to carry points back."""

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

MARGIN = 1.25  # around a body, as the landmark network was trained
LARGEST_PX = 640  # a larger picture is shrunk first: the networks see 256 px of it


@dataclass(frozen=True, slots=True)
class Region:
    """A square of a picture: centre and side in pixels, turned by `angle` radians (clockwise)."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def turned(self, angle: float, scale: float = 1.0) -> "Region":
        """The same place, turned further and made larger."""
        return Region(self.x, self.y, self.side * scale, wrapped(self.angle + angle))


def wrapped(angle: float) -> float:
    """The angle between -pi and pi."""
    return float((angle + pi) % (2 * pi) - pi)


def body_region(hips: tuple[float, float], reach: tuple[float, float]) -> Region:
    """The square about a body, head up.

    Args:
        hips: Centre of the hips, pixels.
        reach: A point on the circle about the body, on the side of the head, pixels.
    """
    across, down = reach[0] - hips[0], reach[1] - hips[1]
    side = 2 * hypot(across, down) * MARGIN
    return Region(hips[0], hips[1], side, wrapped(pi / 2 - atan2(-down, across)))


def cut(frame: Pixels, region: Region, size: int) -> Floats:
    """The region as `size` by `size` pixels, bilinear, black outside the picture.

    Args:
        frame: (height, width, 3).
        region: What to cut.
        size: Pixels of the result's side.

    Returns:
        (size, size, 3), 0 to 255.
    """
    height, width = frame.shape[:2]
    steps = ((np.arange(size, dtype=np.float32) + 0.5) / size - 0.5) * np.float32(region.side)
    turn_cos, turn_sin = np.float32(cos(region.angle)), np.float32(sin(region.angle))
    xs = np.float32(region.x - 0.5) + turn_cos * steps[None, :] - turn_sin * steps[:, None]
    ys = np.float32(region.y - 0.5) + turn_sin * steps[None, :] + turn_cos * steps[:, None]
    inside = (xs > -1) & (xs < width) & (ys > -1) & (ys < height)
    left = np.clip(np.floor(xs).astype(np.int32), 0, width - 2)
    top = np.clip(np.floor(ys).astype(np.int32), 0, height - 2)
    part_x = np.clip(xs - left, 0, 1)[..., None]
    part_y = np.clip(ys - top, 0, 1)[..., None]
    flat = frame.reshape(-1, 3)
    at = top * width + left
    upper = flat[at] * (1 - part_x) + flat[at + 1] * part_x
    at += width
    lower = flat[at] * (1 - part_x) + flat[at + 1] * part_x
    found: Floats = (upper + (lower - upper) * part_y) * inside[..., None]
    return found.astype(np.float32, copy=False)


def carried_back(points: Floats, region: Region) -> Floats:
    """Points of a cut (x and y as shares of its side, 0 to 1) in pixels of the picture: (n, 2)."""
    off = (points - 0.5) * region.side
    turn_cos, turn_sin = cos(region.angle), sin(region.angle)
    xs = region.x + turn_cos * off[:, 0] - turn_sin * off[:, 1]
    ys = region.y + turn_sin * off[:, 0] + turn_cos * off[:, 1]
    return np.stack([xs, ys], axis=1).astype(np.float32)


def shrunk(frame: Pixels, largest_px: int = LARGEST_PX) -> tuple[Pixels, int]:
    """The picture by a whole factor smaller (means of blocks), and that factor."""
    factor = -(-max(frame.shape[:2]) // largest_px)
    if factor == 1:
        return frame, 1
    height, width = (side // factor * factor for side in frame.shape[:2])
    blocks = frame[:height, :width].reshape(height // factor, factor, width // factor, factor, 3)
    total = blocks.sum(axis=1, dtype=np.uint16).sum(axis=2, dtype=np.uint32)
    return (total // factor**2).astype(np.uint8), factor
