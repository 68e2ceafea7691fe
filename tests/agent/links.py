"""An agent in process on simulated wires, and somebody at its local socket."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.app import App
from agent.in_force import InForce
from agent.local_link import FILE
from hw_mocks.bench import Bench
from tests.running import until


class Asker:
    """One connection: asks, and keeps what comes unasked."""

    def __init__(self, run_dir: Path) -> None:
        self._socket = until(lambda: _dialled(run_dir / FILE), 10, "the local socket")
        self._file = self._socket.makefile("rwb")
        self.unasked: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        with suppress(OSError):  # what could not be sent goes with it
            self._file.close()
        self._socket.close()

    def send(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self._file.flush()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Ask, and wait for its answer; readings on the way are kept."""
        self.send(json.dumps({"id": "1", **request}).encode())
        while True:
            said = self.line()
            if said.get("id") == "1":
                return said
            self.unasked.append(said)

    def line(self) -> dict[str, Any]:
        """The next line, whatever it is."""
        self._socket.settimeout(20)
        raw = self._file.readline()
        if not raw:
            raise EOFError
        found: dict[str, Any] = json.loads(raw)
        return found

    def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line of those that came or will come for which it holds."""
        for each in self.unasked:
            if is_it(each):
                return each
        while not is_it(said := self.line()):
            self.unasked.append(said)
        return said


class Device:
    """A whole agent in threads of this process, armed."""

    def __init__(self, folder: Path, text: str) -> None:
        path = folder / "device.toml"
        path.write_text(text, "utf-8")
        self.run_dir, self.state = folder / "run", folder / "state"
        self.run_dir.mkdir()
        self.state.mkdir()
        in_force = InForce(path, self.state)
        in_force.decide()
        self.bench = Bench(in_force.config, w1_root=self.run_dir / "w1", state=self.state)
        self.app = App(
            in_force,
            self.bench.board,
            state=self.state,
            run_dir=self.run_dir,
            wall=self.bench.wall,
            simulated=True,
        )
        self._thread = threading.Thread(target=self.app.run)

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: (self.status() or {}).get("armed"), 20, "the agent is armed")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.app.stop()
        self._thread.join()
        self.bench.close()

    def status(self) -> dict[str, Any] | None:
        """What it says of itself in its run directory."""
        path = self.run_dir / "status.json"
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return found


def _dialled(path: Path) -> socket.socket | None:
    channel = socket.socket(socket.AF_UNIX)
    try:
        channel.connect(str(path))
    except OSError:
        channel.close()
        return None
    return channel
