"""Fetch a release over HTTPS, a piece at a time, and go on from there after whatever came between.

What is fetched lies in `<sha256>.part` until it is whole and its digest is that of the catalogue;
only then it has its name. Nothing in it is looked at before. It goes on only with the file that it
began with (If-Range); whatever a server says, the digest decides. One file at a time: what is left
of another is thrown away, so that nothing piles up.
"""

import contextlib
import hashlib
import http.client
import os
import re
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec

from drivers import kept
from provisioning.update.catalogue import Release
from provisioning.update.wire import CHUNK, Manners, Pace, get
from provisioning.update.words import error

RESERVE_BYTES = 64 << 20  # of the disk stays free for alarms, recordings and the system
_SYNC_BYTES = 4 << 20  # so much a power cut may take back
_LOOK_BYTES = 1 << 20  # so often the room is looked at
_OK, _PARTIAL, _MULTIPLE, _BAD = 200, 206, 300, 400
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_UNNAMED = re.compile(r"\.[a-z]{1,16}\Z", re.ASCII)


class _Origin(msgspec.Struct, frozen=True):
    """What a part was begun with: the server's name for exactly those bytes, empty if it has none.

    RFC 9110 §8.8.3: a weak one does not do for that.
    """

    etag: str = ""


def fetch(  # noqa: PLR0913  # what a download is made of
    release: Release,
    folder: Path,
    https: ssl.SSLContext,
    *,
    url: str,
    progress: Callable[[int, int], None] = lambda _done, _whole: None,
    should_go_on: Callable[[], bool] = lambda: True,
    reserve_bytes: int = RESERVE_BYTES,
    manners: Manners | None = None,
) -> Path:
    """Fetch a release to `folder`; give its file, `<sha256>` with the ending of its address.

    `progress` is told the bytes that are there, and of how many. Where `should_go_on` says no, it
    stops, and goes on from there when it is called again. `reserve_bytes` of the disk stay free.

    Raises:
        ProvisioningError: It did not come whole. What is there is kept, unless it is wrong.
    """
    part = _Part(release, folder, reserve_bytes)
    if part.is_whole():
        progress(release.bytes, release.bytes)
        return part.whole
    part.begin()
    try:
        if part.size < release.bytes:
            pace = Pace(Manners() if manners is None else manners)
            with get(url, https, pace, part.wanted()) as answer:
                part.resume(answer)
                progress(part.size, release.bytes)
                while chunk := answer.read1(CHUNK):
                    part.add(chunk)
                    progress(part.size, release.bytes)
                    if not should_go_on():
                        raise error("update-interrupted", "it was asked to stop")
        return part.finish()
    finally:
        part.close()


def fetch_text(
    url: str, https: ssl.SSLContext, *, most_bytes: int, manners: Manners | None = None
) -> bytes:
    """Fetch something small, such as the catalogue, whole.

    Raises:
        ProvisioningError: It did not come, or is larger than that.
    """
    found = b""
    with get(url, https, Pace(Manners() if manners is None else manners), {}) as answer:
        if answer.status != _OK:
            raise _refused(answer)
        while len(found) <= most_bytes and (chunk := answer.read1(CHUNK)):
            found += chunk
        if answer.length:
            raise error("update-interrupted", f"{answer.length} bytes are missing")
    if len(found) > most_bytes:
        raise error("update-server-refused", f"more than {most_bytes} bytes")
    return found


class _Part:
    """What is there of a release. Methods raise `ProvisioningError` for the disk's sake, too."""

    def __init__(self, release: Release, folder: Path, reserve_bytes: int) -> None:
        self._release, self._folder, self._reserve_bytes = release, folder, reserve_bytes
        suffix = release.suffix if _UNNAMED.match(release.suffix) else ""
        self.whole = folder / (release.sha256 + suffix)
        self._path, self._tag = (folder / (release.sha256 + each) for each in (".part", ".from"))
        self._file = -1
        self.size = self._synced = self._looked = 0
        self._is_resumed = False
        self._digest = hashlib.sha256()

    def is_whole(self) -> bool:
        """Whether it was fetched before; what is not what it should be is thrown away."""
        try:
            if self.whole.stat().st_size == self._release.bytes:
                with self.whole.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() == self._release.sha256:
                        return True
            self.whole.unlink()
        except FileNotFoundError:
            pass
        except OSError as problem:
            raise _no_disk(problem) from None
        return False

    def begin(self) -> None:
        """Open what is there, read it, and see that there is room for the rest."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for each in self._folder.glob("*.part"):
                if each != self._path:
                    each.unlink(missing_ok=True)
                    each.with_suffix(".from").unlink(missing_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o644)
            while chunk := os.read(self._file, CHUNK):
                self._digest.update(chunk)
                self.size += len(chunk)
            self._is_resumed = self.size > 0
            if self.size > self._release.bytes:
                self._restart()
        except OSError as problem:
            self.close()
            raise _no_disk(problem) from None
        self._check_room()

    def wanted(self) -> dict[str, str]:
        """The headers that ask for what is missing."""
        if not self.size:
            return {}
        etag = self._origin()
        return {"Range": f"bytes={self.size}-"} | ({"If-Range": etag} if etag else {})

    def resume(self, answer: http.client.HTTPResponse) -> None:
        """Make ready for what the server gives: the rest, or all of it again."""
        if answer.getheader("Content-Encoding", "identity") != "identity":
            raise error("update-server-refused", "it sends it packed in another way")
        if answer.status == _PARTIAL:
            self._check_range(answer.getheader("Content-Range", ""))
        elif answer.status == _OK:
            if answer.length is not None and answer.length != self._release.bytes:
                self._discard()
                raise error("update-changed", f"{answer.length} bytes, not {self._release.bytes}")
            self._keep_origin(answer)
        else:
            if answer.status == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                self._discard()  # it has less than we have: begin anew
            raise _refused(answer)

    def add(self, chunk: bytes) -> None:
        """Keep what came."""
        if self.size + len(chunk) > self._release.bytes:
            self._discard()
            raise error("update-changed", f"more than {self._release.bytes} bytes")
        try:
            left = memoryview(chunk)
            while left:
                left = left[os.write(self._file, left) :]
            self._digest.update(chunk)
            self.size += len(chunk)
            if self.size - self._synced >= _SYNC_BYTES:
                os.fdatasync(self._file)
                self._synced = self.size
        except OSError as problem:
            self._discard()
            raise _no_disk(problem) from None
        if self.size - self._looked >= _LOOK_BYTES:
            self._check_room()

    def finish(self) -> Path:
        """Hold all of it against the catalogue, and give it its name."""
        if self.size < self._release.bytes:
            raise error("update-interrupted", f"{self.size} of {self._release.bytes} bytes")
        if self._digest.hexdigest() != self._release.sha256:
            self._discard()
            if self._is_resumed:  # what was there may be what was spoilt: by a power cut, say
                raise error("update-interrupted", "what was there does not fit: it begins anew")
            raise error("update-changed", f"SHA-256 {self._digest.hexdigest()}")
        try:
            os.fsync(self._file)
            self._path.replace(self.whole)
            self._tag.unlink(missing_ok=True)
            kept.sync(self._folder)
        except OSError as problem:
            raise _no_disk(problem) from None
        return self.whole

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _check_range(self, text: str) -> None:
        found = _RANGE.fullmatch(text)
        whole = str(self._release.bytes)
        if found is None or int(found[1]) != self.size or found[3] not in {whole, "*"}:
            self._discard()  # else it would be so each time
            raise error("update-server-refused", f"from {self.size} on it gave {text[:60]!r}")

    def _keep_origin(self, answer: http.client.HTTPResponse) -> None:
        etag = answer.getheader("ETag", "")
        try:
            self._restart()
            if etag.isascii() and etag.isprintable() and not etag.startswith("W/"):
                kept.store(self._tag, _Origin(etag[:256]))
        except OSError as problem:
            raise _no_disk(problem) from None

    def _origin(self) -> str:
        try:
            return msgspec.json.decode(self._tag.read_bytes(), type=_Origin).etag
        except (OSError, ValueError):
            return ""

    def _restart(self) -> None:
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._tag.unlink(missing_ok=True)
        self.size = self._synced = self._looked = 0
        self._is_resumed = False
        self._digest = hashlib.sha256()

    def _discard(self) -> None:
        """Throw away what is there: it is wrong, or its room is wanted."""
        with contextlib.suppress(OSError):  # a disk that fails: why is told already
            for each in (self._path, self._tag):
                each.unlink(missing_ok=True)

    def _check_room(self) -> None:
        self._looked = self.size
        disk = os.statvfs(self._folder)
        free, needed = disk.f_bavail * disk.f_frsize, self._release.bytes - self.size
        if free < needed + self._reserve_bytes:
            self._discard()
            self.close()
            told = f"{free} bytes are free; {needed} are missing, {self._reserve_bytes} stay free"
            raise error("update-no-room", told)


def _refused(answer: http.client.HTTPResponse) -> Exception:
    told = f"{answer.status} {answer.reason}"[:80]
    if _MULTIPLE <= answer.status < _BAD:
        return error("update-moved", f"{told}: {answer.getheader('Location', '')[:120]}")
    return error("update-server-refused", told)


def _no_disk(problem: OSError) -> Exception:
    return error("update-no-room", f"{problem.filename or 'the disk'}: {problem.strerror}")
