"""The card's layout, and that the same files make the same bytes."""

import hashlib
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from image import card, tools

from hw_mocks import card_image

EPOCH_S = 1_800_000_000
SIGNATURE = 0x48A37AE1
tools.add_sbin()


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [each for each in programs if shutil.which(each) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_partitions_follow_each_other_and_the_last_can_grow() -> None:
    end = card.LAYOUT[0].start
    for part in card.LAYOUT:
        assert part.start == end
        end = part.start + part.size
    assert end == card.CARD_MIB
    assert card.LAYOUT[-1].name == "data"
    assert card.LAYOUT[1].size == card.LAYOUT[2].size  # the two roots


def test_the_table_is_what_the_kernel_and_the_pis_firmware_read() -> None:
    sector = card.master_boot_record(SIGNATURE)
    assert len(sector) == 512
    assert sector[510:] == b"\x55\xaa"
    assert struct.unpack_from("<I", sector, 440)[0] == SIGNATURE
    for number, part in enumerate(card.LAYOUT):
        flag, _, kind, _, start, size = struct.unpack_from("<B3sB3sII", sector, 446 + 16 * number)
        assert (kind, start * 512, size * 512) == (part.kind, part.start << 20, part.size << 20)
        assert (flag == 0x80) is (number == 0)
    assert card.part_uuid(SIGNATURE, 2) == "48a37ae1-02"


@needs("sfdisk")
def test_sfdisk_finds_nothing_wrong_with_the_table(tmp_path: Path) -> None:
    image = tmp_path / "card.img"
    card.assemble(image, SIGNATURE, {})
    done = subprocess.run(
        ("sfdisk", "--verify", str(image)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    dump = subprocess.run(
        ("sfdisk", "--dump", str(image)), capture_output=True, text=True, check=True
    )
    assert "label-id: 0x48a37ae1" in dump.stdout
    assert dump.stdout.count("type=") == 4


@needs("mkfs.vfat", "mcopy")
def test_the_boot_partition_is_the_same_each_time_and_holds_its_files(tmp_path: Path) -> None:
    files = {"config.txt": b"os_prefix=a/\n", "a/vmlinuz": os.urandom(70_000), "haetae/x": b"y"}
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        image = tmp_path / f"{name}.img"
        card.make_fat(files, image, SIGNATURE, EPOCH_S, tmp_path / name)
        made.append(image)
    assert digest(made[0]) == digest(made[1])
    whole = tmp_path / "card.img"
    card.assemble(whole, SIGNATURE, {"boot": made[0]})
    card_image.read_from_card(whole, ["vmlinuz"], tmp_path)
    assert (tmp_path / "vmlinuz").read_bytes() == files["a/vmlinuz"]
    card_image.write_to_card(whole, {"haetae/seed.toml": b"version = 1\n"})
    card_image.read_from_card(whole, ["seed.toml"], tmp_path, prefix="haetae/")
    assert (tmp_path / "seed.toml").read_bytes() == b"version = 1\n"


@needs("mkfs.ext4", "debugfs", "e2fsck")
def test_the_data_partition_is_the_same_each_time_clean_and_owned(tmp_path: Path) -> None:
    folders = {"configuration": (0o755, 0, 0), "state": (0o750, 996, 995)}
    made = [tmp_path / "one", tmp_path / "two"]
    for image in made:
        card.make_data(folders, image, "01234567-89ab-4cde-8f01-23456789abcd", EPOCH_S)
    assert digest(made[0]) == digest(made[1])
    told = subprocess.run(
        ("debugfs", "-R", "stat state", str(made[0])), capture_output=True, text=True, check=True
    )
    assert "Mode:  0750" in told.stdout
    assert "User:   996   Group:   995" in told.stdout


@needs("mksquashfs")
def test_the_root_is_the_same_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        tree = tmp_path / name
        (tree / "etc").mkdir(parents=True)
        for number in range(20) if name == "one" else reversed(range(20)):
            (tree / "etc" / f"file-{number}").write_text(str(number))
        image = tmp_path / f"{name}.squashfs"
        card.make_squashfs(tree, image, EPOCH_S)
        made.append(digest(image))
    assert made[0] == made[1]


def test_a_root_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("mksquashfs") is None:
        pytest.skip("not installed: mksquashfs")
    monkeypatch.setattr(card, "LAYOUT", (card.LAYOUT[0], card.Partition("root A", 260, 0, 0x83)))
    (tmp_path / "tree").mkdir()
    with pytest.raises(tools.BuildError, match="too large"):
        card.make_squashfs(tmp_path / "tree", tmp_path / "out", EPOCH_S)


def test_a_file_that_is_no_card_is_told(tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(bytes(4096))
    with pytest.raises(card_image.EmulationError, match="no partition table"):
        card_image.first_partition(tmp_path / "card")


def test_a_missing_program_is_named_with_the_command_that_brings_it() -> None:
    with pytest.raises(tools.BuildError, match="sudo apt-get install good-things"):
        tools.require_tools({"no-such-program": "good-things"})
