"""A bench's hands: relays that press buttons, close contacts and cut supplies."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tests.hil.rigs.rig import RigError

_SWITCH_S = 30.0
_PROGRAM = Path(__file__).parent / "labgrid_relays.py"


class RelayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One relay: two commands, or the name of one of labgrid's drivers.

    It is on while its knob stands at `when`: 1 for a button or a contact, "absent" for a relay
    that takes a sensor's supply or wire away.
    """

    on: Sequence[str] = ()
    off: Sequence[str] = ()
    labgrid: str = ""
    when: float | str = 1

    def __post_init__(self) -> None:
        if bool(self.labgrid) is bool(self.on and self.off):
            raise ValueError("either `on` and `off`, commands, or `labgrid`, a driver's name")


class LabgridConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where labgrid is: the Python of its virtual environment, and its environment's file."""

    python: Annotated[str, Meta(min_length=1)]
    environment: Annotated[str, Meta(min_length=1)]


class Labgrid:
    """One process of labgrid's for the session, started at the first relay."""

    def __init__(self, config: LabgridConfig | None) -> None:
        self._config = config
        self._process: subprocess.Popen[str] | None = None

    def switch(self, name: str, *, on: bool) -> None:
        """Switch one of its outputs or supplies.

        Raises:
            RigError: It is not configured, not there, or says no.
        """
        process = self._started()
        self._write(process, f"{name} {'on' if on else 'off'}\n")

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.communicate(timeout=_SWITCH_S)
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None:
            return self._process
        if self._config is None:
            raise RigError("board.toml: a relay names labgrid's driver, but there is no [labgrid]")
        command = [self._config.python, str(_PROGRAM), self._config.environment]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        except OSError as error:
            raise RigError(f"labgrid: {error}: see docs/hil.md") from error
        self._write(self._process, "")
        return self._process

    def _write(self, process: subprocess.Popen[str], line: str) -> None:
        if process.stdin is None or process.stdout is None:
            raise RigError("labgrid: ended")
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except OSError as error:
            raise RigError(f"labgrid: {error}") from error
        if (said := process.stdout.readline().strip()) != "ok":
            raise RigError(f"labgrid: {said or 'ended'}")


class Relays:
    """All relays of a bench by the knob that each turns; at rest all are off."""

    def __init__(self, relays: Mapping[str, RelayConfig], labgrid: Labgrid) -> None:
        self._relays, self._labgrid = relays, labgrid
        self._is_on: set[str] = set()

    @property
    def knobs(self) -> frozenset[str]:
        """What can be turned."""
        return frozenset(self._relays)

    def turn(self, knob: str, value: float | str) -> None:
        """Switch the relay of a knob to what stands for the value.

        Raises:
            RigError: There is no such relay, or it does not switch.
        """
        if knob not in self._relays:
            raise RigError(f"no relay for {knob}; there are: {', '.join(sorted(self._relays))}")
        self.switch(knob, on=value == self._relays[knob].when)

    def switch(self, knob: str, *, on: bool) -> None:
        """Switch one relay.

        Raises:
            RigError: It does not switch.
        """
        relay = self._relays[knob]
        if relay.labgrid:
            self._labgrid.switch(relay.labgrid, on=on)
        else:
            _run(relay.on if on else relay.off)
        (self._is_on.add if on else self._is_on.discard)(knob)

    def drop(self) -> None:
        """Switch all off, whoever switched them on.

        Raises:
            RigError: One does not switch.
        """
        for knob in sorted(self._relays):
            self.switch(knob, on=False)

    def rest(self) -> None:
        """Switch off what is on.

        Raises:
            RigError: One does not switch.
        """
        for knob in sorted(self._is_on):
            self.switch(knob, on=False)


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SWITCH_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RigError(f"relay: {error}") from error
    if done.returncode:
        raise RigError(f"relay: {' '.join(command)}: {done.stdout}{done.stderr}".strip())
