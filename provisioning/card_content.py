"""What is on a card already, and what makes a card a device's own."""

import re
from dataclasses import dataclass

from provisioning.fat import FatError, FatVolume
from provisioning.medium import SECTOR, Medium
from provisioning.partitions import Partition, partitions
from provisioning.places import SEED_FILE, SEED_FOLDER
from provisioning.seed import Seed, seed_text

CARD_FILE = "card.txt"  # stays on the card when the seed is gone: whose card it is, for people
_DEVICE = re.compile(r"^device = ([a-z0-9-]{1,48})\s*$", re.MULTILINE)
_EXFAT_FILE = 0x85
_LOOKED_AT_BYTES = 2 << 20  # ISO 9660 and UDF begin at 32 KiB, btrfs has its superblock at 64 KiB
_NAMES_OF_NOBODY = frozenset(
    {
        "SYSTEM VOLUME INFORMATION", "$RECYCLE.BIN", ".SPOTLIGHT-V100", ".FSEVENTSD", ".TRASHES",
        "._.TRASHES", ".DS_STORE",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardContent:
    """`device` is whose card it is, where it is one of ours; `has_data` if it holds anything."""

    device: str | None
    has_data: bool


def content_of(medium: Medium) -> CardContent:
    """What a card holds, as far as can be told without the system's help.

    Raises:
        OSError: It cannot be read.
    """
    found = partitions(medium)
    for each in found[:1]:
        device = _device(medium, each)
        if device is not None:
            return CardContent(device, has_data=True)
    if not found:
        return CardContent(None, has_data=any(medium.read(0, _LOOKED_AT_BYTES)))
    return CardContent(None, has_data=any(not _is_empty(medium, each) for each in found))


def put_seed(medium: Medium, seed: Seed) -> None:
    """Write the seed, and whose card it is, into the first partition.

    Raises:
        FatError: There is none that can be written.
    """
    found = partitions(medium)
    if not found:
        raise FatError("no partition")
    volume = FatVolume(medium, found[0].start)
    volume.write_file(SEED_FOLDER, SEED_FILE, seed_text(seed).encode())
    volume.write_file(SEED_FOLDER, CARD_FILE, _card_text(seed).encode("utf-8-sig"))


def _card_text(seed: Seed) -> str:
    lines = (
        f"이 카드는 해태 기기 {seed.device} 의 것입니다 ({seed.place.ko}).",
        f"This card belongs to the Haetae device {seed.device} ({seed.place.en}).",
        f"device = {seed.device}",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _device(medium: Medium, partition: Partition) -> str | None:
    try:
        raw = FatVolume(medium, partition.start).read_file(SEED_FOLDER, CARD_FILE)
    except FatError:
        return None
    found = _DEVICE.search((raw or b"").decode("utf-8-sig", "replace").replace("\r", ""))
    return found[1] if found else None


def _is_empty(medium: Medium, partition: Partition) -> bool:
    """Whether a volume is as new: FAT or exFAT without a file, or nothing at all."""
    first = medium.read(partition.start, SECTOR)
    if len(first) < SECTOR:  # it lies behind the end
        return True
    if not any(first):
        return not any(medium.read(partition.start, min(partition.size, _LOOKED_AT_BYTES)))
    if first[3:11] == b"EXFAT   ":
        return _is_empty_exfat(medium, partition, first)
    try:
        names = FatVolume(medium, partition.start).names()
    except FatError:
        return False
    return all(name.upper() in _NAMES_OF_NOBODY for name in names)


def _is_empty_exfat(medium: Medium, partition: Partition, first: bytes) -> bool:
    """Whether the root's first cluster names no file (exFAT specification, 3.1 and 7.4)."""
    heap, _, root = (int.from_bytes(first[n : n + 4], "little") for n in (88, 92, 96))
    sector, cluster = 1 << min(first[108], 12), 1 << min(first[108] + first[109], 20)
    raw = medium.read(partition.start + heap * sector + (root - 2) * cluster, cluster)
    return bool(raw) and _EXFAT_FILE not in raw[::32]
