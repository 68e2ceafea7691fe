"""Of a card nothing is written but the data partition, and what lies in memory."""

import shutil
from pathlib import Path

import pytest
from image import card

IMAGE = Path(__file__).parents[2] / "scripts" / "image"
TABLE = Path(__file__).parents[2] / "systemd" / "image" / "fstab"


def test_nothing_is_mounted_to_be_written_but_the_data_and_memory() -> None:
    rows = [line.split()[:4] for line in TABLE.read_text("utf-8").splitlines() if line[:1] != "#"]
    assert "/data" in {target for _, target, _, _ in rows}
    for source, target, kind, options in rows:
        is_data = source == "LABEL=haetae-data" or source.startswith("/data/")
        assert is_data or kind == "tmpfs" or "ro" in options.split(","), target


def test_the_root_is_mounted_read_only_and_nothing_mounts_it_again() -> None:
    start = (IMAGE / "init.sh").read_text("utf-8")
    assert [line.split()[1:5] for line in start.splitlines() if "squashfs" in line] == [
        ["mount", "-t", "squashfs", "-o"]
    ]
    assert 'squashfs -o ro,nodev "$device" $new' in start
    words = (IMAGE / "cmdline.txt").read_text("utf-8").split()
    assert "ro" in words
    assert "rw" not in words
    assert not [path for path in TABLE.parent.rglob("*.service") if "remount" in path.read_text()]


def test_the_roots_file_system_is_one_that_cannot_be_written(tmp_path: Path) -> None:
    if shutil.which("mksquashfs") is None:
        pytest.skip("not installed: mksquashfs")
    (tmp_path / "tree").mkdir()
    card.make_squashfs(tmp_path / "tree", tmp_path / "root.squashfs", 1_800_000_000)
    assert (tmp_path / "root.squashfs").read_bytes()[:4] == b"hsqs"


def test_a_boot_that_cannot_go_on_waits_for_nobody() -> None:
    drop_in = (TABLE.parent / "emergency.service.d" / "image.conf").read_text("utf-8")
    started = [line.partition("=")[2] for line in drop_in.splitlines() if line[:10] == "ExecStart="]
    assert started[0] == ""  # Debian's own, which asks for root's password
    assert "systemctl --force reboot" in started[1]
