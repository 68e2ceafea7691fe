"""The rounds: one life of the agent after another, each with its calamities and its end."""

import contextlib
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hw_mocks.control import ControlClient
from tests.torture.clock import STEPS, Clock
from tests.torture.disk import CardDisk, DiskError, PlainDisk
from tests.torture.life import ARRIVE_S, Agent, Hand, Life, bytes_written, end, eventually
from tests.torture.witnesses import Record

KEEPS = ("all", "some", "flushed")  # what a power cut leaves of what was not flushed


@dataclass(frozen=True)
class Plan:
    """What is to happen in one life."""

    starting: bool  # it ends before it is ready
    rolling: bool  # it ends while the log is folded into the file
    cut: bool  # the power goes, else the process is killed
    full: bool  # the disk is full meanwhile
    stays_full: bool  # and still at the next start
    presses: int
    settles: bool  # the last of them is waited for
    steps: bool  # the clock is stepped
    after: int  # the power goes at this write
    keep: str

    @classmethod
    def draw(cls, choose: random.Random) -> "Plan":
        """Draw one. Every field is drawn each time, so that seeds mean the same everywhere."""
        return cls(
            starting=choose.random() < 0.15,
            rolling=choose.random() < 0.15,
            cut=choose.random() < 0.5,
            full=choose.random() < 0.12,
            stays_full=choose.random() < 0.5,
            presses=choose.choice((0, 2, 5, 12, 30)),
            settles=choose.random() < 0.6,
            steps=choose.random() < 0.4,
            after=choose.randint(1, 12),
            keep=choose.choice(KEEPS),
        )


@dataclass
class Steady:
    """What was written to flash while the agent ran, and for how many rows, starts left out."""

    card: int = 0  # bytes that the card was given, the file system's journal included
    process: int = 0  # bytes that the process wrote
    rows: int = 0

    def add(self, begun: "Steady", until: "Steady") -> None:
        """Take in what was added between two readings."""
        self.card += until.card - begun.card
        self.process += until.process - begun.process
        self.rows += until.rows - begun.rows


@dataclass
class Scene:
    """One life under way; `control` is None before it is ready."""

    plan: Plan
    life: Life
    process: subprocess.Popen[bytes]
    hand: Hand
    control: ControlClient | None = None

    def press(self) -> bool:
        """Press once; False if the agent is not ready, or ended meanwhile."""
        if self.control is None or self.process.poll() is not None:
            return False
        return self.hand.press(self.control)


class Rounds:
    """All lives on one disk. `clock` is None where it cannot be stepped."""

    def __init__(
        self, agent: Agent, disk: CardDisk | PlainDisk, clock: Clock | None, choose: random.Random
    ) -> None:
        self.record = Record()
        self.counts: Counter[str] = Counter()
        self.sectors_lost = 0
        self.steady = Steady()
        self._agent, self._disk, self._clock, self._choose = agent, disk, clock, choose
        self._card = disk if isinstance(disk, CardDisk) else None

    def run_one(self) -> None:
        """One life, from its start to what its end has left."""
        plan = Plan.draw(self._choose)
        is_cut = plan.cut and self._card is not None
        life = Life(len(self.record.lives) + 1, "power cut" if is_cut else "kill")
        life.was_full = self._card is not None and self._card.full
        self.record.lives.append(life)
        process = self._agent.start()
        scene = Scene(plan, life, process, Hand(self._agent, life, self._choose))
        try:
            if plan.starting:
                time.sleep(self._choose.uniform(0.0, 1.2))
                self._end(scene)
                self.counts["ends while starting"] += 1
            else:
                with contextlib.closing(self._agent.control(process)) as scene.control:
                    self._live(scene, scene.control)
                    self._end(scene)
        finally:
            end(process)
        if not (plan.full and plan.stays_full):
            self._disk.free()
        self.record.examine(self._agent.database, life)

    def _live(self, scene: Scene, control: ControlClient) -> None:
        plan, life = scene.plan, scene.life
        scene.hand.press_until_heard(control)
        begun = self._written(scene)
        if self._card is not None and self._card.full:
            self._card.free()
        elif self._card is not None and plan.full:
            life.was_full = True
            self._card.fill()
            self.counts["disk full"] += 1
        for n in range(plan.presses):
            scene.press()
            if n % 4 == 1:
                scene.hand.trouble(control)
            if plan.steps and n % 6 == 2:
                self._step()
        if plan.settles and not life.was_full:  # an alarm may else wait in RAM
            try:
                scene.hand.settle()
            except TimeoutError as error:
                self.record.problems.append(f"life {life.number}: {error}")
        time.sleep(self._choose.choice((0.0, self._choose.uniform(0.0, 0.05), 0.6)))
        if not life.was_full:
            self.steady.add(begun, self._written(scene))

    def _written(self, scene: Scene) -> Steady:
        """The readings of now; rows are counted by their number."""
        card = self._disk.bytes_written() or 0
        return Steady(card, bytes_written(scene.process), self._agent.newest())

    def _step(self) -> None:
        """Step the wall clock; now and then somebody vouches for it, and then it is right."""
        if self._clock is None:
            return
        if self._choose.random() < 0.3:
            self._clock.set(0.0, 0.01)
        else:
            self._clock.set(self._choose.choice(STEPS), -1.0)
        self.counts["clock stepped"] += 1

    def _end(self, scene: Scene) -> None:
        scene.hand.look()
        if scene.plan.rolling and scene.control is not None:
            self._until_it_rolls(scene)
        self._agent.lives(scene.process)
        scene.life.ending = time.monotonic()
        if scene.plan.cut and self._card is not None:
            self._cut(scene, self._card)
        else:
            end(scene.process)
            scene.life.ended = time.monotonic()
            self.counts["killed"] += 1

    def _cut(self, scene: Scene, card: CardDisk) -> None:
        plan, life = scene.plan, scene.life
        card.cut(scene.process, after=plan.after, keep=plan.keep, seed=self._choose.getrandbits(32))
        for _ in range(6):
            if not scene.press():
                break
        try:
            outage = card.after_cut(scene.process)
        except DiskError as error:
            self.record.problems.append(f"life {life.number}: after the power cut: {error}")
            raise
        life.ended = outage.at
        self.sectors_lost += outage.sectors
        self.counts["power cut in the middle of writing"] += outage.in_time
        self.counts[f"power cut ({plan.keep} of the cache kept)"] += 1

    def _until_it_rolls(self, scene: Scene) -> None:
        """Press until the log is folded into the file, for a while; then that is when it ends."""
        for _ in range(8):
            with contextlib.suppress(FileNotFoundError):
                before = self._agent.database.stat().st_mtime_ns
                if not scene.press():
                    return
                if self._agent.database.stat().st_mtime_ns != before:
                    self.counts["ends while the log is folded"] += 1
                    return

    def finish(self, at_the_neighbour: Callable[[], set[str]]) -> None:
        """A last life in fair weather and with the right time, in which all must arrive.

        `at_the_neighbour` are the ids that have come there, whose taking the file does not tell.
        """
        self._disk.free()
        if self._clock is not None:
            self._clock.set(0.0, 0.01)
        life, process = Life(len(self.record.lives) + 1, "stop"), self._agent.start()
        self.record.lives.append(life)
        try:
            with contextlib.closing(self._agent.control(process)) as control:
                Hand(self._agent, life, self._choose).press_until_heard(control)
            with contextlib.suppress(
                TimeoutError
            ):  # then some are lost, and the verdict names them
                eventually(self._all_confirmed, "the hub's confirmation of every row", ARRIVE_S)
                wanted = self.record.alarms() | self._agent.alarms()
                eventually(lambda: wanted <= at_the_neighbour(), "the neighbour has all", ARRIVE_S)
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30.0)
        finally:
            end(process)
        life.ending = life.ended = time.monotonic()
        self.record.examine(self._agent.database, life)
        self.record.given_up = given_up(self._agent.log)

    def _all_confirmed(self) -> bool:
        return all(confirmed for *_, confirmed in self._agent.rows())


def given_up(log: Path) -> int:
    """How many rows that are no alarms the agent says it has given up."""
    total = 0
    for line in log.read_text("utf-8", "replace").splitlines():
        if "given up" in line:
            words = line.split()
            total += next((int(word) for word in words if word.isdigit()), 1)
    return total
