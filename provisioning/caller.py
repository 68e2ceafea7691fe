"""Who has called sudo, as writing a card takes: what is made then is theirs, not root's."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def caller(environ: Mapping[str, str] = os.environ) -> int | None:
    """The user number of who has called sudo, or None."""
    number = environ.get("SUDO_UID", "")
    is_sudo = sys.platform != "win32" and number.isdecimal() and os.geteuid() == 0
    return int(number) if is_sudo else None


def hand_over(path: Path) -> None:
    """With sudo, make a file or folder theirs.

    Raises:
        OSError: It is not there, or the disk fails.
    """
    if (number := caller()) is not None:
        with suppress(PermissionError):  # a FAT stick knows no owners
            os.chown(path, number, -1, follow_symlinks=False)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder, which is theirs as are those above it that were not there.

    Raises:
        OSError: It cannot be made.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode, parents=True, exist_ok=True)
    for each in missing:
        hand_over(each)
