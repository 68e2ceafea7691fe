"""Fire and smoke in one picture: resizing, the int8 network of `fire_image.tflite`, two scores.

A still picture cannot tell a hob from a fire, nor a screen that shows a fire from one. The scores
are evidence for a rule that also asks for persistence and for `models.flame_motion`.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import runtime

_TABLE = runtime.manifest()["fire_image"]
FIRE_THRESHOLD = float(_TABLE["fire_threshold"])
SMOKE_THRESHOLD = float(_TABLE["smoke_threshold"])


@dataclass(frozen=True, slots=True)
class FireScores:
    """From 0 to 1 each, independent of each other; no probabilities: hold them to a threshold."""

    fire: float
    smoke: float


class FireImage:
    """The network of the manifest's `fire_image` around one interpreter."""

    def __init__(self, interpreter: runtime.Interpreter) -> None:
        self._interpreter = interpreter
        self._side_px = int(interpreter.inputs[0].shape[1])

    def score(self, frame: NDArray[np.uint8]) -> FireScores:
        """Look at a frame, RGB of any size: (height, width, 3), uint8.

        Raises:
            ValueError: The frame has another shape or type, or is empty.
        """
        pixels = square(frame, self._side_px)
        out = self._interpreter.outputs[0]
        (raw,) = self._interpreter.run(quantised(pixels)[None])
        fire, smoke = (out.scale * (float(each) - out.zero_point) for each in raw[0])
        return FireScores(min(1.0, max(0.0, fire)), min(1.0, max(0.0, smoke)))


def quantised(pixels: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Pixels as the network's int8 input has them: scale 1/128, zero point 0."""
    return (pixels.astype(np.int16) - 128).astype(np.int8)


def square(frame: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """A frame of any shape made (side_px, side_px, 3); the longer side is squeezed, none is cut.

    Raises:
        ValueError: The frame is not uint8 of (height, width, 3), or is empty.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise ValueError(f"a frame is uint8 of (height, width, 3), not {frame.dtype} {frame.shape}")
    return resized(frame, side_px, side_px)


def resized(frame: NDArray[Any], height: int, width: int) -> NDArray[np.uint8]:
    """The same picture, (height, width, 3), with other sides, rounded."""
    mixed: NDArray[np.uint8] = np.clip(np.rint(mixture(frame, height, width)), 0, 255).astype(
        np.uint8
    )
    return mixed


def mixture(frame: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """The same before rounding: a mean over what a pixel covers, else linear between pixels."""
    flat = frame.reshape(frame.shape[0], -1).astype(np.float32)
    rows = (_shares(frame.shape[0], height) @ flat).reshape(height, frame.shape[1], 3)
    mixed: NDArray[np.float32] = np.matmul(_shares(frame.shape[1], width), rows)
    return mixed


@functools.lru_cache(maxsize=16)
def _shares(before: int, after: int) -> NDArray[np.float32]:
    """How much of each old row is in each new one, (after, before): a triangle, antialiased."""
    step = before / after
    centres = (np.arange(after) + 0.5) * step
    apart = np.abs(np.arange(before)[None] + 0.5 - centres[:, None])
    share = np.maximum(0.0, 1.0 - apart / max(1.0, step))
    shares: NDArray[np.float32] = (share / share.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
