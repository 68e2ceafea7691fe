"""Lines to and from a few processes of this machine: a Unix stream socket that never holds us up.

Whoever connects is this user or root (SO_PEERCRED). A reader that falls `MOST_UNSENT` bytes behind
is dropped, as is a line longer than `LONGEST_LINE`. One thread turns it; `ring` is for the others.
"""

import contextlib
import logging
import os
import selectors
import socket
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

LONGEST_LINE = 16_384  # bytes
MOST_UNSENT = 262_144
MOST_PEERS = 4
_AT_ONCE = 4096
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): process, user, group


@dataclass(slots=True, eq=False)
class Peer:
    """One connection: what came of the next line, and what is still to be sent."""

    socket: socket.socket
    came: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)


class LocalSocket:
    """Listens at `path`; `heard` takes each line without its end, `gone` a peer that left."""

    def __init__(
        self, path: Path, *, heard: Callable[[Peer, bytes], None], gone: Callable[[Peer], None]
    ) -> None:
        self._path, self._heard, self._gone = path, heard, gone
        self._peers: set[Peer] = set()
        self._socket: socket.socket | None = None
        self._is_down = False
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._ear, selectors.EVENT_READ)

    def __contains__(self, peer: Peer) -> bool:
        """Whether it is still there."""
        return peer in self._peers

    def ring(self) -> None:
        """End a `turn` that waits; from any thread."""
        with contextlib.suppress(OSError):  # it rings already, or nobody turns any more
            self._bell.send(b"!")

    def open(self) -> bool:
        """Listen, where that is still to do; whether it does. Without it nobody is the worse."""
        if self._socket is not None:
            return True
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            if self._path.exists() and stat.S_ISSOCK(self._path.lstat().st_mode):
                self._path.unlink()  # a killed agent left it: the state's lock says we are the one
            os.fchmod(bound.fileno(), 0o600)  # the file has it from the first moment
            bound.bind(str(self._path))
            bound.listen(MOST_PEERS)
            bound.setblocking(False)
        except OSError as error:
            bound.close()
            if not self._is_down:
                log.error("setup socket: %s: %s", self._path, error)  # noqa: TRY400  # no traceback
            self._is_down = True
            return False
        self._socket, self._is_down = bound, False
        self._selector.register(bound, selectors.EVENT_READ)
        return True

    def turn(self, wait_s: float) -> None:
        """Do what is to do, or wait so long for it."""
        for key, events in self._selector.select(wait_s):
            if key.fileobj is self._ear:
                with contextlib.suppress(BlockingIOError):
                    self._ear.recv(_AT_ONCE)
            elif key.fileobj is self._socket:
                self._accept()
            elif key.data in self._peers:
                if events & selectors.EVENT_READ:
                    self._read(key.data)
                if events & selectors.EVENT_WRITE and key.data in self._peers:
                    self._send(key.data)

    def say(self, peer: Peer, line: bytes) -> None:
        """Send a line, at once or as soon as it takes it; drop it where it does not read."""
        if peer not in self._peers:
            return
        peer.unsent += line + b"\n"
        if len(peer.unsent) > MOST_UNSENT:
            self.drop(peer, "it does not read")
        else:
            self._send(peer)

    def drop(self, peer: Peer, why: str = "") -> None:
        """Hang up."""
        if why:
            log.warning("setup socket: a reader is dropped: %s", why)
        self._peers.discard(peer)
        self._selector.unregister(peer.socket)
        peer.socket.close()
        self._gone(peer)

    def close(self) -> None:
        """Hang up on all, and take the file away."""
        for peer in list(self._peers):
            self.drop(peer)
        if self._socket is not None:
            self._socket.close()
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._selector.close()
        self._bell.close()
        self._ear.close()

    def _accept(self) -> None:
        if (listening := self._socket) is None:
            return
        try:
            taken, _ = listening.accept()
        except OSError:
            return
        found = taken.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(found)
        if uid not in {0, os.getuid()} or len(self._peers) >= MOST_PEERS:
            taken.close()
            return
        taken.setblocking(False)
        peer = Peer(taken)
        self._peers.add(peer)
        self._selector.register(taken, selectors.EVENT_READ, peer)

    def _read(self, peer: Peer) -> None:
        try:
            came = peer.socket.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            came = b""
        if not came:
            self.drop(peer)
            return
        peer.came += came
        while (end := peer.came.find(b"\n")) >= 0 and peer in self._peers:
            line = bytes(peer.came[:end])
            del peer.came[: end + 1]
            self._heard(peer, line)
        if peer in self._peers and len(peer.came) > LONGEST_LINE:
            self.drop(peer, "its line is too long")

    def _send(self, peer: Peer) -> None:
        try:
            sent = peer.socket.send(peer.unsent) if peer.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(peer)
            return
        del peer.unsent[:sent]
        wants = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.unsent else 0)
        self._selector.modify(peer.socket, wants, peer)
