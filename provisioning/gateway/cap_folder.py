"""CAP's messages as files, each under its own identifier, for so many days."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from drivers import kept

DAY_S = 86400.0
LOOK_EVERY_S = 3600.0  # for what is too old, and only when a file is written


class CapFolder:
    """Keeps a file for `keep_days` after it was written; `now` is Unix seconds."""

    def __init__(self, path: Path, keep_days: int, now: Callable[[], float] = time.time) -> None:
        self._path, self._keep_s, self._now = path, keep_days * DAY_S, now
        self._looked_at: float | None = None

    def write(self, identifier: str, body: bytes) -> None:
        """Write one, in one step, and delete those that are too old.

        Raises:
            OSError: The disk does not take it.
        """
        kept.replace(self._path / f"{identifier}.xml", body)
        now = self._now()
        if self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY_S:
            self._looked_at = now
            self._delete_older_than(now - self._keep_s)

    def _delete_older_than(self, limit_s: float) -> None:
        for each in self._path.glob("*.xml"):
            with contextlib.suppress(OSError):  # somebody took it meanwhile, or will not let it go
                if each.stat().st_mtime < limit_s:
                    each.unlink()
