"""Windows of the fall clips with their labels, and the variations they are trained on.

A window is a fall from just after its end for two seconds; it is none before it begins, and
nowhere in a clip without one. What lies between teaches nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.fall import FORGET_STANDING_S, REJOIN_S
from models.fall_features import GAP_S, MEMORY_S, Times, body, own_length, window
from models.pose_geometry import Floats
from models.training.fall_clips import Clip, Frames

EVERY_S = 0.2
FIRST_S = 0.8  # of a body in sight before the first window
AFTER_S = 2.2  # the end of a fall, for which a window shows one
SHORTEST = 4  # frames
SLOW_SHARE = 0.2  # of falls are slowed down until they are somebody lying down
LOST_SHARE = 0.3  # of bodies are lost from sight
Interval = tuple[float, float]


@dataclass(slots=True)
class Path:
    """One body through a clip: (n,) seconds and (n, 18) numbers; the fall, and the clip's end."""

    times: Times
    rows: Floats
    fall: Interval | None
    end_s: float
    slowed: bool = False


def paths(clip: Clip, frames: Frames) -> list[Path]:
    """The bodies of a clip, joined where one was lost and found again, as `FallWatch` does."""
    tracks: dict[int, list[tuple[float, Floats]]] = {}
    for at, people in frames:
        for person in people:
            row = body(person.landmarks, person.score)
            tracks.setdefault(person.track, []).append((at, row))
    found: list[Path] = []
    for track in sorted(tracks.values(), key=lambda each: each[0][0]):
        times, rows = np.array([at for at, _ in track]), np.array([row for _, row in track])
        for path in found:
            gap = times[0] - path.times[-1]
            apart = np.hypot(*(rows[0, 4:6] - path.rows[-1, 4:6]))
            if GAP_S / 10 < gap <= REJOIN_S and apart < own_length(path.rows):
                path.times = np.concatenate([path.times, times])
                path.rows = np.concatenate([path.rows, rows])
                break
        else:
            found.append(Path(times, rows, clip.fall, frames[-1][0]))
    return [path for path in found if len(path.times) >= SHORTEST]


def windows(path: Path, start_s: float = 0.0) -> Iterator[tuple[Floats, int]]:
    """The windows of a body, every 0.2 s until it is forgotten, and whether each shows a fall."""
    last = min(path.times[-1] + FORGET_STANDING_S, path.end_s)
    for at in np.arange(path.times[0] + FIRST_S + start_s, last, EVERY_S):
        label = labelled(path, float(at))
        known = (path.times <= at) & (path.times > at - MEMORY_S)
        if label is not None and known.any():
            yield window(path.times[known], path.rows[known], float(at)), label


def labelled(path: Path, at: float) -> int | None:
    """1 for a fall, 0 for none, None for what teaches nothing."""
    if path.fall is None:
        return 0
    begins, ends = path.fall
    if at < begins + EVERY_S:
        return 0
    if path.slowed:
        return 0 if at > ends + 1 else None
    return 1 if ends + 0.1 <= at <= ends + AFTER_S else None


def varied(path: Path, draw: np.random.Generator) -> Path:
    """The same body another time: faster, slower, tilted, seen worse, lost."""
    slowed = path.fall is not None and bool(draw.random() < SLOW_SHARE)
    factor = float(np.exp(draw.uniform(np.log(0.8), np.log(1.3))))
    if path.fall is not None and slowed:
        factor = float(draw.uniform(4, 6)) * max(1.0, 1.0 / (path.fall[1] - path.fall[0]))
    times = path.times * factor
    fall = (path.fall[0] * factor, path.fall[1] * factor) if path.fall else None
    kept = thinned(times, draw)
    if draw.random() < LOST_SHARE:
        gone = fall[1] + draw.uniform(-0.4, 0.8) if fall else draw.uniform(times[0], times[-1])
        kept &= ~((times > gone) & (times < gone + draw.uniform(1, 20)))
    if kept.sum() < SHORTEST:
        kept[:] = True
    rows = shaken(path.rows[kept], draw)
    return Path(times[kept], rows, fall, path.end_s * factor, slowed)


def thinned(times: Times, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Frames that a slower camera would have given, some of them dropped."""
    rate_hz, last = draw.uniform(5, 16), -np.inf
    kept = np.zeros(len(times), dtype=bool)
    for number, at in enumerate(times):
        if at - last >= 1 / rate_hz - 1e-3 and draw.random() > 0.08:
            kept[number], last = True, at
    return kept


def shaken(rows: Floats, draw: np.random.Generator) -> Floats:
    """The rows as from a tilted camera and a worse network."""
    length = own_length(rows)
    angle = draw.normal(0, 0.06)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    joints = rows[:, :10].reshape(-1, 5, 2) @ turn
    joints[..., 0] *= draw.uniform(0.9, 1.1)
    joints += draw.normal(0, length * draw.uniform(0, 0.02), joints.shape)
    shaken_rows = rows.copy()
    shaken_rows[:, :10] = joints.reshape(-1, 10)
    shaken_rows[:, 10] += draw.normal(0, 0.1 * length, len(rows))
    sides = rows[:, 13:15] - rows[:, 11:13]
    shaken_rows[:, 13:15] = rows[:, 11:13] + sides * draw.uniform(0.92, 1.08, 2)
    shaken_rows[:, 15:17] = np.clip(rows[:, 15:17] + draw.normal(0, 0.08), 0, 1)
    return shaken_rows.astype(np.float32)


def dataset(bodies: list[Path], copies: int, draw: np.random.Generator) -> tuple[Floats, Floats]:
    """The windows of these bodies and of variations: (n, 25, 16), and (n,) labels 0 or 1."""
    features: list[Floats] = []
    labels: list[int] = []
    for path in bodies:
        for each in [path, *(varied(path, draw) for _ in range(copies))]:
            for window_, label in windows(each, float(draw.uniform(0, EVERY_S))):
                features.append(window_)
                labels.append(label)
    return np.array(features, dtype=np.float32), np.array(labels, dtype=np.float32)
