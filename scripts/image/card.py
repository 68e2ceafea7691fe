"""The card: two file systems and an empty one, laid side by side behind a partition table.

Nothing is mounted, and no block device is touched: each file system is made as a file.
"""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from image.tools import BuildError, run

MIB = 1 << 20
SECTOR = 512
FAT32_LBA, LINUX = 0x0C, 0x83
_CHUNK = 4 * MIB


@dataclass(frozen=True, slots=True)
class Partition:
    """`start` and `size` in MiB; `kind` is the table's type byte."""

    name: str
    start: int
    size: int
    kind: int


# Room for roots of twice their size; the last one grows to the card's end at the first boot.
LAYOUT = (
    Partition("boot", 4, 256, FAT32_LBA),
    Partition("root A", 260, 384, LINUX),
    Partition("root B", 644, 384, LINUX),
    Partition("data", 1028, 64, LINUX),
)
CARD_MIB = 1092


def part_uuid(signature: int, number: int) -> str:
    """What the kernel and udev call a partition: PARTUUID."""
    return f"{signature:08x}-{number:02x}"


def master_boot_record(signature: int) -> bytes:
    """The first sector: the disk's signature and four partitions, by sector number alone."""
    entries = b"".join(
        struct.pack(
            "<B3sB3sII",
            0x80 if part.name == "boot" else 0,
            b"\xfe\xff\xff",
            part.kind,
            b"\xfe\xff\xff",
            part.start * MIB // SECTOR,
            part.size * MIB // SECTOR,
        )
        for part in LAYOUT
    )
    return bytes(440) + struct.pack("<I", signature) + bytes(2) + entries + b"\x55\xaa"


def make_fat(
    files: Mapping[str, bytes], target: Path, signature: int, epoch_s: int, work: Path
) -> None:
    """The boot partition, with those files in the order of their names."""
    env = {"SOURCE_DATE_EPOCH": str(epoch_s), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    _sized(target, LAYOUT[0].size)
    run("mkfs.vfat", "--invariant", "-F", "32", "-n", "HAETAE", "-i", f"{signature:08x}", target)
    folders = sorted({str(up) for name in files for up in Path(name).parents if str(up) != "."})
    for folder in folders:
        run("mmd", "-i", target, f"::{folder}", env=env)
    for name, data in sorted(files.items()):
        staged = work / "fat" / name
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(data)
        os.utime(staged, (epoch_s, epoch_s))
        run("mcopy", "-m", "-i", target, staged, f"::{name}", env=env)


def make_squashfs(root: Path, target: Path, epoch_s: int) -> None:
    """The root, compressed; the same tree gives the same bytes.

    Raises:
        BuildError: It is larger than its partition.
    """
    target.unlink(missing_ok=True)
    options = ("-noappend", "-no-xattrs", "-no-progress", "-quiet")
    packing = ("-comp", "zstd", "-Xcompression-level", "9")
    times = ("-all-time", str(epoch_s), "-mkfs-time", str(epoch_s))
    run("mksquashfs", root, target, *options, *packing, *times)
    if target.stat().st_size > LAYOUT[1].size * MIB:
        raise BuildError(f"the root is {target.stat().st_size} bytes: too large for its partition")


def make_data(
    folders: Mapping[str, tuple[int, int, int]], target: Path, uuid: str, epoch_s: int
) -> None:
    """The data partition: an empty ext4 with `folders`, each with mode, user and group."""
    _sized(target, LAYOUT[3].size)
    env = {"E2FSPROGS_FAKE_TIME": str(epoch_s)}
    features = ("-O", "^metadata_csum_seed,64bit,metadata_csum", "-m", "0", "-J", "size=4")
    extended = f"hash_seed={uuid},lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    names = ("-L", "haetae-data", "-U", uuid)
    run("mkfs.ext4", "-q", "-F", *names, *features, "-E", extended, target, env=env)
    commands = []
    for name, (mode, user, group) in folders.items():
        fields = {"mode": f"04{mode:04o}", "uid": str(user), "gid": str(group)}
        commands += [f"mkdir {name}"]
        commands += [f"set_inode_field {name} {field} {value}" for field, value in fields.items()]
    run("debugfs", "-w", "-f", "-", target, env=env, text="\n".join(commands) + "\n")
    if told := run("e2fsck", "-f", "-n", target).partition("WARNING")[1]:
        raise BuildError(f"the data partition is not clean: {told}")


def assemble(target: Path, signature: int, parts: Mapping[str, Path]) -> None:
    """The whole card as a sparse file."""
    with target.open("wb") as card:
        card.write(master_boot_record(signature))
        for part in LAYOUT:
            if (source := parts.get(part.name)) is not None:
                _copy_sparse(source, card.fileno(), part.start * MIB)
        card.truncate(CARD_MIB * MIB)


def _copy_sparse(source: Path, card: int, offset: int) -> None:
    zeros = bytes(_CHUNK)
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if chunk != zeros[: len(chunk)]:
                os.pwrite(card, chunk, offset)
            offset += len(chunk)


def _sized(target: Path, size_mib: int) -> None:
    target.unlink(missing_ok=True)
    with target.open("wb") as file:
        file.truncate(size_mib * MIB)
