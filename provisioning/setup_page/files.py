"""Files of the data partition: replaced whole, or not at all, whenever the power goes."""

import os
from pathlib import Path

from drivers import kept

PRIVATE, PUBLIC = 0o600, 0o644


def put(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Put it there, readable as `mode` says from the first byte on.

    Raises:
        OSError: The disk is full, read-only or broken; what was there before stays.
    """
    path.parent.mkdir(mode=0o755 if mode == PUBLIC else 0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
    kept.sync(path.parent)
