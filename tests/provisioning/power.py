"""A power cut between any two steps that a program makes on a disk."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WRITES = frozenset(
    {"open", "os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}
)


class PowerCut(BaseException):
    """Nothing that comes after it reaches the disk, whatever a program does on its way out."""


class Supply:
    """Goes off before the step with the number that is asked for; steps are counted from 0.

    What a disk loses of what it had not written yet is not imitated: see `os.fsync` for that.
    """

    def __init__(self) -> None:
        self._below: Path | None = None
        self._left, self._thread = 0, 0
        self.steps = 0
        sys.addaudithook(self._see)  # there is no way to take it off again: it is idle else

    @contextlib.contextmanager
    def cut_before(self, step: int, below: Path) -> Iterator[None]:
        """Let this thread make `step` steps below a folder, and then none. Swallows the cut."""
        self.steps, self._left, self._thread = 0, step, threading.get_ident()
        self._below = below
        try:
            with contextlib.suppress(PowerCut):
                yield
        finally:
            self._below = None

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._below is None or event not in _WRITES or threading.get_ident() != self._thread:
            return
        if event == "open" and not _writes(arguments):
            return
        if str(self._below) not in str(arguments):
            return
        self.steps += 1
        if self.steps > self._left:
            raise PowerCut


def _writes(arguments: tuple[Any, ...]) -> bool:
    _path, mode, flags = arguments
    return bool(flags & 3) if mode is None else any(letter in mode for letter in "wax+")
