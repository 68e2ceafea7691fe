"""Commands between the threads: from paho's over the uplink's to the pipeline's, and the answers.

`hear` is for paho's thread, `step`, `answer`, `confirm` and `hung_up` for the uplink's, `done`,
`judged` and `send` for whoever carried an order out. Every queue is bounded and nobody waits, so a
flood of commands holds up no alarm.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from agent.commanders import Commanders
from agent.commands import Code, Inspect, Order, Received, Refusal, longest_body
from agent.gate import FORGOTTEN_S, MOST_SEEN, Gate, Rate
from agent.status import State
from agent.wallclock import WallTime, read_wall_clock
from drivers import kept
from drivers.sensor import NotReadyError

log = logging.getLogger(__name__)

FILE = "commands.json"
_MADE = f"{FILE} was made here: if it is gone, somebody took it away\n".encode()
INBOX = 16
ANSWERS = 32  # while the hub is away, the newest stay
HUNG_UP = 5  # so often in a row the hub may hang up on one message: it is then too large for it
TOLD_S = 3600.0  # for so long after its end a flood is told
RECORDED = 60  # commands an hour that are recorded one by one: a flood may not fill the disk
_NOBODY = Commanders()

Note = Callable[[str, dict[str, Any]], None]  # a kind of record and its body; never waits


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: the ids of commands that were taken, oldest first, and their `expires` (Unix s)."""

    ids: dict[str, float]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command led to, on `ack/{verb}`: every command is answered, once judged.

    `id` is the command's own, empty where it could not be read; `reason` is in English, for
    people, and `code` for machines, both of a refusal; `told` is what an accepted command has
    brought to light; `state` is what the device says of itself after it.
    """

    id: str
    verb: str
    result: Literal["accepted", "refused"]
    code: Code | None = None
    reason: str = ""
    told: dict[str, Any] = {}
    simulated: bool = False
    state: State

    @property
    def place(self) -> str:
        """Its topic below the device's own."""
        return f"ack/{self.verb}"

    @property
    def payload(self) -> bytes:
        """As it leaves."""
        return msgspec.json.encode(self)


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a recording, on `recording/{id}/{number}`; `id` is the command's."""

    id: str
    number: int
    payload: bytes

    @property
    def place(self) -> str:
        """Its topic below the device's own."""
        return f"recording/{self.id}/{self.number}"


def unnoted(_kind: str, _body: dict[str, Any]) -> None:
    """Nobody keeps records."""


class Orders:
    """Judges what was heard and hands on what is taken by `put`; queue.Full means "not now".

    `wake` ends the uplink's sleep; `state` gives the device's state for an answer. What was taken
    is kept in `folder` before it is acted on. `root` begins the device's topics, `commanders` are
    those whose signatures count, `note` records what was taken and what refused; `waiting` are
    the events that have not gone out: no piece of a recording goes before them. `confirmed` hears
    the id of each command whose answer the hub has.
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
        root: str = "",
        commanders: Commanders = _NOBODY,
        note: Note = unnoted,
        waiting: Callable[[], int] = int,
        confirmed: Callable[[str], None] | None = None,
    ) -> None:
        self._file, self._put, self._wake, self._state = folder / FILE, put, wake, state
        self._made = self._file.with_suffix(".made")
        self._wall, self._clock = wall, clock
        self._root, self._commanders, self._note = root, commanders, note
        self._waiting, self._confirmed = waiting, confirmed
        self._inbox: queue.Queue[Received] = queue.Queue(INBOX)
        self._answers: deque[Answer] = deque(maxlen=ANSWERS)
        self._pieces: deque[Piece] = deque()
        self._hung_up_on: tuple[Answer | Piece | None, int] = None, 0
        self._lock = threading.Lock()  # of answers and pieces
        self._unkept = ""
        self._dropped, self._dropped_at = 0, 0.0  # about: two threads count
        self._recorded, self._unrecorded = Rate(RECORDED, TOLD_S), 0
        self._gate = self._open()
        if commanders.trouble:
            log.error("commands: %s", commanders.trouble)

    @property
    def trouble(self) -> str:
        """What is wrong with the way in, empty while all is well."""
        if self._clock() - self._dropped_at > TOLD_S:
            self._dropped = 0
        flood = f"{self._dropped} dropped: more than can be answered" if self._dropped else ""
        return "; ".join(filter(None, (self._unkept, flood, self._commanders.trouble)))

    def hear(self, verb: str, body: bytes, *, retained: bool) -> None:
        """Take a message in, or drop and count it where too many wait. Never raises or waits."""
        verb = verb[:64]
        received = Received(verb, body[: longest_body(verb) + 1], retained, self._clock())
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

    def done(
        self,
        order: Order,
        refusal: tuple[Code, str] | None,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        """Answer for an order that was carried out, or could not be; `told` is what it found."""
        if refusal is not None:
            self._refuse(_refused(order, *refusal))
            return
        log.warning("command: %s by %s: accepted", order.verb, order.command.by)
        self._say(Answer(
            id=order.command.id, verb=order.verb, result="accepted", state=(state := self._state()),
            told=dict(told or {}), simulated=state.simulated,
        ))  # fmt: skip

    def judged(self, command: str, sha256: str, reason: str) -> None:
        """Answer for a configuration whose trial is over; it was found good without a `reason`."""
        state = self._state()
        self._say(Answer(
            id=command, verb="configuration", result="refused" if reason else "accepted",
            code=Code.ROLLED_BACK if reason else None, reason=reason, told={"sha256": sha256},
            simulated=state.simulated, state=state,
        ))  # fmt: skip

    def interrupted(self, command: str, told: Mapping[str, Any]) -> None:
        """Answer for an inspection that the last agent was ordered and did not finish."""
        state = self._state()
        self._say(Answer(
            id=command, verb="inspect", result="accepted", told=dict(told),
            simulated=state.simulated, state=state,
        ))  # fmt: skip

    def answer(self) -> Answer | Piece | None:
        """What the hub has not confirmed: the first answer, or else the first piece.

        No piece goes before an event that waits.
        """
        with self._lock:
            if self._answers:
                return self._answers[0]
            first = self._pieces[0] if self._pieces else None
        return None if first is None or self._waiting() else first

    def confirm(self, answer: Answer | Piece) -> None:
        """Note that the hub has it."""
        with self._lock:
            line = self._answers if isinstance(answer, Answer) else self._pieces
            was_first = bool(line) and line[0] is answer
            if was_first:
                line.popleft()
        if was_first and isinstance(answer, Answer) and self._confirmed is not None:
            self._confirmed(answer.id)
        self._wake()  # for the next one

    def hung_up(self, answer: Answer | Piece) -> None:
        """Note that the hub ended the connection on it: else it might do so for ever."""
        last, count = self._hung_up_on
        count = count + 1 if answer is last else 1
        self._hung_up_on = answer, count
        if count < HUNG_UP:
            return
        log.error("commands: %s is given up: the hub hangs up on it", answer.place)
        if isinstance(answer, Piece):
            with self._lock:
                self._pieces.clear()
        else:
            self.confirm(answer)

    def send(self, command: str, pieces: Sequence[bytes]) -> bool:
        """Have a recording sent, piece by piece; False while another one is under way."""
        with self._lock:
            if self._pieces:
                return False
            self._pieces.extend(Piece(command, n, each) for n, each in enumerate(pieces))
        self._wake()
        return True

    def _drop(self) -> None:
        self._dropped, self._dropped_at = self._dropped + 1, self._clock()

    def _hand_on(self, order: Order) -> None:
        command = order.command
        self._record(
            "taken", verb=order.verb, id=command.id, by=command.by, signer=order.signer,
            sensor=command.sensor if isinstance(command, Inspect) else "",
        )  # fmt: skip
        try:
            self._put(order)
        except queue.Full:
            self._refuse(_refused(order, Code.BUSY, "the device is busy: give it anew"))

    def _refuse(self, refusal: Refusal) -> None:
        log.warning("command: %s refused: %s: %s", refusal.verb, refusal.code, refusal.reason)
        self._record(
            "refused", verb=refusal.verb, id=refusal.id, signer=refusal.signer,
            code=refusal.code.value, reason=refusal.reason,
        )  # fmt: skip
        self._say(Answer(
            id=refusal.id, verb=refusal.verb, result="refused", code=refusal.code,
            reason=refusal.reason, state=(state := self._state()), simulated=state.simulated,
        ))  # fmt: skip

    def _record(self, result: str, **body: str) -> None:
        """Have it written down, or counted where there are too many of them."""
        if not self._recorded.take(self._clock()):
            self._unrecorded += 1
            return
        left_out = {"unrecorded": self._unrecorded} if self._unrecorded else {}
        self._unrecorded = 0
        self._note("command", {"result": result} | {k: v for k, v in body.items() if v} | left_out)

    def _say(self, answer: Answer) -> None:
        with self._lock:
            self._answers.append(answer)
        self._wake()

    def _open(self) -> Gate:
        """Take up what the last agent kept; where that is gone, be careful for a while."""
        gate = partial(Gate, root=self._root, commanders=self._commanders)
        try:
            if not self._file.exists() and not self._made.exists():
                return gate({})
            found = kept.load(self._file, Taken, what="command ids", remedy="nothing to do")
        except (OSError, NotReadyError) as error:
            log.error("commands: ids taken before are forgotten: %s", error)  # noqa: TRY400
            return gate({}, forgotten_until=self._clock() + FORGOTTEN_S)
        return gate(dict(list(found.ids.items())[-MOST_SEEN:]))

    def _is_kept(self) -> bool:
        """Write the ids down, so that a restart does not forget them."""
        try:
            if not self._made.exists():  # before the ids: so these are never there without it
                kept.replace(self._made, _MADE)
            kept.store(self._file, Taken(self._gate.seen))
        except OSError as error:
            if not self._unkept:
                log.error("commands: ids not kept: %s", error)  # noqa: TRY400  # no traceback
            self._unkept = f"the ids of commands are not kept over a restart: {error}"
            return False
        self._unkept = ""
        return True


def _refused(order: Order, code: Code, reason: str) -> Refusal:
    return Refusal(order.verb, order.command.id, code, reason, order.signer)
