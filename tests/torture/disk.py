"""The device's disk: ext4 as on a Raspberry Pi, by loop, on a card whose power can be cut."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.torture.card import NAME

BYTES = 24 << 20
_MOUNT = (
    "loop,noatime,data=ordered,commit=5"  # Raspberry Pi OS's, with ext4's own defaults written out
)
_LET_GO_S = 180.0  # whoever makes a system's root beside it holds all mounts for so long
_ENDS_S = 0.3  # a cut that waits for a write does not wait for long


class DiskError(Exception):
    """A command of the harness failed; the message is what it said."""


def run(*command: str) -> str:
    """Run a command of the system and return what it printed.

    Raises:
        DiskError: It failed, or is not installed.
    """
    found = program(command[0])
    done = subprocess.run([found, *command[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DiskError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def program(name: str) -> str:
    """Where a command is, root's own included.

    Raises:
        DiskError: It is not installed.
    """
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise DiskError(f"{name} is not installed")
    return found


@dataclass(frozen=True, slots=True)
class Outage:
    """When the power went (monotonic s), the sectors lost, and whether a write brought it on."""

    at: float
    sectors: int
    in_time: bool


class PlainDisk:
    """A folder, where nothing may be mounted: it can neither lose its power nor be filled."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()

    def free(self) -> None:
        """There is nothing to free."""

    def bytes_written(self) -> int | None:
        """Nobody counts here."""
        return None

    def close(self) -> None:
        """Nothing is held."""


class CardDisk:
    """`state` lies on the card. Needs root, /dev/fuse and a free loop device.

    `left` is where a copy of what each cut leaves goes, before anything mounts it; None: nowhere.

    Raises:
        DiskError: The machine does not allow it.
    """

    def __init__(self, folder: Path) -> None:
        self.left: Path | None = None
        self._card_at, mount = folder / "card", folder / "disk"
        self.state = mount / "state"
        self._mount, self._loop = mount, ""
        self._ballast = mount / "ballast"
        self._process: subprocess.Popen[bytes] | None = None
        for each in (self._card_at, mount):
            each.mkdir()
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(BYTES)
        now = "lazy_itable_init=0,lazy_journal_init=0"  # not later, in among what is counted
        run("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-J", "size=4", "-E", now, str(image))
        try:
            self._insert()
            self._ask({"load": str(image)})
            image.unlink()
            self._up()
        except (DiskError, OSError, ValueError) as error:
            self.close()
            raise DiskError(str(error)) from error

    def cut(self, process: subprocess.Popen[bytes], *, after: int, keep: str, seed: int) -> None:
        """Have the power go at the `after`-th write from now, `process` with it."""
        self._tell({"cut": {"kill": process.pid, "after": after, "keep": keep, "seed": seed}})

    def after_cut(self, process: subprocess.Popen[bytes]) -> Outage:
        """Wait for the cut, give the power back and mount.

        Raises:
            DiskError: What the cut left cannot be mounted.
        """
        deadline = time.monotonic() + _ENDS_S
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        said = self._ask({"cut_now": True})
        process.wait()
        self._down()
        self._ask({"restore": True})
        if self.left is not None:
            shutil.copyfile(self._card_at / NAME, self.left)
        self._up()
        return Outage(said["at"], said["lost_sectors"], said["in_time"])

    def fill(self) -> None:
        """Leave no room; what takes it is only claimed, so that it is not counted as written."""
        size = 0
        with self._ballast.open("wb") as file:
            for step in (1 << 20, 1 << 16, 1 << 12):
                with contextlib.suppress(OSError):  # ENOSPC
                    while True:
                        os.posix_fallocate(file.fileno(), size, step)
                        size += step

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def full(self) -> bool:
        """Whether there is no room. A power cut may have given it back, or taken it again."""
        return self._ballast.exists()

    def bytes_written(self) -> int | None:
        """What the card was given to write since it was made, journal and all, in bytes."""
        return int(self._ask({"count": True})["bytes"])

    def close(self) -> None:
        """Unmount all and end the card."""
        with contextlib.suppress(DiskError):
            self._down()
        if self._process is not None:
            if self._process.stdin is not None and self._process.stdout is not None:
                self._process.stdin.close()
                self._process.stdout.close()
            self._process.wait()
            self._process = None
            with contextlib.suppress(DiskError):
                run("umount", "--lazy", str(self._card_at))

    def _insert(self) -> None:
        command = [sys.executable, "-m", "tests.torture.card", str(self._card_at), str(BYTES)]
        self._process = subprocess.Popen(
            command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answer()

    def _up(self) -> None:
        run("mount", "-t", "ext4", "-o", _MOUNT, str(self._card_at / NAME), str(self._mount))
        lines = Path("/proc/self/mounts").read_text().splitlines()
        self._loop = next(line.split()[0] for line in lines if line.split()[1] == str(self._mount))
        self.state.mkdir(exist_ok=True)

    def _down(self) -> None:
        """Unmount, and wait until the kernel has let the card go.

        Raises:
            DiskError: Somebody holds it.
        """
        if not self._loop:
            return
        run("umount", str(self._mount))
        held = Path("/sys/block", Path(self._loop).name, "loop/backing_file")
        deadline = time.monotonic() + _LET_GO_S
        while held.exists() and held.read_text().strip() == str(self._card_at / NAME):
            if time.monotonic() > deadline:
                raise DiskError(f"{self._loop} is held by somebody else")
            time.sleep(0.002)
        self._loop = ""

    def _tell(self, command: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise DiskError("no card")
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        self._tell(command)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise DiskError("no card")
        if not (line := self._process.stdout.readline()):
            raise DiskError("the card ended: /dev/fuse needs root")
        found: dict[str, Any] = json.loads(line)
        return found
