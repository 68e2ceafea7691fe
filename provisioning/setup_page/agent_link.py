"""The page's end of the agent's local socket (`agent.local_link`): values in, questions out."""

import contextlib
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.local_link import FILE
from provisioning.setup_page.refusals import AGENT_AWAY, RefusedError

log = logging.getLogger(__name__)

ANSWER_S = 5.0
_AGAIN_S = 0.5
_LONGEST = 1 << 20
_GONE: Mapping[str, Any] = {"error": "the agent went away", "gone": True}

Body = Mapping[str, Any]


class AgentLink:
    """Keeps a connection to the agent in `run`; `heard` takes its readings and failures.

    `came` is called whenever a new agent answers. Both are called in the link's own thread, as is
    what `begin` is given.
    """

    def __init__(
        self, run: Path, *, heard: Callable[[Body], None], came: Callable[[], None]
    ) -> None:
        self._path, self._heard, self._came = run / FILE, heard, came
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._waiting: dict[str, Callable[[Body], None]] = {}
        self._ids = itertools.count(1)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="agent-link", daemon=True)

    def start(self) -> None:
        """Begin to dial."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up for good."""
        self._stopping.set()
        self._hang_up()
        self._thread.join(5.0)

    @property
    def is_up(self) -> bool:
        """Whether an agent answers."""
        return self._socket is not None

    def ask(self, within_s: float = ANSWER_S, **request: Any) -> Body:
        """Ask, and wait for the answer.

        Raises:
            RefusedError: No agent answers.
        """
        came, answers = threading.Event(), list[Body]()

        def take(body: Body) -> None:
            answers.append(body)
            came.set()

        self.begin(take, **request)
        if not came.wait(within_s) or answers[0].get("gone"):
            raise RefusedError(AGENT_AWAY, 503)
        return answers[0]

    def begin(self, take: Callable[[Body], None], **request: Any) -> None:
        """Ask; `take` is called with each answer, the last of which is not marked `more`.

        Raises:
            RefusedError: No agent answers.
        """
        name = str(next(self._ids))
        with self._lock:
            channel = self._socket
            if channel is None:
                raise RefusedError(AGENT_AWAY, 503)
            self._waiting[name] = take
            try:
                channel.sendall(msgspec.json.encode({"id": name, **request}) + b"\n")
            except OSError:
                del self._waiting[name]
                raise RefusedError(AGENT_AWAY, 503) from None

    def _run(self) -> None:
        while not self._stopping.is_set():
            if (channel := self._dialled()) is None:
                self._stopping.wait(_AGAIN_S)
                continue
            self._came()
            try:
                self._read(channel)
            except (OSError, ValueError) as error:
                log.warning("agent: %s", error)
            self._hang_up()

    def _dialled(self) -> socket.socket | None:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            channel.connect(str(self._path))
            channel.sendall(b'{"readings":true}\n')
        except OSError:
            channel.close()
            return None
        with self._lock:
            self._socket = channel
        return channel

    def _read(self, channel: socket.socket) -> None:
        came = bytearray()
        while part := channel.recv(65_536):
            came += part
            while (end := came.find(b"\n")) >= 0:
                line = bytes(came[:end])
                del came[: end + 1]
                self._take(msgspec.json.decode(line))
            if len(came) > _LONGEST:
                raise ValueError("its line does not end")

    def _take(self, said: Body) -> None:
        if (name := said.get("id")) is None:
            if "sensor" in said:
                self._heard(said)
            return
        with self._lock:
            take = self._waiting.get(name)
            if take is not None and not said.get("more"):
                del self._waiting[name]
        if take is not None:
            take(said)

    def _hang_up(self) -> None:
        with self._lock:
            channel, self._socket = self._socket, None
            waiting, self._waiting = self._waiting, {}
        if channel is not None:
            with contextlib.suppress(OSError):  # it is gone already
                channel.shutdown(socket.SHUT_RDWR)
            channel.close()
        for take in waiting.values():
            take(_GONE)


def wait_for(condition: Callable[[], Any], within_s: float) -> bool:
    """Look every tenth of a second whether something is so; False: not in time."""
    end = time.monotonic() + within_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > end:
            return False
        pause.wait(0.1)
    return True
