"""One of those who take events from the outbox: the home hub, or a neighbour's."""

import itertools
import threading
import time
from collections.abc import Iterable
from typing import Protocol

from agent.eventfile import Row
from agent.lanes import Lane, Queue, hazard_of

HOME = "home"
NEIGHBOUR_KEPT = 1000  # rows that wait for a neighbour at most: one that is away fills no disk


class Source(Protocol):
    """What a reader asks of the outbox; each is safe on any thread."""

    def first(self, reader: "Reader") -> Row | None:
        """The row that goes next to this reader."""

    def took(self, reader: "Reader", seq: int, at: float) -> None:
        """Note that the reader's hub has row `seq`, the last that was shown to it."""

    def flush_if_due(self) -> float | None:
        """Put on flash what has waited long enough; seconds until the next is due, if any."""


class Reader:
    """Gives one hub its rows, the highest lane's oldest first; a row leaves only by `confirm`.

    One thread reads. `queue`, `shown`, `taken` and `given_up` belong to the outbox and its lock.
    """

    def __init__(self, source: Source, name: str, hazards: Iterable[str] | None) -> None:
        self.name = name
        self.hazards = None if hazards is None else frozenset(hazards)
        self.queue = Queue()
        self.shown: tuple[int, Row | None] = (0, None)  # last: its place, and it
        self.taken: set[int] = set()  # confirmed, but still in RAM
        self.given_up = 0  # rows that made way since the queue was last empty
        self.denied: set[str] = set()  # hazards that are passed over: the reading thread's own
        self.passed: set[int] = set()  # rows of theirs that were seen
        self._source = source
        self._stirred = threading.Event()
        self._news = False

    def oldest(self) -> Row | None:
        """The row that goes next, on flash if the disk is sound; None if none waits."""
        return self._source.first(self)

    def confirm(self, seq: int, at: float) -> None:
        """Note that the hub has row `seq`, the last that was shown, at `at` (monotonic s)."""
        self._source.took(self, seq, at)

    def pass_over(self, row: Row) -> None:
        """Let rows of this one's hazard wait, in their order, while others go out."""
        self.denied.add(hazard_of(row.body))

    def pass_none_over(self) -> None:
        """Let rows of every hazard go out again."""
        self.denied.clear()
        self.passed.clear()

    def passes(self, place: int, row: Row) -> bool:
        """Whether this row is to wait while others go out; it is then not asked for again."""
        if hazard_of(row.body) not in self.denied:
            return False
        self.passed.add(place)
        return True

    def wait(self, timeout_s: float) -> bool:
        """Sleep until there is a new row or a `wake`, at most `timeout_s`; say whether it came.

        Look for the `oldest` row after it, whatever it says.
        """
        until = time.monotonic() + timeout_s
        while True:
            due_s = self._source.flush_if_due()
            if self._news:
                self._news = False
                return True
            left_s = until - time.monotonic()
            if left_s <= 0.0:
                return False
            self._stirred.wait(left_s if due_s is None else min(left_s, due_s))
            self._stirred.clear()

    def wake(self) -> None:
        """End the `wait` of another thread."""
        self._news = True
        self._stirred.set()

    def stir(self) -> None:
        """Let a `wait` see how long it may still sleep."""
        self._stirred.set()

    def pending(self) -> int:
        """How many rows the hub has not confirmed. Costs nothing."""
        return len(self.queue)

    def is_urgent(self) -> bool:
        """Whether an alarm waits. Costs nothing."""
        return len(self.queue) > self.queue.minor

    def wants(self, hazard: str) -> bool:
        """Whether rows of this hazard are for it; a damaged one is for home alone."""
        return self.hazards is None or hazard in self.hazards

    def find_again(self, row: Row, place: int) -> None:
        """Note that a row in RAM has a new place: the file came late and holds its number."""
        if row.seq in self.taken:
            self.taken.remove(row.seq)
            self.taken.add(place)
        shown = self.shown[1]
        if shown is not None and shown.id == row.id:
            self.shown = place, row

    def surplus(self) -> list[tuple[int, Lane]]:
        """What is more than a neighbour may let wait: place and lane, the first to go first."""
        count = 0 if self.name == HOME else max(0, len(self.queue) - NEIGHBOUR_KEPT)
        return list(itertools.islice(self.queue.dispensable(alarms=True), count))
