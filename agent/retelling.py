"""Events told again, under their own id, once it is known when they happened."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import msgspec

from agent.correction import UNTRUSTED, Anchor, Floor, Told, corrections
from agent.envelope import retold
from agent.eventfile import Row
from agent.values import Event
from agent.wallclock import WallTime

log = logging.getLogger(__name__)

AT_ONCE = 4  # events told again in one turn: an alarm may have to wait for so many


class Records(Protocol):
    """The outbox, as far as time goes."""

    def rows(self) -> Iterable[Row]:
        """Every record, oldest first."""

    def recent(self, limit: int) -> list[Row]:
        """The last records, newest first."""

    def put(self, make: Callable[[int, str], Event]) -> Event:
        """Keep the event that `make` builds of its number and its predecessor's hash."""


class Retelling:
    """Puts a revision of each event that was told without a trusted clock, once.

    A revision is a record like any other: what a kill leaves undone, the next agent finds so.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._owed = True  # the last agent may have left some
        self._todo: deque[tuple[Row, WallTime]] = deque()

    def owe(self) -> None:
        """Note that an event is told without a trusted clock now, inside `Records.put`."""
        self._owed = True

    def step(self, now: Anchor, known: Iterable[Anchor], floor: Floor | None) -> bool:
        """Tell the next few again, by what is known; whether all is told."""
        if not self._todo and self._owed:
            # before looking: who sets it meanwhile holds the lock of the records until the new
            # one is among them, or sets it for the next turn
            self._owed = False
            self._todo.extend(self._due(now, known, floor))
        for _ in range(min(AT_ONCE, len(self._todo))):
            row, wall = self._todo[0]
            event = _event(row)
            if event is not None:
                self._records.put(partial(_again, event, wall))
            self._todo.popleft()
        return not self._todo and not self._owed

    def last_number(self) -> int:
        """The number of the last record, 0 if there is none."""
        return max((row.seq for row in self._records.recent(1)), default=0)

    def _due(
        self, now: Anchor, known: Iterable[Anchor], floor: Floor | None
    ) -> list[tuple[Row, WallTime]]:
        """The records to tell again, in the order in which they were told first, and when."""
        last: dict[str, Told] = {}
        rows: dict[str, Row] = {}
        for row in self._records.rows():
            told = _told(row)
            if told is None or (told.id in last and last[told.id].revision >= told.revision):
                continue
            last[told.id] = told
            if told.wall_source in UNTRUSTED:
                rows[told.id] = row
        found = corrections(last.values(), now, known=known, floor=floor)
        if found:
            log.warning("clock: %d events are told again with their time", len(found))
        return [(rows[id_], found[id_]) for id_ in sorted(found, key=lambda id_: last[id_].number)]


def _told(row: Row) -> Told | None:
    try:
        return msgspec.json.decode(row.body, type=Told)
    except ValueError:
        return None  # damaged: no JSON, or no UTF-8


def _event(row: Row) -> Event | None:
    try:
        return msgspec.json.decode(row.body, type=Event)
    except ValueError:
        return None  # of another version: it stays as it was told


def _again(event: Event, wall: WallTime, seq: int, previous: str) -> Event:
    return retold(event, seq=seq, previous=previous, wall=wall)
