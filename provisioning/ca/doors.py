"""TLS servers that a stranger may knock at: bounded in connections, time and bytes."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
WITHIN_S = 30.0  # for a whole connection, handshake and answer
_STEP_S = 10.0  # for each byte that is waited for
_SWALLOWED = 256 << 10  # bytes of a body that is too large
_SHOWN = 80  # characters of a path in the log


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `shown` is the client's certificate (DER), whose key TLS has proved."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    shown: bytes | None
    address: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to it."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Asked], Answered]


class Door(ThreadingHTTPServer):
    """Serves `answer` over TLS, a thread for each connection, one request for each.

    Each answer has the time of `clock`: devices without one go by it.
    `context` may be replaced while it runs: the next connection has the new one.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(  # noqa: PLR0913  # where, by what, and within which bounds
        self,
        address: tuple[str, int],
        context: ssl.SSLContext,
        answer: Answer,
        *,
        longest_body: int,
        clock: Callable[[], datetime],
        within_s: float = WITHIN_S,
    ) -> None:
        self.context, self.answer = context, answer
        self.longest_body, self.clock = longest_body, clock
        self._within_s = within_s
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Visit)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give it a thread, or close the door while too many are inside."""
        if not self._room.acquire(blocking=False):
            log.warning("door: too many connections")
            self.shutdown_request(request)
            return
        with self._lock:
            self._open[request] = time.monotonic() + self._within_s
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, on its own thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)
            self._room.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, here and not where connections are taken, and serve."""
        request.settimeout(_STEP_S)
        try:
            with self.context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            ) as tls:
                with self._lock:
                    self._open[tls] = self._open.pop(request, time.monotonic() + self._within_s)
                try:
                    tls.do_handshake()
                    _Visit(tls, client_address, self)
                finally:
                    with self._lock:
                        self._open.pop(tls, None)
        except (OSError, ValueError) as error:  # whoever it was has gone, or speaks no TLS
            log.info("door: %s: no request: %s", client_address[0], error)

    def service_actions(self) -> None:
        """End what takes too long; `serve_forever` calls it all the time."""
        now = time.monotonic()
        with self._lock:
            late = [each for each, until in self._open.items() if now > until]
        for each in late:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                log.debug("door: already closed: %s", error)


class _Visit(BaseHTTPRequestHandler):
    """One connection: one request, one answer."""

    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Nothing: what a stranger writes is not for the log; `_serve` says what is."""

    def _serve(self) -> None:
        self.close_connection = True
        answered = self._answered()
        self.send_response_only(answered.status)
        sent = {
            "Date": format_datetime(self.server.clock(), usegmt=True),
            "Content-Type": answered.kind,
            "Content-Length": str(len(answered.body)),
            "Connection": "close",
        }
        for name, value in (sent | dict(answered.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answered.body)
        path = "".join(c if c.isprintable() else "?" for c in self.path[:_SHOWN])
        log.info("%s %s %s: %d", self.client_address[0], self.command, path, answered.status)

    def _answered(self) -> Answered:
        size = self.headers.get("Content-Length", "0" if self.command == "GET" else "")
        if not size.isascii() or not size.isdigit():
            return Answered(411, b"length required\n")
        if len(size) > 9 or int(size) > self.server.longest_body:
            # what is left unread would be answered by a reset, which overtakes the answer
            self.rfile.read(min(_SWALLOWED, int(size[:9])))
            return Answered(413, b"too large\n")
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            return Answered(400, b"cut short\n")
        shown = self.connection.getpeercert(binary_form=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        return self.server.answer(
            Asked(self.command, path, headers, body, shown, str(self.client_address[0]))
        )
