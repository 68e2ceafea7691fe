"""Stick figures as landmarks, and films of them."""

from collections.abc import Sequence

import numpy as np

from models.pose import Person

PICTURE = (640, 480)
# hips' x and y in pixels; torso, thigh and shin in degrees: 0 upright, 90 to the right
Posture = Sequence[float]
HEAD, TORSO, THIGH, SHIN = 0.17, 0.31, 0.26, 0.26  # of the body's length


def figure(
    posture: Posture, shake: np.random.Generator, *, length: float = 200.0, track: int = 1
) -> Person:
    """A body in this posture, landmarks unsure by `shake`."""
    x, y, torso_deg, thigh_deg, shin_deg = posture
    at = np.array([x, y])
    up = np.array([np.sin(np.radians(torso_deg)), -np.cos(np.radians(torso_deg))])
    shoulders = at + up * TORSO * length
    head = shoulders + up * HEAD * length
    knees = at + THIGH * length * heading(thigh_deg)
    ankles = knees + SHIN * length * heading(shin_deg)
    side = np.array([-up[1], up[0]]) * 0.08 * length
    points = np.zeros((33, 5), dtype=np.float32)
    points[0:11, :2] = head
    for left, where in ((11, shoulders), (13, (shoulders + at) / 2), (15, at), (23, at)):
        points[left, :2], points[left + 1, :2] = where + side, where - side
    points[17:23, :2] = at
    for left, where in ((25, knees), (27, ankles), (29, ankles), (31, ankles)):
        points[left, :2], points[left + 1, :2] = where + side / 2, where - side / 2
    points[:, 3:] = 0.95
    points[:, :2] += shake.normal(0, 0.004 * length, (33, 2))
    return Person(points, 0.99, track, PICTURE)


def heading(degrees: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])


STANDING: Posture = (300.0, 250.0, 2.0, 3.0, -2.0)
FLAT: Posture = (350.0, 345.0, 88.0, -88.0, -85.0)
SITTING: Posture = (300.0, 300.0, 5.0, 80.0, -5.0)


def film(
    steps: Sequence[tuple[float, Posture]], rate_hz: float = 10.0, track: int = 1
) -> list[tuple[float, Person]]:
    """A film between postures at given seconds; each change begins slowly, as a fall does."""
    shake = np.random.default_rng(3)
    found = []
    for at in np.arange(steps[0][0], steps[-1][0] + 1e-9, 1 / rate_hz):
        number = max(k for k, (t, _) in enumerate(steps) if t <= at + 1e-9)
        t0, before = steps[number]
        t1, after = steps[min(number + 1, len(steps) - 1)]
        share = 0.0 if t1 == t0 else (at - t0) / (t1 - t0)
        now = [a + (b - a) * share**1.5 for a, b in zip(before, after, strict=True)]
        found.append((float(at), figure(now, shake, track=track)))
    return found
