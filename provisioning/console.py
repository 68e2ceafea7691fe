"""Serve the reference console of a ward office; see docs/console.md.

`python -m provisioning.console --broker wss://hub.example:8884/` serves the page of
`provisioning/hub/console` on loopback and says where to open it. The page itself speaks to the
broker: nothing of a device passes through here, and what is served are files that never change.
"""

import argparse
import functools
import http.server
import importlib.resources
import ssl
import sys
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

from agent.addresses import is_loopback

SILENT_AFTER_S = 225.0  # three heartbeats, as a device has them unless it is told otherwise
SLOWEST_S = 7200.0  # BS 5839-1: a loss of communication is shown within two hours
_LONGEST_BYTES = 4 << 20
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_PLANS = {".svg", ".png"}
_IDLE_S = 10.0  # a browser that says nothing for so long is not waited for

Part = Annotated[float, Meta(ge=0, le=1)]
Label = Annotated[str, Meta(min_length=1, max_length=64)]


class ConsoleError(Exception):
    """The console cannot be served; the message names the place and the remedy."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where one device stands: in words, and from 0 to 1 of the plan's width and height."""

    ko: Label
    en: Label
    x: Part | None = None
    y: Part | None = None


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`places.json`: `plan` is a picture (SVG or PNG) beside it, `devices` are by `site/device`."""

    plan: str = ""
    devices: dict[str, Place] = {}


class PageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the page asks for first, `config.json`."""

    broker: str
    language: str
    silent_after_s: float
    places: Places


def load_places(path: Path) -> tuple[Places, bytes]:
    """Where the devices stand, and the plan's picture (empty: there is none).

    Raises:
        ConsoleError: It cannot be read, or is not as `Places` has it.
    """
    try:
        places = msgspec.json.decode(path.read_bytes(), type=Places)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConsoleError(f"{path}: {error}") from None
    for key, place in places.devices.items():
        if key.count("/") != 1 or (place.x is None) is not (place.y is None):
            raise ConsoleError(
                f"{path}: devices.{key}: name it site/device, with x and y or neither"
            )
    if not places.plan:
        return places, b""
    plan = path.parent / places.plan
    if plan.suffix not in _PLANS or plan.name != places.plan:
        raise ConsoleError(f"{path}: plan: an .svg or .png file in the same folder")
    try:
        picture = plan.read_bytes()
    except OSError as error:
        raise ConsoleError(f"{path}: plan: {error}") from None
    if len(picture) > _LONGEST_BYTES:
        raise ConsoleError(f"{plan}: longer than {_LONGEST_BYTES >> 20} MiB: make it smaller")
    served = "plan" + plan.suffix
    return msgspec.structs.replace(places, plan=served), picture


def broker_address(text: str) -> SplitResult:
    """The WebSocket address of the broker.

    Raises:
        ConsoleError: It is none, or would carry passwords in plain text over a network.
    """
    found = urlsplit(text)
    if found.scheme not in {"ws", "wss"} or not found.hostname or found.username is not None:
        raise ConsoleError(f"--broker {text}: wss://HOST:PORT/")
    if any(c in text for c in " ;,'\"*") or not text.isascii():
        raise ConsoleError(f"--broker {text}: a sign that no address has")
    if found.scheme == "ws" and not is_loopback(found.hostname):
        raise ConsoleError(f"--broker {text}: plain text is for loopback only: wss://")
    return found


def content(config: PageConfig, picture: bytes) -> dict[str, tuple[str, bytes]]:
    """All that is served, by path: media type and bytes."""
    folder = importlib.resources.files("provisioning") / "hub" / "console"
    found = {
        f"/{each.name}": (_TYPES[suffix], each.read_bytes())
        for each in folder.iterdir()
        if (suffix := Path(each.name).suffix) in _TYPES
    }
    found["/"] = found["/index.html"]
    found["/config.json"] = ("application/json", msgspec.json.encode(config))
    if config.places.plan:
        plan = config.places.plan
        found[f"/{plan}"] = (_TYPES[Path(plan).suffix], picture)
    return found


def security_headers(broker: SplitResult) -> dict[str, str]:
    """What a browser is told to forbid: all but our own files and this one broker."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self' {broker.scheme}://{broker.netloc}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cache-Control": "no-cache",
    }


class _Request(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD from a table, so that no path ever reaches a disk."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "haetae", ""
    timeout = _IDLE_S

    def __init__(
        self,
        *args: Any,
        files: dict[str, tuple[str, bytes]],
        headers: dict[str, str],
    ) -> None:
        self._files, self._always = files, headers
        super().__init__(*args)

    def do_GET(self) -> None:  # the name that http.server calls
        self._answer(with_body=True)

    def do_HEAD(self) -> None:  # the name that http.server calls
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing: who looks at which page is nobody's business."""

    def _answer(self, *, with_body: bool) -> None:
        found = self._files.get(self.path.partition("?")[0])
        status = HTTPStatus.OK if found is not None else HTTPStatus.NOT_FOUND
        kind, body = found or ("text/plain; charset=utf-8", b"not here\n")
        self.send_response(status)
        for name, value in self._always.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` at an address, over TLS where there is a `context`.

    Raises:
        OSError: Nothing can listen there.
    """

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        files: dict[str, tuple[str, bytes]],
        headers: dict[str, str],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._context = context
        super().__init__(address, functools.partial(_Request, files=files, headers=headers))

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Greet and answer one browser, on its own thread: a slow one holds up nobody."""
        request.settimeout(_IDLE_S)
        if self._context is None:
            super().finish_request(request, client_address)
            return
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            return  # it does not trust us, or has gone: its own page says so

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a connection go that broke; anything else is a bug, and is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m provisioning.console", description=__doc__)
    parser.add_argument(
        "--broker", required=True, help="wss://HOST:PORT/ of its WebSocket listener"
    )
    parser.add_argument("--address", default="127.0.0.1", help="to listen on; default: loopback")
    parser.add_argument("--port", type=int, default=8480)
    parser.add_argument("--certificate", type=Path, help="PEM chain; needed beyond loopback")
    parser.add_argument("--key", type=Path, help="its private key, PEM")
    parser.add_argument("--places", type=Path, help="places.json: labels, and where on the plan")
    parser.add_argument("--language", choices=["ko", "en"], default="ko")
    parser.add_argument(
        "--silent-after-s", type=float, default=SILENT_AFTER_S,
        help="a device unheard for so long is shown as lost; default: three heartbeats of 60 s",
    )  # fmt: skip
    return parser.parse_args(arguments)


def make_server(options: argparse.Namespace) -> Server:
    """The server that the options ask for, listening already.

    Raises:
        ConsoleError: They cannot be met.
    """
    broker = broker_address(options.broker)
    if not 1 <= options.silent_after_s <= SLOWEST_S:
        raise ConsoleError(f"--silent-after-s: 1 to {SLOWEST_S:.0f} s (BS 5839-1)")
    if options.certificate is None and not is_loopback(options.address):
        raise ConsoleError(f"--address {options.address}: needs --certificate and --key")
    places, picture = (Places(), b"") if options.places is None else load_places(options.places)
    config = PageConfig(
        broker=options.broker,
        language=options.language,
        silent_after_s=options.silent_after_s,
        places=places,
    )
    try:
        context = _tls(options.certificate, options.key) if options.certificate else None
        address = options.address, options.port
        return Server(address, content(config, picture), security_headers(broker), context)
    except (OSError, OverflowError) as error:
        raise ConsoleError(f"{options.address}:{options.port}: {error}") from None


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 78 where that cannot be."""
    options = _arguments(arguments)
    try:
        server = make_server(options)
    except ConsoleError as error:
        sys.stderr.write(f"console: {error}\n")
        return 78
    scheme = "https" if options.certificate else "http"
    host = f"[{options.address}]" if ":" in options.address else options.address
    sys.stdout.write(f"console: open {scheme}://{host}:{server.server_address[1]}/\n")
    sys.stdout.flush()
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
