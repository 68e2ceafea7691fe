"""Whether the ledger's file system has become read-only by an error: ext4's, mended at a start."""

import contextlib
import errno
import os
from pathlib import Path

from agent.storage import try_out
from provisioning.recovery.evidence import SYSFS

_REFUSED = frozenset({errno.EROFS, errno.EIO})


def damage(folder: Path, sysfs: Path = SYSFS) -> str:
    """How a damaged disk refuses what is written; empty for one that takes it, or has no error.

    The table of mounts does not tell: Linux 6.1.113 and 6.12 still say `rw` after an error, later
    ones `emergency_ro`. All of them count errors until fsck has mended the disk. One without is
    not written to, and one that somebody mounted read-only has none.
    """
    if not _errors(folder, sysfs):
        return ""
    try:
        try_out(folder)
    except OSError as error:
        if error.errno in _REFUSED:
            return os.strerror(error.errno)
    return ""


def _errors(folder: Path, sysfs: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        number = folder.stat().st_dev
        device = sysfs / "dev/block" / f"{os.major(number)}:{os.minor(number)}"
        count = sysfs / "fs/ext4" / device.resolve().name / "errors_count"
        return int(count.read_text("ascii"))
    return 0
