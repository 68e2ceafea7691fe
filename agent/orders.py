"""Commands between the threads: from paho's over the uplink's to the pipeline's, and the answers.

`hear` is for paho's thread, `step`, `answer` and `confirm` for the uplink's, `done` for the
pipeline's. Every queue is bounded and nobody waits, so a flood of commands holds up no alarm.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from agent.commands import (
    FORGOTTEN_S,
    LONGEST_BYTES,
    MOST_SEEN,
    Code,
    Gate,
    Order,
    Received,
    Refusal,
)
from agent.status import State
from agent.wallclock import WallTime, read_wall_clock
from drivers import kept
from drivers.sensor import NotReadyError

log = logging.getLogger(__name__)

FILE = "commands.json"
INBOX = 16
ANSWERS = 32  # while the hub is away, the newest stay
TOLD_S = 3600.0  # for so long after its end a flood is told


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the ids of commands that were taken, oldest first, and their `expires` (Unix s)."""

    ids: dict[str, float]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command led to, on `ack/{verb}`: every command is answered, once judged.

    `id` is the command's own, empty where it could not be read; `reason` is in English, for
    people, and `code` for machines, both of a refusal; `state` is what the device says of itself
    after it.
    """

    id: str
    verb: str
    result: Literal["accepted", "refused"]
    code: Code | None = None
    reason: str = ""
    simulated: bool = False
    state: State


class Orders:
    """Judges what was heard and hands on what is taken by `put`; queue.Full means "not now".

    `wake` ends the uplink's sleep; `state` gives the device's state for an answer. What was taken
    is kept in `folder` before it is acted on.
    """

    def __init__(  # noqa: PLR0913  # what lies on both sides, each injected
        self,
        folder: Path,
        *,
        put: Callable[[Order], None],
        wake: Callable[[], None],
        state: Callable[[], State],
        wall: Callable[[], WallTime] = read_wall_clock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._put, self._wake, self._state = folder / FILE, put, wake, state
        self._wall, self._clock = wall, clock
        self._inbox: queue.Queue[Received] = queue.Queue(INBOX)
        self._answers: deque[Answer] = deque(maxlen=ANSWERS)
        self._lock = threading.Lock()  # of the answers
        self._unkept = ""
        self._dropped, self._dropped_at = 0, 0.0  # about: two threads count
        self._gate = self._open()

    @property
    def trouble(self) -> str:
        """What is wrong with the way in, empty while all is well."""
        if self._clock() - self._dropped_at > TOLD_S:
            self._dropped = 0
        flood = f"{self._dropped} dropped: more than can be answered" if self._dropped else ""
        return "; ".join(filter(None, (self._unkept, flood)))

    def hear(self, verb: str, body: bytes, *, retained: bool) -> None:
        """Take a message in, or drop and count it where too many wait. Never raises or waits."""
        received = Received(verb[:64], body[: LONGEST_BYTES + 1], retained, self._clock())
        try:
            self._inbox.put_nowait(received)
        except queue.Full:
            self._drop()
        else:
            self._wake()

    def step(self) -> None:
        """Judge one command, if one waits."""
        try:
            received = self._inbox.get_nowait()
        except queue.Empty:
            return
        self._wake()  # for the next one
        found = self._gate.judge(received, self._wall(), self._clock())
        if found is None:
            self._drop()
        elif isinstance(found, Refusal):
            self._refuse(found)
        elif not self._is_kept() and not found.command.is_harmless:
            self._refuse(_refused(found, Code.NOT_KEPT, self._unkept))
        else:
            self._hand_on(found)

    def done(self, order: Order, refusal: tuple[Code, str] | None) -> None:
        """Answer for an order that was carried out, or could not be."""
        if refusal is not None:
            self._refuse(_refused(order, *refusal))
            return
        log.warning("command: %s by %s: accepted", order.verb, order.command.by)
        self._say(Answer(
            id=order.command.id, verb=order.verb, result="accepted", state=(state := self._state()),
            simulated=state.simulated,
        ))  # fmt: skip

    def answer(self) -> Answer | None:
        """The first answer that the hub has not confirmed."""
        with self._lock:
            return self._answers[0] if self._answers else None

    def confirm(self, answer: Answer) -> None:
        """Note that the hub has it."""
        with self._lock:
            if self._answers and self._answers[0] is answer:
                self._answers.popleft()
        self._wake()  # for the next one

    def _drop(self) -> None:
        self._dropped, self._dropped_at = self._dropped + 1, self._clock()

    def _hand_on(self, order: Order) -> None:
        try:
            self._put(order)
        except queue.Full:
            self._refuse(_refused(order, Code.BUSY, "the device is busy: give it anew"))

    def _refuse(self, refusal: Refusal) -> None:
        log.warning("command: %s refused: %s: %s", refusal.verb, refusal.code, refusal.reason)
        self._say(Answer(
            id=refusal.id, verb=refusal.verb, result="refused", code=refusal.code,
            reason=refusal.reason, state=(state := self._state()), simulated=state.simulated,
        ))  # fmt: skip

    def _say(self, answer: Answer) -> None:
        with self._lock:
            self._answers.append(answer)
        self._wake()

    def _open(self) -> Gate:
        """Take up what the last agent kept; where it cannot be read, be careful for a while."""
        try:
            if not self._file.exists():
                return Gate({})
            found = kept.load(self._file, Taken, what="command ids", remedy="nothing to do")
        except (OSError, NotReadyError) as error:
            log.error("commands: ids taken before are forgotten: %s", error)  # noqa: TRY400
            return Gate({}, forgotten_until=self._clock() + FORGOTTEN_S)
        return Gate(dict(list(found.ids.items())[-MOST_SEEN:]))

    def _is_kept(self) -> bool:
        """Write the ids down, so that a restart does not forget them."""
        try:
            kept.store(self._file, Taken(self._gate.seen))
        except OSError as error:
            if not self._unkept:
                log.error("commands: ids not kept: %s", error)  # noqa: TRY400  # no traceback
            self._unkept = f"the ids of commands are not kept over a restart: {error}"
            return False
        self._unkept = ""
        return True


def _refused(order: Order, code: Code, reason: str) -> Refusal:
    return Refusal(order.verb, order.command.id, code, reason)
