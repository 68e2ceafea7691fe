"""Names in a FAT directory: the short one of eleven bytes, and the long one before it."""

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

ENTRY = 32  # bytes of a directory entry
LAST, FREE = 0x00, 0xE5  # first bytes of entries that are none
ATTRIBUTE_AT = 11
VOLUME_LABEL, FOLDER, LONG_NAME = 0x08, 0x10, 0x0F
_LOWER_NAME, _LOWER_EXTENSION = 0x08, 0x10  # of byte 12, as Windows NT and Linux write it
_PER_ENTRY = 13  # UTF-16 units of a long name
_SHORT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~")


@dataclass(frozen=True, slots=True)
class Name:
    """A name, and the short one that stands for it in this directory."""

    long: str
    short: bytes

    @classmethod
    def unlike(cls, name: str, taken: Collection[bytes]) -> "Name":
        """With a short name that no other file of the directory has."""
        stem, _, extension = name.upper().rpartition(".")
        if not stem:
            stem, extension = extension, ""
        kept = [
            bytes(b for b in part.encode("ascii", "ignore") if b in _SHORT)
            for part in (stem, extension)
        ]
        for n in range(1, 1_000_000):
            tail = b"~%d" % n
            short = (kept[0][: 8 - len(tail)] + tail).ljust(8) + kept[1][:3].ljust(3)
            if short not in taken:
                return cls(name, short)
        raise ValueError("a million files of one name")


def name_entries(name: Name) -> Iterator[bytes]:
    """The entries of a long name, in the order in which they stand: the last piece first."""
    units = name.long.encode("utf-16-le")
    if len(units) % (2 * _PER_ENTRY):  # a piece that is full needs no end
        units += b"\0\0"
    pieces = [units[n : n + 2 * _PER_ENTRY] for n in range(0, len(units), 2 * _PER_ENTRY)]
    check = _checksum(name.short)
    for n in range(len(pieces), 0, -1):
        piece = pieces[n - 1].ljust(2 * _PER_ENTRY, b"\xff")
        order = n | (0x40 if n == len(pieces) else 0)
        yield struct.pack(
            "<B10sBBB12sH4s", order, piece[:10], LONG_NAME, 0, check, piece[10:22], 0, piece[22:]
        )


def long_name(pieces: Sequence[bytes], entry: bytes) -> str:
    """The name of an entry: its long one where the pieces before it belong to it."""
    check = _checksum(entry[:11])
    if pieces and all(piece[13] == check for piece in pieces):
        units = b"".join(p[1:11] + p[14:26] + p[28:32] for p in reversed(pieces))
        return units.decode("utf-16-le", "replace").partition("\0")[0]
    stem, extension = (part.decode("cp437").rstrip() for part in (entry[:8], entry[8:11]))
    if entry[12] & _LOWER_NAME:
        stem = stem.lower()
    if entry[12] & _LOWER_EXTENSION:
        extension = extension.lower()
    return f"{stem}.{extension}" if extension else stem


def plain_name(name: str) -> str:
    """A name without its case, which FAT does not tell apart."""
    return name.upper()


def _checksum(short: bytes) -> int:
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    return total
