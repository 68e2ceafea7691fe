"""What happened to this device, in order and signed: nobody can change it later unseen.

`note` queues and never waits; a thread of its own signs, writes and syncs in groups. The siren
and the outbox do not know that it is there. See docs/adr/0013-ledger.md.
"""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from agent.eventfile import Row
from agent.ledger_file import Head, Record, Segments, backwards, digest, seal, unseal
from agent.ledger_note import (
    Note,
    changes,
    in_order,
    interrupted,
    introduction,
    of_event,
    to_record,
)
from agent.ledger_past import (
    EVENT,
    GAP,
    INSPECTION,
    KEY,
    START,
    STOP,
    TORN,
    TRIM,
    Past,
    Proven,
    Start,
    Told,
    past,
)
from agent.signing import Signer, SigningError
from agent.values import Event
from agent.wallclock import WallTime

log = logging.getLogger(__name__)

BOUND_BYTES = 64 << 20  # some hundred thousand records
GROUP_S = 1.0  # what comes within this is synced once
BEAT_S = 5.0
LOOK_EVERY_S = 60.0  # at the outbox, for what nobody told of
RETRY_S = 10.0  # a disk that refused, a key that was missing
MOST_WAITING = 1000  # notes in RAM while the disk takes nothing
MOST_AT_ONCE = 256
MOST_ROWS = 16_384  # of the outbox, looked through for events that the ledger lacks


class Ledger:
    """An append-only record of a device in `folder`.

    `recent` gives the outbox's newest rows, newest first: events are taken from there, so that none
    is missing, whatever happened to this process or this disk. `signer` gives the device's key,
    None where it has none yet. Without a `start` it is no agent that writes.
    """

    def __init__(  # noqa: PLR0913  # what lies on both sides, each injected
        self,
        folder: Path,
        *,
        start: Start | None,
        boot_id: str,
        clock: Callable[[], float],
        wall: Callable[[], WallTime],
        recent: Callable[[int], list[Row]],
        signer: Callable[[], Signer | None] = lambda: None,
        bound_bytes: int = BOUND_BYTES,
    ) -> None:
        self._folder, self._boot_id, self._bound = folder, boot_id, bound_bytes
        self._clock, self._wall, self._recent, self._load = clock, wall, recent, signer
        self._lock = threading.Lock()  # of the queue
        self._news, self._stopping = threading.Event(), threading.Event()
        self._waiting: deque[Note] = deque()
        self._dropped = 0
        self._signer: Signer | None = None
        self._segments: Segments | None = None
        self._past = Past()
        self._head: Head | None = None
        self._proven: Mapping[str, Proven] | None = None
        self._interrupted: list[dict[str, Any]] = []
        self._unwritten = self._unsigned = ""
        if start is not None:
            self.note(START, msgspec.to_builtins(start))

    @property
    def head(self) -> Head | None:
        """The newest record that is on flash; None before the first."""
        return self._head

    @property
    def trouble(self) -> str:
        """What is wrong with it, empty while all is well."""
        return "; ".join(filter(None, (self._unwritten, self._unsigned)))

    @property
    def proven(self) -> Mapping[str, Proven] | None:
        """What had been proven by the time of this start, by hazard; None: not read yet."""
        return self._proven

    @property
    def interrupted(self) -> Sequence[Mapping[str, Any]]:
        """The inspections that this start found cut off, as recorded; known once `proven` is."""
        return self._interrupted

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Have something recorded, as of now. Never waits, from any thread."""
        note = self._new(kind, body)
        with self._lock:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(note)
            else:
                self._dropped += 1
        self._news.set()

    def wake(self) -> None:
        """Have the outbox looked at: there is an event."""
        self._news.set()

    def run(self, beat: Callable[[], None]) -> None:
        """Write until `stop`, and then what is left."""
        looked = 0.0
        while not self._stopping.is_set():
            came = self._news.wait(BEAT_S)
            looked += BEAT_S
            if came or looked >= LOOK_EVERY_S:
                looked = 0.0
                self._stopping.wait(GROUP_S)
                self._news.clear()
                if not self.write():
                    self._stopping.wait(RETRY_S)
            beat()
        self.note(STOP, {})
        self._hand_over()
        self.write()
        self.close()
        if self._waiting:
            log.error("ledger: %d records were in RAM only and are lost", len(self._waiting))

    def close(self) -> None:
        """Release the file. Only once no thread uses it."""
        if self._segments is not None:
            self._segments.close()
            self._segments = None

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._stopping.set()
        self._news.set()

    def write(self) -> bool:
        """Write what waits; whether the disk took it all. For `run`'s thread, or without it."""
        try:
            segments = self._segments or self._open()
            events = self._events()
            # first what an earlier start left behind; told again behind one of this start, it waits
            before = list(takewhile(lambda each: each.boot_id != self._boot_id, events))
            self._put(segments, before)
            events = events[len(before) :]
            while batch := self._batch():
                self._put(segments, in_order(batch, events))
                events = []
                with self._lock:
                    for _ in batch:
                        self._waiting.popleft()
            self._put(segments, events)
            if self._dropped:
                self._tell_dropped(segments)
            self._trim(segments)
        except OSError as error:
            self._fail(error)
            return False
        if self._unwritten:
            log.warning("ledger: the disk takes records again")
        self._unwritten = ""
        return True

    def _batch(self) -> list[Note]:
        with self._lock:
            return [note for note, _ in zip(self._waiting, range(MOST_AT_ONCE), strict=False)]

    def _open(self) -> Segments:
        segments = Segments(self._folder)
        try:
            signer = self._key()
            known = None if signer is None else signer.verifier
            self._past = past(backwards(self._folder), known)
            if self._proven is None:
                self._interrupted = interrupted(self._past.begun)
                self._proven = dict(self._past.proven)
            self._put(segments, [self._new(TORN, each) for each in segments.torn])
            self._point_at_tip()
        except OSError:
            segments.close()
            raise
        for each in segments.torn:
            log.warning("ledger: a torn end of %d bytes is kept as %s", each["bytes"], each["kept"])
        self._segments = segments
        return segments

    def _put(self, segments: Segments, notes: list[Note]) -> None:
        """Seal and append them; of what the disk refuses nothing is learned."""
        told = [each for note in notes for each in self._told(note)]
        if not told:
            return
        signer = self._key()
        if signer is not None and signer.key_id != self._past.key:
            told.insert(0, self._new(KEY, introduction(signer)))
        seq, previous, lines = self._past.seq, self._past.digest, []
        for note in told:
            seq += 1
            lines.append(self._sealed(to_record(note, seq, previous)))
            previous = digest(lines[-1])
        segments.append(lines)
        for line in lines:
            self._past.learn(unseal(line))
        self._point_at_tip()

    def _told(self, note: Note) -> list[Note]:
        """A start is told with what it changed, and behind what the last one left unfinished."""
        if note.kind != START:
            return [note]
        before = self._past
        now = {
            **note.body,
            "proven": msgspec.to_builtins(before.proven),
            "event": msgspec.to_builtins(before.event),
        }
        new = [] if before.start is None else changes(msgspec.to_builtins(before.start), now)
        new = [(INSPECTION, b) for b in self._interrupted] + [(START, now)] + new
        return [replace(note, kind=k, body=b) for k, b in new]

    def _sealed(self, record: Record) -> bytes:
        try:
            return seal(record, self._signer)
        except SigningError as error:
            self._signer, self._unsigned = None, f"records are not signed: {error}"
            return seal(record, None)

    def _key(self) -> Signer | None:
        """The device's key, looked for until it is there."""
        if self._signer is None:
            try:
                self._signer = self._load()
            except SigningError as error:
                if not self._unsigned:
                    log.error("ledger: not signed: %s", error)  # noqa: TRY400  # no traceback
                self._unsigned = f"records are not signed: {error}"
            else:
                self._unsigned = ""
        return self._signer

    def _hand_over(self) -> None:
        """Vouch for a new key that lies in the old one's place: the next start signs by it."""
        with contextlib.suppress(SigningError):  # then nothing is vouched for
            new = self._load()
            if self._signer is not None and new is not None and new.key_id != self._signer.key_id:
                self.note(KEY, introduction(new))

    def _events(self) -> list[Note]:
        """The outbox's events behind the last one that is here.

        As a rule those that have just come; after a power cut or a full disk whatever is missing.
        """
        told, limit = self._past.event, 16
        while True:
            rows = self._recent(limit)
            if told is not None and rows and not _goes_on(rows, told):
                rows = self._unknown(self._recent(MOST_ROWS))
                return [self._of_row(row) for row in rows[::-1]]
            new = [row for row in rows if told is None or row.seq > told.seq]
            if len(new) < limit or limit >= MOST_ROWS:
                return [self._of_row(row) for row in new[::-1]]
            limit *= 8

    def _unknown(self, rows: list[Row]) -> list[Row]:
        """Those that are nowhere in the ledger: the outbox's numbers have begun anew."""
        missing = {row.digest(): row for row in rows}
        for sealed in backwards(self._folder):
            missing.pop(str(sealed.record.body.get("digest")), None)
            if not missing:
                break
        self._past.event = Told(rows[0].id, rows[0].seq)
        return list(missing.values())

    def _of_row(self, row: Row) -> Note:
        try:
            return of_event(msgspec.json.decode(row.body, type=Event), row.body)
        except (ValueError, RecursionError):  # damaged, or of another version
            return self._new(EVENT, {"id": row.id, "seq": row.seq, "digest": row.digest()})

    def _tell_dropped(self, segments: Segments) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        log.error("ledger: %d records were dropped while the disk took nothing", dropped)
        self._put(segments, [self._new(GAP, {"dropped": dropped})])

    def _trim(self, segments: Segments) -> None:
        """Let the oldest segments go, and say in a record which was their last."""
        if not (surplus := segments.surplus(self._bound)):
            return
        with segments.behind(surplus).open("rb") as file:
            first = file.readline().rstrip(b"\n")
        body: dict[str, object] = {"segments": [path.name for path in surplus]}
        with contextlib.suppress(ValueError):  # damaged, which `verify` names: they go all the same
            kept = unseal(first).record
            body |= {"last_seq": kept.seq - 1, "last_digest": kept.previous}
        self._put(segments, [self._new(TRIM, body)])
        for path in surplus:
            path.unlink()

    def _new(self, kind: str, body: Mapping[str, Any]) -> Note:
        return Note(kind, body, self._boot_id, self._clock(), self._wall())

    def _point_at_tip(self) -> None:
        if self._past.seq:
            self._head = Head.of(self._past.seq, self._past.digest)

    def _fail(self, error: OSError) -> None:
        if self._segments is not None:
            with contextlib.suppress(OSError):
                self._segments.close()
            self._segments = None  # whatever is on disk now is looked at anew
        if not self._unwritten:
            log.error("ledger: not written, records wait in RAM: %s", error)
        self._unwritten = f"not written, records wait in RAM: {error}"


def _goes_on(newest_first: list[Row], told: Told) -> bool:
    """Whether the outbox is still the one that had this event: a number may be given again."""
    if newest_first[0].seq < told.seq:
        return False
    return all(row.id == told.id for row in newest_first if row.seq == told.seq)
