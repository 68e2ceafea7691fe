"""The rig of a booted system: our packages and units under a real systemd, in a container.

It does not imitate a kernel of its own, real wires (the agent's unit starts it on simulated ones,
under all its own hardening), a clock that may be set, memory limits for each unit, a hardware
watchdog, or a power cut: the page cache of this machine outlives a container.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from hw_mocks.child import TooLateError, until
from hw_mocks.control import ControlClient
from hw_mocks.release_keys import ReleaseKeys
from provisioning.places import RELEASE_ROOTS
from tests.hil.rigs.hub import RigHub
from tests.hil.rigs.nspawn_machine import Machine
from tests.hil.rigs.rig import Capability, Place, RigError, RigUnavailableError
from tests.hil.rigs.wires import Hands, knobs_of
from tests.running import REPOSITORY, STALL

SUITES = ("bookworm", "trixie")
AGENT, PERCEPTION = "haetae-agent.service", "haetae-perception.service"
# Drop-ins of tests, which `settle` takes away again.
DROP_IN = "/run/systemd/system/{unit}.d/test.conf"
_CAN = frozenset(
    {
        Capability.KNOBS,
        Capability.FAULTS,
        Capability.SIREN,
        Capability.HUB,
        Capability.KILL,
        Capability.REBOOT,
        Capability.CLOCK,
        Capability.ROOT,
        Capability.INIT,
        Capability.MODELS,
        Capability.BUNDLES,
    }
)
_NEEDED = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "mosquitto": "mosquitto",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
_BUILDS_S = 900.0
_UNAVAILABLE = 69
_COMES_UP_S = 60.0
_HOME, _IDENTITY, _CONFIG = "/opt/haetae", "/etc/haetae/identity", "/etc/haetae/device.toml"
_STATE, _RUN = "/var/lib/haetae", "/run/haetae"
_AS_HAETAE = "setpriv --reuid haetae --regid haetae --init-groups"
_SETTLE = f"""\
systemctl stop {PERCEPTION} {AGENT}
rm -rf /run/systemd/system/haetae-*.d
find {_STATE} /var/lib/haetae-app /var/lib/haetae-update \
  /run/haetae-app /run/haetae-update -mindepth 1 -delete
rm -f {_RUN}/status.json
systemctl daemon-reload
systemctl reset-failed
systemctl start {AGENT}
"""


class NspawnRig:
    """One container for the session; the agent has an empty state again after each disturbance."""

    name = "nspawn"
    can = _CAN
    why_not: Mapping[Capability, str] = {
        Capability.POWER: "the page cache of this machine outlives a container",
        Capability.LIMITS: "its control groups have no memory controller",
        Capability.WIRES: "its wires are simulated",
        Capability.PERCEPTION: "it has no camera and no microphone",
    }

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()
        self.release_keys = ReleaseKeys(folder / "release")
        self.machine: Machine | None = None
        self._is_disturbed = False
        self._hands = Hands(self._ask)
        self.knobs: Collection[str] = knobs_of(STALL)
        places = f"--config {_CONFIG} --state {_STATE} --run-dir {_RUN}"
        self.at = Place(
            f"{_AS_HAETAE} {_HOME}/bin/haetae {places}",
            f"{_AS_HAETAE} env PYTHONPATH={_HOME}/rehearsal {_HOME}/bin/python",
            _CONFIG,
            _STATE,
            _RUN,
            f"{_RUN}/control",
        )

    def open(self) -> None:
        over = {RELEASE_ROOTS: self.release_keys.roots}
        self.machine = machine = Machine(make_root(), self._folder / "machine", over)
        self._stack.callback(machine.close)
        self.hub = RigHub(self._folder / "hub", address=machine.gateway, seen_as=machine.gateway)
        machine.open()
        self._stack.callback(self.hub.close)
        self.hub.open()
        self._provision(machine.data / "configuration")
        machine.boot()
        self._wait(self.is_armed, "armed")

    def close(self) -> None:
        self._stack.close()

    def settle(self) -> None:
        self.hub.come()
        self._hands.let_go()
        if self._is_disturbed or not self._is_at_rest():
            self.run(_SETTLE, _COMES_UP_S)
            self._is_disturbed = False
        self._wait(self._is_at_rest, "at rest")

    def run(self, command: str, within_s: float = 60) -> str:
        return self._switched_on().run(command, within_s)

    def put(self, path: str, data: bytes) -> None:
        self._is_disturbed = True
        self._switched_on().run(f"cat >{shlex.quote(path)}", given=data)

    def get(self, path: str) -> bytes:
        return self._switched_on().output(f"cat {shlex.quote(path)}")

    def set(self, knobs: Mapping[str, float | str]) -> None:
        self._is_disturbed = True
        self._hands.turn(knobs)

    def siren_edges(self) -> Sequence[tuple[float, bool]]:
        return self._hands.edges("siren")

    def start_again(self) -> None:
        self._is_disturbed = True
        self.run(f"systemctl restart {AGENT}")
        self._come_back()

    def kill(self) -> None:
        self._is_disturbed = True
        before = self.main_pid()
        self.run(f"systemctl kill --signal=KILL {AGENT}")
        self._wait(lambda: self.main_pid() not in {0, before}, "started again")
        self._come_back()

    def set_clock(self, ahead_s: float) -> None:
        self.set({"clock.step_s": ahead_s})

    def reboot(self) -> None:
        self._is_disturbed = True
        machine = self._switched_on()
        before = machine.boots
        machine.run("systemctl --no-block reboot")
        machine.wait_for_boot(before + 1)
        self._come_back()

    def cut_power(self, off_s: float = 1.0) -> None:
        raise RigError(self.why_not[Capability.POWER])

    def main_pid(self, unit: str = AGENT) -> int:
        """The unit's main process as the device numbers it, 0 if it has none."""
        return int(self.run(f"systemctl show --property=MainPID --value {unit}"))

    def is_armed(self) -> bool:
        """Whether the agent that runs now says that it is armed."""
        found = self._status()
        return bool(found.get("armed")) and found["pid"] == self.main_pid()

    def _status(self) -> dict[str, Any]:
        try:
            return msgspec.json.decode(self.get(f"{_RUN}/status.json"), type=dict[str, Any])
        except (RigError, msgspec.DecodeError):
            return {}

    def _is_at_rest(self) -> bool:
        found = self._status()
        return (
            self.is_armed()
            and found.get("siren") == "quiet"
            and not found["active"]
            and not found["outbox"]["pending"]
        )

    def _come_back(self) -> None:
        self._wait(self.is_armed, "armed again")
        self._hands.turn_again()

    def _wait(self, holds: Callable[[], object], what: str) -> None:
        try:
            until(lambda: holds() or None, _COMES_UP_S, what)
        except TooLateError as error:
            raise RigError(f"rig nspawn: {error}: {self._status()}") from error

    def _switched_on(self) -> Machine:
        if self.machine is None:
            raise RigError("rig nspawn: not open")
        return self.machine

    def _provision(self, folder: Path) -> None:
        """What a device that has been set up and enrolled has on its data partition."""
        text = "\n".join([STALL, self.hub.tables(_IDENTITY)])
        (folder / "device.toml").write_text(text, "utf-8")
        (folder / "identity").mkdir(0o700)
        user = (folder.parent / "state").stat()
        for name, data in self.hub.files().items():
            (folder / "identity" / name).write_bytes(data)
            (folder / "identity" / name).chmod(0o600)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.st_uid, user.st_gid)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        client = ControlClient(Path(f"/proc/{self._switched_on().init()}/root{_RUN}/control"))
        try:
            return client.ask(question)
        finally:
            client.close()


def make(folder: Path) -> NspawnRig:
    """The rig, not switched on yet.

    Raises:
        RigUnavailableError: It cannot be had here; the message says what to do about it.
    """
    if platform.system() != "Linux" or os.geteuid() != 0:
        raise RigUnavailableError("containers need root: start it again with sudo")
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if lacking := [pkg for name, pkg in _NEEDED.items() if shutil.which(name, path=places) is None]:
        raise RigUnavailableError(f"missing: sudo apt-get install {' '.join(lacking)}")
    if (suite := _suite()) not in SUITES:
        raise RigUnavailableError(f"made on Debian {' and '.join(SUITES)}; this is {suite!r}")
    return NspawnRig(folder)


def make_root() -> Path:
    """The root's folder, made in a process of its own, or found as it was kept.

    Raises:
        RigUnavailableError: Debian's archive or PyPI is out of reach.
        RigError: It cannot be made of this checkout.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.hil.rigs.nspawn_root", "--suite", _suite()],
        capture_output=True, text=True, check=False, cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY / 'scripts'}"}, timeout=_BUILDS_S,
    )  # fmt: skip
    if done.returncode == _UNAVAILABLE:
        raise RigUnavailableError(done.stderr.strip())
    if done.returncode:
        raise RigError(done.stderr.strip())
    return Path(done.stdout.strip())


def _suite() -> str:
    """This machine's Debian, whose root it can lay out with its own systemd."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")
