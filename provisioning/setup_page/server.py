"""`haetae-provision setup-page`: the setup page over TLS, until the device is commissioned.

    serve(configuration=..., run=..., state=..., address="", port=443) -> exit code

It ends with 0 some minutes after the device was commissioned, so that the certificate can still be
printed, and where a request by the button is no more than 15 minutes old and nobody came.
"""

import argparse
import functools
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from provisioning.places import COMMISSIONED, CONFIGURATION, RUN, SETUP_REQUEST, STATE, TAKEN_SEED
from provisioning.remedy import ProvisioningError
from provisioning.seed import Seed, read_seed
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


class SetupServer(ThreadingHTTPServer):
    """The page over TLS; no more than `_MOST_CONNECTIONS` at a time."""

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
        self.last_used_at, self._clock = clock(), clock
        super().__init__(place, functools.partial(Pages, what=what, sessions=sessions))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve it in a thread of its own, or hang up where too many are served."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands, here and not where the next one waits; then serve."""
        try:
            request.settimeout(_HANDSHAKE_S)
            secured = self._context.wrap_socket(request, server_side=True)
        except OSError:  # ssl's, too: a browser that does not trust the certificate hangs up
            self.shutdown_request(request)
        else:
            self.last_used_at = self._clock()
            super().process_request_thread(secured, client_address)
        finally:
            self._free.release()

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
            if self._finished_at is None:
                self._finished_at = now
            return now - self._finished_at >= self._lingers_s
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


def site_of(seed: Seed) -> str:
    """The device's name on the local network."""
    return f"https://haetae-{seed.device}.local/"
