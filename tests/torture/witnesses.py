"""Three witnesses that know nothing of each other: the wire, the file, and the hub.

- the control socket says when each wire moved: a press that the agent was there to hear, and
  outlived by `SETTLE_S`, must be in the file, once;
- the file, copied after each end and read without the agent: what was ever in it must reach the
  hub, and an alarm that another process had read before the end must still be in it;
- the hub's listener may hear nothing that was not in the file.
"""

import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.torture.life import Happened, Life, decode

ALARM, TROUBLE = "alarm", "trouble"
LANES = {"sos": ALARM, "fault": TROUBLE}  # all that these lives bring about; docs/adr/0011
SETTLE_S = 2.0  # from pin to flash takes 10 ms; a loaded machine may take this long


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came to the hub."""

    id: str
    revision: int
    sequence: int
    body: bytes


@dataclass
class Record:
    """What the witnesses said, and what of it cannot be."""

    lives: list[Life] = field(default_factory=list)
    accepted: dict[tuple[str, int], bytes] = field(default_factory=dict)  # body by id, revision
    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    given_up: int = 0  # rows that are no alarms, by what the agent said

    def examine(self, database: Path, life: Life) -> None:
        """Read the file as the end of a life left it, from a copy, without the agent."""
        rows = self._read(database)
        if rows is None:
            return
        before: Happened | None = None
        digest = ""
        for seq, id_, body in rows:
            event = decode(body)
            if (event.id, event.seq) != (id_, seq):
                self._blame(life, f"row {seq} is not its record's")
            if before is not None and before.seq + 1 == seq and event.previous != digest:
                self._blame(life, f"the chain breaks at {seq}")
            if self.accepted.setdefault((id_, event.revision), body) != body:
                self._blame(life, f"{id_} has two contents")
            before, digest = event, hashlib.sha256(body).hexdigest()
        for id_ in sorted(life.seen - {id_ for _, id_, _ in rows}):
            self._blame(life, f"{id_} was on flash, and is not after the {life.end}")

    def _read(self, database: Path) -> list[tuple[int, str, bytes]] | None:
        if list(database.parent.glob("*.damaged-*")):
            self.problems.append(f"a damaged file was set aside: {database.parent}")
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / database.name
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(f"{database}{suffix}", f"{copy}{suffix}")
            if not copy.exists():
                return None  # ended before it was made
            with contextlib.closing(sqlite3.connect(copy)) as db:
                found = db.execute("PRAGMA integrity_check").fetchone()[0]
                if found != "ok":
                    self.problems.append(f"the file is damaged: {found}")
                if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone():
                    return None
                return list(db.execute("SELECT seq, id, body FROM event ORDER BY seq"))

    def _blame(self, life: Life, what: str) -> None:
        self.problems.append(f"life {life.number} ({life.end}): {what}")

    def judge(self, heard: list[Heard]) -> None:
        """Compare all: fill `counts`, and add to `problems` what cannot be."""
        events = {key: decode(body) for key, body in self.accepted.items()}
        first: dict[tuple[str, int], Heard] = {}
        for each in heard:
            first.setdefault((each.id, each.revision), each)
        lost = [events[key] for key in self.accepted.keys() - first.keys()]
        alarms_lost = [each for each in lost if lane(each) == ALARM]
        minor_lost = len(lost) - len(alarms_lost)
        unknown = self._unknown(first)
        changed = [
            each
            for each in heard
            if self.accepted.get((each.id, each.revision), each.body) != each.body
        ]
        disorder = self._disorder(list(first.values()))
        self.problems += [f"alarm lost: {each.id} ({each.stage})" for each in alarms_lost]
        self.problems += [f"never in the file: {each.id}" for each in unknown]
        self.problems += [f"changed on its way: {each.id}" for each in changed]
        self.problems += disorder
        if minor_lost > self.given_up:
            self.problems.append(f"{minor_lost} rows lost, but {self.given_up} given up")
        told = events | {key: decode(each.body) for key, each in first.items()}
        answered = [self._answered(life, list(told.values())) for life in self.lives]
        self.counts = {
            "presses": sum(len(life.presses) for life in self.lives),
            "presses_lost": sum(missing for missing, _ in answered),
            "alarms": sum(lane(each) == ALARM for each in events.values()),
            "minor": sum(lane(each) != ALARM for each in events.values()),
            "revisions": sum(each.revision > 0 for each in events.values()),
            "delivered": len(first),
            "lost": len(alarms_lost) + sum(missing for missing, _ in answered),
            "minor_given_up": minor_lost,
            "repeated": len(unknown) + len(changed) + sum(twice for _, twice in answered),
            "disorder": len(disorder),
            "again": len(heard) - len(first),
        }

    def _unknown(self, first: dict[tuple[str, int], Heard]) -> list[Heard]:
        """Messages that were never in the file, though the disk took rows all the while."""
        ram_only = [(life.presses[0], life.ended) for life in self.lives if life.was_full]
        found = [each for key, each in first.items() if key not in self.accepted]
        return [
            each
            for each in found
            if lane(event := decode(each.body)) == ALARM
            and not any(begun <= event.monotonic_s <= ended for begun, ended in ram_only)
        ]

    def _disorder(self, first: list[Heard]) -> list[str]:
        """Lane by lane: what came earlier happened no later, and has the lower number."""
        problems = []
        for each_lane in (ALARM, TROUBLE):
            told = [
                (decode(each.body), each)
                for each in first
                if each.revision == 0 and lane(decode(each.body)) == each_lane
            ]
            problems += [
                f"out of order: {after.id} came behind {before.id}"
                for (before, _), (after, _) in pairwise(told)
                if after.monotonic_s < before.monotonic_s
                or (after.boot_id == before.boot_id and after.seq <= before.seq)
            ]
        originals = {each.id for each in first if each.revision == 0}
        problems += [
            f"a revision of nothing: {each.id}" for each in first if each.id not in originals
        ]
        return problems

    def _answered(self, life: Life, events: list[Happened]) -> tuple[int, int]:
        """The i-th press of a life must be its i-th alarm: how many are missing, how many twice."""
        if not life.presses:
            return 0, 0
        alarms = sorted(
            event.monotonic_s
            for event in events
            if event.revision == 0
            and event.hazard == "sos"
            and event.stage == "alarm"
            and life.presses[0] <= event.monotonic_s <= life.ended
        )
        settled = [at for at in life.presses if at + SETTLE_S <= life.ending]
        missing = max(0, len(settled) - len(alarms))
        twice = max(0, len(alarms) - len(life.presses) - life.torn)
        if missing:
            self._blame(life, f"{missing} presses are not in the file")
        if twice:
            self._blame(life, f"{twice} presses are there twice")
        pairs = zip(life.presses, alarms, strict=False)
        if len(alarms) <= len(life.presses) and any(alarm < press for press, alarm in pairs):
            self._blame(life, "an alarm came before its press")
        return missing, twice


def lane(event: Happened) -> str:
    """The lane of an event."""
    return LANES[event.hazard]
