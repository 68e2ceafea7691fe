"""What a container and an emulated Pi share: our image's own system, booted, on simulated wires."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hw_mocks.child import TooLateError, until
from tests.hil.rigs.hub import RigHub
from tests.hil.rigs.rig import Place, RigError, is_quiet
from tests.hil.rigs.wires import Hands
from tests.hil.units import AGENT, PERCEPTION, main_pid

HOME, IDENTITY, CONFIG = "/opt/haetae", "/etc/haetae/identity", "/etc/haetae/device.toml"
STATE, RUN = "/var/lib/haetae", "/run/haetae"
_AS_HAETAE = "setpriv --reuid haetae --regid haetae --init-groups"


def place() -> Place:
    """Where things are on it."""
    places = f"--config {CONFIG} --state {STATE} --run-dir {RUN}"
    return Place(
        f"{_AS_HAETAE} {HOME}/bin/haetae {places}",
        f"{_AS_HAETAE} env PYTHONPATH={HOME}/rehearsal {HOME}/bin/python",
        CONFIG,
        STATE,
        RUN,
        f"{RUN}/control",
    )


class BootedRig(ABC):
    """A system with our units; the agent has an empty state again after each disturbance.

    `emptied` are the folders that are emptied then. The agent may take `comes_up_s` to come up, and
    is looked at every `looks_every_s`.
    """

    name: str
    hub: RigHub
    emptied: Sequence[str] = (STATE,)
    comes_up_s, looks_every_s = 60.0, 0.0

    def __init__(self) -> None:
        self._is_disturbed = False
        self._hands = Hands(self._ask)

    @abstractmethod
    def run(self, command: str, within_s: float = 60) -> str:
        """What a shell command on the device prints: see `Rig`."""

    @abstractmethod
    def get(self, path: str) -> bytes:
        """A file of the device: see `Rig`."""

    @abstractmethod
    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer of the control socket."""

    def settle(self) -> None:
        self.hub.come()
        self._hands.let_go()
        if self._is_disturbed or not self._is_at_rest():
            self.run(self._begin_empty(), self.comes_up_s)
            self._is_disturbed = False
        self._wait(self._is_at_rest, "at rest")

    def set(self, knobs: Mapping[str, float | str]) -> None:
        self._is_disturbed = True
        self._hands.turn(knobs)

    def siren_edges(self) -> Sequence[tuple[float, bool]]:
        return self._hands.edges("siren")

    def start_again(self) -> None:
        self._is_disturbed = True
        self.run(f"systemctl restart {AGENT}", self.comes_up_s)
        self._come_back()

    def kill(self) -> None:
        self._is_disturbed = True
        before = main_pid(self)
        self.run(f"systemctl kill --signal=KILL {AGENT}")
        self._wait(lambda: main_pid(self) not in {0, before}, "started again")
        self._come_back()

    def set_clock(self, ahead_s: float) -> None:
        self.set({"clock.step_s": ahead_s})

    def is_armed(self) -> bool:
        """Whether the agent that runs now says that it is armed."""
        found = self._status()
        return bool(found.get("armed")) and found["pid"] == main_pid(self)

    def _begin_empty(self) -> str:
        return f"""\
systemctl stop {PERCEPTION} {AGENT}
rm -rf /run/systemd/system/haetae-*.d
find {" ".join(self.emptied)} -mindepth 1 -delete
rm -f {RUN}/status.json
systemctl daemon-reload
systemctl reset-failed
systemctl start {AGENT}
"""

    def _status(self) -> dict[str, Any]:
        try:
            return msgspec.json.decode(self.get(f"{RUN}/status.json"), type=dict[str, Any])
        except (RigError, msgspec.DecodeError):
            return {}

    def _is_at_rest(self) -> bool:
        return self.is_armed() and is_quiet(self._status())

    def _come_back(self) -> None:
        self._wait(self.is_armed, "armed again")
        self._hands.turn_again()

    def _wait(self, holds: Callable[[], object], what: str) -> None:
        pause = threading.Event()

        def look() -> object:
            return holds() or pause.wait(self.looks_every_s) or None

        try:
            until(look, self.comes_up_s, what)
        except TooLateError as error:
            raise RigError(f"rig {self.name}: {error}: {self._status()}") from error
