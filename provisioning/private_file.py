"""Files that only their owner reads, replaced in one step and on flash when a call returns."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from drivers.kept import sync
from provisioning.identity_wording import error as failed


def write_privately(path: Path, content: bytes) -> None:
    """Write with mode 0600; either the old content or the new is there after a power cut.

    Raises:
        OSError: The disk is full, read-only or broken; the old content stays.
    """
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # elsewhere, on an installer's laptop, a folder cannot be opened
        sync(path.parent)


@contextlib.contextmanager
def disk_errors(what: Path) -> Iterator[None]:
    """Tell of a disk that takes nothing as people should hear of it.

    Raises:
        ProvisioningError: Writing has failed.
    """
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "?")
        raise failed("disk-full", f"{error.filename or what}: {error.strerror} ({name})") from None
