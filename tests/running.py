"""The agent as a process of its own on simulated wires, and a hand on its control socket."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.sections import HubConfig
from tests.lateness import Lateness

REPOSITORY = Path(__file__).parent.parent
STALL = (REPOSITORY / "provisioning" / "profiles" / "market-stall.toml").read_text()


def until(condition: Callable[[], Any], within_s: float, what: str) -> Any:
    """Return the first true answer of `condition`; fail, naming `what`, after `within_s`."""
    pause, deadline = threading.Event(), time.monotonic() + within_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_s:g} s: {what}")
        pause.wait(0.02)
    return answer


class RunningAgent:
    """One agent process; `folder` holds its configuration, state, run directory and log."""

    def __init__(
        self, folder: Path, text: str, around: Sequence[str] = (), arguments: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.state, self.run_dir = folder / "state", folder / "run"
        self._socket_path = folder / "control"
        config = folder / "device.toml"
        config.write_text(text)
        self.log = folder / "agent.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *around, sys.executable, "-m", "hw_mocks", "--config", str(config),
                    "--control", str(self._socket_path), "--state", str(self.state),
                    "--run-dir", str(self.run_dir), *arguments,
                ],
                stdout=log, stderr=log, cwd=REPOSITORY, env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # so that `kill` takes what stands around the agent, too
            )  # fmt: skip
        self._late = Lateness(self.process.pid)
        try:
            self._stream = until(self._connect, 20, "the control socket answers")
        except BaseException:
            self.kill()
            raise

    def listen_anew(self) -> None:
        """Find the control socket of an agent that has begun anew in the same process."""
        self._stream.close()
        self._stream = until(self._connect, 20, "the control socket answers again")

    def ask(self, **question: Any) -> Any:
        """One JSON object a line, each way."""
        self._stream.write(json.dumps(question) + "\n")
        self._stream.flush()
        answer = json.loads(self._stream.readline())
        assert "error" not in answer, answer
        self._late.look()
        return answer

    def set(self, knob: str, value: object) -> float:
        """Move one knob; the monotonic time at which the wire moved."""
        return float(self.ask(set={knob: value})["at"])

    def edges(self, output: str) -> list[tuple[float, bool]]:
        """The output pin's edges: monotonic seconds and level."""
        answer = self.ask(get=f"{output}.edges")
        return [(float(at), bool(level)) for at, level in answer[f"{output}.edges"]]

    def sounds_t3(self, groups: int, after_s: float = 0.0) -> bool:
        """Whether the siren's first `groups` groups after a monotonic time keep ISO 8201's times.

        Each may be late by what the agent had to wait for a processor meanwhile.
        """
        edges = [each for each in self.edges("siren") if each[0] > after_s]
        return is_temporal_three(edges, groups, self._late)

    def status(self) -> dict[str, Any] | None:
        """What the agent has last said of itself."""
        path = self.run_dir / "status.json"
        return json.loads(path.read_bytes()) if path.exists() else None

    def armed(self) -> bool:
        found = self.status()
        return found is not None and bool(found["armed"])

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self._stream.close()

    def stop(self) -> int:
        """End it politely; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def _connect(self) -> Any:
        if self.process.poll() is not None:
            pytest.fail(f"the agent ended with {self.process.returncode}:\n{self.said()}")
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(str(self._socket_path))
        except OSError:
            channel.close()
            return None
        channel.settimeout(10)
        with channel:
            return channel.makefile("rw")


@contextmanager
def running(
    folder: Path,
    text: str = STALL,
    around: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> Iterator[RunningAgent]:
    """Run an agent for the length of a `with` block."""
    agent = RunningAgent(folder, text, around, arguments)
    try:
        yield agent
    finally:
        agent.kill()
        agent.close()


def on_hub(profile: str, device: str, hub: HubConfig) -> str:
    """A profile as a provisioned device's configuration."""
    fields = msgspec.to_builtins(hub)
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join([profile, "[device]", f'id = "{device}"', 'site = "test"', "[hub]", *lines])


def needs(program: str, *trial: str) -> None:
    """Skip, saying so, where a program or (with a trial's arguments) the right to use it fails."""
    if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip(f"no `{program}` here")
    if not trial:
        return
    done = subprocess.run((program, *trial), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{program}: {done.stderr.strip()}")


def is_temporal_three(edges: list[tuple[float, bool]], groups: int, late: Lateness) -> bool:
    """Whether the first `groups` groups keep ISO 8201's times: 0.5 ± 0.05 s, 1.5 ± 0.15 s."""
    edges = edges[next((n for n, (_, level) in enumerate(edges) if level), len(edges)) :]
    if len(edges) < 6 * groups:
        return False
    for n in range(6 * groups - 1):
        (start, level), (end, _) = edges[n : n + 2]
        expected, tolerance = (1.5, 0.15) if n % 6 == 5 else (0.5, 0.05)
        late_s = late.within_s(start - expected, end)  # one that began late is short
        if level is not (n % 2 == 0) or abs(end - start - expected) > tolerance + late_s:
            pytest.fail(
                f"edge {n}: {level} for {end - start:.3f} s instead of {expected} s, "
                f"of which {late_s:.3f} s waiting for a processor"
            )
    return True
