"""Plain HTTP, sent on to the page: a telephone that looks for a way out finds the page instead."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_WAITS_S = 5.0
_MOST_CONNECTIONS = 8  # the page itself needs the threads that the system allows


class _Onward(BaseHTTPRequestHandler):
    """Answers everything by where the page is."""

    timeout = _WAITS_S
    tls_port = 443
    server_version, sys_version = "haetae", ""

    def do_GET(self) -> None:
        """Say where it is; nothing that was sent is repeated but the host."""
        host = self.headers.get("Host", "").partition(":")[0]
        if not host or not all(sign.isalnum() or sign in "-." for sign in host):
            host = str(self.connection.getsockname()[0])
        port = "" if self.tls_port == 443 else f":{self.tls_port}"  # https
        self.send_response(302)
        self.send_header("Location", f"https://{host}{port}/")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    do_HEAD = do_POST = do_GET  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        """Nothing: the journal is in memory."""


class _Redirect(ThreadingHTTPServer):
    """Hangs up where too many are served already."""

    daemon_threads = True

    def __init__(self, place: tuple[str, int], kind: type[_Onward]) -> None:
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(place, kind)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a connection that broke is no fault of ours."""


def listen(address: str, port: int, tls_port: int) -> ThreadingHTTPServer:
    """Open it, in a thread of its own.

    Raises:
        OSError: The port cannot be had.
    """
    kind = type("Onward", (_Onward,), {"tls_port": tls_port})
    server = _Redirect((address, port), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
