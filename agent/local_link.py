"""What the setup page asks of the running agent, on this machine only.

One JSON object a line in, one a line out; a request may carry an `id`, which its answers repeat:

    {"readings": true}                           every reading and failure from now on
    {"inspect": "smoke_alarm", "within_s": 120}  an inspection as the hub orders it; then its result
    {"accompany": "shutter", "within_s": 60}     mark what this sensor alone provokes as a test
    {"end": true}                                end what was opened, now
    {"mistaken": "sos"}                          a call by this button was pressed by mistake
    {"identify": true}                           blink
    {"status": true}                             what `status.json` says
    {"selftest": true}                           would a danger still become an alarm? part by part
    {"outline": "camera"}                        the edges that a camera sees: 24 rows of 32 bits
    {"baseline": "gas", "heated_h": 24}          measure a part in clean air, or at rest
    {"commissioned": {...}}                      have the ledger record that it was handed over

Nothing here can be asked from afar. `tell` only appends: the pipeline never waits (ADR 0020).
"""

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.commands import Code, Command, Identify, Inspect, LocalSelftest, Mistaken, Order
from agent.coverage import FLOOR
from agent.inspector import LINGERS_S
from agent.ledger_past import COMMAND, COMMISSIONING
from agent.local_socket import LocalSocket, Peer
from agent.sections import SensorName
from agent.values import Detection, Failure, Reading, Stage
from agent.wallclock import read_wall_clock

FILE = "setup.sock"  # in the run directory
BY = "setup page"
_NEWS = 4096  # items between the pipeline and this thread
_WAIT_S = 5.0
_LIFE = timedelta(minutes=20)

Word = SensorName | None
Body = Mapping[str, Any]


class Handover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the ledger says of a commissioning: the SHA-256 (hex) of its signed record, and who."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    installer: Annotated[str, Meta(min_length=1, max_length=64)]
    profile: Annotated[str, Meta(min_length=1, max_length=48)]
    outcomes: Annotated[dict[str, str], Meta(max_length=64)]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: one of the words, with its `within_s` or `heated_h` in seconds and hours."""

    id: Annotated[str, Meta(max_length=64)] = ""
    within_s: Annotated[float, Meta(ge=1, le=900)] = 120.0
    heated_h: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    readings: bool = False
    inspect: Word = None
    accompany: Word = None
    mistaken: Word = None
    end: bool = False
    identify: bool = False
    status: bool = False
    selftest: bool = False
    outline: Word = None
    baseline: Word = None
    commissioned: Handover | None = None


@dataclass(frozen=True, slots=True)
class _Accompanied:
    """A sensor that somebody tries out, by which nonce, and until when (monotonic seconds)."""

    sensor: str
    nonce: str
    until: float

    def provokes(self, detection: Detection) -> bool:
        """Whether nothing else can have: by this sensor alone, and for no hazard of the floor."""
        if detection.at > self.until or detection.hazard in FLOOR or not detection.evidence:
            return False
        return all(each.sensor == self.sensor for each in detection.evidence)


@dataclass(frozen=True, slots=True)
class Powers:
    """What the link can have done; each may be called from its thread.

    `put` gives the pipeline an order, `status` tells how the agent stands, `note` records, `cut`
    ends the inspection with this nonce, `outline` gives a camera's rows (None: no such camera), and
    `baseline` begins to measure a part and tells of it later (False: no such part).
    """

    put: Callable[[Order], object]
    status: Callable[[], Body]
    note: Callable[[str, Body], object]
    cut: Callable[[str], object]
    outline: Callable[[str], Body | None]
    baseline: Callable[[str, float, Callable[[Body], None]], bool]


class LocalLink:
    """The socket `run_dir`/setup.sock and its one thread; `clock` is the agent's, in seconds."""

    def __init__(self, run_dir: Path, powers: Powers, *, clock: Callable[[], float]) -> None:
        self._powers, self._clock = powers, clock
        self._path = run_dir / FILE
        self._socket: LocalSocket | None = None  # there while `run` is
        self._last: dict[tuple[str, str], Reading | Failure] = {}
        self._news: deque[Reading | Failure | tuple[str, Body]] = deque(maxlen=_NEWS)
        self._readers: set[Peer] = set()
        self._asked: dict[str, tuple[Peer, str]] = {}  # by nonce: who waits, and for which id
        self._accompanied: _Accompanied | None = None
        self._by: Peer | None = None  # who asked for that
        self._tried: dict[str, float] = {}  # sensors, and until when
        self._marked: dict[tuple[str, str], str] = {}  # incidents by hazard and subject: the nonce
        self._stopping = False

    def tell(self, item: Reading | Failure) -> None:
        """Pass on what a sensor said; from the pipeline's thread."""
        if isinstance(item, Reading):
            self._last.pop((item.sensor, ""), None)
            self._last[item.sensor, item.quantity] = item
        else:
            self._last[item.sensor, ""] = item
        if self._readers:
            self._news.append(item)
            self._ring()

    def done(self, order: Order, refusal: tuple[Code, str] | None, told: Body | None) -> bool:
        """Answer for an order that came from here; False: it did not."""
        if order.command.id not in self._asked:
            return False
        if refusal is not None:
            told = {"result": "refused", "code": refusal[0], "reason": refusal[1]}
        self._later(order.command.id, {"result": "accepted"} if told is None else told)
        return True

    def mark(self, detection: Detection) -> str:
        """The nonce of what somebody tries out, which alone provoked this; empty: it is real.

        Fire, CO, falls and calls for help are the Inspector's to mark, and never marked here.
        """
        incident = str(detection.hazard), detection.subject
        if detection.stage is Stage.CLEARED:
            return self._marked.pop(incident, "")
        if (tried := self._accompanied) is not None and tried.provokes(detection):
            self._marked[incident] = tried.nonce
            return tried.nonce
        self._marked.pop(incident, None)
        return ""

    def tried(self, now: float) -> frozenset[str]:
        """The sensors that somebody tries out, or did until `LINGERS_S` ago."""
        return frozenset(name for name, at in self._tried.items() if now - at < LINGERS_S)

    def accompany(self, sensor: str, within_s: float) -> str:
        """Mark what this sensor alone provokes for so many seconds; the nonce by which it is."""
        tried = _Accompanied(sensor, secrets.token_hex(8), self._clock() + within_s)
        self._accompanied = tried
        now, before = self._clock(), self._tried
        kept = {name: at for name, at in before.items() if now - at < LINGERS_S}
        self._tried = kept | {sensor: tried.until}  # never changed, for another thread reads it
        return tried.nonce

    def run(self, beat: Callable[[], None]) -> None:
        """Serve until `stop`."""
        self._socket = served = LocalSocket(self._path, heard=self._hear, gone=self._forget)
        try:
            while not self._stopping:
                served.open()
                beat()
                served.turn(_WAIT_S)
                self._spread()
        finally:
            served.close()

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._stopping = True
        self._ring()

    def _ring(self) -> None:
        if self._socket is not None:
            self._socket.ring()

    def _hear(self, peer: Peer, line: bytes) -> None:
        try:
            asked = msgspec.json.decode(line, type=Request)
        except (ValueError, RecursionError) as error:
            self._say(peer, "", {"error": str(error)})
            return
        body = self._do(peer, asked)
        if body is not None:
            self._say(peer, asked.id, body)

    def _do(self, peer: Peer, asked: Request) -> Body | None:
        """Do it; None where the answer comes later."""
        if asked.readings:
            self._readers.add(peer)
            for item in list(self._last.values()):
                self._say(peer, "", _as_line(item))
        elif asked.inspect or asked.mistaken or asked.identify or asked.selftest:
            self._order(peer, asked)
            return None
        elif asked.accompany is not None:
            nonce, self._by = self.accompany(asked.accompany, asked.within_s), peer
            return {"result": "accepted", "nonce": nonce}
        elif asked.end:
            self._end(peer)
        elif asked.baseline is not None:
            return self._measure(peer, asked, asked.baseline)
        else:
            return self._tell(asked)
        return {"result": "accepted"}

    def _tell(self, asked: Request) -> Body:
        """What is answered at once."""
        if asked.status:
            return {"status": self._powers.status()}
        if asked.outline is not None:
            found = self._powers.outline(asked.outline)
            return {"error": f"no camera is named {asked.outline}"} if found is None else found
        if asked.commissioned is None:
            return {"error": "nothing is asked for"}
        self._powers.note(COMMISSIONING, msgspec.to_builtins(asked.commissioned))
        return {"result": "accepted"}

    def _order(self, peer: Peer, asked: Request) -> None:
        """Give the pipeline what a command from the hub would; its answer comes back by `done`."""
        nonce, now = secrets.token_hex(8), datetime.fromisoformat(read_wall_clock().iso)
        command: Command
        if asked.inspect is not None:
            minutes = max(0.5, min(15.0, asked.within_s / 60))
            command = Inspect(
                id=nonce,
                issued=now,
                expires=now + _LIFE,
                by=BY,
                sensor=asked.inspect,
                minutes=minutes,
            )
            # as of the hub's: so the next start tells that this one was cut off
            told = {"result": "taken", "verb": "inspect", "id": nonce, "by": BY}
            self._powers.note(COMMAND, told | {"sensor": asked.inspect})
        elif asked.mistaken is not None:
            command = Mistaken(
                id=nonce, issued=now, expires=now + _LIFE, by=BY, sensor=asked.mistaken
            )
        elif asked.selftest:
            command = LocalSelftest(id=nonce, issued=now, expires=now + _LIFE, by=BY)
        else:
            command = Identify(id=nonce, issued=now, expires=now + _LIFE, by=BY)
        self._asked[nonce] = peer, asked.id
        self._powers.put(Order(type(command).__name__.lower(), command))

    def _measure(self, peer: Peer, asked: Request, sensor: str) -> Body | None:
        nonce = secrets.token_hex(8)
        self._asked[nonce] = peer, asked.id
        if self._powers.baseline(sensor, asked.heated_h, lambda body: self._later(nonce, body)):
            return None
        del self._asked[nonce]
        return {"error": f"{sensor} has no baseline to measure"}

    def _end(self, peer: Peer) -> None:
        if self._by is peer:
            self._accompanied = None
        for nonce in [each for each, (who, _) in self._asked.items() if who is peer]:
            self._powers.cut(nonce)

    def _later(self, nonce: str, body: Body) -> None:
        """Have an answer sent; from any thread."""
        self._news.append((nonce, body))
        self._ring()

    def _spread(self) -> None:
        """Send what the other threads had for us."""
        while self._news:
            item = self._news.popleft()
            if not isinstance(item, tuple):
                for peer in list(self._readers):
                    self._say(peer, "", _as_line(item))
                continue
            nonce, body = item
            if (waits := self._asked.get(nonce)) is not None:
                if not body.get("more"):
                    del self._asked[nonce]
                self._say(*waits, body)

    def _say(self, peer: Peer, asked: str, body: Body) -> None:
        if self._socket is not None:
            said = {"id": asked, **body} if asked else body
            self._socket.say(peer, msgspec.json.encode(said))

    def _forget(self, peer: Peer) -> None:
        """Who left waits for nothing: the next inspection need not wait for theirs."""
        self._readers.discard(peer)
        self._end(peer)


def _as_line(item: Reading | Failure) -> dict[str, Any]:
    if isinstance(item, Reading):
        quantity = str(item.quantity)
        return {"sensor": item.sensor, "quantity": quantity, "value": item.value, "at": item.at}
    why = item.message
    return {"sensor": item.sensor, "failure": str(item.kind), "message": why, "at": item.at}
