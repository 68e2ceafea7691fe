"""Events kept on disk until their hubs have confirmed them; see ADR 4 and ADR 11.

A full, read-only or broken disk holds nobody up: rows then wait in RAM, in order, are handed to
the uplink all the same, and are written as soon as the disk takes them again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from agent import wording
from agent.bounds import BATCH, Bounds
from agent.eventfile import Row, history
from agent.eventstore import EventStore
from agent.lanes import Lane, hazard_of, lane_of
from agent.reader import HOME, Reader
from agent.reserve import Reserve
from agent.shelf import Outcome, Shelf
from agent.values import Detection, Event, Hazard, Stage

__all__ = ["HOME", "Outbox", "Reader", "Row", "history"]

log = logging.getLogger(__name__)

MINOR_KEPT = 5000  # unconfirmed rows that are no alarms: a device that has no hub for months
PAGE = 100  # rows looked at in one go: a `put` never waits for more


class Outbox:
    """Keeps events in order; an event leaves only by the `confirm` of each of its readers.

    `clock` is monotonic seconds. Nothing here raises for the disk's sake: `trouble` says what is
    wrong with it, and `found` whether the file was damaged or gone at the start.
    """

    def __init__(
        self,
        path: Path,
        *,
        reserve_bytes: int = 1 << 20,
        minor_kept: int = MINOR_KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._reserve = Reserve(path.with_suffix(".reserve"), reserve_bytes)
        self._lock = threading.Lock()
        self._shelf = Shelf(path, clock)
        self._home = Reader(self, HOME, None)
        self._readers = {HOME: self._home}
        self._bounds = Bounds(self._shelf, self._reserve, self._readers, minor_kept)
        self._unpruned = 0
        with self._lock:
            self._write_down()

    def reader(self, name: str, hazards: Iterable[str] | None = None) -> Reader:
        """Whoever takes events under this name; `hazards` are what it gets, everything if None.

        Home is always there. Another begins with the events to come, and goes on after a restart
        where it was: name every one before the first `put`, since rows are kept for those named.
        """
        with self._lock:
            found = self._readers.get(name)
            if found is None:
                found = self._readers[name] = Reader(self, name, hazards)
                self._fill([found])
            return found

    def put(self, make: Callable[[int, str], Event]) -> Event:
        """Keep the event that `make` builds from its sequence number and its predecessor's hash.

        On return an alarm is on flash, or `trouble` says why not; what is no alarm, or a revision,
        outlives a kill, and a power cut once it has waited for a group (`shelf.GROUP_S`).
        """
        shelf = self._shelf
        with self._lock:
            event = make(shelf.last_seq + 1, shelf.last_digest)
            lane = lane_of(event.hazard, alarm=True)
            alarm = lane is Lane.ALARM
            row = Row(event.seq, event.id, msgspec.json.encode(event), alarm)
            shelf.add(row, urgent=alarm and event.revision == 0)
            wanting = [each for each in self._readers.values() if each.wants(event.hazard)]
            for reader in wanting:
                reader.queue.add(row.seq, lane)
            self._write_down()
            ready = shelf.is_readable(row.seq)
        for reader in wanting:
            reader.wake() if ready else reader.stir()
        return event

    def flush(self) -> None:
        """Put on flash what waits for it, whether due or not. Whoever ticks calls this."""
        with self._lock:
            synced = self._shelf.sync()
        if synced:
            self.wake()

    def flush_if_due(self) -> float | None:
        """Put on flash what has waited long enough; seconds until the next is due, if any."""
        with self._lock:
            due_s = self._shelf.due_in_s
            synced = due_s == 0.0 and self._shelf.sync()
        if synced:
            self.wake()
        return None if due_s == 0.0 else due_s

    def wake(self) -> None:
        """End the `wait` of every reader."""
        for reader in list(self._readers.values()):
            reader.wake()

    def first(self, reader: Reader) -> Row | None:
        """The row that goes next to this reader."""
        with self._lock:
            self._write_down()
            if self._shelf.due_in_s == 0.0:
                self._shelf.sync()
            return self._shown(reader)

    def took(self, reader: Reader, seq: int, at: float) -> None:
        """Note that the reader's hub has the last row shown to it, `seq`, at `at` (monotonic s)."""
        with self._lock:
            place, shown = reader.shown
            if shown is None or shown.seq != seq:
                place = seq
            lane = reader.queue.remove(place)
            if lane is None:
                return
            if not reader.queue:
                reader.given_up = 0
            if self._shelf.is_on_disk(place):
                self._note(reader, lane, place, at)
                self._unpruned += 1
            else:
                self._take_from_ram(reader, place, at)
        if self._unpruned >= BATCH:
            self._tidy()

    def pending(self) -> int:
        """How many rows home has not confirmed. Costs nothing."""
        return self._home.pending()

    def recent(self, limit: int) -> list[Row]:
        """The last `limit` rows, newest first; all on flash if the disk is sound.

        Whoever keeps them elsewhere must not know of one that a power cut takes from here: its
        number would be given again.
        """
        self.flush()
        with self._lock:
            held = [*self._shelf.stranded.values(), *self._shelf.ram]
            rows = sorted(held, key=lambda row: -row.seq)[:limit]
            nothing: list[Row] = []
            return rows + self._shelf.ask(lambda store: store.recent(limit - len(rows)), nothing)

    def rows(self) -> Iterator[Row]:
        """Every row, oldest first, a page at a time: a `put` does not wait for all of them."""
        seq = 0
        while True:
            with self._lock:
                page = self._page(seq)
                held = [*self._shelf.stranded.values(), *self._shelf.ram]
            yield from page
            if len(page) < PAGE:
                yield from held
                return
            seq = page[-1].seq

    def verify(self) -> int | None:
        """The first row on disk that breaks the hash chain, None if the chain is whole."""
        with self._lock:
            return self._shelf.ask(EventStore.broken_at, None)

    def found(self, at: float) -> list[Detection]:
        """What was wrong with the file when it was opened, at `at` (monotonic s); tell it once."""
        damage = self._shelf.damage
        if damage is None:
            return []
        why = wording.records(damage.rule)
        return [Detection(Hazard.FAULT, Stage.ALARM, "outbox", damage.rule, (), at, why)]

    @property
    def trouble(self) -> str | None:
        """What is wrong with disk or readers, in one line; None while all is well."""
        parts = []
        if self._shelf.damage is not None:
            parts.append(self._shelf.damage.text)
        if self._shelf.is_gone:
            parts.append(f"{self._path.name} was taken away while in use: a restart loses it")
        if self._shelf.trouble is not None:
            parts.append(self._shelf.trouble)
        elif not self._reserve.held:
            parts.append("the disk is full: the reserve for alarms is in use")
        parts += [
            f"{each.name} is away: {each.given_up} events are given up for it"
            for each in list(self._readers.values())
            if each.given_up
        ]
        return "; ".join(parts) or None

    def close(self) -> None:
        """Release the file. Only once no other thread uses the outbox."""
        with self._lock:
            self._write_down()
            self._shelf.sync()
            held = len(self._shelf.ram) + len(self._shelf.stranded)
            if held:
                log.error("outbox: %d events were in RAM only and are lost", held)
            self._shelf.close()

    def _write_down(self) -> None:
        """Open the file if need be, and write what waits in RAM."""
        shelf, bounds = self._shelf, self._bounds
        before = shelf.written
        if shelf.is_suspect:
            self._open()
        while (outcome := shelf.write()) is Outcome.FULL and bounds.make_room():
            pass
        self._hand_over(before)
        if outcome is not Outcome.DONE:
            bounds.drop_from_ram()
            return
        shelf.settle()
        bounds.keep()
        bounds.take_reserve()

    def _open(self) -> None:
        opened = self._shelf.open()
        if not opened and self._shelf.is_full and self._reserve.held:
            # to carry over what a damaged file holds takes room
            opened = self._bounds.release_reserve() and self._shelf.open()
        if opened:
            readers = list(self._readers.values())
            for place, row in self._shelf.stranded.items():
                for reader in readers:
                    reader.find_again(row, place)
            self._fill(readers)

    def _fill(self, readers: Sequence[Reader]) -> None:
        """Let every row wait anew that these readers still need."""
        shelf = self._shelf
        for reader in readers:
            reader.queue.clear()
            if reader is not self._home:
                shelf.start(reader.name, Lane)
        cursors, owed, page, seq = shelf.cursors(), shelf.owed(), self._page(0), 0
        while page:
            for row in page:
                hazard = hazard_of(row.body)
                lane = lane_of(hazard, alarm=row.alarm)
                for reader in readers:
                    if reader is self._home:
                        done = row.confirmed_at is not None or (row.seq, row.id) in owed
                    else:
                        done = row.seq <= cursors.get((reader.name, lane), 0)
                    if not done and row.seq not in reader.taken and reader.wants(hazard):
                        reader.queue.add(row.seq, lane)
            seq = page[-1].seq
            page = self._page(seq)
        self._fill_from_ram(readers)

    def _fill_from_ram(self, readers: Sequence[Reader]) -> None:
        held = [*self._shelf.stranded.items(), *((row.seq, row) for row in self._shelf.ram)]
        for place, row in held:
            hazard = hazard_of(row.body)
            for reader in readers:
                if place not in reader.taken and reader.wants(hazard):
                    reader.queue.add(place, lane_of(hazard, alarm=row.alarm))

    def _hand_over(self, before: int) -> None:
        """See to what readers have taken from RAM of the rows that are on disk now."""
        for reader in self._readers.values():
            for place in sorted(reader.taken):
                if before < place <= self._shelf.written:
                    reader.taken.remove(place)
                    row = self._shelf.get(place)
                    if row is not None and reader is not self._home:
                        lane = lane_of(hazard_of(row.body), alarm=row.alarm)
                        self._move(reader, lane, place)

    def _shown(self, reader: Reader) -> Row | None:
        shelf, is_unreadable = self._shelf, False
        gone, most = [], len(reader.passed) + PAGE
        for place in reader.queue:
            if not shelf.is_readable(place) or (is_unreadable and shelf.is_on_disk(place)):
                continue
            if place in reader.passed or len(reader.passed) >= most:
                continue
            row = shelf.get(place)
            if row is not None and reader.passes(place, row):
                continue
            if row is not None:
                reader.shown = place, row
                break
            is_unreadable = is_unreadable or shelf.is_suspect
            if not shelf.is_suspect:
                log.error("outbox: row %d is gone", place)
                gone.append(place)
        else:
            row = None
        if gone:
            reader.queue.forget(gone)
        return row

    def _note(self, reader: Reader, lane: Lane, place: int, at: float) -> None:
        if reader is not self._home:
            self._move(reader, lane, place)
            return
        row = reader.shown[1] if reader.shown[0] == place else self._shelf.get(place)
        if row is not None:
            self._shelf.confirm(row, at)

    def _move(self, reader: Reader, lane: Lane, place: int) -> None:
        """Move a cursor; not over a row that waits, which a restart would then lose."""
        if not reader.queue.waits_before(place, lane):
            self._shelf.move(reader.name, lane, place)

    def _take_from_ram(self, reader: Reader, place: int, at: float) -> None:
        """Let a row go once every reader has it; the disk may still take it before that."""
        row = self._shelf.get(place)
        if row is None:
            return
        reader.taken.add(place)
        hazard = hazard_of(row.body)
        others = [each for each in self._readers.values() if each.wants(hazard)]
        if all(place in each.taken for each in others):
            self._shelf.drop(place)
            for each in others:
                each.taken.discard(place)
        elif reader is self._home:
            self._shelf.mark_confirmed(place, at)

    def _tidy(self) -> None:
        """Prune rows that nobody needs; fold the log without holding up `put`."""
        with self._lock:
            self._unpruned = 0
            self._bounds.prune()
        self._shelf.fold()

    def _page(self, after: int) -> list[Row]:
        nothing: list[Row] = []
        return self._shelf.ask(lambda store: store.after(after, PAGE), nothing)
