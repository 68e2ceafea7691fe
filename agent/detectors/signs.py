"""Signs of life, from sensors of which none is believed alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.values import Reading
from drivers.sensor import Quantity

# A pulse of a motion sensor may be the sun, a mat may settle: two marks are one sign of life.
TOGETHER_S = 900.0
APART_S = 3.0
# A motion sensor's own hold may be minutes; one that never lets go is stuck, not a lively person.
HELD_S, STUCK_S = 60.0, 1800.0

# at or above which value a quantity says "somebody"
LEVEL: Mapping[Quantity, float] = {
    Quantity.MOTION: 0.5,
    Quantity.PERSON_COUNT: 0.5,
    Quantity.BODY_MOTION: 0.3,  # 1.0 is walking; breathing and a light that changes stay below
    Quantity.BED_OCCUPIED: 0.5,
    Quantity.CONTACT_OPEN: 0.5,
    Quantity.BUTTON: 0.5,
    Quantity.PRESENCE: 0.5,
    Quantity.TAG_PRESENT: 0.5,
}
CERTAIN = frozenset({Quantity.BUTTON, Quantity.CONTACT_OPEN})  # nothing but a person does it
_BOTH_WAYS = frozenset({Quantity.CONTACT_OPEN, Quantity.BED_OCCUPIED})
# PRESENCE is missing on purpose: radars see ghosts at night and lose sleepers
_LIFE = frozenset(
    {Quantity.MOTION, Quantity.PERSON_COUNT, Quantity.BODY_MOTION, Quantity.BED_OCCUPIED}
)


def says_somebody(reading: Reading) -> bool:
    """Whether the reading, of a quantity in `LEVEL`, is at its level of "somebody"."""
    return reading.value >= LEVEL[reading.quantity]


@dataclass(slots=True, eq=False)
class _Held:
    """A level and since when it stands, in monotonic seconds."""

    level: bool
    since: float


@dataclass(slots=True, eq=False)
class Signs:
    """Finds signs of life: a door or a button moved, or two marks of other sensors together.

    Bounded: one level for each sensor and quantity, and one mark.
    """

    _levels: dict[tuple[str, Quantity], _Held] = field(default_factory=dict, init=False)
    _marked: float | None = field(default=None, init=False)
    _alive: float | None = field(default=None, init=False)

    def update(self, reading: Reading) -> bool:
        """Take a believed reading in; tell whether it shows, maybe with one before, a person."""
        quantity = reading.quantity
        if quantity not in _LIFE and quantity not in CERTAIN:
            return False
        level, source = says_somebody(reading), (reading.sensor, quantity)
        held = self._levels.get(source)
        if held is None or held.level != level:
            self._levels[source] = _Held(level, reading.at)
            changed = held is not None or (level and quantity not in _BOTH_WAYS)
            if not changed or not (level or quantity in _BOTH_WAYS):
                return False
            return quantity in CERTAIN or self._mark(reading.at)
        for_s = reading.at - held.since
        if not level or quantity is not Quantity.MOTION or not HELD_S <= for_s <= STUCK_S:
            return False
        return self._mark(reading.at)

    def is_stuck(self, reading: Reading) -> bool:
        """Whether its sensor says "somebody" without a pause for too long: then it sees nothing."""
        held = self._levels.get((reading.sensor, reading.quantity))
        is_motion = reading.quantity is Quantity.MOTION
        return is_motion and held is not None and held.level and reading.at - held.since > STUCK_S

    def _mark(self, at: float) -> bool:
        """Two marks together are a sign of life; each mark soon after one is another."""
        if self._alive is not None and at - self._alive <= TOGETHER_S:
            self._alive = at
            return True
        if self._marked is not None and at - self._marked <= TOGETHER_S:
            if at - self._marked < APART_S:
                return False
            self._alive, self._marked = at, None
            return True
        self._marked = at
        return False
