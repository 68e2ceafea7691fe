"""What leaves perception: records of numbers, within their pace and the budget, never waiting.

While nobody listens numbers are dropped, not kept: old ones are no news. The agent's queue may be
as short as ten (net.unix.max_dgram_qlen, where no systemd has raised it).
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from drivers import record
from drivers.record import Bucket, MuteRecord, OutlineRecord, RecordError
from drivers.sensor import Quantity

log = logging.getLogger(__name__)

SEND_EVERY_S = 0.5
_HEAR_AT_MOST = 16  # answers in one go
Numbers = dict[tuple[str, Quantity], tuple[float, float]]  # sensor and quantity: value and time


class Sender:
    """The socket to the agent at `agent`; `own` is the place to which the agent answers.

    Thread-safe: camera and microphone have a thread each.
    """

    def __init__(self, agent: Path, own: Path) -> None:
        self._agent, self._own = str(agent), own
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._bytes, self._paces = record.budget(), dict[tuple[str, Quantity], Bucket]()
        self._pending: Numbers = {}  # until its pace lets it go
        self._ready: Numbers = {}  # until the agent's queue takes it
        self._trouble = ""

    def open(self) -> None:
        """Bind the own place, which a process before may have left behind.

        Raises:
            OSError: Its folder is missing or not ours to write.
        """
        self._own.unlink(missing_ok=True)
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            opened.setblocking(False)
            opened.bind(str(self._own))
            self._own.chmod(0o660)  # the agent is in this process's group, and nobody else
        except OSError:
            opened.close()
            raise
        self._socket = opened

    def post(self, name: str, values: Mapping[Quantity, float], at: float, now: float) -> None:
        """Have these numbers of the sensor `name`, true at `at`, sent as soon as they may be.

        Of a peak the greatest since it was last sent counts, of others the newest. `at` and `now`
        are monotonic seconds.

        Raises:
            RecordError: One of them may not cross.
        """
        with self._lock:
            for quantity, value in values.items():
                if quantity not in record.TABLE:
                    raise RecordError(f"{quantity}: may not cross")
                key = name, quantity
                self._pending[key] = self._merged(self._pending, key, value), at
            self._flush(now)

    def answers(self) -> Iterator[MuteRecord | OutlineRecord]:
        """What the agent has said since the last time; anything else is passed over."""
        for _ in range(_HEAR_AT_MOST):
            if self._socket is None:
                return
            try:
                raw = self._socket.recv(record.SIZE + 1)
            except OSError:
                return
            with suppress(RecordError):
                yield record.decode_said(raw)

    def close(self) -> None:
        """Give up the place; never raises."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            with suppress(OSError):
                self._own.unlink()

    def _flush(self, now: float) -> None:
        """Send what is due; what the agent's queue does not take waits for the next time."""
        for key, (value, at) in list(self._pending.items()):
            pace = self._paces.setdefault(key, Bucket(1 / SEND_EVERY_S, 1.0))
            if pace.take(1.0, now) and self._bytes.take(record.SIZE, now):
                del self._pending[key]
                self._ready[key] = self._merged(self._ready, key, value), at
        for (name, quantity), (value, at) in list(self._ready.items()):
            if not self._send(record.encode(name, quantity, value, at)):
                return
            del self._ready[name, quantity]

    @staticmethod
    def _merged(kept: Numbers, key: tuple[str, Quantity], value: float) -> float:
        """The newest value, or the greatest where that is what counts."""
        is_peak = record.TABLE[key[1]].is_peak
        return max(value, kept[key][0]) if is_peak and key in kept else value

    def _send(self, datagram: bytes) -> bool:
        """Send, or drop what nobody hears; False where it may be had a little later."""
        trouble = ""
        try:
            if self._socket is not None:
                self._socket.sendto(datagram, self._agent)
        except BlockingIOError:
            return False
        except (FileNotFoundError, ConnectionRefusedError):
            trouble = "nobody listens"
        except OSError as error:  # it is not ours to write
            trouble = os.strerror(error.errno or 0)
        if trouble != self._trouble:
            log.warning("agent: %s", f"numbers are dropped: {trouble}" if trouble else "listens")
            self._trouble = trouble
        return True
