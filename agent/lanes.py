"""Who goes first: every hazard's lane, and the rows that wait in each; see ADR 11."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum

import msgspec

from agent.values import Hazard


class Lane(IntEnum):
    """A queue of its own on the way to the hub; the lower number overtakes the higher."""

    ALARM = 0  # somebody may be in danger: never given up
    TROUBLE = 1  # the device may not be able to tell of one
    INFORMATION = 2  # nobody's life hangs on one: the first to make way


# all stages of a hazard share its lane, so that an end never overtakes its beginning
LANES: Mapping[Hazard, Lane] = {
    Hazard.FIRE: Lane.ALARM,
    Hazard.CO: Lane.ALARM,
    Hazard.GAS: Lane.ALARM,
    Hazard.FALL: Lane.ALARM,
    Hazard.SOS: Lane.ALARM,
    Hazard.INACTIVITY: Lane.ALARM,
    Hazard.WANDERING: Lane.ALARM,
    Hazard.NEIGHBOUR_ALARM: Lane.ALARM,
    Hazard.INTRUSION: Lane.ALARM,
    Hazard.WATER: Lane.ALARM,
    Hazard.TAMPER: Lane.TROUBLE,
    Hazard.FAULT: Lane.TROUBLE,
    Hazard.POWER: Lane.ALARM,  # it may be the last word, and many at once may be a fire
    Hazard.NOISE: Lane.INFORMATION,
    Hazard.CLIMATE: Lane.INFORMATION,
    Hazard.AIR: Lane.INFORMATION,
}


class _Label(msgspec.Struct):
    """What of a record's body its lane needs."""

    hazard: str


def hazard_of(body: bytes) -> str:
    """The hazard of a record's bytes; empty where they cannot be understood."""
    try:
        return msgspec.json.decode(body, type=_Label).hazard
    except ValueError:  # no JSON, or no UTF-8
        return ""


def lane_of(hazard: str, *, alarm: bool) -> Lane:
    """The lane of a record; `alarm` is what it was stored as.

    That decides where the hazard is not known: the record is damaged, or of another version.
    """
    try:
        return LANES[Hazard(hazard)]
    except ValueError:
        return Lane.ALARM if alarm else Lane.TROUBLE


class Queue:
    """The numbers of the rows that wait for one reader, lane by lane, oldest first."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[int]] = {lane: deque() for lane in Lane}

    def __len__(self) -> int:
        """How many rows wait."""
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[int]:
        """Every number, in the order of delivery."""
        return (number for lane in Lane for number in self._lanes[lane])

    @property
    def minor(self) -> int:
        """How many rows wait that are no alarms."""
        return len(self) - len(self._lanes[Lane.ALARM])

    def add(self, number: int, lane: Lane) -> None:
        """Let a row wait at the end of its lane."""
        self._lanes[lane].append(number)

    def clear(self) -> None:
        """Let nothing wait any more."""
        for lane in self._lanes.values():
            lane.clear()

    def remove(self, number: int) -> Lane | None:
        """Take a row out; its lane, None if it did not wait."""
        for lane, waiting in self._lanes.items():
            if waiting and waiting[0] == number:
                waiting.popleft()
                return lane
        for lane, waiting in self._lanes.items():
            if number in waiting:
                waiting.remove(number)
                return lane
        return None

    def waits_before(self, number: int, lane: Lane) -> bool:
        """Whether an older row of the lane waits on disk, where numbers are positive."""
        return next((each for each in self._lanes[lane] if each > 0), number) < number

    def forget(self, numbers: Iterable[int]) -> None:
        """Take rows out that are no longer kept."""
        gone = set(numbers)
        for lane, waiting in self._lanes.items():
            if not gone.isdisjoint(waiting):
                self._lanes[lane] = deque(each for each in waiting if each not in gone)

    def dispensable(self, *, alarms: bool = False) -> Iterator[tuple[int, Lane]]:
        """What to give up first: information, then trouble, then `alarms`, each oldest first."""
        for lane in reversed(Lane):
            if lane is not Lane.ALARM or alarms:
                yield from ((number, lane) for number in self._lanes[lane])
