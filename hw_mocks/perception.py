"""A simulated perception process: the sender of records, on the real socket with the real codec.

It lives whenever its clock is looked at: that is what the agent does before each datagram that it
reads, so no thread is needed, and the same life comes out in any test. Not imitated: another user,
the moments in which a real process computes, and everything before the numbers.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from drivers import record
from drivers.record import RecordError
from drivers.sensor import Quantity
from hw_mocks.faults import Fault

TICK_S = 0.5
LATE_S = 2.8  # within what the socket takes, beyond what the driver does
_TURN_S = 2.7  # so long passes at each turn of a knob where no clock is given


class Sender(Protocol):
    """A camera or microphone of the process."""

    name: str

    def datagrams(self, at: float) -> Iterator[bytes]:
        """What it says at the time `at`, in monotonic seconds."""

    def is_flooding(self) -> bool:
        """Whether it says that all the time."""

    def obey(self, *, is_muted: bool) -> None:
        """The agent has said that it is to be off or on."""

    def draw(self, *, is_wanted: bool) -> None:
        """The agent has said whether somebody draws zones on what it sees."""


class SimPerception:
    """Speaks twice a second for each of its senders, to `run_dir`/perception.sock.

    Without a `base` clock time stands, but for `turned`, which says that a knob has moved.
    """

    def __init__(self, run_dir: Path, base: Callable[[], float] | None = None) -> None:
        self._path, self._own = run_dir / "perception.sock", run_dir / "eyes-sim.sock"
        self._base, self._turned_s = base, 1000.0
        self._speaking = threading.RLock()  # knobs and clock are turned by several threads
        self._socket: socket.socket | None = None
        self._senders: list[Sender] = []
        self._due = float("-inf")
        self._unsent: deque[bytes] = deque(maxlen=1000)

    def add(self, sender: Sender) -> None:
        """Have it speak for one more."""
        self._senders.append(sender)

    def turned(self) -> None:
        """A knob was turned: what was said before is of the past."""
        with self._speaking:
            self._turned_s += _TURN_S
            self._unsent.clear()

    def clock(self) -> float:
        """Seconds now; all that was to be said by then is said, as far as the socket takes it."""
        with self._speaking:
            now = self._turned_s if self._base is None else self._base()
            if self._senders:
                self._live(now)
            return now

    def close(self) -> None:
        """End the process; no error if it never began."""
        with self._speaking:
            if self._socket is not None:
                self._socket.close()
                self._own.unlink(missing_ok=True)
                self._socket = None

    def _live(self, now: float) -> None:
        self._hear()
        if now >= self._due:
            self._due = now + TICK_S
            self._unsent.clear()  # nobody took it
            for sender in self._senders:
                self._unsent.extend(sender.datagrams(now))
        if not self._unsent:
            for sender in self._senders:
                if sender.is_flooding():
                    self._unsent.extend(sender.datagrams(now))
        self._speak()

    def _speak(self) -> None:
        own = self._opened()
        while self._unsent:
            try:
                own.sendto(self._unsent[0], str(self._path))
            except OSError:  # nobody listens, or the queue is full
                return
            self._unsent.popleft()

    def _hear(self) -> None:
        own = self._opened()
        while True:
            try:
                raw = own.recv(record.SIZE + 1)
            except BlockingIOError:
                return
            with suppress(RecordError):
                said = record.decode_said(raw)
                for sender in self._senders:
                    if record.source_of(sender.name) != said.source:
                        continue
                    if isinstance(said, record.MuteRecord):
                        sender.obey(is_muted=said.is_muted)
                    else:
                        sender.draw(is_wanted=said.is_wanted)

    def _opened(self) -> socket.socket:
        if self._socket is None:
            self._own.unlink(missing_ok=True)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.bind(str(self._own))
        return self._socket


class SaidKnob:
    """A number that perception says of a part (`part.process`); time passes as it is turned."""

    def __init__(self, at_first: float = 0.0) -> None:
        self._at_first = at_first

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, part: object, owner: type | None = None) -> float:
        value: float = vars(part).get(self._name, self._at_first)
        return value

    def __set__(self, part: Any, value: float) -> None:
        vars(part)[self._name] = float(value)
        part.process.turned()


class Faltering:
    """What perception says for the part `name`, as the part's fault has it."""

    def __init__(self, name: str) -> None:
        self._name, self._lies = name, 0

    def datagrams(
        self, numbers: Mapping[Quantity, float], fault: Fault, at: float
    ) -> Iterator[bytes]:
        """Nothing where it is absent, garbage where corrupted, late where slow, else records."""
        if fault is Fault.ABSENT:
            return
        if fault is Fault.CORRUPTED:
            self._lies += 1
            yield bytes((self._lies * 31 + n) & 0xFF for n in range(self._lies * 7 % 97))
            return
        late_s = LATE_S if fault is Fault.SLOW else 0.0
        for quantity, value in numbers.items():
            yield record.encode(self._name, quantity, value, at - late_s)
