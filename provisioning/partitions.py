"""Where the partitions of a card begin: MBR, GPT, or a card that is one volume."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.medium import SECTOR, Medium

_SIGNATURE = b"\x55\xaa"
_PROTECTIVE, _EMPTY = 0xEE, 0
_MOST_GPT_ENTRIES = 128
_MOST_SECTORS = 1 << 48


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition; `start` and `size` in bytes."""

    start: int
    size: int


def partitions(medium: Medium) -> Sequence[Partition]:
    """The partitions in the order of the table; none where there is no table that makes sense."""
    first = medium.read(0, SECTOR)
    if len(first) < SECTOR or first[510:512] != _SIGNATURE:
        return []
    if is_volume(first):
        return [Partition(0, _volume_size(first))]
    found = []
    for n in range(4):
        kind, start, count = struct.unpack_from("<4xB3xII", first, 446 + 16 * n)
        if kind == _PROTECTIVE:
            return _gpt(medium)
        if kind != _EMPTY and count:
            found.append(Partition(start * SECTOR, count * SECTOR))
    return found


def is_volume(sector: bytes) -> bool:
    """Whether a first sector is that of a FAT or exFAT volume, not a partition table."""
    jumps = sector[0] in (0xEB, 0xE9)
    return jumps and (sector[3:11] == b"EXFAT   " or sector[11:13] in (b"\0\2", b"\0\x10"))


def _volume_size(sector: bytes) -> int:
    small, large = struct.unpack_from("<H11xI", sector, 19)
    return int((small or large) * SECTOR)


def _gpt(medium: Medium) -> Sequence[Partition]:
    header = medium.read(SECTOR, SECTOR)
    if header[:8] != b"EFI PART":
        return []
    table, count, size = struct.unpack_from("<QII", header, 72)
    if not 128 <= size <= 4096 or count > _MOST_GPT_ENTRIES or table > _MOST_SECTORS:
        return []
    raw = medium.read(table * SECTOR, count * size)
    found = []
    for n in range(len(raw) // size):
        kind, first, last = struct.unpack_from("<16s16xQQ", raw, n * size)
        if kind.strip(b"\0") and first <= last <= _MOST_SECTORS:
            found.append(Partition(first * SECTOR, (last - first + 1) * SECTOR))
    return found
