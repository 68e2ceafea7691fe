"""Traces of what was on a partition: looked for in its raw bytes, whatever the file system says.

A block of a file is found again by its digest, wherever on the partition a copy of it lies; a
text is found in whatever holds it, a journal or a directory. No trace itself is kept or told.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = 4096  # bytes; ext4's, and what a file's end is padded to with zeros
_CHUNK = 256 * BLOCK
_DIGEST_BYTES = 8
_SHORTEST_TEXT = 4  # bytes: what is shorter is found everywhere by chance


@dataclass(slots=True)
class Traces:
    """What must not be found any more; `texts` in UTF-8."""

    texts: set[bytes] = field(default_factory=set)
    _blocks: set[bytes] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many blocks and texts are sought."""
        return len(self._blocks) + len(self.texts)

    def add_text(self, text: str) -> None:
        """Something that people would know a person by."""
        raw = text.encode()
        if len(raw) >= _SHORTEST_TEXT:
            self.texts.add(raw)

    def add_file(self, path: Path) -> None:
        """Every block of a file that holds anything.

        Raises:
            OSError: It cannot be read.
        """
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                padded = block.ljust(BLOCK, b"\0")
                if any(padded):
                    self._blocks.add(_digest(padded))

    def found_on(self, device: Path, advance: Callable[[int], None]) -> list[int]:
        """Where on a partition there are traces, in bytes from its beginning.

        Raises:
            OSError: It cannot be read.
        """
        found: list[int] = []
        descriptor = os.open(device, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            size = os.lseek(descriptor, 0, os.SEEK_END)
            overlap, before = max(map(len, self.texts), default=1) - 1, b""
            for at in range(0, size, _CHUNK):
                chunk = os.pread(descriptor, min(_CHUNK, size - at), at)
                if any_byte(chunk):
                    found += (at + place for place in self._blocks_in(chunk))
                    found += (at for text in self.texts if text in before + chunk)
                before = chunk[-overlap:] if overlap else b""
                advance(len(chunk))
        finally:
            os.close(descriptor)
        return found

    def _blocks_in(self, chunk: bytes) -> Iterable[int]:
        for place in range(0, len(chunk), BLOCK):
            block = chunk[place : place + BLOCK]
            if any_byte(block) and _digest(block) in self._blocks:
                yield place


def any_byte(content: bytes) -> bool:
    """Whether there is any byte but zero; quick."""
    return content.count(0) != len(content)


def _digest(block: bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=_DIGEST_BYTES).digest()
