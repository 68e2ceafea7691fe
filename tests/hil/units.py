"""What a test asks of systemd on the device, and what it changes there for a while."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import pytest

from tests.hil.device import status
from tests.hil.rigs.rig import Rig

_REHEARSAL = "haetae-rehearsal"
AGENT, PERCEPTION = "haetae-agent.service", "haetae-perception.service"


class Shell(Protocol):
    """What runs commands on the device: a rig, or a part of one."""

    def run(self, command: str, within_s: float = 60) -> str:
        """What it prints: see `Rig`."""


def show(rig: Shell, unit: str, name: str) -> str:
    """A property of a unit, as `systemctl show` writes it."""
    return rig.run(f"systemctl show --property={name} --value {unit}").strip()


def main_pid(rig: Shell, unit: str = AGENT) -> int:
    """The unit's main process as the device numbers it; 0 while it has none."""
    return int(show(rig, unit, "MainPID"))


def is_armed(rig: Rig) -> bool:
    """Whether the very agent that runs now says so."""
    found = status(rig)
    return bool(found.get("armed")) and found["pid"] == main_pid(rig)


def ours(rig: Rig, kind: str = "service") -> list[str]:
    """Our units of that kind, whether they run or not; no templates, and none of a rehearsal's."""
    listed = rig.run(f"systemctl list-unit-files --plain --no-legend 'haetae-*.{kind}'")
    names = [line.split()[0] for line in listed.splitlines()]
    return [each for each in names if "@." not in each and not each.startswith(_REHEARSAL)]


def skip_where_held_back(rig: Rig, unit: str) -> None:
    """Skip the test where the rig's system does not let the unit start."""
    if "ConditionPathExists=!" in rig.run(f"systemctl cat {unit}"):
        pytest.skip(f"rig {rig.name} starts no {unit}: an emulated board has no camera")


@contextmanager
def changed(rig: Rig, unit: str, *lines: str) -> Iterator[None]:
    """Have lines of its [Service] read otherwise, from its next start on, until the end."""
    folder = f"/run/systemd/system/{unit}.d"
    rig.run(f"mkdir -p {folder}")
    rig.put(f"{folder}/zz-test.conf", "\n".join(["[Service]", *lines, ""]).encode())
    rig.run("systemctl daemon-reload")
    try:
        yield
    finally:
        rig.run(f"rm -f {folder}/zz-test.conf && systemctl daemon-reload")


@contextmanager
def configured(rig: Rig, text: str) -> Iterator[None]:
    """Another configuration until the end; what watches it starts agent and perception anew."""
    before = rig.get(rig.at.config)
    rig.put(rig.at.config, text.encode())
    try:
        yield
    finally:
        rig.put(rig.at.config, before)


class Journal:
    """What the journal takes in about a unit from now on."""

    def __init__(self, rig: Rig, unit: str) -> None:
        self._rig, self._unit = rig, unit
        last = rig.run("journalctl --lines=0 --show-cursor --quiet")
        self._cursor = last.rpartition("-- cursor: ")[2].strip()

    def lines(self) -> list[str]:
        """Its messages, and systemd's about it, oldest first."""
        after = f"--after-cursor={shlex.quote(self._cursor)}"
        said = self._rig.run(f"journalctl --unit={self._unit} --output=cat --no-pager -q {after}")
        return said.splitlines()

    def has(self, *words: str) -> bool:
        """Whether lines with each of these words came, in this order."""
        lines = iter(self.lines())
        return all(any(word in line for line in lines) for word in words)
