"""The agent's end of the wire from perception: a Unix datagram socket that takes records only.

Whatever the other side does (dies, hangs, floods, babbles), a read costs a bounded amount of work
and never waits, and what is wrong is told in words. `docs/adr/0007` says why it is shaped so.
"""

import errno
import os
import pwd
import socket
import stat
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from drivers import outline, record
from drivers.record import Bucket, Record, RecordError, source_of
from drivers.sensor import Quantity

USER = "haetae-perception"  # who may send, beside ourselves
READ_AT_MOST = 128  # datagrams in one read: three times what the budget lets through in a second
_WAIT_BYTES = record.MAX_AGE_S * record.BUDGET_BYTES_S  # what may rightly wait to be read
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): process, user, group
_ANSWER_EVERY_S, _WISH_EVERY_S = 1.0, 5.0


@dataclass(slots=True)
class _Channel:
    """One quantity of one sensor: the newest record, and the greatest since it was last taken."""

    pace: Bucket
    newest: Record | None = None
    peak: float | None = None


@dataclass(slots=True)
class Troubles:
    """What was wrong with what came, counted since the start, and the last in words."""

    flooded: int = 0  # datagrams that nobody looked into, or reads that did not come to an end
    garbage: int = 0  # no records
    strangers: int = 0  # from another user
    refused: int = 0  # records that are no news
    unknown: int = 0  # records of sensors that nobody here has
    last: str = ""


@dataclass(slots=True)
class _Muting:
    """What people want of a sensor, and when perception was last told, in the clock's seconds."""

    wanted: bool
    told_at: float = field(default=float("-inf"))


@dataclass(slots=True)
class _Drawn:
    """The outline that a camera sends, while it is wanted: `until`, in the clock's seconds."""

    until: float
    told_at: float = field(default=float("-inf"))
    rows: dict[int, int] = field(default_factory=dict)


class PerceptionLink:
    """One socket for all perceived sensors; used by one thread, but for `mute`, `outline`.

    `clock` is the monotonic clock that perception's records carry, in seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self.troubles = path, Troubles()
        self._clock = clock
        self._socket: socket.socket | None = None
        self._inode = (0, 0)
        self._trusted: frozenset[int] = frozenset()
        self._bytes = Bucket(record.BUDGET_BYTES_S, _WAIT_BYTES)
        self._channels: dict[tuple[int, Quantity], _Channel] = {}
        self._names: dict[int, str] = {}
        self._eyes = ""  # where the last record came from
        self._mutes: dict[str, _Muting] = {}
        self._drawn: dict[str, _Drawn] = {}

    def listen(self, name: str) -> None:
        """Take records of the sensor `name` in from now on."""
        self._names[source_of(name)] = name

    def open(self) -> bool:
        """Bind the socket, where that is still to do; tell whether it was.

        Raises:
            OSError: The folder is missing or read-only, or another process listens there.
        """
        if self._socket is not None and self._is_there():
            return False
        self.close()
        self._free_path()
        self._trusted = frozenset({os.getuid(), *_uid_of(USER)})
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            bound.bind(str(self.path))
            _open_to_perception(self.path)
            found = self.path.stat()
        except OSError:
            bound.close()
            raise
        self._socket, self._inode = bound, (found.st_dev, found.st_ino)
        return True

    def renew(self) -> None:
        """Bind anew, which drops whatever waits to be read; as after a flood.

        Raises:
            OSError: As from `open`.
        """
        self.close()
        self.open()

    def drain(self) -> float:
        """Take in what waits, `READ_AT_MOST` datagrams at the most; the time now, in s.

        Raises:
            OSError: The socket is gone and cannot be had again.
        """
        self.open()
        now = self._clock()
        for _ in range(READ_AT_MOST):
            if (datagram := self._receive()) is None:
                return now
            self._take_in(*datagram, now)
            now = self._clock()
        self.troubles.flooded += 1
        return now

    def age_s(self, name: str, quantity: Quantity, now: float) -> float:
        """How old the newest record is, in s; infinite where there never was one."""
        newest = self._channel(source_of(name), quantity).newest
        return float("inf") if newest is None else now - newest.at

    def take(self, name: str, quantity: Quantity) -> float | None:
        """The newest value, or the greatest since the last `take` where that is what counts."""
        channel = self._channel(source_of(name), quantity)
        if channel.newest is None:
            return None
        peak, channel.peak = channel.peak, None
        return channel.newest.value if peak is None else peak

    def mute(self, name: str, *, is_muted: bool) -> None:
        """Have a sensor switched off or on at its next reads; from any thread."""
        if self.muted(name) is not is_muted:
            self._mutes[name] = _Muting(is_muted)

    def muted(self, name: str) -> bool | None:
        """What people want of the sensor; None where nobody ever said."""
        found = self._mutes.get(name)
        return None if found is None else found.wanted

    def outline(self, name: str) -> list[int | None]:
        """The rows of what the camera `name` sees that have come, 32 bits each; from any thread.

        To ask is to want them for `outline.ASKED_S` more: perception sends none before.
        """
        now = self._clock()
        drawn = self._drawn.get(name)
        if drawn is None or drawn.until < now:
            drawn = self._drawn[name] = _Drawn(now)
        drawn.until = now + outline.ASKED_S
        return [drawn.rows.get(index) for index in range(outline.ROWS)]

    def settle(self, name: str, *, is_muted: bool, now: float) -> None:
        """Tell perception what is wanted while it reports the other, once a second at most."""
        self._settle_outline(name, now)
        muting = self._mutes.get(name)
        if muting is None or muting.wanted == is_muted or not self._eyes or self._socket is None:
            return
        if now - muting.told_at < _ANSWER_EVERY_S:
            return
        muting.told_at = now
        said = record.encode_mute(name, is_muted=muting.wanted, at=now)
        with suppress(OSError):  # it is gone or busy: said again when it reports
            self._socket.sendto(said, self._eyes)

    def _settle_outline(self, name: str, now: float) -> None:
        """Tell perception that an outline is wanted, again and again, and once that it is not."""
        drawn = self._drawn.get(name)
        if drawn is None or not self._eyes or self._socket is None:
            return
        is_wanted = now <= drawn.until
        if is_wanted and now - drawn.told_at < _WISH_EVERY_S:
            return
        drawn.told_at = now
        if not is_wanted:
            del self._drawn[name]
        with suppress(OSError):  # as below
            said = record.encode_outline(name, is_wanted=is_wanted, at=now)
            self._socket.sendto(said, self._eyes)

    def close(self) -> None:
        """Give the socket up, and its file if it is still ours; never raises."""
        if self._socket is None:
            return
        with suppress(OSError):
            if self._is_there():
                self.path.unlink()
        self._socket.close()
        self._socket = None

    def _is_there(self) -> bool:
        """Whether the path still leads to our socket."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._inode

    def _free_path(self) -> None:
        """Take away what a killed agent left.

        Raises:
            OSError: Somebody listens there, or it is no socket.
        """
        try:
            mode = self.path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise OSError(errno.EEXIST, "not a socket, remove it", str(self.path))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            try:
                asking.connect(str(self.path))
            except ConnectionRefusedError:
                self.path.unlink()
                return
        raise OSError(errno.EADDRINUSE, "another process listens there", str(self.path))

    def _receive(self) -> tuple[bytes, int | None, str] | None:
        """One datagram, cut off behind a record's length, its sender's user and address."""
        if self._socket is None:
            return None
        space = socket.CMSG_SPACE(_CREDENTIALS.size)
        try:
            raw, extra, _, address = self._socket.recvmsg(record.SIZE + 1, space)
        except BlockingIOError:
            return None
        uid = None
        for level, kind, data in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                _, uid, _ = _CREDENTIALS.unpack(data)
        return raw, uid, address if isinstance(address, str) else ""

    def _take_in(self, raw: bytes, uid: int | None, address: str, now: float) -> None:
        if uid not in self._trusted:
            self.troubles.strangers += 1
            self.troubles.last = f"a record from user {uid}"
            return
        if not self._bytes.take(max(1, len(raw)), now):
            self.troubles.flooded += 1
            return
        try:
            found = record.decode(raw)
        except RecordError as error:
            self.troubles.garbage += 1
            self.troubles.last = f"no record: {error}"
            return
        if found.source not in self._names:
            self.troubles.unknown += 1
            self.troubles.last = f"a record of no sensor here ({found.source:#06x})"
            return
        if why := self._doubt(found, now):
            self.troubles.refused += 1
            self.troubles.last = why
            return
        self._eyes = address
        channel = self._channel(found.source, found.quantity)
        channel.newest = found
        drawn = self._drawn.get(self._names[found.source])
        if found.quantity is Quantity.VIEW_OUTLINE_ROW and drawn is not None:
            index, bits = outline.unpacked(found.value)
            drawn.rows[index] = bits
        if record.TABLE[found.quantity].is_peak:
            channel.peak = found.value if channel.peak is None else max(found.value, channel.peak)

    def _doubt(self, found: Record, now: float) -> str:
        """Why a record is no news, in words; empty where it is."""
        what = f"{self._names[found.source]} {found.quantity}"
        if found.at > now + record.AHEAD_S:
            return f"{what}: {found.at - now:.1f} s ahead of the clock"
        if found.at < now - record.MAX_AGE_S:
            return f"{what}: {now - found.at:.1f} s old"
        if found.quantity is Quantity.VIEW_OUTLINE_ROW and not self._draws(found.source, now):
            return f"{what}: nobody draws zones"
        channel = self._channel(found.source, found.quantity)
        if channel.newest is not None and found.at <= channel.newest.at:
            return f"{what}: said again"
        if not channel.pace.take(1.0, found.at):
            return f"{what}: said too often"
        return ""

    def _draws(self, source: int, now: float) -> bool:
        """Whether the outline of what this camera sees is wanted."""
        drawn = self._drawn.get(self._names[source])
        return drawn is not None and now <= drawn.until

    def _channel(self, source: int, quantity: Quantity) -> _Channel:
        """Where its records are kept: for the table's quantities of the sensors listened to."""
        key = source, quantity
        if key not in self._channels:
            self._channels[key] = _Channel(record.pace_of(quantity))
        return self._channels[key]


def _uid_of(user: str) -> list[int]:
    """The number of a user, if there is one."""
    try:
        return [pwd.getpwnam(user).pw_uid]
    except KeyError:
        return []


def _open_to_perception(path: Path) -> None:
    """Let perception, which is another user, write to the socket; by the uid others are refused.

    Raises:
        OSError: The socket is gone.
    """
    path.chmod(0o666)
