"""Disks that are full, read-only or small: real file systems, where the machine allows a mount."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(at: Path, kib: int) -> Iterator[Path]:
    """A file system of its own with room for `kib` KiB; skips where mounting is not allowed."""
    at.mkdir(exist_ok=True)
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={kib}k", "haetae-test", str(at))
    if mounted.returncode:
        pytest.skip(f"needs the right to mount: {mounted.stderr.strip()}")
    try:
        yield at
    finally:
        _run("umount", "--lazy", str(at))


@contextmanager
def read_only(at: Path) -> Iterator[None]:
    """What a worn card's file system becomes after an error; files must not be open for writing."""
    _run("mount", "-o", "remount,ro", str(at))
    try:
        yield
    finally:
        _run("mount", "-o", "remount,rw", str(at))


def fill(at: Path) -> Path:
    """Write a file until the disk takes no more; deleting it gives the space back."""
    ballast = at / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:  # ENOSPC
                continue
    return ballast


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"no {command[0]} here")


@contextmanager
def mounted(kind: str, source: str, at: Path, options: str) -> Iterator[Path]:
    """Mount anything; skips where that is not allowed."""
    at.mkdir(exist_ok=True)
    done = _run("mount", "-t", kind, "-o", options, source, str(at))
    if done.returncode:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")
    try:
        yield at
    finally:
        _run("umount", "--lazy", str(at))


@contextmanager
def bound(source: Path, at: Path, *, writable: bool = True) -> Iterator[Path]:
    """Show a folder in another place, read-only if asked."""
    with mounted("none", str(source), at, "bind") as shown:
        if not writable:
            _run("mount", "-o", "remount,bind,ro", str(at))
        yield shown


@contextmanager
def card(image: Path, at: Path) -> Iterator[Path]:
    """An ext4 of 24 MiB in a file, as a card has it; skips where mounting is not allowed."""
    with image.open("wb") as file:
        file.truncate(24 << 20)
    made = _run("mkfs.ext4", "-q", str(image))
    if made.returncode:
        pytest.skip(f"needs mkfs.ext4: {made.stderr.strip()}")
    with mounted("ext4", str(image), at, "loop") as shown:
        yield shown


@contextmanager
def hanging(at: Path) -> Iterator[None]:
    """A card that neither takes nor refuses: whoever writes waits, and cannot be killed."""
    frozen = _run("fsfreeze", "--freeze", str(at))
    if frozen.returncode:
        pytest.skip(f"needs fsfreeze: {frozen.stderr.strip()}")
    try:
        yield
    finally:
        _run("fsfreeze", "--unfreeze", str(at))
