"""Where releases are fetched from: a real HTTPS server of files, which can be as bad as any.

It knows Range, If-Range and ETag, and asks for the client's certificate. What is wrong with its
next answers is set in `trouble`. Not imitated: HTTP/2, caches in between, more than one range.
"""

import hashlib
import http.server
import re
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw_mocks.authority import Authority

_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Trouble:
    """What is wrong: all of it at once, if need be.

    `cut_after` bytes of a body the connection is cut; `stall_after` bytes it only stays silent.
    `shift` is added to where a range begins; `header_stall` sends half a header and no more.
    """

    cut_after: int | None = None
    stall_after: int | None = None
    ignores_ranges: bool = False
    shift: int = 0
    redirect: str = ""
    status: int = 0
    header_stall: bool = False
    weak_tags: bool = False
    encoding: str = ""
    lies_of_length: int = 0


class ReleaseServer:
    """Serves `files` by their path ("/name"); `asked` are the requests that came: path and range.

    `ca` is what a client trusts; only clients with a certificate of that authority get in.
    """

    def __init__(self, authority: Authority) -> None:
        self.files: dict[str, bytes] = {}
        self.trouble = Trouble()
        self.asked: list[tuple[str, str]] = []
        self.ended = threading.Event()
        self._authority = authority
        server = self

        class Giver(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, self.headers.get("Range", "")))
                _answer(self, server)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Giver)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client left
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("updates"))
        context.load_verify_locations(authority.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"https://localhost:{self._server.server_port}"

    def client(self, device: str = "stall-17") -> ssl.SSLContext:
        """How a device that the authority knows connects."""
        context = ssl.create_default_context(cafile=str(self._authority.ca))
        context.load_cert_chain(*self._authority.issue(device))
        return context

    def serve(self, folder: Path) -> None:
        """Serve what lies in a folder now."""
        self.files = {f"/{each.name}": each.read_bytes() for each in folder.iterdir()}

    def close(self) -> None:
        """End, and whoever waits is let go."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(to: http.server.BaseHTTPRequestHandler, server: ReleaseServer) -> None:
    trouble, content = server.trouble, server.files.get(to.path)
    if trouble.header_stall:
        to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-")
        server.ended.wait()
        return
    if trouble.redirect:
        to.send_response(302)
        to.send_header("Location", trouble.redirect)
        to.end_headers()
        return
    if trouble.status or content is None:
        to.send_error(trouble.status or 404)
        return
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    tag = f"W/{tag}" if trouble.weak_tags else tag
    begin = _begin(to, tag, trouble)
    if begin is not None and begin >= len(content):
        to.send_error(416)
        return
    body = content[(begin or 0) + trouble.shift :] if begin is not None else content
    to.send_response(200 if begin is None else 206)
    to.send_header("ETag", tag)
    to.send_header("Content-Length", str(len(body) + trouble.lies_of_length))
    if trouble.encoding:
        to.send_header("Content-Encoding", trouble.encoding)
    if begin is not None:
        first = begin + trouble.shift
        to.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
    to.end_headers()
    _give(to, server, body)


def _begin(to: http.server.BaseHTTPRequestHandler, tag: str, trouble: Trouble) -> int | None:
    """Where the wanted range begins; None where the whole is wanted, or must be given."""
    found = _RANGE.fullmatch(to.headers.get("Range", ""))
    if found is None or trouble.ignores_ranges:
        return None
    if to.headers.get("If-Range", tag) != tag:
        return None
    return int(found[1])


def _give(to: http.server.BaseHTTPRequestHandler, server: ReleaseServer, body: bytes) -> None:
    trouble = server.trouble
    ends = [each for each in (trouble.cut_after, trouble.stall_after) if each is not None]
    to.wfile.write(body[: min(ends)] if ends else body)
    to.wfile.flush()
    if trouble.stall_after is not None and trouble.stall_after < len(body):
        server.ended.wait()
    to.close_connection = True
