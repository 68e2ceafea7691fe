"""Three witnesses that know nothing of each other: the wire, the file, and the hub.

- the control socket says when each wire moved: each press that the agent was there to hear must
  be in the file, once; only those behind the last that was waited for may be missing;
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
from pathlib import Path

from tests.torture.comparison import ALARM, Heard, compare, lane
from tests.torture.life import Happened, Life, decode

GROUP_S = 2.0  # what is no alarm is on flash this long after it happened; ADR 11 says 1 s


@dataclass
class Record:
    """What the witnesses said, and what of it cannot be."""

    lives: list[Life] = field(default_factory=list)
    accepted: dict[tuple[str, int], bytes] = field(default_factory=dict)  # body by id, revision
    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    excused: set[tuple[str, int]] = field(default_factory=set)  # not on flash when the power went
    _last: set[tuple[str, int]] = field(default_factory=set)  # what the last end had left
    _gone: dict[tuple[str, int], bytes] = field(default_factory=dict)
    given_up: int = 0  # rows that are no alarms, by what the agent said

    def alarms(self) -> set[str]:
        """The ids of all alarms that were ever in the file."""
        return {id_ for (id_, _), body in self.accepted.items() if lane(decode(body)) == ALARM}

    def examine(self, database: Path, life: Life) -> None:
        """Read the file as the end of a life left it, from a copy, without the agent."""
        rows = self._read(database)
        if rows is None:
            return
        before: Happened | None = None
        digest, there = "", set[tuple[str, int]]()
        for seq, id_, body in rows:
            event = decode(body)
            if (event.id, event.seq) != (id_, seq):
                self._blame(life, f"row {seq} is not its record's")
            if before is not None and before.seq + 1 == seq and event.previous != digest:
                self._blame(life, f"the chain breaks at {seq}")
            if self.accepted.setdefault((id_, event.revision), body) != body:
                self._blame(life, f"{id_} has two contents")
            there.add((id_, event.revision))
            before, digest = event, hashlib.sha256(body).hexdigest()
        self._miss(life, there)
        self._last = there

    def _miss(self, life: Life, there: set[tuple[str, int]]) -> None:
        """Look for what was in the file before the end, or after the one before it.

        What is no alarm is flushed in groups, and so is an alarm's better time: what a kill has
        left in the file may still go with the power, if that goes before the next life flushes it.
        """
        for row in (row for row in life.seen if (row.id, row.revision) not in there):
            is_settled = row.revision == 0 and (row.alarm or row.at + GROUP_S < life.ending)
            if is_settled or life.end == "kill":
                self._blame(life, f"{row.id} was on flash, and is not after the {life.end}")
            else:
                self.excused.add((row.id, row.revision))
        if life.end == "kill":
            return
        ended = self.lives[life.number - 2].ending if life.number > 1 else 0.0
        for key in self._last - there:
            event = decode(self.accepted[key])
            if event.revision > 0 or (lane(event) != ALARM and event.monotonic_s + GROUP_S > ended):
                self.excused.add(key)
                self._gone[key] = self.accepted.pop(key)  # it may be told anew, not in these words

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
                try:
                    found = db.execute("PRAGMA integrity_check").fetchone()[0]
                except sqlite3.DatabaseError as error:
                    found = str(error)
                if found != "ok":
                    self.problems.append(f"the file is damaged: {found}")
                    return None
                if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'event'").fetchone():
                    return None
                return list(db.execute("SELECT seq, id, body FROM event ORDER BY seq"))

    def _blame(self, life: Life, what: str) -> None:
        self.problems.append(f"life {life.number} ({life.end}): {what}")

    def judge(self, heard: list[Heard], neighbour: list[Heard] | None = None) -> None:
        """Compare all: fill `counts`, and add to `problems` what cannot be.

        `neighbour` is what the other hub heard, which is sent alarms alone; None without one.
        """
        full = [
            (life.presses[0], life.ended) for life in self.lives if life.was_full and life.presses
        ]
        came = {(each.id, each.revision) for each in heard}
        self.excused -= came
        for key in came & self._gone.keys():  # confirmed and pruned, or told anew
            self.accepted.setdefault(key, self._gone[key])
        events = {key: decode(body) for key, body in self.accepted.items()}
        home = compare(self.accepted, heard, full, excused=self.excused)
        minor = [each for each in home.lost if lane(each) != ALARM]
        if len(minor) > self.given_up:
            self.problems.append(f"{len(minor)} rows lost, but {self.given_up} given up")
        found = [home]
        if neighbour is not None:
            theirs = {
                key: self.accepted[key] for key, each in events.items() if lane(each) == ALARM
            }
            found.append(
                compare(theirs, neighbour, full, excused=self.excused, of="the neighbour: ")
            )
        for each in found:
            self.problems += each.problems
        told = events | {(each.id, each.revision): decode(each.body) for each in heard}
        originals = [each for each in events.values() if each.revision == 0]
        answered = [self._answered(life, list(told.values())) for life in self.lives]
        self.counts |= {
            "presses": sum(len(life.presses) for life in self.lives),
            "alarms": sum(lane(each) == ALARM for each in originals),
            "minor": sum(lane(each) != ALARM for each in originals),
            "revisions": sum(each.revision > 0 for each in events.values()),
            "delivered": home.delivered,
            "again": home.again,
            "neighbour": sum(each.delivered for each in found[1:]),
            "minor_cut": len(self.excused),
            "minor_given_up": len(minor),
            "lost": sum(each.alarms_lost for each in found)
            + sum(missing for missing, _ in answered),
            "repeated": sum(each.repeated for each in found) + sum(twice for _, twice in answered),
            "disorder": sum(each.disorder for each in found),
        }

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
        missing = max(0, life.sure - len(alarms))
        twice = max(0, len(alarms) - len(life.presses) - life.torn)
        if missing:
            self._blame(life, f"{missing} presses are not in the file")
        if twice:
            self._blame(life, f"{twice} presses are there twice")
        pairs = zip(life.presses, alarms, strict=False)
        if len(alarms) <= len(life.presses) and any(alarm < press for press, alarm in pairs):
            self._blame(life, "an alarm came before its press")
        return missing, twice
