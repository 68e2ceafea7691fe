"""The control socket: how demo, benchmarks and outside harnesses press the simulated buttons.

One JSON object a line, one answer a line:

    {"set": {"sos.pressed": 1}}    {"at": 12345.678}      monotonic seconds when the wire moved
    {"release": ["co.ppm"]}        {"at": 12345.678}      back to what the scenario says
    {"list": true}                 {"knobs": {"sos.pressed": false, ...}, "get": ["siren.edges"]}
    {"get": "siren.edges"}         {"siren.edges": [[12345.678, 1], ...]}
    {"get": "scenario"}            {"scenario": {"name": "quiet_day", "t_s": 12.3, ...}}
    anything else                  {"error": "..."}
"""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Protocol, Self

MAX_LINE = 65_536


class Knobs(Protocol):
    """What the socket turns and reads."""

    def knobs(self) -> Mapping[str, Any]:
        """Every knob and its value."""

    def outputs(self) -> Iterable[str]:
        """The names of the output pins."""

    def set(self, knob: str, value: Any) -> float:
        """Turn a knob and hold it; monotonic seconds when the wire moved.

        Raises:
            ValueError: The part has no such value.
        """

    def release(self, knob: str) -> float:
        """Let the scenario have the knob again."""

    def edges(self, output: str) -> list[tuple[float, bool]]:
        """The changes of an output pin: monotonic seconds and the new level."""


Facts = Mapping[str, Callable[[], Any]]  # what else can be had, by name


def answer(knobs: Knobs, line: bytes, facts: Facts = MappingProxyType({})) -> dict[str, Any]:
    """Do what one line asks."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested too deeply
        return {"error": f"not JSON: {error}"}
    match request if isinstance(request, dict) and len(request) == 1 else None:
        case {"set": dict(turns)} if turns:
            said = _set(knobs, turns)
        case {"release": list(names)} if names:
            said = _release(knobs, names)
        case {"list": True}:
            edges = [f"{name}.edges" for name in knobs.outputs()]
            said = {"knobs": dict(knobs.knobs()), "get": [*edges, *facts]}
        case {"get": str(name)}:
            said = {name: facts[name]()} if name in facts else _get(knobs, name, facts)
        case _:
            said = _SHAPES
    return said


_SHAPES = {
    "error": "expected one of "
    '{"set": {KNOB: VALUE}}, {"release": [KNOB]}, {"list": true}, {"get": NAME}'
}


def _release(knobs: Knobs, names: list[Any]) -> dict[str, Any]:
    known = list(knobs.knobs())
    for name in names:
        if name not in known:
            return _unknown(name, known)
    return {"at": max(knobs.release(name) for name in names)}


def _set(knobs: Knobs, turns: dict[str, Any]) -> dict[str, Any]:
    known = knobs.knobs()
    for name in turns:
        if name not in known:
            return _unknown(name, known)
    at = 0.0
    for name, value in turns.items():
        try:
            at = knobs.set(name, value)
        except ValueError as error:
            return {"error": f"{name}: {error}"}
    return {"at": at}


def _get(knobs: Knobs, name: str, facts: Facts) -> dict[str, Any]:
    output, _, what = name.rpartition(".")
    outputs, known = list(knobs.outputs()), knobs.knobs()
    if what == "edges" and output in outputs:
        return {name: [[at, int(level)] for at, level in knobs.edges(output)]}
    if name in known:
        return {name: known[name]}
    return _unknown(name, [*known, *facts, *(f"{each}.edges" for each in outputs)])


def _unknown(name: object, known: Iterable[str]) -> dict[str, Any]:
    close = get_close_matches(str(name), list(known), n=1, cutoff=0.0)
    hint = f"; the nearest is {close[0]}" if close else ""
    return {"error": f"no knob {name!r}{hint}"}


class _Session(socketserver.StreamRequestHandler):
    server: "ControlServer"

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client may go whenever it likes
            while line := self.rfile.readline(MAX_LINE + 1):
                too_long = len(line) > MAX_LINE
                said = (
                    {"error": f"a line is {MAX_LINE} bytes at most"}
                    if too_long
                    else answer(self.server.knobs, line, self.server.facts)
                )
                self.wfile.write(json.dumps(said).encode() + b"\n")
                if too_long:
                    return


class ControlServer(socketserver.ThreadingUnixStreamServer):
    """Serves the socket, a thread a client, while it is entered; only its user may connect.

    Raises:
        OSError: The path cannot be had, or another process answers on it.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: Path, knobs: Knobs, facts: Facts = MappingProxyType({})) -> None:
        self.path, self.knobs, self.facts = path, knobs, facts
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        _clear(path)
        super().__init__(str(path), _Session)
        path.chmod(0o600)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.path.unlink(missing_ok=True)


def _clear(path: Path) -> None:
    """Remove the socket of a dead process.

    Raises:
        OSError: It is not a socket, or a process lives behind it.
    """
    if not path.exists():
        return
    if not path.is_socket():
        raise FileExistsError(f"{path}: is there and is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise FileExistsError(f"{path}: another process answers on it")


class ControlClient:
    """The other end, for whoever presses the buttons.

    Raises:
        OSError: Nobody answers at the path, or the connection broke.
        ValueError: What was asked is refused; the message is the server's.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rwb")

    def ask(self, request: object) -> dict[str, Any]:
        """Send one request and return its answer."""
        self._file.write(json.dumps(request).encode() + b"\n")
        self._file.flush()
        line = self._file.readline()
        if not line:
            raise ConnectionResetError("the control socket was closed")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise ValueError(said["error"])
        return said

    def set(self, knob: str, value: object) -> float:
        """Turn a knob; monotonic seconds when the wire moved."""
        return float(self.ask({"set": {knob: value}})["at"])

    def edges(self, output: str) -> list[tuple[float, int]]:
        """The changes of an output pin: monotonic seconds and the new level."""
        name = f"{output}.edges"
        return [(at, level) for at, level in self.ask({"get": name})[name]]

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._file.close()
        self._socket.close()
