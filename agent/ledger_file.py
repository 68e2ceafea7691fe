"""The ledger on disk: JSON lines in numbered segments, each record chained to the one before.

A line's signature is its last field and covers the line's bytes before it. A record of a device
that has no key yet carries a checksum there, so that a flipped bit is still told at its record.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agent.signing import Signer
from drivers import kept

GENESIS = "0" * 64  # what the first record has for its predecessor's digest
HEAD_BYTES = 12  # of a digest in each heartbeat: 96 bits, against whoever has the device's key
_HEAD = re.compile(r"(\d{1,15}):([A-Za-z0-9_-]{16})", re.ASCII)
SEGMENT_BYTES = 1 << 20
_SEAL, _END = b',"signature":"', b'"}'


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `previous` is the SHA-256 (hex) of the line before; `key` is empty if unsigned.

    `monotonic_s` is of the kernel's boot that begins `boot_id`; the times are those of what
    happened, not of the writing. `signature` is base64url; where `key` is empty, a SHA-256.
    """

    seq: int
    kind: str
    boot_id: str
    monotonic_s: float
    wall_time: str
    wall_uncertainty_s: float | None
    wall_source: str
    body: dict[str, Any]
    previous: str
    key: str = ""
    signature: str = ""


class Head(msgspec.Struct, frozen=True):
    """The newest record: its number, and the first 96 bits of its digest in base64url."""

    seq: int
    digest: str

    @classmethod
    def of(cls, seq: int, digest: str) -> "Head":
        """Shorten a whole digest (hex)."""
        return cls(seq, _text(bytes.fromhex(digest)[:HEAD_BYTES]).decode("ascii"))

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what `str` writes, as it stands in each heartbeat.

        Raises:
            ValueError: It is something else.
        """
        if (found := _HEAD.fullmatch(text)) is None:
            raise ValueError("a head is a number, a colon and 16 characters of base64url")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        """For people, heartbeats and codes."""
        return f"{self.seq}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A line that could be read: the record, what its signature covers, the signature itself."""

    record: Record
    line: bytes
    covered: bytes
    signature: bytes

    @property
    def is_whole(self) -> bool:
        """Whether an unsigned record's checksum holds."""
        return hashlib.sha256(self.covered).digest() == self.signature


def digest(line: bytes) -> str:
    """What the next record has in `previous`."""
    return hashlib.sha256(line).hexdigest()


def seal(record: Record, signer: Signer | None) -> bytes:
    """The record as a line, without its end.

    Raises:
        SigningError: The key refuses.
    """
    key = "" if signer is None else signer.key_id
    bare = msgspec.json.encode(msgspec.structs.replace(record, key=key, signature=""))
    covered = bare[: -len(_SEAL + _END)]
    sealed = hashlib.sha256(covered).digest() if signer is None else signer.sign(covered)
    return covered + _SEAL + _text(sealed) + _END


def unseal(line: bytes) -> Sealed:
    """Read a line.

    Raises:
        ValueError: It is none of the ledger's.
    """
    covered, found, rest = line.rpartition(_SEAL)
    if not found or not rest.endswith(_END):
        raise ValueError("it does not end in a signature")
    text = rest[: -len(_END)]
    try:
        signature = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(f"its signature is no base64url: {error}") from None
    if _text(signature) != text:  # base64 has bits to spare
        raise ValueError("its signature is no base64url")
    try:
        record = msgspec.json.decode(line, type=Record)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return Sealed(record, line, covered, signature)


def _text(signature: bytes) -> bytes:
    return base64.urlsafe_b64encode(signature).rstrip(b"=")


def segments(folder: Path) -> list[Path]:
    """The segments, oldest first.

    Raises:
        OSError: The folder is not there or not readable.
    """
    names = (each for each in os.listdir(folder) if each.endswith(".jsonl"))  # noqa: PTH208  # raises at once
    return sorted((folder / n for n in names if n[:-6].isdecimal()), key=lambda p: int(p.stem))


def backwards(folder: Path) -> Iterator[Sealed]:
    """Every line that can be read, newest first, one segment in RAM at a time.

    Raises:
        OSError: The disk cannot be read.
    """
    for path in reversed(segments(folder)):
        for line in reversed(path.read_bytes().split(b"\n")):
            with contextlib.suppress(ValueError):
                yield unseal(line)


class Segments:
    """The segments as the agent appends to them. One thread; every method may raise OSError.

    `torn` says what lay behind the last whole line when they were opened, and was put aside: what
    a power cut left of records that nobody was told of yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.torn: list[dict[str, Any]] = []
        self._number, self._size = self._mend()
        self._file = self._opened()

    def append(self, lines: list[bytes]) -> None:
        """Add whole lines; they are on flash when this returns."""
        content = b"".join(line + b"\n" for line in lines)
        if self._size and self._size + len(content) > SEGMENT_BYTES:
            os.close(self._file)
            self._number, self._size = self._number + 1, 0
            self._file = self._opened()
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fdatasync(self._file)
        except OSError:
            with contextlib.suppress(OSError):  # else the next opening puts the piece aside
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(content)

    def surplus(self, bound: int) -> list[Path]:
        """The oldest segments that must go for the rest to be within `bound` bytes."""
        sizes = [(path, path.stat().st_size) for path in segments(self._folder)]
        total, found = sum(size for _, size in sizes), []
        for path, size in sizes[:-1]:
            if total <= bound:
                break
            found.append(path)
            total -= size
        return found

    def behind(self, surplus: list[Path]) -> Path:
        """The segment that is the oldest once `surplus` is gone."""
        return segments(self._folder)[len(surplus)]

    def close(self) -> None:
        """Release the file."""
        os.close(self._file)

    def _opened(self) -> int:
        path = self._folder / f"{self._number:06d}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        kept.sync(self._folder)
        return file

    def _mend(self) -> tuple[int, int]:
        """Put aside what follows the last whole line; give that segment's number and size."""
        for path in reversed(segments(self._folder)):
            content = path.read_bytes()
            end = _whole(content)
            if rest := content[end:]:
                self.torn.append(self._put_aside(path, rest))
                os.truncate(path, end)
            if end:
                return int(path.stem), end
            path.unlink()
        return 1, 0

    def _put_aside(self, path: Path, rest: bytes) -> dict[str, Any]:
        aside = path.with_suffix(f".torn-{hashlib.sha256(rest).hexdigest()[:8]}")
        with aside.open("wb") as file:
            file.write(rest)
            file.flush()
            os.fsync(file.fileno())
        kept.sync(self._folder)
        return {"bytes": len(rest), "sha256": hashlib.sha256(rest).hexdigest(), "kept": aside.name}


def _whole(content: bytes) -> int:
    """Where the last line ends that can be read."""
    end = content.rfind(b"\n") + 1
    while end:
        start = content.rfind(b"\n", 0, end - 1) + 1
        with contextlib.suppress(ValueError):
            unseal(content[start : end - 1])
            return end
        end = start
    return 0
