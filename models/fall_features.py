"""What the fall classifier sees of one body: 2.5 s of posture and motion, free of scale and side.

Landmarks become eighteen numbers a frame (`body`), in pixels. A window of them, resampled to
10 Hz whatever the camera's rate, becomes (25, 16) features (`window`): every length is a share of
the body's own length, every sideways one its size alone, so that distance, picture size and
mirror image change nothing.
"""

import numpy as np
from numpy.typing import NDArray

from models.pose_geometry import Floats

Times = NDArray[np.float64]

RATE_HZ = 10.0
STEPS = 25
WINDOW_S = STEPS / RATE_HZ
MEMORY_S = 6.0  # over which a body's own length is learnt
GAP_S = 0.35  # between frames: longer, and the body was not seen

JOINTS = ((0, 7, 8), (11, 12), (23, 24), (25, 26), (27, 28))  # head shoulders hips knees ankles
HEAD, SHOULDERS, HIPS, KNEES, ANKLES = range(5)
UPPER, LOWER = slice(11, 17), slice(25, 33)
DEPTH, LEFT, TOP, RIGHT, BOTTOM, UPPER_SEEN, LOWER_SEEN, SCORE = range(10, 18)
NUMBERS = 18
FEATURES = (
    "head down", "shoulders down", "hips down", "ankles down", "hips aside",
    "torso across", "torso up", "torso deep", "shoulders over ankles", "hips over ankles",
    "box width", "box height", "motion", "upper seen", "lower seen", "body seen",
)  # fmt: skip
LENGTH_MIN_PX = 8.0
LIMIT = 3.0  # body lengths; beyond, a landmark was wild


def body(landmarks: Floats, score: float) -> Floats:
    """The numbers of a frame.

    Args:
        landmarks: (33, 5) as of `models.pose.Person`, pixels.
        score: How sure the pose network is, 0 to 1.

    Returns:
        (18,): x and y of head, shoulders, hips, knees and ankles, depth of the shoulders beyond
        the hips, the box (left, top, right, bottom), all px; visibility of arms and legs; score.
    """
    joints = [landmarks[list(each), :2].mean(axis=0) for each in JOINTS]
    depth = landmarks[[11, 12], 2].mean() - landmarks[[23, 24], 2].mean()
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    seen = landmarks[UPPER, 3].mean(), landmarks[LOWER, 3].mean()
    return np.array([*np.concatenate(joints), depth, *low, *high, *seen, score], dtype=np.float32)


def lengths(numbers: Floats) -> Floats:
    """Head to ankle along the body in each row, px: the same standing, sitting and lying.

    Args:
        numbers: (n, 18).
    """
    joints = numbers[:, :10].reshape(-1, 5, 2)
    return np.asarray(np.linalg.norm(np.diff(joints, axis=1), axis=2).sum(axis=1), dtype=np.float32)


def own_length(numbers: Floats) -> float:
    """The body's length over a history, px; short ones are seen along their axis."""
    return max(float(np.percentile(lengths(numbers), 75)), LENGTH_MIN_PX)


def resampled(times: Times, numbers: Floats, at: float) -> tuple[Floats, Floats]:
    """The last 2.5 s at 10 Hz.

    Args:
        times: (n,), seconds, rising.
        numbers: (n, 18), rows of `body`.
        at: The window's end, seconds.

    Returns:
        (25, 18), between frames in a straight line and beyond them held; and (25,) whether the
        body was seen then (a frame before and after it within 0.35 s).
    """
    grid = at - np.arange(STEPS - 1, -1, -1) / RATE_HZ
    after = np.clip(np.searchsorted(times, grid), 0, len(times) - 1)
    before = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, len(times) - 1)
    span = times[after] - times[before]
    share = np.clip((grid - times[before]) / np.where(span > 0, span, 1), 0, 1)[:, None]
    rows = numbers[before] * (1 - share) + numbers[after] * share
    near = np.minimum(np.abs(grid - times[before]), np.abs(times[after] - grid)) <= GAP_S
    whole = (span <= 2 * GAP_S) | (np.abs(grid - times[before]) <= GAP_S)
    return rows.astype(np.float32), (near & whole).astype(np.float32)


def window(times: Times, numbers: Floats, at: float) -> Floats:
    """The features of one body over the 2.5 s that end at `at`.

    Args:
        times: (n,), n >= 1, seconds, rising; up to `MEMORY_S` of them.
        numbers: (n, 18), rows of `body`.
        at: Seconds, at or after the last of `times`.

    Returns:
        (25, 16), in the order of `FEATURES`.
    """
    length = own_length(numbers)
    rows, seen = resampled(times, numbers, at)
    joints = rows[:, :10].reshape(STEPS, 5, 2)
    first = int(np.argmax(seen > 0))
    origin = joints[first, HIPS]
    down = (joints[:, :, 1] - origin[1]) / length
    torso = (joints[:, HIPS] - joints[:, SHOULDERS]) / length
    moved = np.zeros(STEPS, dtype=np.float32)
    moved[1:] = np.linalg.norm(np.diff(joints, axis=0), axis=2).mean(axis=1) * RATE_HZ / length
    columns = [
        down[:, HEAD],
        down[:, SHOULDERS],
        down[:, HIPS],
        down[:, ANKLES],
        np.abs(joints[:, HIPS, 0] - origin[0]) / length,
        np.abs(torso[:, 0]),
        torso[:, 1],
        rows[:, DEPTH] / length,
        down[:, ANKLES] - down[:, SHOULDERS],
        down[:, ANKLES] - down[:, HIPS],
        (rows[:, RIGHT] - rows[:, LEFT]) / length,
        (rows[:, BOTTOM] - rows[:, TOP]) / length,
        moved,
        rows[:, UPPER_SEEN],
        rows[:, LOWER_SEEN],
        seen,
    ]
    features: Floats = np.clip(np.stack(columns, axis=1), -LIMIT, LIMIT).astype(np.float32)
    return features
