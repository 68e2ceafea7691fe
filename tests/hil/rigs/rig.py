"""What every rig promises: a device that runs our agent, and hands, eyes and a hub around it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import pytest

from tests.hil.rigs.hub import RigHub


class Capability(StrEnum):
    """What a rig can do or show; the words stand in reports as "no ..."."""

    KNOBS = "hand on the sensors' wires: `set`"
    FAULTS = "way to make a sensor absent or stuck"
    SIREN = "eye on the siren's wire: `siren_edges`"
    HUB = "TLS broker that the device reports to: `hub`"
    KILL = "way to kill the agent that lets it come back"
    POWER = "way to cut its power: `cut_power`"
    REBOOT = "way to restart it in order: `reboot`"
    CLOCK = "wall clock that may be set wrong: `set_clock`"
    ROOT = "root's rights on it: `run` as root"
    INIT = "systemd that runs our units"
    LIMITS = "kernel that enforces limits of memory"
    PERCEPTION = "running haetae-perception"
    GPIO = "GPIO chip of a Raspberry Pi's kernel"
    ARM64 = "arm64 processor"
    MODELS = "models' weights on it"
    IMAGE = "SD card of our own image, started as a board does"
    SLOTS = "second slot for a system update"
    BUNDLES = "way to install an application bundle"
    WIRES = "real sensors on real wires"
    OUTPUTS = "real siren, lamp and relay"
    FIRMWARE = "Raspberry Pi's own firmware"
    SOUND = "real loudspeaker and microphone"


class RigUnavailableError(Exception):
    """The rig cannot be had here: what is missing, and what to do about it."""


class RigError(Exception):
    """The rig did not do as asked; the message says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are on the device, and how its programs are called there.

    `haetae` and `python` are the beginnings of shell commands, and may name an environment:
    `haetae` has `--config`, `--state` and `--run-dir` already, `python` finds our packages.
    `control` is the simulated wires' socket, where there is one; `stop` is the shell command that
    ends the agent in order, needed where its wires are real.
    """

    haetae: str
    python: str
    config: str
    state: str
    run_dir: str
    control: str | None = None
    stop: str = ""


class Rig(Protocol):
    """A device under test. `can` is known before `open`; nothing else is promised before it.

    The device runs a profile with sensors `sos` and `hush` (buttons) and `smoke_alarm` (a relay
    contact), as market-stall does. One rig serves a whole session: a test finds it settled.
    """

    name: str
    can: frozenset[Capability]
    why_not: Mapping[Capability, str]  # what cannot be had here, with the reason if it has one
    knobs: Collection[str]  # what `set` can turn, as "sos.pressed"
    at: Place
    hub: RigHub

    def open(self) -> None:
        """Switch it on, and return once its agent is armed and its hub hears it.

        Raises:
            RigUnavailableError: It cannot be had here.
            RigError: It does not come up.
        """

    def close(self) -> None:
        """Switch it off, and put back what was changed; also after `open` has failed."""

    def settle(self) -> None:
        """Bring it to rest: hub up, knobs released, agent armed, siren quiet, no incident.

        Raises:
            RigError: It does not come to rest.
        """

    def run(self, command: str, within_s: float = 60) -> str:
        """What a shell command on the device prints; as root where `can` has ROOT.

        Raises:
            CommandError: It ended with another code than 0.
            RigError: It did not end in time, or the device does not answer.
        """

    def put(self, path: str, data: bytes) -> None:
        """Write a file on the device.

        Raises:
            RigError: It cannot be written.
        """

    def get(self, path: str) -> bytes:
        """A file of the device.

        Raises:
            RigError: It cannot be read.
        """

    def set(self, knobs: Mapping[str, float | str]) -> None:
        """Turn knobs, as {"sos.pressed": 1}, until `settle` releases them.

        Raises:
            RigError: There is no such knob, or what turns it failed.
        """

    def siren_edges(self) -> Sequence[tuple[float, bool]]:
        """The siren's latest changes since its agent's start: device's monotonic seconds, level."""

    def start_again(self) -> None:
        """End the agent in order and start it, with its state kept; return once it is armed.

        Raises:
            RigError: It does not come back.
        """

    def kill(self) -> None:
        """End the agent by SIGKILL; return when it is armed again.

        Raises:
            RigError: It does not come back.
        """

    def set_clock(self, ahead_s: float) -> None:
        """Set the device's wall clock so many seconds ahead of the true time.

        Raises:
            RigError: It does not let itself be set.
        """

    def reboot(self) -> None:
        """Restart the device in order; return when its agent is armed.

        Raises:
            RigError: It does not come back.
        """

    def cut_power(self, off_s: float = 1.0) -> None:
        """Take its power away between two instructions, and give it back; return when armed.

        Knobs stay as they are: what is wired to the device knows nothing of its power.

        Raises:
            RigError: It does not come back.
        """


class CommandError(RigError):
    """A command on the device ended with another code than 0."""

    def __init__(self, command: str, code: int, said: str) -> None:
        super().__init__(f"{command}: exit {code}: {said}")
        self.code, self.said = code, said


def is_quiet(found: Mapping[str, Any]) -> bool:
    """Whether a device's status tells of no siren, no incident, and nothing to be delivered."""
    return found.get("siren") == "quiet" and not found["active"] and not found["outbox"]["pending"]


def needs(*wanted: Capability, knobs: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Skip the test, with the reason, on a rig that cannot do all of this."""
    return pytest.mark.needs(*wanted, knobs=tuple(knobs))


def missing(rig: Rig, wanted: Collection[Capability], knobs: Collection[str]) -> str:
    """Why a test that needs this is not for the rig; empty if it is."""
    for each in wanted:
        if each not in rig.can:
            return f"rig {rig.name} has no {each}{_because(rig.why_not.get(each))}"
    for knob in knobs:
        if knob not in rig.knobs:
            return f"rig {rig.name} has no knob {knob}"
    return ""


def _because(reason: str | None) -> str:
    return "" if reason is None else f": {reason}"
