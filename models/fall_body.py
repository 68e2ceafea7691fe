"""One body over the last seconds: where it is, how it lies, how it moves, what it went through."""

import numpy as np

from models import fall_features
from models.fall_features import GAP_S, HEAD, HIPS, MEMORY_S, SHOULDERS, body, lengths, window
from models.pose import Person
from models.pose_geometry import Floats

MOTION_S = 0.6  # over which motion is taken
WALKING = 1.0  # body lengths a second that a joint moves, on average, in walking
LENGTH_FADES_S = 20.0  # a body that walks away looks smaller
UPRIGHT_EXTENT, FLAT_EXTENT = 0.65, 0.40  # head to ankle downwards, as a share of own length
DROP_S = 0.6  # in which a fall goes furthest down
DROP_WITHIN_S = 4.0
UNSEEN_S = 1.2  # a drop may fall into a gap between two frames so long
UPRIGHT_DEG, FLAT_DEG = 25.0, 55.0  # of the torso from upright


class Body:
    """A body's last `MEMORY_S` seconds, from one track or from several that follow each other."""

    def __init__(self, person: Person, at: float) -> None:
        self.track = person.track
        self.picture = person.picture
        self._times: list[float] = []
        self._rows: list[Floats] = []
        self._length = 0.0
        self.see(person, at)

    def see(self, person: Person, at: float) -> None:
        """Take in a frame; of two at one time the first counts."""
        if self._times and at <= self._times[-1]:
            return
        row = body(person.landmarks, person.score)
        length = float(lengths(row[None])[0])
        if self._times:
            faded = 1 - (at - self._times[-1]) / LENGTH_FADES_S * min(self.motion(at), 1.0)
            self._length *= max(faded, 0.0)
        self.track, self.picture = person.track, person.picture
        self._times.append(at)
        self._rows.append(row)
        while self._times[0] < at - MEMORY_S:
            del self._times[0], self._rows[0]
        recent = fall_features.own_length(np.array(self._rows))
        self._length = max(self._length, min(length, recent), fall_features.LENGTH_MIN_PX)

    @property
    def seen_at(self) -> float:
        """When it was seen last, seconds."""
        return self._times[-1]

    @property
    def seen_for_s(self) -> float:
        """Seconds from the first to the last frame that is remembered."""
        return self._times[-1] - self._times[0]

    @property
    def hips(self) -> tuple[float, float]:
        """Where the hips were last, px."""
        return self._joint(HIPS)

    def place(self) -> tuple[float, float]:
        """The middle of the torso as shares of the picture's width and height."""
        (x, y), (over_x, over_y) = self._joint(HIPS), self._joint(SHOULDERS)
        return (x + over_x) / 2 / self.picture[0], (y + over_y) / 2 / self.picture[1]

    def is_seen(self, at: float) -> bool:
        """Whether it is in sight."""
        return at - self.seen_at <= GAP_S

    def features(self, at: float) -> Floats:
        """What the classifier sees: (25, 16)."""
        return window(np.array(self._times), np.array(self._rows), at)

    def lying(self) -> float:
        """How much the posture last seen is a lying one: 0 upright, 1 flat."""
        joints = self._rows[-1][:10].reshape(5, 2)
        extent = float(np.ptp(joints[:, 1])) / self._length
        across, up = (
            np.abs(joints[HIPS, 0] - joints[SHOULDERS, 0]),
            joints[HIPS] - joints[SHOULDERS],
        )
        tilt_deg = float(np.degrees(np.arctan2(across, up[1])))
        low = (UPRIGHT_EXTENT - extent) / (UPRIGHT_EXTENT - FLAT_EXTENT)
        flat = (tilt_deg - UPRIGHT_DEG) / (FLAT_DEG - UPRIGHT_DEG)
        return float(np.clip(low, 0, 1) * 0.6 + np.clip(flat, 0, 1) * 0.4)

    def descent(self, at: float) -> float:
        """How far head and shoulders went down in the fastest 0.6 s of the last 4, lengths."""
        times = np.array(self._times)
        since = times >= at - DROP_WITHIN_S
        times = times[since]
        if len(times) < 2:
            return 0.0
        rows = np.array(self._rows)[since]
        down = (rows[:, 2 * HEAD + 1] + rows[:, 2 * SHOULDERS + 1]) / 2
        apart = times[None, :] - times[:, None]
        near = (apart > 0) & (apart <= DROP_S + 1e-6)
        following = np.arange(len(times) - 1)
        near[following, following + 1] |= np.diff(times) <= UNSEEN_S
        drops = np.where(near, down[None, :] - down[:, None], 0.0)
        return float(drops.max()) / self._length

    def motion(self, at: float) -> float:
        """How much it moves: joints' mean speed over 0.6 s, 1 as in walking, not more."""
        recent = [
            row[:10] for t, row in zip(self._times, self._rows, strict=True) if t >= at - MOTION_S
        ]
        if len(recent) < 2:
            return 0.0
        times = self._times[-len(recent) :]
        paths = np.linalg.norm(np.diff(np.array(recent).reshape(-1, 5, 2), axis=0), axis=2)
        speed = float(np.median(paths.sum(axis=0))) / (times[-1] - times[0]) / self._length
        return min(speed / WALKING, 1.0)

    def follows(self, person: Person, at: float, within_s: float) -> bool:
        """Whether this person, newly found, is the body that was lost hereabouts."""
        if not GAP_S / 10 < at - self.seen_at <= within_s:
            return False
        row = body(person.landmarks, person.score)
        here, there = row[4:6], self._joint(HIPS)
        return float(np.hypot(here[0] - there[0], here[1] - there[1])) < self._length

    def _joint(self, joint: int) -> tuple[float, float]:
        x, y = self._rows[-1][2 * joint : 2 * joint + 2]
        return float(x), float(y)
