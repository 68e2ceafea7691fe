"""A real board: its shell over SSH, its buttons and its power by a bench's relays.

While the rig is open the board reports to this machine's broker: its configuration gets another
[device] and [hub], and gets its own back at the end, or at the next start if this one was cut off.
"""

import contextlib
import json
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from hw_mocks.child import TooLateError, until
from tests.hil.refusal import refuse_real_outputs
from tests.hil.rigs import board_config
from tests.hil.rigs.board_config import BoardConfig
from tests.hil.rigs.console import Console
from tests.hil.rigs.hub import RigHub
from tests.hil.rigs.relays import Labgrid, Relays
from tests.hil.rigs.rig import Capability, Place, RigError, RigUnavailableError, is_quiet
from tests.hil.rigs.ssh import Ssh, UnreachableError

_REST_S, _ANSWER_S, _LOOK_S = 120.0, 30.0, 0.2
_BEFORE = ".before-hil"  # beside the configuration, while the rig has it


class BoardRig:
    """The board of one bench."""

    name = "board"

    def __init__(self, config: BoardConfig, folder: Path) -> None:
        self._config, device = config, config.device
        self._labgrid = Labgrid(config.labgrid)
        self._relays = Relays(config.relays, self._labgrid)
        power = {} if config.power is None else {"power": config.power}
        self._power = Relays(power, self._labgrid)  # stays on when all is over
        self._console = Console(config.console, folder / "console.log")
        hub, ssh = config.hub, config.ssh
        self._ssh = Ssh(
            ssh.host, user=ssh.user, port=ssh.port, key=ssh.key, known_hosts=ssh.known_hosts
        )
        self.hub = RigHub(
            folder / "hub",
            address=hub.address,
            seen_as=hub.seen_as or hub.address,
            port=hub.port,
        )
        self.can = config.can
        self.why_not: Mapping[Capability, str] = {
            Capability.KNOBS: "board.toml has no [relays]",
            Capability.POWER: "board.toml has no [power]",
            Capability.SIREN: "board.toml has no [siren]",
        }
        self.knobs: Collection[str] = self._relays.knobs
        places = f"--config {device.config} --state {device.state} --run-dir {device.run_dir}"
        self.at = Place(
            f"{device.haetae} {places}",
            device.python,
            device.config,
            device.state,
            device.run_dir,
            stop=device.stop,
        )
        self._is_ours = self._is_disturbed = False
        self._ended = ("", 0)  # the life of the agent that was ended: its kernel's boot, its pid

    def open(self) -> None:
        self._console.open()
        self._reach()
        where = f"{self._config.ssh.user}@{self._config.ssh.host}"
        refuse_real_outputs(where, simulated=self._status().get("simulated"))
        self.hub.open()
        self._relays.drop()
        self._is_ours = True
        self._install()
        self.start_again()
        self._is_disturbed = False

    def close(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self._console.close)
            stack.callback(self._ssh.close)
            stack.callback(self.hub.close)
            stack.callback(self._labgrid.close)
            stack.callback(self._relays.rest)
            if self._is_ours:
                stack.callback(self._give_back)

    def settle(self) -> None:
        self.hub.come()
        self._relays.rest()
        if self._is_disturbed:
            self.start_again()
            self._is_disturbed = False
        self._wait(self._is_at_rest, _REST_S, "at rest")

    def run(self, command: str, within_s: float = 60) -> str:
        return self._ssh.run(command, within_s).decode("utf-8", "replace")

    def put(self, path: str, data: bytes) -> None:
        self._is_disturbed = True
        self._ssh.put(path, data)

    def get(self, path: str) -> bytes:
        return self._ssh.get(path)

    def set(self, knobs: Mapping[str, float | str]) -> None:
        self._is_disturbed = True
        for knob, value in knobs.items():
            self._relays.turn(knob, value)

    def siren_edges(self) -> Sequence[tuple[float, bool]]:
        if self._config.siren is None:
            raise RigError(self.why_not[Capability.SIREN])
        command = self._config.siren.edges
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            raise RigError(f"{' '.join(command)}: {done.stderr.strip()}")
        return [(float(at), bool(level)) for at, level in json.loads(done.stdout)]

    def start_again(self) -> None:
        self._begin()
        self.run(self._config.device.stop)
        self.run(self._config.device.start)
        self._wait_until_armed()

    def kill(self) -> None:
        self._begin()
        self.run(self._config.device.kill)
        self._wait_until_armed()

    def set_clock(self, ahead_s: float) -> None:
        self._is_disturbed = True
        self.run(self._config.device.set_clock.format(unix_s=time.time() + ahead_s))

    def reboot(self) -> None:
        self._begin()
        with contextlib.suppress(UnreachableError):  # it goes down with the command on the line
            self.run(self._config.device.reboot)
        self._ssh.hang_up()
        self._wait_until_armed()

    def cut_power(self, off_s: float = 1.0) -> None:
        self._begin()
        self._power.switch("power", on=False)
        self._ssh.hang_up()
        threading.Event().wait(off_s)
        self._power.switch("power", on=True)
        self._wait_until_armed()

    def _reach(self) -> None:
        """Switch it on, and wait until it answers."""
        try:
            if self._config.power is not None:
                self._power.switch("power", on=True)
                within_s = self._config.device.armed_within_s
                self._wait(self._answers, within_s, "an answer over SSH")
            self.run("true")
        except RigError as error:
            raise RigUnavailableError(f"the board does not answer: {error}") from error

    def _answers(self) -> bool:
        try:
            self.run("true", _ANSWER_S)
        except UnreachableError:
            return False
        return True

    def _install(self) -> None:
        """Have it report to our broker; its own configuration stays beside."""
        device, at = self._config.device, self.at.config
        self.run(
            f"[ ! -e {at}{_BEFORE} ] || mv {at}{_BEFORE} {at}"
        )  # of a session that was cut off
        own = self.get(at)
        tables = tomllib.loads(own.decode())
        tables |= tomllib.loads(self.hub.tables(device.identity))
        self.run(f"mkdir -p -m 700 {device.identity}")
        for name, data in self.hub.files().items():
            self._ssh.put(f"{device.identity}/{name}", data)
        if device.owner:
            self.run(f"chown -R {device.owner} {device.identity}")
        self.run(f"cp -p {at} {at}{_BEFORE} && sync {at}{_BEFORE}")
        self._ssh.put(at, tomli_w.dumps(tables).encode())

    def _give_back(self) -> None:
        at = self.at.config
        self.run(f"[ ! -e {at}{_BEFORE} ] || mv {at}{_BEFORE} {at}")
        self.run(f"rm -rf {self._config.device.identity}")
        self.run(self._config.device.stop)
        self.run(self._config.device.start)

    def _begin(self) -> None:
        """Note which agent runs, before it ends."""
        self._is_disturbed = True
        self._ended = self._life()

    def _wait_until_armed(self) -> None:
        def holds() -> bool:
            return bool(self._status().get("armed")) and self._life() != self._ended

        self._wait(holds, self._config.device.armed_within_s, "armed again")

    def _life(self) -> tuple[str, int]:
        """Which life of the agent this is: after a boot it may have the very same pid."""
        try:
            boot = self.run("cat /proc/sys/kernel/random/boot_id").strip()
        except RigError:
            boot = ""
        return boot, int(self._status().get("pid", 0))

    def _is_at_rest(self) -> bool:
        found = self._status()
        return bool(found and found["armed"] and is_quiet(found))

    def _status(self) -> dict[str, Any]:
        """What the agent that runs now says; empty without one, or without a connection."""
        try:
            found: dict[str, Any] = json.loads(self.get(f"{self.at.run_dir}/status.json"))
            self.run(f"test -d /proc/{int(found['pid'])}")
        except (RigError, ValueError, LookupError):
            return {}
        return found

    def _wait(self, holds: Callable[[], object], within_s: float, what: str) -> None:
        pause = threading.Event()

        def look() -> object:
            return holds() or pause.wait(_LOOK_S) or None

        try:
            until(look, within_s, what)
        except TooLateError as error:
            said = f"{self._status()}\n{self._console.tail()}"
            raise RigError(f"rig board: {error}: {said}") from error


def make(folder: Path) -> BoardRig:
    """The rig of the bench that is configured.

    Raises:
        RigUnavailableError: None is, or its configuration is wrong.
    """
    return BoardRig(board_config.load(), folder)
