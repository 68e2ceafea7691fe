"""The agent on simulated wires as a process of its own, and what can be seen of it from outside."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from hw_mocks.control import ControlClient

PROFILES = Path(__file__).parent.parent / "provisioning" / "profiles"
DEVICE = "demo-stall"
Seen = TypeVar("Seen")


class TooLateError(Exception):
    """Something did not happen in its time; the message says what."""


def until(look: Callable[[], Seen | None], within_s: float, what: str) -> Seen:
    """Look again and again until there is something to see.

    Raises:
        TooLateError: Nothing within `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    while (seen := look()) is None or seen is False:
        if time.monotonic() > deadline:
            raise TooLateError(f"not within {within_s:g} s: {what}")
        time.sleep(0.02)
    return seen


def device_toml(profile: str, *, port: int, hub: Iterable[str] = ("tls = false",)) -> str:
    """A profile with a device id and a hub on loopback; `hub` are further lines of its table."""
    return with_hub((PROFILES / f"{profile}.toml").read_text("utf-8"), port=port, hub=hub)


def with_hub(text: str, *, port: int, hub: Iterable[str]) -> str:
    """A configuration's text with a device id and a hub on loopback, as `device_toml` has it."""
    lines = [
        text,
        f'[device]\nid = "{DEVICE}"\nsite = "seomun-market"\n',
        f'[hub]\nhost = "127.0.0.1"\nport = {port}',
        *hub,
    ]
    return "\n".join(lines) + "\n"


class Agent:
    """One agent process while it is entered; its files are in `folder`, which should be short.

    `run_dir` takes what a device has on tmpfs; `environment` is added to this process's own.
    """

    def __init__(
        self,
        folder: Path,
        config: str,
        arguments: Iterable[str] = (),
        *,
        run_dir: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._environment = os.environ | (environment or {})
        self.state, self.run_dir = folder / "state", run_dir or folder / "run"
        self.log = folder / "agent.log"
        self._control = folder / "control"
        (folder / "device.toml").write_text(config, "utf-8")
        self._command = [
            *(sys.executable, "-m", "hw_mocks"),
            *("--config", str(folder / "device.toml"), "--control", str(self._control)),
            *("--state", str(self.state), "--run-dir", str(self.run_dir)),
            *arguments,
        ]
        self.started_at = 0.0
        self.process: subprocess.Popen[bytes]
        self.control: ControlClient

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as unless_it_comes_up:
            with self.log.open("wb") as log:
                self.started_at = time.monotonic()
                self.process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for whoever started it, who then stops it
                    cwd=Path(__file__).parent.parent,
                    env=self._environment,
                )
                unless_it_comes_up.callback(self.stop)
            self.control = until(self._connect, 20.0, "the agent's control socket")
            unless_it_comes_up.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.control.close()
        self.stop()

    def status(self) -> dict[str, Any] | None:
        """What the agent has last said of itself in its run directory, if anything."""
        try:
            found: dict[str, Any] = json.loads((self.run_dir / "status.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def armed(self) -> dict[str, Any] | None:
        """Its status as soon as it is armed."""
        found = self.status()
        return found if found is not None and found["armed"] else None

    def stop(self, patience_s: float = 15.0) -> int:
        """End it politely, or else at once; its exit code (negative: it was killed)."""
        self.process.terminate()
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _connect(self) -> ControlClient | None:
        if self.process.poll() is not None:
            last = self.log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise TooLateError(f"the agent ended at once: {' '.join(last)}")
        try:
            return ControlClient(self._control)
        except OSError:
            return None
