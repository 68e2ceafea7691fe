"""People as 33 landmarks: detector, then BlazePose on a region that follows each body.

The two files come from a registry at install (`python -m models fetch`); figures:
MediaPipe's `pose_landmark_cpu.pbtxt`. The region of the next frame comes from the landmarks of
this one; the detector runs when nobody is followed, and now and then for others.
"""

from dataclasses import dataclass
from math import hypot, pi

import numpy as np

from models.pose_detector import Detector, Interpreter
from models.pose_geometry import (
    Floats,
    Pixels,
    Region,
    body_region,
    carried_back,
    cut,
    shrunk,
)

SIZE = 256
LANDMARKS = 33
HIPS, REACH = 33, 34  # two further points: where the next region lies
SCORE_MIN = 0.5
PEOPLE_MAX = 3
SEARCH_EVERY = 12  # frames between searches for further people while somebody is followed
SOUGHT = 8  # frames in which a body that was lost is looked for where it was
TURNS = (0.0, pi / 2, -pi / 2)  # ... this way up, and lying to either side
QUARTERS = (0, 0, 1, 3)  # ... and by the detector, in pictures turned so, one a frame
SAME_BODY = 0.35  # of the smaller region's side: two regions nearer than this show one body


@dataclass(frozen=True, slots=True)
class Person:
    """A person in a frame.

    `landmarks` is (33, 5): x and y in pixels, z in pixels (towards the camera negative, from the
    hips), visibility and presence 0 to 1. `score` is how sure the network is of a body, 0 to 1.
    `track` stays the same while the body is followed. `picture` is the frame's width and height.
    """

    landmarks: Floats
    score: float
    track: int
    picture: tuple[int, int]


_Found = tuple[Floats, float, int]  # landmarks, score, number of the track


@dataclass(slots=True)
class _Track:
    number: int
    region: Region
    missed: int = 0


class Pose:
    """Follows up to three people from frame to frame."""

    def __init__(self, detector: Interpreter, landmarker: Interpreter) -> None:
        self._detector, self._landmarker = Detector(detector), landmarker
        self._tracks: list[_Track] = []
        self._frames = 0
        self._numbers = 0

    def people(self, frame: Pixels) -> list[Person]:
        """Whoever is seen in the next frame of the stream.

        Args:
            frame: (height, width, 3), RGB; at least 16 px a side, any size after the first.
        """
        small, factor = shrunk(frame)
        found = [each for track in self._tracks if (each := self._follow(small, track))]
        self._tracks = [track for track in self._tracks if track.missed <= SOUGHT]
        if self._search_due(len(found)):
            found += self._search(small)
        self._frames += 1
        size = frame.shape[1], frame.shape[0]
        people = []
        for landmarks, score, track in found:
            landmarks[:, :3] *= factor
            people.append(Person(landmarks, score, track, size))
        return people

    def _search_due(self, seen: int) -> bool:
        if seen == 0:
            return True
        return seen < PEOPLE_MAX and self._frames % SEARCH_EVERY == 0

    def _follow(self, frame: Pixels, track: _Track) -> _Found | None:
        """The track's next person; a lost one is sought where it was, upright and lying."""
        region = track.region
        if track.missed:
            region = region.turned(TURNS[track.missed % len(TURNS)], 1.1)
        found = self._landmarks(frame, region)
        if found is None or self._taken(found[1], track):
            track.missed += 1
            return None
        landmarks, track.region, score = found
        track.missed = 0
        return landmarks, score, track.number

    def _search(self, frame: Pixels) -> list[_Found]:
        found = []
        alone = not any(track.missed == 0 for track in self._tracks)
        quarters = QUARTERS[self._frames % len(QUARTERS)] if alone else 0
        for each in self._detector.detect(frame, quarters):
            if sum(track.missed == 0 for track in self._tracks) >= PEOPLE_MAX:
                break
            if self._taken(each.region, None):
                continue
            answer = self._landmarks(frame, each.region)
            if answer is None or self._taken(answer[1], None):
                continue
            landmarks, region, score = answer
            track = self._track_near(region)
            track.region, track.missed = region, 0
            found.append((landmarks, score, track.number))
        return found

    def _track_near(self, region: Region) -> _Track:
        """The track that was lost hereabouts, or a new one."""
        for track in self._tracks:
            reach = max(track.region.side, region.side) / 2
            if track.missed and _apart(track.region, region) < reach:
                return track
        self._numbers += 1
        self._tracks.append(_Track(self._numbers, region))
        return self._tracks[-1]

    def _taken(self, region: Region, by: _Track | None) -> bool:
        """Whether another track already shows this body."""
        return any(
            track is not by
            and track.missed == 0
            and (by is None or track.number < by.number)
            and _apart(track.region, region) < SAME_BODY * min(track.region.side, region.side)
            for track in self._tracks
        )

    def _landmarks(self, frame: Pixels, region: Region) -> tuple[Floats, Region, float] | None:
        picture = cut(frame, region, SIZE)[None] / np.float32(255)
        outputs = self._landmarker.run(picture)
        score = float(next(each for each in outputs if each.size == 1).ravel()[0])
        if score < SCORE_MIN:
            return None
        rows = next(each for each in outputs if each.size == (LANDMARKS + 6) * 5)
        points = rows.reshape(-1, 5).astype(np.float32)
        points[:, :2] = carried_back(points[:, :2] / SIZE, region)
        points[:, 2] *= region.side / SIZE
        points[:, 3:] = 1 / (1 + np.exp(-points[:, 3:]))
        hips, reach = points[HIPS, :2], points[REACH, :2]
        following = body_region((hips[0], hips[1]), (reach[0], reach[1]))
        return points[:LANDMARKS], following, score


def _apart(one: Region, other: Region) -> float:
    return hypot(one.x - other.x, one.y - other.y)
