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
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hw_mocks.control import ControlClient
from hw_mocks.release_keys import ReleaseKeys
from provisioning.places import RELEASE_ROOTS
from tests.hil.rigs.booted import IDENTITY, RUN, STATE, BootedRig, place
from tests.hil.rigs.hub import RigHub
from tests.hil.rigs.nspawn_machine import Machine
from tests.hil.rigs.rig import Capability, RigError, RigUnavailableError
from tests.hil.rigs.wires import knobs_of
from tests.running import REPOSITORY, STALL

SUITES = ("bookworm", "trixie")
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


class NspawnRig(BootedRig):
    """One container for the session."""

    name = "nspawn"
    can = _CAN
    why_not: Mapping[Capability, str] = {
        Capability.POWER: "the page cache of this machine outlives a container",
        Capability.LIMITS: "its control groups have no memory controller",
        Capability.WIRES: "its wires are simulated",
        Capability.PERCEPTION: "it has no camera and no microphone",
    }

    emptied = (
        STATE, "/var/lib/haetae-app", "/var/lib/haetae-update", "/run/haetae-app",
        "/run/haetae-update",
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self._stack = folder, ExitStack()
        self.release_keys = ReleaseKeys(folder / "release")
        self.machine: Machine | None = None
        self.knobs: Collection[str] = knobs_of(STALL)
        self.at = place()

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

    def run(self, command: str, within_s: float = 60) -> str:
        return self._switched_on().run(command, within_s)

    def put(self, path: str, data: bytes) -> None:
        self._is_disturbed = True
        self._switched_on().run(f"cat >{shlex.quote(path)}", given=data)

    def get(self, path: str) -> bytes:
        return self._switched_on().output(f"cat {shlex.quote(path)}")

    def reboot(self) -> None:
        self._is_disturbed = True
        machine = self._switched_on()
        before = machine.boots
        machine.run("systemctl --no-block reboot")
        machine.wait_for_boot(before + 1)
        self._come_back()

    def cut_power(self, off_s: float = 1.0) -> None:
        raise RigError(self.why_not[Capability.POWER])

    def _switched_on(self) -> Machine:
        if self.machine is None:
            raise RigError("rig nspawn: not open")
        return self.machine

    def _provision(self, folder: Path) -> None:
        """What a device that has been set up and enrolled has on its data partition."""
        text = "\n".join([STALL, self.hub.tables(IDENTITY)])
        (folder / "device.toml").write_text(text, "utf-8")
        (folder / "identity").mkdir(0o700)
        user = (folder.parent / "state").stat()
        for name, data in self.hub.files().items():
            (folder / "identity" / name).write_bytes(data)
            (folder / "identity" / name).chmod(0o600)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.st_uid, user.st_gid)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        client = ControlClient(Path(f"/proc/{self._switched_on().init()}/root{RUN}/control"))
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
