"""Does the state directory lie where an alarm outlives a power cut? What `haetae check` proves.

The Raspberry Pi's overlay file system makes every partition volatile unless it is told not to
(`overlayroot=tmpfs:recurse=0`), and nothing else shows it: files are there until the next boot.
"""

import errno
import os
import pwd
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agent.mounts import MOUNTINFO, Mount, layers, parse

NEEDED_BYTES = 8 << 20  # reserve, database, its log and a recording
TRIAL_BYTES = 4096
VOLATILE = frozenset({"tmpfs", "ramfs", "devtmpfs", "rootfs"})
VOLATILE_DEVICES = ("/dev/ram", "/dev/zram")
READ_ONLY = frozenset({"squashfs", "erofs", "iso9660", "cramfs", "romfs"})
DISTANT = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph"})
UNJOURNALED = frozenset({"vfat", "exfat", "ext2", "msdos"})
UNSYNCED = frozenset({"nobarrier", "barrier=0", "fsync_mode=nobarrier"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the storage, and its remedy; `is_fatal` if alarms would be lost."""

    text: str
    is_fatal: bool


def described(state: Path, table: Path = MOUNTINFO) -> str:
    """File system, device and mount point that hold the state directory, in a few words."""
    mount = _layers(state, table)[0]
    if mount is None:
        return "unknown storage"
    shows = "" if mount.root == "/" else f", showing {mount.root}"
    return f"{mount.kind} of {mount.source}, mounted at {mount.point}{shows}"


def problems(state: Path, table: Path = MOUNTINFO) -> Iterator[Problem]:
    """Everything that keeps the state directory from being what the outbox needs."""
    for depth, mount in enumerate(_layers(state, table)):
        if mount is None:
            yield _unseen(state, is_overlaid=depth > 0)
        else:
            yield from _of_mount(state, mount)
    yield from _of_space(_existing(state))
    yield from _of_owner(state)


def try_out(state: Path) -> float:
    """Write a block, wait until it is on the medium and read it back; how long that took, in s.

    Raises:
        OSError: It cannot be written, or came back changed.
    """
    path, block = state / ".selftest", os.urandom(TRIAL_BYTES)
    began = time.monotonic()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, block)
        os.fsync(descriptor)
        took_s = time.monotonic() - began
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # read it from the medium
        if os.pread(descriptor, TRIAL_BYTES, 0) != block:
            raise OSError(errno.EIO, "what was written came back changed", str(path))
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
    return took_s


def _layers(state: Path, table: Path) -> list[Mount | None]:
    try:
        mounts = parse(table.read_text("utf-8", "surrogateescape"))
    except OSError:
        return [None]
    return list(layers(mounts, PurePosixPath(os.path.realpath(_existing(state)))))


def _existing(path: Path) -> Path:
    """The folder itself, or where it would be made."""
    path = path.absolute()
    return next((each for each in (path, *path.parents) if each.exists()), Path("/"))


def _unseen(state: Path, *, is_overlaid: bool) -> Problem:
    """An overlay over what cannot be seen is the Raspberry Pi's trap; a chroot shows no root."""
    text = "nobody can tell from here what it lies on, so that nothing proves that it lasts"
    return Problem(f"{state}: {text}: mount a partition of its own there", is_overlaid)


def _of_mount(state: Path, mount: Mount) -> Iterator[Problem]:
    where = f"{state} is on {mount.kind} ({mount.source} at {mount.point})"
    if mount.kind in VOLATILE or mount.source.startswith(VOLATILE_DEVICES):
        remedy = (
            "mount a partition of the card there, and if the overlay file system is on, set "
            "overlayroot=tmpfs:recurse=0"
        )
        yield Problem(f"{where}: every event is gone after a power cut: {remedy}", is_fatal=True)
    if mount.kind == "overlay" and mount.option("volatile") is not None:
        yield Problem(f"{where}: the overlay never syncs: mount it without volatile", is_fatal=True)
    is_sealed = mount.kind == "overlay" and mount.option("upperdir") is None
    if "ro" in mount.options or mount.kind in READ_ONLY or is_sealed:
        remedy = "mount it read-write; if an error made it so, replace the card"
        yield Problem(f"{where}, read-only: no event can be kept: {remedy}", is_fatal=True)
    for option in sorted(UNSYNCED.intersection(mount.options)):
        yield Problem(f"{where} with {option}: a power cut may lose what was synced", is_fatal=True)
    if mount.kind in DISTANT:
        yield Problem(f"{where}: on another machine: use a disk of this one", is_fatal=True)
    if mount.kind in UNJOURNALED:
        text = "no journal: a power cut may damage it: better ext4"
        yield Problem(f"{where}: {text}", is_fatal=False)


def _of_space(folder: Path) -> Iterator[Problem]:
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        yield Problem(f"{folder}: cannot be looked at: {error.strerror}", is_fatal=True)
        return
    free = disk.f_bavail * disk.f_frsize
    if free < NEEDED_BYTES:
        text = f"{folder}: only {free >> 10} KiB are free, {NEEDED_BYTES >> 10} are needed"
        yield Problem(f"{text}: delete what fills the disk", is_fatal=False)
    if disk.f_files and not disk.f_favail:
        text = f"{folder}: no file can be made any more (no inode is free)"
        yield Problem(f"{text}: delete what fills the disk", is_fatal=False)


def _of_owner(state: Path) -> Iterator[Problem]:
    try:
        owner = state.stat().st_uid
        files = sorted(path for path in state.glob("outbox.*") if path.stat().st_uid != owner)
        is_writable = os.access(state, os.W_OK | os.X_OK)
    except FileNotFoundError:
        return
    except OSError as error:
        yield Problem(f"{state}: cannot be looked at: {error.strerror}", is_fatal=False)
        return
    if not is_writable:
        text = f"{state} belongs to {_user(owner)} and cannot be written by {_user(os.geteuid())}"
        yield Problem(f"{text}: run the agent as {_user(owner)}", is_fatal=False)
    for path in files:
        text = f"{path} belongs to {_user(path.stat().st_uid)}, the folder to {_user(owner)}"
        yield Problem(f"{text}: chown -R {_user(owner)} {state}", is_fatal=False)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
