"""Why the device started, as root has found out at boot, and who has asked for another start.

Root's side is `provisioning.recovery`; between the two lie two small files in memory.
"""

import contextlib
import os
import stat
import time
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from agent.envelope import kernel_boot

REQUEST = "reboot-wanted.json"  # in the agent's run directory
CALM = "calm.json"  # there, too
UNDER_VOLTAGE = "under-voltage"  # there, too, once it was seen
BESIDE, FILE = "-recovery", "boot-cause.json"  # beside that directory
LONGEST = 200  # characters of a reason
LONGEST_BYTES = 4096  # of a file

Cause = Literal[
    "first",  # nothing is known of a start before
    "orderly",  # it was shut down, or started anew by hand
    "requested",  # a ladder asked for it
    "update",
    "watchdog",  # the hardware's: the system hung
    "panic",  # the kernel's
    "power_loss",
    "unknown",  # it ended without order, and nothing tells how
]
WORDS: dict[str, str] = {
    "first": "first start",
    "orderly": "shut down in order",
    "requested": "started anew on request",
    "update": "started anew for an update",
    "watchdog": "the watchdog started it: the system had hung",
    "panic": "the kernel failed",
    "power_loss": "the power was cut",
    "unknown": "it ended without order",
}


class BootCause(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why boot number `boots`, of the kernel's id `boot`, began.

    `detail` says who asked and why, or by what it was known. It `ended_in_order` where the boot
    before got as far as its last mark.
    """

    boot: str
    boots: int
    cause: Cause
    detail: str = ""
    ended_in_order: bool = False
    under_voltage: bool = False  # it was seen in the boot before

    @property
    def is_ordinary(self) -> bool:
        """Whether nobody need hear of it."""
        return self.cause in {"first", "orderly"} and not self.under_voltage

    def __str__(self) -> str:
        """One line in English."""
        weak = "; the supply was too low before" if self.under_voltage else ""
        return f"{WORDS[self.cause]}{f': {self.detail}' if self.detail else ''}{weak}"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the device start anew: by whom and why, and when (monotonic seconds of boot `boot`)."""

    by: Annotated[str, Meta(pattern=r"^[a-z_-]{1,24}\Z")]
    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    boot: str
    monotonic_s: float


class Calm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the agent tells others on this machine of itself, who may know no more.

    It is `calm` where nothing rings and nobody is asked; `hub_s` is for how many seconds home has
    not answered, None where it never has, or there is none.
    """

    boot: str
    monotonic_s: float
    calm: bool
    hub_s: float | None
    has_hub: bool


Told = TypeVar("Told", bound=msgspec.Struct)


def read_cause(run_dir: Path, boot: str) -> BootCause | None:
    """What root has found of this boot, beside `run_dir`; None where it has not."""
    found = read_told(run_dir.with_name(run_dir.name + BESIDE) / FILE, BootCause)
    return found if found is not None and found.boot == boot else None


def read_told(path: Path, kind: type[Told], longest_bytes: int = LONGEST_BYTES) -> Told | None:
    """A small file that another user may have written, however wrongly; None where it is none."""
    try:
        # no link to elsewhere, no pipe that waits, no more than there can be
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            return msgspec.json.decode(file.read(longest_bytes), type=kind)
    except (OSError, ValueError, RecursionError):
        return None


def ask_for_reboot(run_dir: Path, reason: str, *, by: str = "agent", boot: str = "") -> None:
    """Ask root for a reboot, who grants it within a budget, or not at all.

    `boot` is the kernel's boot, for who cannot read it.

    Raises:
        OSError: It could not be written.
    """
    asked = Request(by, reason[:LONGEST], boot or kernel_boot(), time.monotonic())
    publish(run_dir / REQUEST, asked)


def publish(path: Path, told: msgspec.Struct) -> None:
    """Put a file in its place, whole, for everybody on this machine to read whatever the umask.

    Raises:
        OSError: It could not be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(msgspec.json.encode(told))
    fresh.replace(path)


def read_calm(run_dir: Path) -> Calm | None:
    """What the agent has said last; None where it has said nothing, or nothing that can be read."""
    return read_told(run_dir / CALM, Calm)


def withdraw_request(run_dir: Path) -> None:
    """Want no reboot any more."""
    with contextlib.suppress(OSError):
        (run_dir / REQUEST).unlink(missing_ok=True)
