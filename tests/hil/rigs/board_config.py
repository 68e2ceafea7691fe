"""A bench as data: tests/hil/board.toml, after tests/hil/board.example.toml."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from tests.hil.rigs.console import ConsoleConfig
from tests.hil.rigs.relays import LabgridConfig, RelayConfig
from tests.hil.rigs.rig import Capability, RigUnavailableError

NAMED_BY = "HAETAE_BOARD"
USUAL = Path(__file__).parents[1] / "board.toml"
EXAMPLE = USUAL.with_name("board.example.toml")
Word = Annotated[str, Meta(min_length=1)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class SshConfig(_Table, frozen=True, kw_only=True):
    """How the board is reached; `key` and `known_hosts` are files here, else ssh's usual ones."""

    host: Word
    user: Word = "root"
    port: Annotated[int, Meta(ge=1, le=65535)] = 22
    key: str | None = None
    known_hosts: str | None = None


class DeviceConfig(_Table, frozen=True, kw_only=True):
    """Where things are on the board, and the shell commands that start and end its agent.

    Files that the rig puts there belong to `owner`; empty: to whoever logs in. A command that is
    empty cannot be done there.
    """

    haetae: Word = "/opt/haetae/bin/haetae"
    python: Word = "/opt/haetae/bin/python"
    config: Word = "/etc/haetae/device.toml"
    state: Word = "/var/lib/haetae"
    run_dir: Word = "/run/haetae"
    identity: Word = "/etc/haetae/identity-hil"
    owner: str = "haetae:haetae"
    start: Word = "systemctl start haetae-agent"
    stop: Word = "systemctl stop haetae-agent"
    kill: str = "systemctl kill --signal=KILL haetae-agent"
    reboot: str = "systemctl reboot"
    set_clock: str = "timedatectl set-ntp false && date --set=@{unix_s:.0f}"
    armed_within_s: Annotated[float, Meta(gt=0, le=3600)] = 180.0


class HubAddress(_Table, frozen=True, kw_only=True):
    """Where this machine's broker listens for the board; `seen_as` if the board sees another."""

    address: Word
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    seen_as: str = ""


class SirenEye(_Table, frozen=True, kw_only=True):
    """A command here that prints the siren's edges since its agent's start, as [[s, 0 or 1]]."""

    edges: Sequence[Word]


class BoardConfig(_Table, frozen=True, kw_only=True):
    """The whole bench. `has` names what the board can beside what the tables below give."""

    ssh: SshConfig
    device: DeviceConfig = DeviceConfig()
    hub: HubAddress
    has: Sequence[str] = ()
    relays: Mapping[str, RelayConfig] = {}
    power: RelayConfig | None = None
    siren: SirenEye | None = None
    console: ConsoleConfig | None = None
    labgrid: LabgridConfig | None = None

    def __post_init__(self) -> None:
        if unknown := [each for each in self.has if each not in Capability.__members__]:
            known = ", ".join(Capability.__members__)
            raise ValueError(f"has: {', '.join(unknown)}: not among {known}")

    @property
    def can(self) -> frozenset[Capability]:
        """What tests may ask of it."""
        given = {
            Capability.KNOBS: bool(self.relays),
            Capability.FAULTS: any(each.when == "absent" for each in self.relays.values()),
            Capability.SIREN: self.siren is not None,
            Capability.HUB: True,
            Capability.KILL: bool(self.device.kill),
            Capability.REBOOT: bool(self.device.reboot),
            Capability.POWER: self.power is not None,
            Capability.CLOCK: bool(self.device.set_clock),
            Capability.ROOT: self.ssh.user == "root",
        }
        named = {Capability[each] for each in self.has}
        return frozenset(named | {each for each, holds in given.items() if holds})


def load() -> BoardConfig:
    """The bench that HAETAE_BOARD names, else tests/hil/board.toml.

    Raises:
        RigUnavailableError: There is none, or it is wrong; the message says where.
    """
    path = Path(os.environ.get(NAMED_BY, USUAL))
    try:
        return msgspec.toml.decode(path.read_bytes(), type=BoardConfig)
    except FileNotFoundError as error:
        copy = f"cp {EXAMPLE} {USUAL} and fill it in, or {NAMED_BY}=FILE: see docs/hil.md"
        raise RigUnavailableError(f"no {path}: {copy}") from error
    except (OSError, msgspec.MsgspecError) as error:
        raise RigUnavailableError(f"{path}: {error}") from error
