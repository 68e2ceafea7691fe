"""The rig without a board: the agent as a process on this machine, on simulated wires.

It does not imitate an init, other users' rights, a power cut (the page cache of this machine
outlives a killed process: `make torture` loses it, too), or any board.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from hw_mocks.child import TooLateError, until
from hw_mocks.control import ControlClient
from tests.hil.rigs.hub import RigHub
from tests.hil.rigs.rig import (
    Capability,
    CommandError,
    Place,
    RigError,
    RigUnavailableError,
    is_quiet,
)
from tests.hil.rigs.wires import Hands, knobs_of
from tests.running import REPOSITORY, STALL, RunningAgent

_CAN = frozenset(
    {
        Capability.KNOBS,
        Capability.FAULTS,
        Capability.SIREN,
        Capability.HUB,
        Capability.KILL,
        Capability.CLOCK,
    }
)
_COMES_UP_S = 30.0


class SimRig:
    """One process, started anew with an empty state wherever a test has disturbed it."""

    name = "sim"
    can = _CAN
    why_not: Mapping[Capability, str] = {
        Capability.POWER: "a killed process loses no page cache: see `make torture`",
        Capability.INIT: "the agent is a plain process there",
        Capability.WIRES: "its wires are simulated",
    }

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._agent: RunningAgent | None = None
        self._is_disturbed = False
        self._hands = Hands(self._ask)
        self.hub = RigHub(folder / "hub")
        self.knobs: Collection[str] = knobs_of(STALL)
        control, state, run_dir = (str(folder / each) for each in ("control", "state", "run"))
        config = str(folder / "device.toml")
        places = f"--config {config} --state {state} --run-dir {run_dir}"
        program = f"{sys.executable} -c 'import agent.cli as cli; raise SystemExit(cli.main())'"
        self.at = Place(f"{program} {places}", sys.executable, config, state, run_dir, control)

    def open(self) -> None:
        if shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None:
            raise RigUnavailableError("no mosquitto: sudo apt-get install mosquitto")
        self.hub.open()
        identity = self._folder / "identity"
        identity.mkdir()
        for name, data in self.hub.files().items():
            (identity / name).write_bytes(data)
        self._start()

    def close(self) -> None:
        self._end()
        self.hub.close()

    def settle(self) -> None:
        self.hub.come()
        self._hands.let_go()
        if self._is_disturbed or not self._is_at_rest():
            self._end()
            for each in (self.at.state, self.at.run_dir):
                shutil.rmtree(each, ignore_errors=True)
            self._start()
            self._is_disturbed = False
        self._wait(self._is_at_rest, "at rest")

    def run(self, command: str, within_s: float = 60) -> str:
        try:
            done = subprocess.run(
                ["sh", "-c", command],
                capture_output=True, text=True, timeout=within_s, check=False, cwd=REPOSITORY,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise RigError(f"{command}: not within {within_s:g} s") from error
        if done.returncode:
            raise CommandError(command, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def put(self, path: str, data: bytes) -> None:
        self._is_disturbed = True
        try:
            Path(path).write_bytes(data)
        except OSError as error:
            raise RigError(str(error)) from error

    def get(self, path: str) -> bytes:
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise RigError(str(error)) from error

    def set(self, knobs: Mapping[str, float | str]) -> None:
        self._is_disturbed = True
        self._hands.turn(knobs)

    def siren_edges(self) -> Sequence[tuple[float, bool]]:
        return self._hands.edges("siren")

    def start_again(self) -> None:
        if self._agent is not None and (code := self._agent.stop()):
            raise RigError(f"the agent ended with {code}: {self._agent.said()}")
        self._come_back()

    def kill(self) -> None:
        self._end()
        self._come_back()

    def set_clock(self, ahead_s: float) -> None:
        self.set({"clock.step_s": ahead_s})

    def reboot(self) -> None:
        raise RigError("a process cannot be rebooted")

    def cut_power(self, off_s: float = 1.0) -> None:
        raise RigError("a process has no power of its own")

    def _come_back(self) -> None:
        self._is_disturbed = True
        self._end()
        self._start()

    def _start(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # an old one says "armed", too
            Path(self.at.run_dir, "status.json").unlink()
        text = "\n".join([STALL, self.hub.tables(str(self._folder / "identity"))])
        self._agent = RunningAgent(self._folder, text)
        self._hands.turn_again()
        self._wait(self._agent.armed, "armed")

    def _end(self) -> None:
        if self._agent is not None:
            self._agent.kill()
            self._agent.close()
            self._agent = None

    def _is_at_rest(self) -> bool:
        found = self._agent.status() if self._agent is not None else None
        return found is not None and found["armed"] and is_quiet(found)

    def _wait(self, holds: Callable[[], object], what: str) -> None:
        try:
            until(lambda: holds() or None, _COMES_UP_S, what)
        except TooLateError as error:
            raise RigError(f"rig sim: {error}: {self._agent and self._agent.status()}") from error

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        client = ControlClient(Path(str(self.at.control)))
        try:
            return client.ask(question)
        finally:
            client.close()


def make(folder: Path) -> SimRig:
    """The rig, not switched on yet."""
    return SimRig(folder)
