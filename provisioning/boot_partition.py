"""The card's first partition on a device: mounted, and not writable but for a while."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from drivers.kept import sync


@contextlib.contextmanager
def writable(boot: Path) -> Iterator[None]:
    """Have the card's first partition writable for this while; one that refuses stays as it is."""
    _remount(boot, "rw")
    try:
        yield
    finally:
        _remount(boot, "ro")


def put_whole(path: Path, text: str) -> None:
    """Write a small file so that it is there whole after a power cut, or as it was before.

    Raises:
        OSError: The partition takes nothing.
    """
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)


def _remount(boot: Path, how: str) -> None:
    if boot.is_mount():
        command = ("/bin/mount", "--options", f"remount,{how}", str(boot))
        subprocess.run(command, check=False)  # noqa: S603  # no word of it comes from outside
