"""A release that is fetched from the server of the tests."""

import hashlib
import ssl
from pathlib import Path

from hw_mocks.release_server import ReleaseServer
from provisioning.update import download
from provisioning.update.catalogue import Release

CONTENT = hashlib.shake_256(b"a release").digest(100_000)
ROOM = 1 << 16  # of the disk, in bytes, that the tests ask to keep free


def release(content: bytes = CONTENT) -> Release:
    return Release(
        kind="application",
        version="0.3.0",
        url="app.haetae",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def fetched(
    server: ReleaseServer, folder: Path, https: ssl.SSLContext, wanted: Release | None = None
) -> Path:
    return download.fetch(
        release() if wanted is None else wanted,
        folder,
        https,
        url=f"{server.url}/app.haetae",
        reserve_bytes=ROOM,
    )


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())
