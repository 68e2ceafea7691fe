"""HTTP of the setup page: who may ask, what is sent, and with which headers."""

import functools
import importlib.resources
import json
import logging
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from provisioning.setup_page import api, certificate, wiring
from provisioning.setup_page.installation import Installation
from provisioning.setup_page.refusals import (
    FOREIGN,
    NO_SESSION,
    NOT_HERE,
    NOT_UNDERSTOOD,
    RefusedError,
)
from provisioning.setup_page.session import Sessions

if TYPE_CHECKING:
    from provisioning.setup_page.server import SetupServer

log = logging.getLogger(__name__)

LONGEST_BODY = 64 << 10
COOKIE = "__Host-haetae"
_IDLE_S = 30.0
_BEAT_S = 10.0  # a comment to a browser that follows the readings, so that it sees a dead line
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# the certificate brings its own style, and nothing that runs
_SHEET = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is typed to open the page."""

    code: str


@functools.cache
def static() -> Mapping[str, tuple[str, bytes]]:
    """The page's own files, by path: media type and bytes."""
    found = {}
    for each in importlib.resources.files("provisioning.setup_page").iterdir():
        kind = _TYPES.get("." + each.name.rpartition(".")[2])
        if kind is not None and each.is_file():
            found[f"/{each.name}"] = kind, each.read_bytes()
    if "/index.html" in found:
        found["/"] = found["/index.html"]
    return found


class Pages(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: "SetupServer"
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "haetae", ""
    timeout = _IDLE_S
    disable_nagle_algorithm = True  # head and body are two writes: 40 ms each time else

    def __init__(self, *args: Any, what: Installation, sessions: Sessions) -> None:
        self._what, self._sessions = what, sessions
        super().__init__(*args)

    def do_GET(self) -> None:
        """The page's files to anybody; all else to who has a session."""
        path, _, query = self.path.partition("?")
        if (found := static().get(path)) is not None:
            self._send(200, *found)
            return
        self._guarded(lambda: self._get(path, query))

    def do_HEAD(self) -> None:
        """As GET, without what it would send."""
        self.do_GET()

    def do_POST(self) -> None:
        """Open a session, or do something in one."""
        self._guarded(self._post)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        """Nothing: the journal is in memory, and a query might say too much."""

    def _get(self, path: str, query: str) -> None:
        self._need_session()
        if path == "/api/state":
            self._json(self._what.state())
        elif path == "/api/live":
            self._live()
        elif path == "/api/outline":
            camera = parse_qs(query).get("camera", [""])[0]
            self._json(api.outline_of(self._what, camera))
        elif path == "/record":
            text = certificate.record_text(self._what)
            name = f"haetae-{self._what.seed.device}.jws"
            more = {"Content-Disposition": f'attachment; filename="{name}"'}
            self._send(200, "application/jose", text.encode(), more)
        elif path == "/certificate":
            sheet = certificate.sheet(self._what).encode()
            self._send(200, _TYPES[".html"], sheet, {"Content-Security-Policy": _SHEET})
        elif (profile := self._what.profiles.get(wiring.name_at(path))) is not None:
            self._send(200, _TYPES[".svg"], wiring.picture_of(profile))
        else:
            raise RefusedError(NOT_HERE, 404)

    def _post(self) -> None:
        body = self._body()
        self._need_own_page()
        path = self.path.partition("?")[0]
        if path == "/api/session":
            self._open(body)
            return
        self._need_session()
        if path not in api.POSTS:
            raise RefusedError(NOT_HERE, 404)
        self._json(api.post(self._what, path, body))

    def _open(self, body: bytes) -> None:
        try:
            asked = msgspec.json.decode(body, type=Code)
        except ValueError:
            raise RefusedError(NOT_UNDERSTOOD, 400) from None
        token = self._sessions.open(asked.code, self.client_address[0])
        self.server.recognise(self.connection)
        more = {"Set-Cookie": f"{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict"}
        self._send(200, "application/json", b"{}", more)

    def _need_session(self) -> None:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            found = None
        if found is None or not self._sessions.knows(found.value):
            raise RefusedError(NO_SESSION, 401)
        self.server.recognise(self.connection)

    def _need_own_page(self) -> None:
        """No other page's form may send anything: JSON and the origin are this page's alone."""
        origin, host = self.headers.get("Origin"), self.headers.get("Host", "")
        is_json = self.headers.get_content_type() == "application/json"
        if not is_json or (origin is not None and origin != f"https://{host}"):
            raise RefusedError(FOREIGN, 403)
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise RefusedError(FOREIGN, 403)

    def _body(self) -> bytes:
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if self.headers.get("Transfer-Encoding") or not 0 <= length <= LONGEST_BODY:
            self.close_connection = True
            raise RefusedError(NOT_UNDERSTOOD, 413)
        return self.rfile.read(length)

    def _guarded(self, do: Any) -> None:
        """Every expected failure is an answer with what to do next."""
        try:
            do()
        except RefusedError as refusal:
            self._refuse(refusal)

    def _refuse(self, refusal: RefusedError) -> None:
        failure = refusal.failure
        said = {"code": failure.code, "what": failure.what, "remedy": failure.remedy}
        said |= {"detail": failure.detail} if failure.detail else {}
        said |= {"missing": refusal.missing} if refusal.missing else {}
        said |= {"wait_s": refusal.wait_s} if refusal.wait_s else {}
        more = {"Retry-After": str(int(refusal.wait_s))} if refusal.wait_s else {}
        self._send(refusal.status, "application/json", msgspec.json.encode(said), more)

    def _json(self, found: object) -> None:
        self._send(200, "application/json", msgspec.json.encode(found))

    def _send(
        self, status: int, kind: str, content: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(content))}
        for name, value in (_HEADERS | headers | dict(more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _live(self) -> None:
        """Readings as they come (server-sent events), until the browser hangs up."""
        self.send_response(200)
        for name, value in (_HEADERS | {"Content-Type": "text/event-stream"}).items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        follower = self._what.live.follow()
        try:
            self.wfile.write(b": haetae\n\n")
            while not self._what.is_closed:
                said = follower.taken(_BEAT_S)
                lines = [f"data: {json.dumps(each)}\n\n" for each in said] or [": still here\n\n"]
                self.wfile.write("".join(lines).encode())
                self.wfile.flush()
        finally:
            self._what.live.leave(follower)
