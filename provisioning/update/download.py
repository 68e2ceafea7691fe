"""Fetch a release over HTTPS, a piece at a time, and go on from there after whatever came between.

What is fetched lies in `<sha256>.part` until it is whole and its digest is that of the catalogue;
only then it has its name. Nothing in it is looked at before.
"""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provisioning.update.catalogue import Release

RESERVE_BYTES = 64 << 20  # of the disk stays free for alarms, recordings and the system


@dataclass(frozen=True, slots=True)
class Manners:
    """How gently it is fetched. A rate is in bytes per second, None as fast as it goes.

    Below `slowest_bytes_per_s` on average over `patience_s` it stops, until another time.
    """

    bytes_per_s: float | None = None
    slowest_bytes_per_s: float = 256.0
    patience_s: float = 120.0
    reserve_bytes: int = RESERVE_BYTES
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def fetch(  # noqa: PLR0913  # what a download is made of
    release: Release,
    folder: Path,
    https: ssl.SSLContext,
    *,
    url: str,
    progress: Callable[[int, int], None] = lambda _done, _whole: None,
    should_go_on: Callable[[], bool] = lambda: True,
    manners: Manners | None = None,
) -> Path:
    """Fetch a release to `folder`; give its file, `<sha256>` with the ending of its address.

    `progress` is told the bytes that are there, and of how many. Where `should_go_on` says no, it
    stops, and goes on from there when it is called again.

    Raises:
        ProvisioningError: It did not come whole. What is there is kept, unless it is wrong.
    """
    raise NotImplementedError


def fetch_text(url: str, https: ssl.SSLContext, *, most_bytes: int) -> bytes:
    """Fetch something small, such as the catalogue, whole.

    Raises:
        ProvisioningError: It did not come, or is larger than that.
    """
    raise NotImplementedError
