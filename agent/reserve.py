"""A block of disk kept back for alarms."""

import os
from pathlib import Path


class Reserve:
    """A block of disk that is given up when the rest is full, so that alarms can be written."""

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size

    @property
    def held(self) -> bool:
        """Whether the block is on disk."""
        return self._size == 0 or self._path.exists()

    def take(self) -> None:
        """Allocate the block, if twice as much is free.

        Raises:
            OSError: The disk does not give it.
        """
        disk = os.statvfs(self._path.parent)
        if disk.f_bavail * disk.f_frsize < 2 * self._size:
            return
        new = self._path.with_suffix(".new")
        try:
            with new.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
            new.rename(self._path)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def release(self) -> None:
        """Give the block up.

        Raises:
            OSError: The disk is read-only.
        """
        self._path.unlink(missing_ok=True)
