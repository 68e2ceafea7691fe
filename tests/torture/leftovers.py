"""What a run that was killed has left: processes, mounts, loop devices, namespaces; ours only."""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

from tests.torture.disk import DiskError, run

PREFIX = "haetae-torture-"


def folder() -> Path:
    """A new folder that names its owner, this process."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def clean() -> list[str]:
    """Take away what runs whose process is gone have left; say what it was."""
    with contextlib.suppress(DiskError, OSError):
        found = [each for each in _folders() if not _lives(each)]
        return [*_end_processes(found), *_unmount(found), *_detach(found), *_forget(found)]
    return []


def _folders() -> list[Path]:
    return sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"))


def _owner(name: str) -> int:
    number = name.removeprefix(PREFIX).split("-")[0]
    return int(number) if number.isdigit() else 0


def _lives(path: Path) -> bool:
    return Path(f"/proc/{_owner(path.name)}").exists()


def _end_processes(folders: list[Path]) -> list[str]:
    """Kill, by id, those that were started on a folder whose owner is gone."""
    ended = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = each.read_bytes().decode(errors="replace")
            if any(f"{path}/" in command for path in folders):
                os.kill(int(each.parent.name), signal.SIGKILL)
                ended.append(f"process {each.parent.name}")
    return ended


def _unmount(folders: list[Path]) -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    ours = [at for at in reversed(mounts) if any(at.startswith(f"{path}/") for path in folders)]
    for at in ours:
        run("umount", "--lazy", at)
    return [f"mount {at}" for at in ours]


def _detach(folders: list[Path]) -> list[str]:
    """Loop devices on a card in one of these folders."""
    detached = []
    for line in run("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE").splitlines():
        device, _, file = line.partition(" ")
        if any(file.strip().startswith(f"{path}/") for path in folders):
            run("losetup", "--detach", device)
            detached.append(f"loop device {device}")
    return detached


def _forget(folders: list[Path]) -> list[str]:
    names = [line.split()[0] for line in run("ip", "netns", "list").splitlines() if line]
    gone = [n for n in names if n.startswith(PREFIX) and not Path(f"/proc/{_owner(n)}").exists()]
    for name in gone:
        run("ip", "netns", "del", name)
    for path in folders:
        shutil.rmtree(path, ignore_errors=True)
    return [f"namespace {name}" for name in gone] + [f"folder {path}" for path in folders]
