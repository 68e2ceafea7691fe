"""`haetae-provision setup-page`: the setup page over TLS, until the device is commissioned.

    serve(configuration=..., run=..., state=..., address="", port=443) -> exit code

It ends with 0 some minutes after the device was commissioned, so that the certificate can still be
printed, and where a request by the button is no more than 15 minutes old and nobody came.
"""

import argparse
import contextlib
import functools
import logging
import math
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from provisioning.places import (
    COMMISSIONED,
    CONFIGURATION,
    RUN,
    SETUP_REQUEST,
    SETUP_USED,
    STATE,
    TAKEN_SEED,
)
from provisioning.remedy import ProvisioningError
from provisioning.seed import read_seed
from provisioning.setup_page import redirect, tls
from provisioning.setup_page.installation import Installation, Places
from provisioning.setup_page.pages import Pages
from provisioning.setup_page.session import Sessions

log = logging.getLogger(__name__)

OK, FAILED = 0, 1
ASKED_S = 15 * 60.0  # a request by the button is good for so long
LINGERS_S = 10 * 60.0  # behind the commissioning, for its certificate
_TURN_S = 0.5
_BACKLOG = 16
_MOST_CONNECTIONS = 24
_HANDSHAKE_S = 10.0
STRANGER_S = 30.0  # for a whole connection of somebody who has not shown a session on it
_SAYS_EVERY_S = 30.0  # that it is in use
_ROOM_S = 1.0  # until somebody who was hung up on has gone


class SetupServer(ThreadingHTTPServer):
    """The page over TLS; no more than `_MOST_CONNECTIONS` at a time.

    Whoever has shown no session is a stranger: hung up on after `STRANGER_S`, and sooner where
    somebody else waits, so that nobody outside can keep the installer from the page.
    """

    daemon_threads = True
    request_queue_size = _BACKLOG
    allow_reuse_address = True

    def __init__(
        self,
        place: tuple[str, int],
        what: Installation,
        sessions: Sessions,
        clock: Callable[[], float],
    ) -> None:
        self._context = tls.context(what.places.configuration / "setup", what.seed.device)
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._lock = threading.Lock()
        self._strangers: dict[socket.socket, float] = {}  # until when, the oldest first
        self.last_used_at, self._clock = clock(), clock
        self._used, self._said_at = what.places.run / SETUP_USED, float("-inf")
        super().__init__(place, functools.partial(Pages, what=what, sessions=sessions))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve it in a thread of its own; where too many are served, a stranger makes room."""
        if not self._free.acquire(blocking=False):
            self._hang_up(math.inf, most=1)
            if not self._free.acquire(timeout=_ROOM_S):
                self.shutdown_request(request)
                return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread left
            self._free.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands, here and not where the next one waits; then serve."""
        try:
            request.settimeout(_HANDSHAKE_S)
            with self._context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            ) as secured:
                with self._lock:
                    self._strangers[secured] = time.monotonic() + STRANGER_S
                try:
                    secured.do_handshake()
                    super().process_request_thread(secured, client_address)
                finally:
                    with self._lock:
                        self._strangers.pop(secured, None)
        except OSError:  # ssl's, too: a browser that does not trust the certificate hangs up
            self.shutdown_request(request)
        finally:
            self._free.release()

    def recognise(self, connection: socket.socket) -> None:
        """Whoever asks on this connection has a session: the page is in use."""
        with self._lock:
            self._strangers.pop(connection, None)
        self.last_used_at = self._clock()
        if (now := time.monotonic()) - self._said_at >= _SAYS_EVERY_S:
            self._said_at = now  # no update begins meanwhile (provisioning.update.calm)
            with contextlib.suppress(OSError):
                self._used.write_text(f"{now:.1f}\n", "ascii")

    def service_actions(self) -> None:
        """Hang up on strangers who take too long; `serve_forever` calls it all the time."""
        self._hang_up(time.monotonic(), most=_MOST_CONNECTIONS)

    def _hang_up(self, now: float, *, most: int) -> None:
        with self._lock:
            late = [each for each, until in self._strangers.items() if until < now][:most]
            for each in late:
                del self._strangers[each]
        for each in late:
            with contextlib.suppress(OSError):  # it has gone by itself
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # its names
        """A connection that broke is no fault of ours; anything else is logged."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("setup page: a bug", exc_info=error)


def serve(  # noqa: PLR0913  # where everything lies, and how long it is open
    *,
    configuration: Path = CONFIGURATION,
    run: Path = RUN,
    state: Path = STATE,
    address: str = "",
    port: int = 443,
    http_port: int | None = None,
    lingers_s: float = LINGERS_S,
    clock: Callable[[], float] = time.monotonic,
    stop: threading.Event | None = None,
    ready: Callable[[int, Installation], object] = lambda _port, _what: None,
) -> int:
    """Serve until the device is commissioned, or until `stop`; the exit code.

    Args:
        configuration: Where seed, profile and identity lie.
        run: The agent's run directory: its socket, and the button's request.
        state: The agent's state: calibrations.
        address: To listen on; empty: on all.
        port: For TLS; 0: any that is free.
        http_port: Where plain HTTP is sent on to TLS; None: nowhere.
        lingers_s: How long it stays open behind the commissioning.
        clock: Monotonic seconds.
        stop: Ends it.
        ready: Told the port, once it is open, and what it serves.

    Raises:
        ProvisioningError: There is no seed: nobody could know the code.
        OSError: The port cannot be had, or the disk takes nothing.
    """
    seed = read_seed(configuration / TAKEN_SEED)
    request = run / SETUP_REQUEST
    is_asked = request.exists()
    if (configuration / COMMISSIONED).exists() and not is_asked:
        log.warning("setup page: the device is commissioned, and nobody holds its button")
        return OK
    what = Installation(seed, Places(configuration, run, state), clock=clock)
    sessions = Sessions(seed.setup, clock)
    server = SetupServer((address, port), what, sessions, clock)
    plain = None if http_port is None else redirect.listen(address, http_port, server.server_port)
    until = Until(
        what, server, clock, lingers_s=lingers_s, asked_s=ASKED_S if is_asked else None,
        stop=stop or threading.Event(),
    )  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, args=(_TURN_S,), daemon=True)
    what.begin()
    thread.start()
    try:
        ready(server.server_port, what)
        until.wait()
    finally:
        server.shutdown()
        server.server_close()
        if plain is not None:
            plain.shutdown()
            plain.server_close()
        what.close()
    request.unlink(missing_ok=True)  # not before: the own Wi-Fi is open while it is there
    return OK


class Until:
    """When the page closes: after the commissioning, or where nobody comes who asked for it."""

    def __init__(  # noqa: PLR0913  # all that may end it
        self,
        what: Installation,
        server: SetupServer,
        clock: Callable[[], float],
        *,
        lingers_s: float,
        asked_s: float | None,
        stop: threading.Event,
    ) -> None:
        self._what, self._server, self._clock = what, server, clock
        self._lingers_s, self._asked_s, self._stop = lingers_s, asked_s, stop
        self._finished_at: float | None = None

    def wait(self) -> None:
        """Come back when it is time to close."""
        while not self._stop.wait(_TURN_S):
            self._what.trials.look()
            if self._is_over():
                return

    def _is_over(self) -> bool:
        now = self._clock()
        if self._what.finished.is_set():
            if not self._what.is_held_again():
                if self._finished_at is None:
                    self._finished_at = now
                return now - self._finished_at >= self._lingers_s
            self._finished_at, self._asked_s = None, ASKED_S
            self._server.last_used_at = now
            self._what.reopen()
        return self._asked_s is not None and now - self._server.last_used_at >= self._asked_s


def main(args: Sequence[str] | argparse.Namespace | None = None) -> int:
    """The command line of `haetae-provision setup-page`."""
    found = args if isinstance(args, argparse.Namespace) else parser().parse_args(args)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        return serve(
            configuration=found.configuration,
            run=found.run,
            state=found.state,
            address=found.address,
            port=found.port,
            http_port=found.http_port,
        )
    except ProvisioningError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"setup page: {error}\n")
    except KeyboardInterrupt:
        return OK
    return FAILED


def add_options(made: argparse.ArgumentParser) -> None:
    """Its options, for a command line that has other commands, too."""
    made.add_argument("--configuration", type=Path, default=CONFIGURATION, metavar="DIR")
    made.add_argument("--run", type=Path, default=RUN, metavar="DIR")
    made.add_argument("--state", type=Path, default=STATE, metavar="DIR")
    made.add_argument("--address", default="", help="to listen on; default: all")
    made.add_argument("--port", type=int, default=443)
    made.add_argument("--http-port", type=int, help="where plain HTTP is sent on to the page")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="haetae-provision setup-page", allow_abbrev=False)
    add_options(made)
    return made
