"""Commands that take long: self-test, recording, configuration. On a thread of their own.

No reading, alarm or event waits for one, and one is carried out at a time. The self-test is a
process of its own: its arithmetic would else take the interpreter from the siren's thread for
milliseconds at a time, and its memory from the agent's for good.
"""

import contextlib
import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent.collect import collected, described, frozen
from agent.commands import Code, Configuration, LocalSelftest, Order, Recording, Selftest
from agent.in_force import InForce
from agent.orders import Note, Orders, unnoted
from agent.trial import Signs
from agent.values import Reading

log = logging.getLogger(__name__)

SLOW = (Selftest, Recording, Configuration)
TEND_EVERY_S, IDLE_S = 1.0, 10.0  # while something is on trial, and else
SELFTEST_EVERY_S = 600.0  # it costs a few seconds of one core
SELFTEST_WITHIN_S = 120.0  # real seconds; the slowest board needs about ten
_LONGEST_TOLD = 5  # parts that failed, by name

Refusal = tuple[Code, str]
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """An order, and what the pipeline's thread knew when it was given."""

    order: Order
    readings: Sequence[Reading] = ()
    muted: Collection[str] = ()


class Part(msgspec.Struct, frozen=True):
    """One part of the self-test, as `haetae selftest --json` prints it.

    `by` is `arithmetic`, or `stimulus` where a sensor was made to feel something.
    """

    part: str
    passed: bool
    detail: str
    by: Literal["arithmetic", "stimulus"] = "arithmetic"


Stimulated = Callable[[Callable[[], None], Callable[[], bool]], Sequence[Part]]
_PARTS = msgspec.json.Decoder(Part)


class Errands:
    """Carries out one order after another and answers for it; tends a trial meanwhile.

    `signs` tells how the agent stands, `clock` is the agent's, `restart` ends the process to begin
    anew. `test` is the command line that prints a self-test as JSON lines; `done` answers for an
    order; `stimuli` has the sensors provoked that can be, and gives what came of it.
    """

    def __init__(  # noqa: PLR0913  # what it does its errands with
        self,
        orders: Orders,
        in_force: InForce,
        *,
        recordings: Path,
        test: Sequence[str],
        signs: Callable[[], Signs],
        clock: Callable[[], float],
        restart: Callable[[], None],
        note: Note = unnoted,
        done: Callable[[Order, Refusal | None, Told | None], None] | None = None,
        stimuli: Stimulated = lambda _beat, _is_over: (),
    ) -> None:
        self._stimuli = stimuli
        self._done = orders.done if done is None else done
        self._orders, self._in_force = orders, in_force
        self._recordings, self._test = recordings, test
        self._signs, self._clock, self._restart, self._note = signs, clock, restart, note
        self._todo: queue.Queue[Errand | None] = queue.Queue(1)
        self._stopping = threading.Event()
        self._tested_at = float("-inf")
        self._told = ""  # the verdict that was answered since this start

    def begin(self, errand: Errand) -> Refusal | None:
        """Take an order on, or say why not; for the pipeline's thread. Never waits."""
        try:
            self._todo.put_nowait(errand)
        except queue.Full:
            return Code.BUSY, "another command is being carried out: give it anew"
        return None

    def run(self, beat: Callable[[], None]) -> None:
        """Work until `stop`."""
        while not self._stopping.is_set():
            beat()
            self._tend()
            wait_s = IDLE_S if self._in_force.is_settled else TEND_EVERY_S
            with contextlib.suppress(queue.Empty):
                if (errand := self._todo.get(timeout=wait_s)) is not None:
                    self._do(errand, beat)

    def stop(self) -> None:
        """End `run`, and a self-test with it; from any thread."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._todo.put_nowait(None)

    def _tend(self) -> None:
        signs, verdict = self._signs(), self._in_force.verdict
        # a turn after it was reached: then the state in the answer knows it, too
        if verdict is not None and verdict.id != self._told and signs.armed:
            self._told = verdict.id
            self._orders.judged(verdict.id, verdict.sha256, verdict.reason)
        if self._in_force.tend(signs, self._clock()):
            self._restart()

    def _do(self, errand: Errand, beat: Callable[[], None]) -> None:
        order, command = errand.order, errand.order.command
        told: Told = {}
        if isinstance(command, LocalSelftest):
            refusal = self._selftest_here(told, beat)
        elif isinstance(command, Selftest):
            refusal = self._selftest(told, beat)
        elif isinstance(command, Recording):
            refusal = self._recording(command, errand, told)
        elif isinstance(command, Configuration):
            refusal = self._in_force.propose(command, order.signer, self._signs())
            if refusal is None:
                self._restart()
                return  # answered once it has stood its trial, or not
        else:
            raise TypeError(f"no errand is made of {type(command).__name__}")
        self._done(order, refusal, told)

    def _recording(self, command: Recording, errand: Errand, told: Told) -> Refusal | None:
        readings: Sequence[Reading] | None = errand.readings
        try:
            if command.event:
                readings = frozen(self._recordings, command.event)
        except OSError as error:
            return Code.FAILED, str(error)
        if readings is None:
            return Code.NOT_HERE, "nothing was frozen with this event, or no longer is"
        pieces = collected(readings, errand.muted)
        if not self._orders.send(command.id, pieces):
            return Code.BUSY, "another recording is on its way"
        told |= described(pieces)
        return None

    def _selftest(self, told: Told, beat: Callable[[], None]) -> Refusal | None:
        now = self._clock()
        if now - self._tested_at < SELFTEST_EVERY_S:
            left_s = SELFTEST_EVERY_S - (now - self._tested_at)
            return Code.TOO_MANY, f"one in {SELFTEST_EVERY_S:.0f} s: again in {left_s:.0f} s"
        self._tested_at = now
        results, refusal = self._noted("command", beat)
        failed = [f"{each.part}: {each.detail}" for each in results if not each.passed]
        if refusal is None:
            told |= {"passed": len(results) - len(failed), "failed": failed[:_LONGEST_TOLD]}
        return refusal

    def _selftest_here(self, told: Told, beat: Callable[[], None]) -> Refusal | None:
        results, refusal = self._noted("local", beat)
        if refusal is None:
            results = [*results, *self._stimuli(beat, self._stopping.is_set)]
            passed = all(each.passed for each in results)
            told |= {"passed": passed, "parts": msgspec.to_builtins(results)}
        return refusal

    def _noted(self, by: str, beat: Callable[[], None]) -> tuple[Sequence[Part], Refusal | None]:
        """Test, and record what came of it; nothing but why not, where it did not run."""
        try:
            results = self._tested(beat)
        except (OSError, ValueError) as error:
            return (), (Code.FAILED, f"the self-test did not run: {error}")
        self._note("selftest", {"by": by, "results": msgspec.to_builtins(results)})
        return results, None

    def _tested(self, beat: Callable[[], None]) -> list[Part]:
        """Run the self-test as a process; what it found, part by part.

        Raises:
            OSError: It could not be started, or took too long.
            ValueError: What it printed is not what it prints.
        """
        import subprocess  # noqa: PLC0415  # half a MiB, for what is rarely asked

        with subprocess.Popen(  # noqa: S603  # our own command line
            self._test, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            until, out = time.monotonic() + SELFTEST_WITHIN_S, b""
            while process.returncode is None:
                beat()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    out, _ = process.communicate(timeout=0.5)
                if time.monotonic() > until or self._stopping.is_set():
                    process.kill()
        if not out:
            raise OSError(f"it printed nothing, and ended with {process.returncode}")
        return _PARTS.decode_lines(out)


def selftest_command(config: Path, state: Path) -> list[str]:
    """The command line of a self-test of the configuration in force."""
    run = "import sys; from agent.cli import main; sys.exit(main(sys.argv[1:]))"
    where = ("--config", str(config), "--state", str(state))
    return [sys.executable, "-P", "-c", run, "selftest", "--json", *where]
