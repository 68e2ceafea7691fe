"""What answers "Are you all right?": somebody who is up and about, or a voice."""

from collections import deque
from dataclasses import dataclass, field

from agent.asking import listens
from agent.values import Reading
from drivers.sensor import Quantity

BODY = frozenset({Quantity.PERSON_COUNT, Quantity.LYING_SCORE, Quantity.BODY_MOTION})

FRESH_S = 2.5  # numbers of one camera are of one moment within this time
UP = 0.3  # LYING_SCORE below which nobody lies
WALKS = 0.5  # BODY_MOTION from which somebody walks, gets up or waves with the whole body
MOVED_S = 2.0
ONE = 0.5  # PERSON_COUNT from which somebody is seen
GONE_S = 3.0  # unseen for longer, who is seen next may be somebody else
BEFORE_S = 10.0  # who was in the picture so long before the fall may still be beside it
SEEN_AGAIN_S = 5.0

QUIET_S = 60.0  # before the asking: by its levels a voice is told from the room
LEAST_LEVELS = 10
LOUDEST = 0.9  # of those levels lie below what counts as the room's own
SPOKEN_S, SPOKEN_LEVELS = 0.9, 3  # three levels half a second apart: half a second of voice


@dataclass(slots=True, eq=False)
class Body:
    """The only person that one camera sees: whether it is up, moves, and must be who fell.

    A second person, then or since, makes it doubtful who moves; so does the time in which nobody
    is seen or the fallen one is out of sight, until the fall model has found that very body again.
    While that is doubtful, no movement speaks for the fallen one.
    """

    last: dict[Quantity, Reading] = field(default_factory=dict)
    _crowd_at: float = float("-inf")
    _gone_since: float | None = None  # nobody is seen
    _doubted_at: float = float("-inf")  # when who is seen was last not known to be who fell
    _up_since: float | None = None
    _moved_s: float = 0.0

    def update(self, reading: Reading) -> None:
        """Take a number of this camera in."""
        before = self.last.get(reading.quantity)
        self.last[reading.quantity] = reading
        at = reading.at
        if reading.quantity is Quantity.PERSON_COUNT:
            self._count(reading)
        if before is not None and at - before.at > FRESH_S:
            self._up_since = None
            if reading.quantity is Quantity.PERSON_COUNT:
                self._doubted_at = at
        if not self._stands(at):
            self._up_since, self._moved_s = None, 0.0
            return
        if self._up_since is None:
            self._up_since, self._moved_s = at, 0.0
        elif before is not None and _walks(reading) and _walks(before):
            self._moved_s += at - before.at

    def is_about(self, at: float, up_s: float) -> bool:
        """Whether it has been up for `up_s` seconds and has moved for two of them."""
        return self.is_up(at, up_s) and self._moved_s >= MOVED_S

    def is_up(self, at: float, up_s: float) -> bool:
        """Whether one person has been seen, and nobody lying, for `up_s` seconds."""
        return self._stands(at) and self._up_since is not None and at - self._up_since >= up_s

    def may_lie(self, at: float) -> bool:
        """Whether somebody is seen to lie, or nothing is known of it."""
        lying = self.last.get(Quantity.LYING_SCORE)
        return lying is None or at - lying.at > FRESH_S or lying.value >= UP

    def had_company(self, since: float) -> bool:
        """Whether there were others from shortly before `since` (monotonic seconds) on."""
        return self._crowd_at >= since - BEFORE_S

    def is_doubtful(self, since: float) -> bool:
        """Whether who is seen may not be who fell then."""
        return self._doubted_at >= since

    def lose(self, at: float) -> None:
        """The fall model says that who fell is out of sight."""
        self._doubted_at = at

    def find(self, at: float) -> None:
        """The fall model says that who fell is in sight."""
        count = self.last.get(Quantity.PERSON_COUNT)
        if count is not None and at - count.at <= FRESH_S and count.value >= ONE:
            self._doubted_at = float("-inf")

    def _count(self, reading: Reading) -> None:
        if reading.value >= ONE + 1:
            self._crowd_at = reading.at
        if reading.value >= ONE:
            self._gone_since = None
            return
        if self._gone_since is None:
            self._gone_since = reading.at
        if reading.at - self._gone_since > GONE_S:
            self._doubted_at = reading.at

    def _stands(self, at: float) -> bool:
        fresh = [each for each in self.last.values() if at - each.at <= FRESH_S]
        seen = {each.quantity: each.value for each in fresh}
        return (
            seen.keys() >= BODY
            and round(seen[Quantity.PERSON_COUNT]) == 1
            and seen[Quantity.LYING_SCORE] < UP
        )


def _walks(reading: Reading) -> bool:
    return reading.quantity is Quantity.BODY_MOTION and reading.value >= WALKS


@dataclass(slots=True, eq=False)
class Ear:
    """The levels of one microphone, and whether somebody answers. Only numbers come here.

    A television that grows louder just then, or a cry, is taken for an answer as well: a level
    tells no words. So a voice ends the asking for some minutes only, unless the person gets up.
    """

    above_db: float
    _levels: deque[Reading] = field(default_factory=lambda: deque(maxlen=512))
    _room_db: float | None = None
    _loud: list[Reading] = field(default_factory=list)

    def begin(self, at: float) -> None:
        """The asking begins at `at` (monotonic seconds): what was heard until now is the room."""
        levels = sorted(each.value for each in self._levels if at - each.at <= QUIET_S)
        enough = len(levels) >= LEAST_LEVELS
        self._room_db = levels[int(LOUDEST * (len(levels) - 1))] if enough else None
        self._loud = []

    def update(self, reading: Reading, begun: float | None) -> bool:
        """Take a level in; tell whether it ends an answer to the asking that began at `begun`."""
        before = self._levels[-1] if self._levels else None
        self._levels.append(reading)
        if begun is None or before is None or self._room_db is None:
            return False
        # a level is the loudest since the one before: that whole time must be people's turn
        hears = listens(before.at - begun) and listens(reading.at - begun) and before.at >= begun
        if not hears or reading.at - before.at > FRESH_S:
            self._loud = []
            return False
        if reading.value < self._room_db + self.above_db:
            self._loud = []
            return False
        self._loud.append(reading)
        return len(self._loud) >= SPOKEN_LEVELS and reading.at - self._loud[0].at >= SPOKEN_S
