"""Finds people in a picture: MediaPipe's person detector (Apache-2.0), 224 px, one shot.

2,254 anchors; each output is twelve numbers (box, hips, reach of the body, two more points) and
a logit. Figures: MediaPipe's `pose_detection_cpu.pbtxt`.
"""

from dataclasses import dataclass
from math import pi
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.pose_geometry import Floats, Pixels, Region, body_region, carried_back, cut

SIZE = 224
STRIDES = ((8, 2), (16, 2), (32, 6))  # pixels between cells, anchors in a cell
SCORE_MIN = 0.5
OVERLAP_MAX = 0.3
LOGIT_MAX = 80.0
NUMBERS = 12


class Interpreter(Protocol):
    """A loaded network (models/runtime.py)."""

    def run(self, *inputs: NDArray[np.generic]) -> list[NDArray[np.generic]]:
        """The outputs for these inputs, in the file's order."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A person found: where the body lies, and how sure the network is (0 to 1)."""

    region: Region
    score: float


def anchors() -> Floats:
    """Centres of all anchors, shares of the side: (2254, 2), x then y."""
    rows = []
    for stride, each in STRIDES:
        cells = SIZE // stride
        centre = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        ys, xs = np.meshgrid(centre, centre, indexing="ij")
        rows.append(np.repeat(np.stack([xs.ravel(), ys.ravel()], axis=1), each, axis=0))
    return np.concatenate(rows)


def decoded(raw: Floats, logits: Floats, places: Floats) -> tuple[Floats, Floats]:
    """The people among the anchors, best first, one row each.

    Args:
        raw: (anchors, 12), pixels from the anchor's centre.
        logits: (anchors,).
        places: (anchors, 2), the anchors' centres.

    Returns:
        (n, 12) with x and y as shares of the side (box: centre, width, height), and (n,) scores;
        rows that overlap a better one are merged into it, weighted by score.
    """
    scores = 1 / (1 + np.exp(np.clip(-logits, -LOGIT_MAX, LOGIT_MAX, dtype=np.float64)))
    chosen = np.flatnonzero(scores >= SCORE_MIN)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    rows = raw[chosen] / SIZE
    rows[:, 0:2] += places[chosen]
    for first in range(4, NUMBERS, 2):
        rows[:, first : first + 2] += places[chosen]
    scores = scores[chosen]
    kept, kept_scores = [], []
    while len(rows):
        near = overlap(rows[0], rows) > OVERLAP_MAX
        near[0] = True
        kept.append((rows[near] * scores[near, None]).sum(axis=0) / scores[near].sum())
        kept_scores.append(scores[0])
        rows, scores = rows[~near], scores[~near]
    return (
        np.array(kept, dtype=np.float32).reshape(-1, NUMBERS),
        np.array(kept_scores, dtype=np.float32),
    )


def overlap(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of a box with each of others (centre, width, height): (n,)."""
    low = np.maximum(box[0:2] - box[2:4] / 2, boxes[:, 0:2] - boxes[:, 2:4] / 2)
    high = np.minimum(box[0:2] + box[2:4] / 2, boxes[:, 0:2] + boxes[:, 2:4] / 2)
    both = np.clip(high - low, 0, None).prod(axis=1)
    either = box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - both
    return np.asarray(both / np.maximum(either, 1e-9), dtype=np.float32)


class Detector:
    """People in a picture."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter, self._anchors = interpreter, anchors()

    def detect(self, frame: Pixels, quarter_turns: int = 0) -> list[Detection]:
        """The people, best first.

        Args:
            frame: (height, width, 3), RGB.
            quarter_turns: Turn the picture first: the network was trained on people upright, and
                finds one who lies across when the picture lies as well.
        """
        height, width = frame.shape[:2]
        whole = Region(width / 2, height / 2, max(height, width), quarter_turns * pi / 2)
        picture = cut(frame, whole, SIZE)[None] / np.float32(127.5) - np.float32(1)
        outputs = [each.astype(np.float32) for each in self._interpreter.run(picture)]
        outputs.sort(key=lambda each: each.shape[-1])
        rows, scores = decoded(outputs[1][0], outputs[0].ravel(), self._anchors)
        found = []
        for row, score in zip(rows, scores, strict=True):
            hips, reach = carried_back(row[4:8].reshape(2, 2), whole)
            found.append(
                Detection(body_region((hips[0], hips[1]), (reach[0], reach[1])), float(score))
            )
        return found
