"""A memory card as one may get it: smaller than it says, pulled out while it is written, or fine.

    python -m tests.provisioning.bad_cards MOUNTPOINT CLAIMS HOLDS TAKES ERRNO

A FUSE file of CLAIMS bytes that keeps HOLDS of them, and begins anew where they end, as counterfeit
cards do. After TAKES bytes were written (-1: never) every access fails with ERRNO, as of a card
that is gone. Nothing of it is cached by the kernel. A loop device on it is the card itself.
Does not imitate wear, or a card that drops what it does not hold.
"""

import errno
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.disks import _run
from tests.torture import card as fuse

_DIRECT_IO = 1  # FOPEN_DIRECT_IO of <linux/fuse.h>


@dataclass
class BadCard(fuse.Card):
    """The medium; see the module."""

    takes: int = -1
    number: int = errno.EIO

    def answer(self, opcode: int, node: int, body: memoryview) -> bytes | int:
        if opcode == fuse._OPEN:
            return struct.pack("<QII", 0, _DIRECT_IO, 0)
        if opcode in (fuse._READ, fuse._WRITE, fuse._FSYNC) and self._is_gone():
            return self.number
        if opcode == fuse._READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return self._at(offset, size)
        if opcode == fuse._WRITE:
            _, offset, size = struct.unpack_from("<QQI", body)
            self._put(offset, bytes(body[40 : 40 + size]))
            return struct.pack("<II", size, 0)
        if opcode == fuse._FSYNC:
            return b""
        return fuse.answer(self, opcode, node, body)

    def _is_gone(self) -> bool:
        return 0 <= self.takes < self.counts["bytes"]

    def _at(self, offset: int, size: int) -> bytes:
        size = min(size, self.size - offset)
        pieces = bytearray()
        while len(pieces) < size:
            at = (offset + len(pieces)) % len(self.now)
            pieces += self.now[at : at + size - len(pieces)]
        return bytes(pieces)

    def _put(self, offset: int, content: bytes) -> None:
        self.counts["bytes"] += len(content)
        while content:
            at = offset % len(self.now)
            piece = content[: len(self.now) - at]
            self.now[at : at + len(piece)] = piece
            offset, content = offset + len(piece), content[len(piece) :]


def main() -> None:
    """Serve until the file system is unmounted."""
    at, claims, holds, takes, number = sys.argv[1], *map(int, sys.argv[2:])
    card = BadCard(claims, bytearray(holds), takes=takes, number=number)
    descriptor = os.open("/dev/fuse", os.O_RDWR)
    fuse._mount(descriptor, at)
    fuse._say({"mounted": at})
    while True:
        try:
            request = os.read(descriptor, fuse._MAX_WRITE + 4096)
        except OSError as error:
            if error.errno in {errno.EINTR, errno.EAGAIN, errno.ENOENT}:
                continue
            return
        _, opcode, unique, node, *_ = fuse._HEADER.unpack_from(request)
        found = card.answer(opcode, node, memoryview(request)[fuse._HEADER.size :])
        if opcode not in fuse._SILENT:
            body, wrong = (b"", -found) if isinstance(found, int) else (found, 0)
            os.write(
                descriptor, fuse._ANSWER.pack(fuse._ANSWER.size + len(body), wrong, unique) + body
            )


@contextmanager
def inserted(
    folder: Path, claims: int, *, holds: int = 0, takes: int = -1, number: int = errno.EIO
) -> Iterator[Path]:
    """The device file of such a card; skips where the machine does not allow it."""
    at = folder / "reader"
    at.mkdir()
    command = (sys.executable, "-m", "tests.provisioning.bad_cards", str(at))
    options = [str(each) for each in (claims, holds or claims, takes, number)]
    server = subprocess.Popen((*command, *options), stdout=subprocess.PIPE)
    try:
        if not (server.stdout is not None and server.stdout.readline()):
            pytest.skip("needs /dev/fuse and the right to mount")
        with looped(at / fuse.NAME) as device:
            yield device
    finally:
        _run("umount", "--lazy", str(at))
        server.wait(10)
        if server.stdout is not None:
            server.stdout.close()


@contextmanager
def looped(file: Path) -> Iterator[Path]:
    """A block device on a file; skips where that is not allowed."""
    made = _run("losetup", "--find", "--show", str(file))
    if made.returncode:
        pytest.skip(f"needs a loop device: {made.stderr.strip()}")
    device = Path(made.stdout.strip())
    try:
        yield device
    finally:
        _run("losetup", "--detach", str(device))


if __name__ == "__main__":
    main()
