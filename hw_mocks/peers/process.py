"""Processes that a measurement starts, kills and starts again."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hw_mocks import procfs
from hw_mocks.child import TooLateError, until

START_S = 60.0


class NotInstalledError(Exception):
    """A program that a peer needs is missing; the message says how to get it."""


class Process:
    """One program, run in a folder of its own; started anew it appends to its log."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        talks: bool = False,
    ) -> None:
        self._command, self._log, self._talks = list(command), log, talks
        self._environment = os.environ | (environment or {})
        self._folder = folder or log.parent
        self.running: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], object]) -> None:
        """Start it and wait until it is `ready`.

        Raises:
            TooLateError: It is not, or ended at once.
        """
        self.launch()
        self.wait(ready)

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        with self._log.open("ab") as log:
            self.running = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE if self._talks else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )

    def wait(self, ready: Callable[[], object], within_s: float = START_S) -> None:
        """Wait until it is `ready`, for `within_s` seconds at most.

        Raises:
            TooLateError: It is not, or has ended.
        """
        until(lambda: self._look(ready), within_s, f"{self._command[0]} is ready")

    def _look(self, ready: Callable[[], object]) -> object:
        if self.running is not None and self.running.poll() is not None:
            last = " ".join(self.log().strip().splitlines()[-1:])
            raise TooLateError(f"{self._command[0]} ended at once: {last}")
        return ready() or None

    def say(self, line: str) -> None:
        """Give it a line of input."""
        if self.running is not None and self.running.stdin is not None:
            self.running.stdin.write(f"{line}\n".encode())
            self.running.stdin.flush()

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def kill(self) -> None:
        """End it, and whatever it has started, as a power cut would."""
        if self.running is not None:
            os.killpg(self.running.pid, signal.SIGKILL)  # it leads a session of its own
            self._reap()

    def stop(self) -> None:
        """End it in order, or else at once."""
        if self.running is None:
            return
        self.running.terminate()
        try:
            self.running.wait(10.0)
        except subprocess.TimeoutExpired:
            self.running.kill()
        self._reap()

    def _reap(self) -> None:
        if self.running is not None:
            self.running.wait()
            if self.running.stdin is not None:
                self.running.stdin.close()
            self.running = None

    def rss_mib(self) -> float:
        """Its resident memory."""
        return procfs.rss_kib(self._pid) / 1024

    def cpu_s(self) -> float:
        """Its processor time so far."""
        return procfs.cpu_s(self._pid)

    def family(self) -> list[int]:
        """The process ids of it and of what it has started; none if it does not run."""
        return [] if self.running is None else procfs.family(self.running.pid)

    @property
    def _pid(self) -> int:
        if self.running is None:
            raise RuntimeError(f"{self._command[0]} does not run")
        return self.running.pid


def program(name: str) -> str:
    """Where a program is.

    Raises:
        NotInstalledError: It is nowhere.
    """
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise NotInstalledError(f"{name} is not installed: run `make bench-peers`, which does that")
    return found


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this port of loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False
