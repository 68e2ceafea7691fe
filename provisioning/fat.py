"""A FAT16 or FAT32 volume, as far as a seed needs it: files in folders below the root.

After Microsoft's "FAT File System Specification" 1.03. A laptop brings no tool for this that is
the same everywhere and needs no mount. Not supported: FAT12, sectors other than 512 bytes.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioning.fat_names import (
    ATTRIBUTE_AT,
    ENTRY,
    FOLDER,
    FREE,
    LAST,
    LONG_NAME,
    VOLUME_LABEL,
    Name,
    long_name,
    name_entries,
    plain_name,
)
from provisioning.medium import SECTOR, Medium

_END = {16: 0xFFFF, 32: 0x0FFFFFFF}
_MASK = {16: 0xFFFF, 32: 0x0FFFFFFF}
_BAD = {16: 0xFFF7, 32: 0x0FFFFFF7}
_ENTRY_BYTES = {16: 2, 32: 4}
_FEWEST_CLUSTERS = 4085  # below: FAT12
_FSINFO_MARKS = (b"RRaA", b"rrAa")


class FatError(Exception):
    """The volume is damaged, or not one that is written here."""


class VolumeFullError(FatError):
    """There is no room left."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A directory entry: its own place, where its first piece (of its long name) begins."""

    at: int
    raw: bytes
    name: str
    slots: Sequence[int]

    @property
    def is_folder(self) -> bool:
        return bool(self.raw[ATTRIBUTE_AT] & FOLDER)

    @property
    def cluster(self) -> int:
        high, low = struct.unpack_from("<20xH4xH", self.raw)
        return int(high << 16 | low)

    @property
    def size(self) -> int:
        return int(struct.unpack_from("<28xI", self.raw)[0])


class FatVolume:
    """The volume that begins at `start` (bytes) of a medium.

    Raises:
        FatError: There is none, or not one of these kinds.
    """

    def __init__(self, medium: Medium, start: int = 0) -> None:
        self._medium, self._start = medium, start
        boot = medium.read(start, SECTOR)
        if len(boot) < SECTOR or boot[510:512] != b"\x55\xaa":
            raise FatError("no boot sector")
        sector, self._per_cluster, reserved, fats, roots = struct.unpack_from("<HBHBH", boot, 11)
        small, fat_16, large, fat_32 = struct.unpack_from("<HxH8xII", boot, 19)
        if sector != SECTOR or self._per_cluster not in {1, 2, 4, 8, 16, 32, 64, 128} or not fats:
            raise FatError(f"sectors of {sector} bytes, {self._per_cluster} to a cluster")
        fat_size = fat_16 or fat_32
        self._fats = [reserved + n * fat_size for n in range(fats)]
        self._root_first = reserved + fats * fat_size
        self._root_bytes = roots * ENTRY
        root_sectors = -(-self._root_bytes // SECTOR)
        self._data = self._root_first + root_sectors
        self._clusters = ((small or large) - self._data) // self._per_cluster
        self._bits = 16 if fat_16 else 32  # as Linux tells them apart, whatever their size
        if self._clusters < (_FEWEST_CLUSTERS if fat_16 else 1):
            raise FatError("FAT12, or damaged")
        self._root_cluster, self._info = struct.unpack_from("<IH", boot, 44)
        self._hint = 2

    def names(self, folder: str = "") -> Sequence[str]:
        """What is in a folder of the root, or in the root itself, without `.` and `..`."""
        found = [each.name for each in self._entries(self._folder(folder))]
        return [name for name in found if name not in {".", ".."}]

    def read_file(self, folder: str, name: str) -> bytes | None:
        """A file's content, or None where there is none."""
        try:
            found = self._find(self._folder(folder), name)
        except FileNotFoundError:
            return None
        if found is None or found.is_folder:
            return None
        raw = b"".join(
            self._read(self._at(each), self._cluster_bytes) for each in self._chain(found.cluster)
        )
        return raw[: found.size]

    def write_file(self, folder: str, name: str, content: bytes) -> None:
        """Put a file into a folder of the root, which is made where there is none.

        What a file of that name held is overwritten before it is replaced.

        Raises:
            VolumeFullError: There is no room left; the volume is to be thrown away then.
        """
        if (parent := self._find(None, folder)) is None:
            parent = self._make_folder(folder)
        found = self._find(parent.cluster, name)
        if found is not None:
            for cluster in list(self._chain(found.cluster)):
                self._write(self._at(cluster), bytes(self._cluster_bytes))
                self._set(cluster, 0)
        first = self._store(content)
        if found is None:
            self._enter(parent.cluster, name, 0x20, first, len(content))
        else:
            fresh = bytearray(found.raw)
            struct.pack_into("<H", fresh, 20, first >> 16)
            struct.pack_into("<HI", fresh, 26, first & 0xFFFF, len(content))
            self._write(found.at, bytes(fresh))

    def _folder(self, name: str) -> int | None:
        """The first cluster of a folder of the root; None is the root."""
        if not name:
            return None
        found = self._find(None, name)
        if found is None or not found.is_folder:
            raise FileNotFoundError(name)
        return found.cluster

    def _make_folder(self, name: str) -> _Found:
        first = self._store(bytes(self._cluster_bytes))
        for n, (short, cluster) in enumerate(((b".", first), (b"..", 0))):
            entry = _entry(short.ljust(11), FOLDER, cluster, 0)
            self._write(self._at(first) + n * ENTRY, entry)
        self._enter(None, name, FOLDER, first, 0)
        made = self._find(None, name)
        if made is None:
            raise FatError(f"{name}: made, and not there")
        return made

    def _find(self, folder: int | None, name: str) -> _Found | None:
        wanted = plain_name(name)
        return next((e for e in self._entries(folder) if plain_name(e.name) == wanted), None)

    def _entries(self, folder: int | None) -> Iterator[_Found]:
        pieces: list[tuple[int, bytes]] = []
        for at in self._slots(folder):
            raw = self._read(at, ENTRY)
            if raw[0] == LAST:
                return
            if raw[0] == FREE:
                pieces.clear()
            elif raw[ATTRIBUTE_AT] & 0x3F == LONG_NAME:
                pieces.append((at, raw))
            else:
                if not raw[ATTRIBUTE_AT] & VOLUME_LABEL:
                    slots = [place for place, _ in pieces] + [at]
                    yield _Found(at, raw, long_name([part for _, part in pieces], raw), slots)
                pieces.clear()

    def _slots(self, folder: int | None) -> Iterator[int]:
        """The places of a folder's entries."""
        if folder in {None, 0}:
            if self._bits == 16:
                first = self._root_first * SECTOR
                yield from range(first, first + self._root_bytes, ENTRY)
                return
            folder = self._root_cluster
        for cluster in self._chain(folder or 0):
            at = self._at(cluster)
            yield from range(at, at + self._cluster_bytes, ENTRY)

    def _enter(self, folder: int | None, name: str, kind: int, first: int, size: int) -> None:
        taken = {bytes(each.raw[:11]) for each in self._entries(folder)}
        named = Name.unlike(name, taken)
        entries = [*name_entries(named), _entry(named.short, kind, first, size)]
        for at, raw in zip(self._room(folder, len(entries)), entries, strict=True):
            self._write(at, raw)

    def _room(self, folder: int | None, count: int) -> Sequence[int]:
        """So many places in a row that are free in a folder, which is made longer for them."""
        while True:
            run: list[int] = []
            was_last = False
            for at in self._slots(folder):
                first = self._read(at, 1)[0]
                was_last = was_last or first == LAST
                run = [*run, at] if was_last or first == FREE else []
                if len(run) == count:
                    return run
            self._lengthen(folder)

    def _lengthen(self, folder: int | None) -> None:
        if folder in {None, 0} and self._bits == 16:
            raise VolumeFullError("the root directory is full")
        if not (chain := list(self._chain(folder or self._root_cluster))):
            raise FatError("a folder without a cluster")
        self._set(chain[-1], self._store(bytes(self._cluster_bytes)))

    def _store(self, content: bytes) -> int:
        """Put content into free clusters; the first one, or 0 for none."""
        size = self._cluster_bytes
        pieces = [content[n : n + size] for n in range(0, len(content), size)]
        if len(pieces) > self._clusters:
            raise VolumeFullError("larger than the volume")
        clusters: list[int] = []
        for _ in pieces:
            clusters.append(self._free())
            self._set(clusters[-1], _END[self._bits])
        for n, piece in enumerate(pieces):
            self._write(self._at(clusters[n]), piece.ljust(size, b"\0"))
            if n:
                self._set(clusters[n - 1], clusters[n])
        return clusters[0] if clusters else 0

    def _free(self) -> int:
        count = int(self._clusters)
        for n in range(count):
            cluster = 2 + (self._hint - 2 + n) % count
            if self._next(cluster) == 0:
                self._hint = cluster + 1
                return cluster
        raise VolumeFullError("no free cluster")

    def _chain(self, first: int) -> Iterator[int]:
        cluster, left = first, self._clusters
        while 2 <= cluster < _BAD[self._bits]:
            if not left or cluster >= self._clusters + 2:
                raise FatError(f"cluster {cluster}: a chain without an end")
            yield cluster
            cluster, left = self._next(cluster), left - 1

    def _next(self, cluster: int) -> int:
        width = _ENTRY_BYTES[self._bits]
        raw = self._read(self._fats[0] * SECTOR + width * cluster, width)
        return int.from_bytes(raw, "little") & _MASK[self._bits]

    def _set(self, cluster: int, value: int) -> None:
        """Point a cluster at the next one; the count of free ones is kept right (FAT32)."""
        width, before = _ENTRY_BYTES[self._bits], self._next(cluster)
        for fat in self._fats:
            at = fat * SECTOR + width * cluster
            kept = int.from_bytes(self._read(at, width), "little") & ~_MASK[self._bits]
            self._write(at, (kept | value).to_bytes(width, "little"))
        if self._bits == 32 and self._info not in {0, 0xFFFF} and (before == 0) != (value == 0):
            self._count(1 if value == 0 else -1)

    def _count(self, change: int) -> None:
        at = self._info * SECTOR
        raw = self._read(at, SECTOR)
        free = struct.unpack_from("<I", raw, 488)[0]
        if (raw[:4], raw[484:488]) == _FSINFO_MARKS and free != 0xFFFFFFFF:
            self._write(at + 488, struct.pack("<I", free + change))

    @property
    def _cluster_bytes(self) -> int:
        return int(self._per_cluster) * SECTOR

    def _at(self, cluster: int) -> int:
        return int(self._data + (cluster - 2) * self._per_cluster) * SECTOR

    def _read(self, at: int, count: int) -> bytes:
        raw = self._medium.read(self._start + at, count)
        if len(raw) < count:
            raise FatError(f"ends before {self._start + at + count}")
        return raw

    def _write(self, at: int, content: bytes) -> None:
        self._medium.write(self._start + at, content)


def _entry(short: bytes, kind: int, first: int, size: int) -> bytes:
    """A short entry of 1980-01-01: a card made twice of the same seed is the same."""
    day = 1 << 5 | 1
    return struct.pack(
        "<11sBBBHHHHHHHI", short, kind, 0, 0, 0, day, day, first >> 16, 0, day, first & 0xFFFF, size
    )
