"""What the outbox gives up, and in which order, when there is more than it may keep; see ADR 11."""

import contextlib
import itertools
import logging
from collections.abc import Iterable, Mapping

from agent.eventstore import EventStore
from agent.reader import HOME, Reader
from agent.reserve import Reserve
from agent.shelf import Shelf

log = logging.getLogger(__name__)

KEPT = 300  # confirmed rows that stay for `haetae events`
BATCH = 64  # rows between two prunings, to spare the flash
MINOR_IN_RAM = 100  # rows that are no alarms, while the disk takes nothing


class Bounds:
    """Holds the rows of a shelf within bounds; alarms that home waits for are not among them.

    `minor_kept` is how many rows that are no alarms may wait for home.
    """

    def __init__(
        self, shelf: Shelf, reserve: Reserve, readers: Mapping[str, Reader], minor_kept: int
    ) -> None:
        self._shelf, self._reserve, self._readers = shelf, reserve, readers
        self._minor_kept = minor_kept

    def make_room(self) -> bool:
        """On a full disk, and for an alarm only: say whether there is room now.

        The reserve goes first, then what nobody waits for, then information, trouble, and at last
        what only neighbours wait for.
        """
        if not any(row.alarm for row in self._shelf.ram):
            return False
        if self._reserve.held:
            return self.release_reserve()
        home, nothing = self._readers[HOME].queue, list[int]()
        had = self._shelf.ask(EventStore.confirmed, nothing)
        needed = self.neighbours_need()
        why = "the disk is full"
        return (
            self._give_up((seq for seq in had if seq not in needed), len(had), f"old, and {why}")
            or self._give_up((seq for seq, _ in home.dispensable()), len(home), f"minor, and {why}")
            or self._give_up(had, len(had), f"only neighbours wait for them, and {why}")
        )

    def release_reserve(self) -> bool:
        """Give the reserve up; say whether it could be."""
        try:
            self._reserve.release()
        except OSError:
            return False
        log.error("outbox: the disk is full: the reserve for alarms is released")
        return True

    def take_reserve(self) -> None:
        """Take the reserve again if there is room."""
        if not self._reserve.held and not self._shelf.is_suspect:
            with contextlib.suppress(OSError):  # the outbox's trouble says that it is missing
                self._reserve.take()

    def keep(self) -> None:
        """Give up the minor rows that are too many for home, and what is for a neighbour."""
        home = self._readers[HOME].queue
        if home.minor > self._minor_kept + BATCH:
            surplus = home.minor - self._minor_kept
            places = (place for place, _ in home.dispensable())
            self._give_up(places, surplus, "minor, and no hub took them for long")
        for reader in self._readers.values():
            surplus_rows = reader.surplus()
            if surplus_rows:
                reader.queue.forget(place for place, _ in surplus_rows)
                reader.given_up += len(surplus_rows)
            for lane, place in {lane: place for place, lane in surplus_rows}.items():
                if 0 < place <= self._shelf.written:
                    self._shelf.move(reader.name, lane, place)

    def drop_from_ram(self) -> None:
        """While the disk takes nothing, keep the newest minor rows only."""
        minor = [row for row in self._shelf.ram if not row.alarm]
        for row in minor[:-MINOR_IN_RAM]:
            self._shelf.drop(row.seq)
            for reader in self._readers.values():
                reader.queue.forget([row.seq])
                reader.taken.discard(row.seq)
            log.error("outbox: event %s, no alarm, is given up: the disk takes nothing", row.id)

    def prune(self) -> None:
        """Delete the rows that every reader has, but for the newest."""
        needed = self.neighbours_need()
        self._shelf.ask(lambda store: store.prune(KEPT, needed), None)

    def neighbours_need(self) -> set[int]:
        """The rows that wait for a neighbour."""
        readers = self._readers.values()
        return {place for each in readers if each.name != HOME for place in each.queue}

    def _give_up(self, places: Iterable[int], count: int, why: str) -> bool:
        on_disk = (place for place in places if 0 < place < self._shelf.written)
        gone = list(itertools.islice(on_disk, count))
        if not gone or not self._shelf.delete(gone):
            return False
        for reader in self._readers.values():
            waited = len(reader.queue)
            reader.queue.forget(gone)
            if reader.name != HOME:
                reader.given_up += waited - len(reader.queue)
        log.error("outbox: %d events are given up: %s", len(gone), why)
        return True
