"""Plain HTTP, sent on to the page: a telephone that looks for a way out finds the page instead."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_WAITS_S = 5.0


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


def listen(address: str, port: int, tls_port: int) -> ThreadingHTTPServer:
    """Open it, in a thread of its own.

    Raises:
        OSError: The port cannot be had.
    """
    kind = type("Onward", (_Onward,), {"tls_port": tls_port})
    server = ThreadingHTTPServer((address, port), kind)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
