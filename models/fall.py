"""Falls: a descent, then the floor, then staying down, seen by pose; numbers, never pictures.

A classifier of 2.5 s of one body (`fall_features`) says how much they look like a fall. That alone
decides nothing: a fall has happened when the body has looked like it without a break, for longer
where it does so less surely (`HOLDS`), and lies, outside the zones where people lie on purpose.
That stands until the body is up again.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.fall_body import Body
from models.pose import Person
from models.pose_detector import Interpreter

HOLDS = ((0.8, 0.85), (0.35, 0.95))  # s without a break, and the score that must hold so long
FALL_THRESHOLD = 0.5  # of FALL_SCORE
DESCENT_MIN = 0.24  # body lengths that head and shoulders went down in 0.6 s
LYING_MIN = 0.5  # posture in which somebody is down
LYING_LOST_MIN = 0.75  # ... and is so though out of sight: who leaves through a door may stoop
UP_MAX, UP_S = 0.3, 1.0  # posture, and for how long: up again
SEEN_MIN_S = 0.5  # a body seen for less says nothing
REJOIN_S = (
    2.5  # a body found within it, and within its own length of one that was lost, is that one
)
END_S, END_STEP_S = 0.5, 0.1  # for which the last picture of a file stands
FORGET_S = 10.0  # after a fallen body was lost
FORGET_STANDING_S = 2.6  # after any other

Zone = Sequence[tuple[float, float]]
PICTURE: Zone = ((0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98))  # beyond: half a body


@dataclass(frozen=True, slots=True)
class FallScores:
    """What is said of a frame.

    `fall`: 0 to 1, from 0.5 on somebody has fallen and is down. `lying`: 0 to 1, somebody lies
    outside the zones. `motion`: 0 to 1 of the body that moves most, 1 as in walking. `count`:
    people in sight. `lost`: somebody fell and is out of sight since.
    """

    fall: float
    lying: float
    motion: float
    count: int
    lost: bool


@dataclass(slots=True)
class _Followed:
    body: Body
    scores: deque[tuple[float, float]] = field(default_factory=deque)
    fallen: float = 0.0  # the score that decided; 0 while nothing has
    up_since: float | None = None
    now: float = 0.0


class FallWatch:
    """Watches every body in sight for a fall.

    `zones` are polygons in shares of the picture's width and height: beds, sofas, mats. Whoever
    lies with the middle of the torso in one has not fallen.
    """

    def __init__(self, classifier: Interpreter, zones: Sequence[Zone] = ()) -> None:
        self._classifier, self._zones = classifier, tuple(zones)
        self._bodies: list[_Followed] = []
        self._last: tuple[Sequence[Person], float] | None = None

    def update(self, people: Sequence[Person], at: float) -> FallScores:
        """Take in the people of a frame (nobody, too, is an answer).

        Args:
            people: As `models.pose.Pose` finds them.
            at: Monotonic seconds.
        """
        self._last = people, at
        for person in people:
            self._see(person, at)
        self._bodies = [each for each in self._bodies if not self._is_over(each, at)]
        for each in self._bodies:
            self._judge(each, at)
        seen = [each.body for each in self._bodies if each.body.is_seen(at)]
        return FallScores(
            fall=max((each.now for each in self._bodies), default=0.0),
            lying=max((body.lying() for body in seen if not self._in_zone(body)), default=0.0),
            motion=max((body.motion(at) for body in seen), default=0.0),
            count=len(people),
            lost=any(each.fallen and not each.body.is_seen(at) for each in self._bodies),
        )

    def end(self) -> FallScores:
        """The footage ends: what its last picture shows stands for half a second more.

        For files alone, where a clip is often cut just after a fall; a camera does not end.
        """
        people, at = self._last or ((), 0.0)
        scores = FallScores(0.0, 0.0, 0.0, 0, lost=False)
        for step in range(1, round(END_S / END_STEP_S) + 1):
            scores = self.update(people, at + step * END_STEP_S)
        return scores

    def _see(self, person: Person, at: float) -> None:
        for each in self._bodies:
            if each.body.track == person.track:
                each.body.see(person, at)
                return
        for each in self._bodies:
            if each.body.follows(person, at, FORGET_S if each.fallen else REJOIN_S):
                each.body.see(person, at)
                return
        self._bodies.append(_Followed(Body(person, at)))

    @staticmethod
    def _is_over(each: _Followed, at: float) -> bool:
        forget_s = FORGET_S if each.fallen else FORGET_STANDING_S
        return at - each.body.seen_at > forget_s

    def _judge(self, each: _Followed, at: float) -> None:
        body = each.body
        logit = self._classifier.run(body.features(at)[None])[0].astype(np.float64).ravel()[0]
        each.scores.append((at, float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))))
        level = max(scaled(held(each.scores, at, hold_s), least) for hold_s, least in HOLDS)
        longest_s = max(hold_s for hold_s, _ in HOLDS)
        while len(each.scores) > 1 and each.scores[1][0] <= at - longest_s:
            each.scores.popleft()
        lying_min = LYING_MIN if body.is_seen(at) else LYING_LOST_MIN
        is_down = body.lying() >= lying_min and not self._in_zone(body)
        is_down = is_down and body.descent(at) >= DESCENT_MIN and inside(body.place(), PICTURE)
        each.now = level if is_down and body.seen_for_s >= SEEN_MIN_S else 0.0
        if each.now >= FALL_THRESHOLD:
            each.fallen = max(each.fallen, each.now)
        if each.fallen:
            each.now = max(each.now, each.fallen)
            self._recover(each, at)

    @staticmethod
    def _recover(each: _Followed, at: float) -> None:
        """Who is up for a second has not stayed down."""
        if not each.body.is_seen(at) or each.body.lying() > UP_MAX:
            each.up_since = None
        elif each.up_since is None:
            each.up_since = at
        elif at - each.up_since >= UP_S:
            each.fallen, each.up_since, each.now = 0.0, None, 0.0
            each.scores.clear()

    def _in_zone(self, body: Body) -> bool:
        place = body.place()
        return any(inside(place, zone) for zone in self._zones)


def held(scores: Iterable[tuple[float, float]], at: float, hold_s: float) -> float:
    """The least score over the last `hold_s` seconds; 0 while there are none from before."""
    since = at - hold_s + 1e-6
    before = [score for t, score in scores if t <= since][-1:]
    return min(before + [score for t, score in scores if t > since]) if before else 0.0


def scaled(score: float, decides: float) -> float:
    """The score so that what decides becomes `FALL_THRESHOLD`, in straight lines."""
    if score < decides:
        return score / decides * FALL_THRESHOLD
    return FALL_THRESHOLD + (score - decides) / (1 - decides) * (1 - FALL_THRESHOLD)


def inside(point: tuple[float, float], polygon: Zone) -> bool:
    """Whether a point lies in a polygon, by the crossings of a ray to the right."""
    x, y = point
    crossings = 0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            crossings += 1
    return crossings % 2 == 1
