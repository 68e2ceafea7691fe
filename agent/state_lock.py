"""One agent a state directory: a second one is refused before it decides anything."""

import contextlib
import fcntl
import logging
from pathlib import Path

log = logging.getLogger(__name__)


class AlreadyRunningError(Exception):
    """Another agent holds the state directory."""


def hold(state: Path) -> contextlib.AbstractContextManager[object]:
    """Hold the state directory for this process alone; a full or read-only disk holds nobody up.

    Raises:
        AlreadyRunningError: Another agent holds it.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "agent.lock").open("ab")
    except OSError as error:
        log.error("state: not locked: %s", error)  # noqa: TRY400  # no traceback
        return contextlib.nullcontext()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise AlreadyRunningError(f"{state}: another agent is running on it") from None
    return lock
