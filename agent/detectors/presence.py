"""Whether somebody is there: motion, door, bed, radar, camera and tag, fused and explained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording as wording
from agent.detectors.derived import Derived
from agent.detectors.signs import APART_S, TOGETHER_S, says_somebody
from agent.values import Detection, Reading, Why
from drivers.sensor import Quantity

LOST_S, LOST_READS = 60.0, 4.0  # a sensor unheard for longer than either allows says nothing
UNLISTED_S = 300.0  # for one that nobody configured
HOLD_S = 600.0  # somebody seen so lately is still there
SETTLE_S = 60.0  # who shuts the door from outside is still seen for so long

_STRONG = frozenset({Quantity.MOTION, Quantity.PERSON_COUNT})
# of these it takes two kinds: a radar sees ghosts, a case lies on the bed, a tag is left at home
_WEAK = frozenset({Quantity.PRESENCE, Quantity.BED_OCCUPIED, Quantity.TAG_PRESENT})
WATCHED = _STRONG | _WEAK | {Quantity.CONTACT_OPEN}


Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class Occupancy(StrEnum):
    """What is known of a place."""

    OCCUPIED = "occupied"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Source:
    """A configured sensor: what it reports, and every how many seconds it is asked."""

    quantities: frozenset[Quantity]
    every_s: float
    is_exit: bool = True  # False: its contact is on a cupboard or an inner door, or is a switch


class PresenceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[presence]`. `inner_doors` are contacts that nobody leaves by: cupboards, a bathroom."""

    inner_doors: list[Name] = []

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        for name in self.inner_doors:
            if name not in sources or Quantity.CONTACT_OPEN not in sources[name].quantities:
                problem = f"no contact is named `{name}` - at `$.presence.inner_doors`"
                yield problem, "name one of the sensors"


def inner_doors(sources: Mapping[str, Source]) -> frozenset[str]:
    """The contacts that nobody leaves by."""
    return frozenset(name for name, source in sources.items() if not source.is_exit)


@dataclass(slots=True, eq=False)
class Witness:
    """One quantity of one sensor: its last reading, and when it last said "somebody", in s."""

    lost_s: float
    reading: Reading | None = None
    said_at: float | None = None

    def is_fresh(self, at: float) -> bool:
        """Whether it was heard lately enough to be asked."""
        return self.reading is not None and at - self.reading.at <= self.lost_s

    def says(self, at: float) -> bool:
        """Whether it says "somebody" now."""
        return self.is_fresh(at) and self.reading is not None and says_somebody(self.reading)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Somebody, nobody or unknown; what each sensor says to it, and the readings behind."""

    state: Occupancy
    why: Why
    evidence: tuple[Reading, ...]


class Presence:
    """Fuses what sensors say of one place, behind one door or several.

    - Motion and a camera's count are believed alone for `hold_s`; radar, bed and tag only by two.
    - Who was seen twice behind shut doors is there until a door opens: sleepers are not gone.
    - Empty takes everybody's word: all sensors heard, the doors shut, nobody seen since for
      `hold_s`, no radar, bed or tag that says otherwise. Without a door or a camera nothing tells
      an empty room from a sleeper.
    - A sensor that is lost makes it unknown, never empty.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        *,
        hold_s: float = HOLD_S,
        ignored: Sequence[str] = (),
    ) -> None:
        self._hold_s, self._ignored = hold_s, frozenset(ignored)
        self._inner = inner_doors(sources)
        self._witnesses: dict[tuple[str, Quantity], Witness] = {
            (name, quantity): Witness(max(LOST_S, LOST_READS * source.every_s))
            for name, source in sources.items()
            for quantity in sorted(source.quantities & WATCHED)
            if name not in self._ignored and not self._is_inner(name, quantity)
        }
        self._door_moved: float | None = None
        self._glimpsed: float | None = None  # one movement since they were shut
        self._inside: Reading | None = None  # seen behind shut doors, and none opened since

    def update(self, reading: Reading) -> None:
        """Take a believed reading in."""
        if reading.quantity not in WATCHED or reading.sensor in self._ignored:
            return
        if self._is_inner(reading.sensor, reading.quantity):
            return
        witness = self._witnesses.setdefault(
            (reading.sensor, reading.quantity), Witness(UNLISTED_S)
        )
        before = witness.reading if witness.is_fresh(reading.at) else None
        witness.reading = reading
        if before is None:
            self._door_moved = None  # nobody knows who came or went while it was not looked
        if reading.quantity is Quantity.CONTACT_OPEN:
            self._move_door(reading, before)
        elif says_somebody(reading):
            witness.said_at = reading.at
            if reading.quantity in _STRONG and self._is_shut(reading.at):
                self._see_inside(reading, before)

    def verdict(self, at: float) -> Verdict:
        """Say whether somebody is there at `at` (monotonic seconds), and which sensor says what."""
        return Verdict(self.state(at), self.explain(at), self.evidence())

    def state(self, at: float) -> Occupancy:
        """Say whether somebody is there at `at`."""
        if self._is_seen(at) or self._is_shut_in(at):
            return Occupancy.OCCUPIED
        if not self._witnesses or not all(w.is_fresh(at) for w in self._witnesses.values()):
            return Occupancy.UNKNOWN
        return Occupancy.EMPTY if self._is_gone(at) else Occupancy.UNKNOWN

    def lost(self, at: float) -> list[str]:
        """The sensors that cannot be asked now."""
        return sorted({name for (name, _), w in self._witnesses.items() if not w.is_fresh(at)})

    def evidence(self) -> tuple[Reading, ...]:
        """The last reading of each sensor."""
        return tuple(w.reading for w in self._witnesses.values() if w.reading is not None)

    def explain(self, at: float) -> Why:
        """Say of each sensor what it says."""
        told = [self._told(key, each, at) for key, each in self._witnesses.items()]
        return wording.listed(told)

    def _is_inner(self, name: str, quantity: Quantity) -> bool:
        return quantity is Quantity.CONTACT_OPEN and name in self._inner

    def _see_inside(self, reading: Reading, before: Reading | None) -> None:
        """Two movements since the doors were shut are somebody inside; one may be a sunbeam."""
        if self._door_moved is not None and reading.at - self._door_moved <= SETTLE_S:
            return
        is_held = before is not None and says_somebody(before)
        if reading.quantity is Quantity.MOTION and is_held:
            return
        if self._glimpsed is None or reading.at - self._glimpsed > TOGETHER_S:
            self._glimpsed = reading.at
        elif reading.at - self._glimpsed >= APART_S:
            self._inside = reading

    def _told(self, key: tuple[str, Quantity], witness: Witness, at: float) -> Why:
        name, quantity = key
        if not witness.is_fresh(at):
            return wording.says_nothing(name)
        if quantity is Quantity.CONTACT_OPEN:
            return wording.door_stands(name, is_open=witness.says(at))
        ago_s = None if witness.said_at is None else at - witness.said_at
        return wording.says_somebody(name, ago_s)

    def _is_seen(self, at: float) -> bool:
        kinds = set()
        for (_, quantity), each in self._witnesses.items():
            if quantity in _STRONG:
                if each.said_at is not None and at - each.said_at <= self._hold_s:
                    moved = self._door_moved
                    if moved is None or each.said_at > moved + SETTLE_S:
                        return True
            elif quantity in _WEAK and each.says(at):
                kinds.add(quantity)
        return len(kinds) > 1

    def _is_shut_in(self, at: float) -> bool:
        """Whether who was seen since the last door shut must still be there."""
        return self._inside is not None and self._is_shut(at)

    def _is_gone(self, at: float) -> bool:
        if any(each.says(at) for each in self._witnesses.values()):
            return False
        if self._doors():
            return self._door_moved is not None and at - self._door_moved > self._hold_s
        return any(quantity is Quantity.PERSON_COUNT for _, quantity in self._witnesses)

    def _move_door(self, reading: Reading, before: Reading | None) -> None:
        """A door that moved, or was not watched meanwhile: whoever was inside may have left."""
        if before is not None and says_somebody(before) == says_somebody(reading):
            return
        self._inside = self._glimpsed = None
        if before is not None:
            self._door_moved = reading.at

    def _doors(self) -> list[Witness]:
        return [w for (_, q), w in self._witnesses.items() if q is Quantity.CONTACT_OPEN]

    def _is_shut(self, at: float) -> bool:
        doors = self._doors()
        return bool(doors) and all(door.is_fresh(at) and not door.says(at) for door in doors)


@dataclass(slots=True, eq=False)
class PresenceDetector:
    """Shows the fused occupancy as a derived level; raises and clears nothing itself."""

    presence: Presence
    _at: float = field(default=0.0, init=False)

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        self.presence.update(reading)
        self._at = reading.at
        return []

    def tick(self, now: float) -> list[Detection]:
        """Let time pass."""
        self._at = now
        return []

    def derived(self) -> Iterator[Derived]:
        """Give 1.0 for occupied and 0.0 for empty; nothing where it is unknown."""
        state = self.presence.state(self._at)
        if state is not Occupancy.UNKNOWN:
            yield Derived("presence", "OCCUPANCY", float(state is Occupancy.OCCUPIED), self._at)
