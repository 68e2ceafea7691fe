"""The request that a device be as new: a file of one line, which names the device it is meant for.

On the card's first partition it is written by `haetae-provision factory-reset --card`, in the
device's configuration by its setup page; the next start does it (`provisioning.reset_at_boot`).
"""

import os
import re
from pathlib import Path

from provisioning.private_file import write_privately

ON_CARD = "reset.txt"  # in the card's folder
BEGUN = "reset-begun.txt"  # there, too, from the first step of a reset to its last
ON_DEVICE = "reset-requested"  # in CONFIGURATION
_DEVICE = re.compile(r"^device = ([a-z0-9-]{1,48})\s*$", re.MULTILINE)
_LONGEST = 4096  # bytes


def request_text(device: str) -> str:
    """The whole file."""
    return f"device = {device}\n"


def device_in(path: Path) -> str | None:
    """Whom a request, or a card's own text, names; None where there is none, or it names nobody."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            raw = file.read(_LONGEST) or b""
        except OSError:
            return None
    found = _DEVICE.search(raw.decode("utf-8-sig", "replace").replace("\r", ""))
    return found[1] if found else None


def ask_on_device(configuration: Path, device: str) -> None:
    """Have the device reset itself at its next start.

    Raises:
        OSError: The disk takes nothing.
    """
    write_privately(configuration / ON_DEVICE, request_text(device).encode())


def withdraw(configuration: Path) -> None:
    """Have it go on as it is.

    Raises:
        OSError: The disk takes nothing.
    """
    (configuration / ON_DEVICE).unlink(missing_ok=True)


def is_asked_on_device(configuration: Path) -> bool:
    """Whether the next start resets it."""
    return (configuration / ON_DEVICE).exists()
