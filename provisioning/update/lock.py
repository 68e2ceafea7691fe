"""Whoever changes what is installed does so alone."""

import contextlib
import fcntl
from collections.abc import Iterator

from provisioning.update.device_words import error
from provisioning.update.facts import Places

FILE = "lock"  # in INSTALLED
UNDER_WAY = "update-under-way"


@contextlib.contextmanager
def alone(places: Places) -> Iterator[None]:
    """Hold the installed bundles for this process alone.

    Raises:
        ProvisioningError: Another change goes on (`update-under-way`), or there is no such folder.
    """
    try:
        places.installed.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = (places.installed / FILE).open("ab")
    except OSError as problem:
        raise error("update-no-room", f"{places.installed}: {problem.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise error(UNDER_WAY, "") from None
        yield
