"""A memory card whose power can be cut: one file of a FUSE file system, kept in RAM.

    python -m tests.torture.card MOUNTPOINT BYTES

What is written is lost with the power until the writer has flushed it, as in a card's own cache.
A loop device on the file makes a disk of it: the kernel passes each write and each flush here, in
order. Commands come as JSON lines on stdin, answers go to stdout:

    {"load": PATH}                          the content of a file becomes the card's
    {"cut": {"kill": PID, "after": N, "keep": "all|some|flushed", "seed": N}}
                                            the power goes at the N-th write from now: the process
                                            is killed at once, and nothing that comes later is kept
    {"cut_now": true}                       the same for a cut that still waits for its write
    {"restore": true}                       power again, after the disk was unmounted
    {"count": true}                         bytes, writes and flushes since the start

Does not imitate wear, a card that lies about a flush, or one that damages what it was not writing.
"""

import contextlib
import ctypes
import errno
import json
import os
import random
import select
import signal
import stat
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "haetae-card"
SECTOR = 512  # what a disk writes whole or not at all
_MAX_WRITE = 128 * 1024
_ROOT, _FILE = 1, 2  # inode numbers

# of <linux/fuse.h>, protocol 7.31
_LOOKUP, _FORGET, _GETATTR, _SETATTR, _OPEN, _READ, _WRITE = 1, 2, 3, 4, 14, 15, 16
_STATFS, _RELEASE, _FSYNC, _FLUSH, _INIT, _OPENDIR, _RELEASEDIR = 17, 18, 20, 25, 26, 27, 29
_ACCESS, _INTERRUPT, _DESTROY, _BATCH_FORGET = 34, 36, 38, 42
_SILENT = frozenset({_FORGET, _BATCH_FORGET, _INTERRUPT})  # these get no answer
_EMPTY = frozenset({_RELEASE, _FLUSH, _RELEASEDIR, _ACCESS, _DESTROY})
_BIG_WRITES, _MAX_PAGES = 1 << 5, 1 << 22
_HEADER = struct.Struct("<IIQQIIIHH")
_ANSWER = struct.Struct("<IiQ")


@dataclass
class Cut:
    """A power cut to come: at which write from now, whom it ends, and what it keeps."""

    kill: int
    after: int
    keep: str
    seed: int


@dataclass
class Card:
    """The medium. `flushed` survives a power cut for sure; what is in `pending` may."""

    size: int
    now: bytearray = field(default_factory=bytearray)
    flushed: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)
    cut: Cut | None = None
    kept: bytes | None = None  # what a cut left
    at: float = 0.0  # of the cut, in monotonic s
    lost: int = 0  # sectors that it took
    in_time: bool = False  # it came with its write
    counts: dict[str, int] = field(default_factory=lambda: {"bytes": 0, "writes": 0, "flushes": 0})

    def load(self, content: bytes) -> None:
        """Take over a whole content, flushed."""
        self.now, self.flushed = bytearray(content), bytearray(content)
        self.pending.clear()
        self.kept = self.cut = None

    def write(self, offset: int, data: bytes) -> None:
        """Take a write, which the next flush makes safe."""
        if self.kept is not None:
            return  # there is no power
        self.now[offset : offset + len(data)] = data
        self.pending.append((offset, data))
        self.counts["bytes"] += len(data)
        self.counts["writes"] += 1
        if self.cut is not None:
            self.cut.after -= 1
            if self.cut.after <= 0:
                self.cut_power(self.cut)
                self.in_time = True

    def flush(self) -> None:
        """Make all that was written safe."""
        if self.kept is not None:
            return
        for offset, data in self.pending:
            self.flushed[offset : offset + len(data)] = data
        self.pending.clear()
        self.counts["flushes"] += 1

    def cut_power(self, cut: Cut) -> None:
        """End the process before it hears another answer, and fix what remains."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(cut.kill, signal.SIGKILL)
        self.at, self.in_time = time.monotonic(), False
        choose, left, self.lost = random.Random(cut.seed), bytearray(self.flushed), 0
        for offset, data in self.pending:
            for start in range(0, len(data), SECTOR):
                if cut.keep == "all" or (cut.keep == "some" and choose.random() < 0.5):
                    piece = data[start : start + SECTOR]
                    left[offset + start : offset + start + len(piece)] = piece
                else:
                    self.lost += 1
        self.kept, self.cut = bytes(left), None

    def obey(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """Do what a line asks; None where the answer comes with the cut."""
        match command:
            case {"load": str(path)}:
                self.load(Path(path).read_bytes().ljust(self.size, b"\0"))
            case {"cut": dict(how)}:
                self.cut = Cut(**how)
                return None
            case {"cut_now": True}:
                if self.cut is not None:
                    self.cut_power(self.cut)
                return None
            case {"restore": True} if self.kept is not None:
                self.load(self.kept)
            case {"count": True}:
                return dict(self.counts)
        return {}


def _attributes(node: int, size: int) -> bytes:
    mode = stat.S_IFDIR | 0o755 if node == _ROOT else stat.S_IFREG | 0o600
    length = 0 if node == _ROOT else size
    times = (0, 0, 0, 0, 0, 0)
    return struct.pack(
        "<QQQQQQIIIIIIIIII", node, length, length // 512, *times, mode, 1, 0, 0, 0, 4096, 0
    )


def answer(card: Card, opcode: int, node: int, body: memoryview) -> bytes | int:  # noqa: PLR0911
    """What one request of the kernel gets: content, or the number of an error."""
    if opcode == _INIT:
        flags = _BIG_WRITES | _MAX_PAGES
        head = (7, 31, _MAX_WRITE, flags, 16, 12, _MAX_WRITE, 1, _MAX_WRITE // 4096, 0, 0)
        return struct.pack("<IIIIHHIIHHI", *head) + bytes(28)
    if opcode == _LOOKUP:
        if bytes(body).rstrip(b"\0") != NAME.encode():
            return errno.ENOENT
        return struct.pack("<QQQQII", _FILE, 0, 3600, 3600, 0, 0) + _attributes(_FILE, card.size)
    if opcode in (_GETATTR, _SETATTR):
        return struct.pack("<QII", 3600, 0, 0) + _attributes(node, card.size)
    if opcode in (_OPEN, _OPENDIR):
        return struct.pack("<QII", 0, 0, 0)
    if opcode == _READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(memoryview(card.now)[offset : offset + size])
    if opcode == _WRITE:
        _, offset, size = struct.unpack_from("<QQI", body)
        card.write(offset, bytes(body[40 : 40 + size]))
        return struct.pack("<II", size, 0)
    if opcode == _FSYNC:
        card.flush()
        return b""
    if opcode == _STATFS:
        return struct.pack("<QQQQQIIII", 0, 0, 0, 0, 0, 4096, 255, 4096, 0) + bytes(24)
    return b"" if opcode in _EMPTY else errno.ENOSYS


def _mount(fuse: int, at: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,max_read={_MAX_WRITE}"
    if libc.mount(b"haetae-card", at.encode(), b"fuse", 6, options.encode()):  # nosuid, nodev
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), at)


def _serve_kernel(card: Card, fuse: int) -> bool:
    """Answer one request; False once the file system is unmounted."""
    try:
        request = os.read(fuse, _MAX_WRITE + 4096)
    except OSError as error:
        return error.errno in {errno.EINTR, errno.EAGAIN, errno.ENOENT}
    _, opcode, unique, node, *_ = _HEADER.unpack_from(request)
    found = answer(card, opcode, node, memoryview(request)[_HEADER.size :])
    if opcode in _SILENT:
        return True
    body, error_number = (b"", -found) if isinstance(found, int) else (found, 0)
    try:
        os.write(fuse, _ANSWER.pack(_ANSWER.size + len(body), error_number, unique) + body)
    except OSError as error:
        if error.errno != errno.ENOENT:  # the asker was interrupted meanwhile
            raise
    return True


def _say(answered: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answered) + "\n")
    sys.stdout.flush()


def _serve_harness(card: Card, line: bytes) -> None:
    if (answered := card.obey(json.loads(line))) is not None:
        _say(answered)


def main() -> None:
    """Serve until stdin ends or the file system is unmounted."""
    at, size = sys.argv[1], int(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever uses the disk unmounts it first
        signal.signal(number, signal.SIG_IGN)
    fuse = os.open("/dev/fuse", os.O_RDWR)
    _mount(fuse, at)
    card = Card(size)
    card.load(bytes(size))
    _say({"mounted": at})
    poll = select.poll()
    poll.register(fuse, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN)
    left, lines = True, b""
    while left:
        waited = card.cut is not None
        for ready, _ in poll.poll():
            if ready == fuse:
                left = left and _serve_kernel(card, fuse)
            elif piece := os.read(ready, 65536):
                *whole, lines = (lines + piece).split(b"\n")
                for line in whole:
                    waited = waited or b'"cut"' in line
                    _serve_harness(card, line)
            else:
                left = False
        if waited and card.cut is None:
            _say({"at": card.at, "lost_sectors": card.lost, "in_time": card.in_time})


if __name__ == "__main__":
    main()
