"""The outbox against a model of what it promises, whatever happens in whatever order."""

import contextlib
import itertools
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.lanes import LANES, Lane
from agent.outbox import HOME, Outbox, history
from agent.shelf import GROUP_S
from agent.values import Hazard
from tests.agent.events import making
from tests.disks import fill, small_disk

READERS: dict[str, frozenset[Hazard] | None] = {
    HOME: None,
    "city": frozenset({Hazard.SOS, Hazard.FAULT}),
    "ward": frozenset({Hazard.SOS, Hazard.AIR}),
}
HAZARDS = (Hazard.SOS, Hazard.FAULT, Hazard.AIR)


@dataclass
class Promised:
    """An event that `put` has returned, and what may still happen to it."""

    id: str
    lane: Lane
    hazard: Hazard
    at: float
    kept: bool  # on disk when `put` returned
    waits_for: set[str] = field(default_factory=set)


class Model(RuleBasedStateMachine):
    """Puts, three readers, a clock, kills, power cuts and a disk that fills up."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        self._now = 0.0
        self._numbers = itertools.count()
        self._events: dict[str, Promised] = {}
        self._ballast: Path | None = None
        self._was_full = False

    @initialize()
    def begin(self) -> None:
        scratch = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._disk = self._stack.enter_context(small_disk(scratch / "disk", 4096))
        # what a power cut leaves; in RAM, too: copies are made all the time
        self._flash = self._stack.enter_context(small_disk(scratch / "flash", 8192)) / "copy"
        self._start(self._disk / "0")

    def teardown(self) -> None:
        if hasattr(self, "_outbox"):
            self._outbox.close()
        self._stack.close()

    def _start(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._outbox = Outbox(
            folder / "outbox.db", reserve_bytes=256 << 10, clock=lambda: self._now
        )
        for name, hazards in READERS.items():
            self._outbox.reader(name, hazards)
        self._sync()

    def _sync(self) -> None:
        """Note what is on flash now: the files, and what readers had confirmed by then."""
        if not self._ballast:
            shutil.rmtree(self._flash, ignore_errors=True)
            shutil.copytree(self._folder, self._flash, ignore=shutil.ignore_patterns("*-shm"))
        self._on_flash = {each.id: set(each.waits_for) for each in self._events.values()}

    @rule(hazard=st.sampled_from(HAZARDS))
    def put(self, hazard: Hazard) -> None:
        event = self._outbox.put(making(hazard))
        names = {name for name, wanted in READERS.items() if wanted is None or hazard in wanted}
        kept = "disk fails" not in (self._outbox.trouble or "")
        promised = Promised(event.id, LANES[hazard], hazard, self._now, kept, names)
        self._events[event.id] = promised
        if promised.lane is Lane.ALARM and kept:
            self._sync()

    @rule(seconds=st.sampled_from([0.4, GROUP_S]))
    def wait(self, seconds: float) -> None:
        self._now += seconds
        self._outbox.flush_if_due()
        # by now on flash, however many short waits made up its time
        owed = [each for each in self._events.values() if each.id not in self._on_flash]
        if not self._ballast and not all(map(self._is_young, owed)):
            self._sync()

    @rule(name=st.sampled_from(list(READERS)), confirmed=st.booleans())
    def deliver(self, name: str, confirmed: bool) -> None:
        reader = self._outbox.reader(name)
        row = reader.oldest()
        waiting = [each for each in self._events.values() if name in each.waits_for]
        waiting.sort(key=lambda each: each.lane)  # stable: within a lane in order of `put`
        if row is None:
            assert all(each.lane is not Lane.ALARM for each in waiting)
            assert self._was_full or all(self._is_young(each) for each in waiting)
            return
        lane = next(each.lane for each in waiting if each.id == row.id)
        # what does not lie on flash yet is not shown, and overtaken by what does
        waiting = [each for each in waiting if each.lane >= lane or not self._is_young(each)]
        while self._was_full and waiting and waiting[0].id != row.id:
            gone = waiting.pop(0)  # given up for an alarm
            assert gone.lane is not Lane.ALARM or name != HOME
            gone.waits_for.discard(name)
        assert waiting
        assert waiting[0].id == row.id, "out of order, lost or repeated"
        if confirmed:
            reader.confirm(row.seq, self._now)
            waiting[0].waits_for.discard(name)

    def _is_young(self, each: Promised) -> bool:
        """Whether it may still wait for a group."""
        return each.lane is not Lane.ALARM and self._now < each.at + GROUP_S

    @rule(power=st.booleans())
    @precondition(lambda self: self._ballast is None)
    def end(self, power: bool) -> None:
        """Kill the process, or cut its power: go on with a copy of what that leaves."""
        folder = self._disk / str(next(self._numbers) + 1)
        source = self._flash if power else self._folder
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*-shm"))
        self._outbox.close()
        shutil.rmtree(self._folder)
        kept = {row.id for row in history(folder / "outbox.db", 100_000)}
        for each in list(self._events.values()):
            if power and each.id in self._on_flash:
                each.waits_for = set(self._on_flash[each.id])
            if each.id in kept or not each.waits_for:
                continue
            is_excused = (
                not each.kept
                or (self._was_full and each.lane is not Lane.ALARM)
                or (power and self._is_young(each))
                or (self._was_full and HOME not in each.waits_for)
            )
            assert is_excused, f"{each} is lost"
            del self._events[each.id]
        self._start(folder)

    @rule()
    @precondition(lambda self: self._ballast is None)
    def fill_up(self) -> None:
        self._was_full = True
        self._ballast = fill(self._disk)

    @rule()
    @precondition(lambda self: self._ballast is not None)
    def clear_up(self) -> None:
        if self._ballast is not None:
            self._ballast.unlink()
        self._ballast = None
        self._outbox.reader(HOME).oldest()
        self._outbox.flush()
        assert self._outbox.trouble is None
        for each in self._events.values():
            each.kept = True
        self._sync()

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "_outbox") and not self._was_full:
            for name in READERS:
                owed = sum(name in each.waits_for for each in self._events.values())
                assert self._outbox.reader(name).pending() == owed


TestModel = Model.TestCase
TestModel.settings = settings(deadline=None, max_examples=25, stateful_step_count=40)
