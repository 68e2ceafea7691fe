"""Finds what was marked in bytes that have left, however they were written down."""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress

WINDOW = 8  # bytes in a row: by chance once in 10^19
_VARIED = 6  # different ones among them: zeros, and round numbers, are no mark
_FILES = {
    b"\xff\xd8\xff": "a JPEG",
    b"\x89PNG\r\n\x1a\n": "a PNG",
    b"WAVEfmt ": "a WAV",
    b"OggS\x00": "an Ogg",
    b"fLaC\x00": "a FLAC",
    b"ftypisom": "an MP4",
    b"\x1a\x45\xdf\xa3": "a Matroska",
}
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}[ :]?){16,}")
_NUMBERS = re.compile(rb"-?\d{1,3}(?:[,; \n\t]+-?\d{1,3}){15,}")
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


class Marks:
    """Bytes of which no `WINDOW` in a row may be found anywhere."""

    def __init__(self, marked: Iterable[bytes]) -> None:
        self._windows = {
            window
            for each in marked
            for n in range(len(each) - WINDOW + 1)
            if len(set(window := each[n : n + WINDOW])) >= _VARIED
        }

    def found_in(self, left: bytes) -> list[str]:
        """Say in which form something marked, or a file of pictures or sound, is in `left`."""
        found = [what for start, what in _FILES.items() if start in left]
        for form, content in _forms(left):
            if any(content[n : n + WINDOW] in self._windows for n in range(len(content))):
                found.append(form)
        return found


def _forms(left: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes as they are, and everything that may be written in them."""
    yield "as it is", left
    for match in _BASE64.finditer(left):
        for start in range(4):
            run = match[0][start:]
            run = run[: len(run) // 4 * 4].replace(b"-", b"+").replace(b"_", b"/")
            with suppress(binascii.Error):
                yield "in base64", base64.b64decode(run)
    for match in _HEX.finditer(left):
        digits = re.sub(rb"[ :]", b"", match[0])
        for start in range(2):
            run = digits[start:]
            yield "in hex", bytes.fromhex(run[: len(run) // 2 * 2].decode())
    for match in _NUMBERS.finditer(left):
        yield "as numbers", bytes(int(each) & 0xFF for each in re.findall(rb"-?\d+", match[0]))
    for match in _DEFLATED.finditer(left):
        yield "compressed", _inflated(left[match.start() :])


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(content)
    except zlib.error:
        return b""


def compressed(content: bytes) -> bytes:
    """As a careless program would keep it."""
    return gzip.compress(content)
