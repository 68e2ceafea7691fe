"""A card is as new only if nothing of anybody is on it, whatever its volume is called."""

import struct
from pathlib import Path

import pytest

from provisioning.card_content import content_of
from provisioning.medium import Overlay
from provisioning.partitions import Partition
from tests.provisioning.test_flash_fat import FileMedium, run
from tests.running import needs

MIB = 1 << 20
WHOLE, SECOND = Partition(0, 64 * MIB), Partition(4 * MIB, 8 * MIB)


def blank(*parts: Partition) -> Overlay:
    """A card of zeros, with a table of these partitions."""
    card = Overlay(lambda at, count: bytes(max(0, min(count, WHOLE.size - at))))
    for n, each in enumerate(parts):
        entry = struct.pack("<4xB3xII", 0x83, each.start // 512, each.size // 512)
        card.write(446 + 16 * n, entry)
        card.write(510, b"\x55\xaa")
    return card


@pytest.mark.parametrize(
    ("at", "mark"),
    [(1080, b"\x53\xef"), (32_769, b"CD001"), (32_769, b"BEA01"), (65_600, b"_BHRfS_M")],
    ids=["ext4", "ISO 9660", "UDF", "btrfs"],
)
@pytest.mark.parametrize("where", [WHOLE, SECOND], ids=["the whole card", "a partition"])
def test_a_file_system_that_begins_late_is_somebodys(
    where: Partition, at: int, mark: bytes
) -> None:
    card = blank() if where is WHOLE else blank(where)
    assert content_of(card).has_data is False
    card.write(where.start + at, mark)
    assert content_of(card).has_data is True


def test_what_lies_behind_a_partition_is_not_its() -> None:
    card = blank(Partition(MIB, MIB // 2))
    card.write(2 * MIB - 512, b"what was there long ago")
    assert content_of(card).has_data is False


@pytest.mark.parametrize(
    ("names", "has_data"),
    [
        ([".git"], True),
        ([".Trashes", "._.Trashes", ".DS_Store", ".fseventsd", ".Spotlight-V100"], False),
        (["System Volume Information"], False),
    ],
)
def test_names_that_begin_with_a_dot_are_looked_at_like_others(
    tmp_path: Path, names: list[str], has_data: bool
) -> None:
    needs("mkfs.vfat")
    needs("mmd")
    volume = tmp_path / "stick.img"
    volume.write_bytes(bytes(16 * MIB))
    run("mkfs.vfat", "-F", 16, volume)
    run("mmd", "-i", volume, *(f"::{name}" for name in names))
    assert content_of(FileMedium(volume)).has_data is has_data
