import os
from pathlib import Path, PurePosixPath

import pytest

from agent import storage
from agent.mounts import MOUNTINFO, Mount, holding, layers, parse
from agent.storage import described, problems, try_out
from tests.disks import bound, fill, mounted, read_only, small_disk

PI = """\
22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw
27 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
31 27 179:1 / /boot/firmware rw,relatime shared:30 - vfat /dev/mmcblk0p1 rw,fmask=0022
35 27 179:3 / /var/lib/haetae rw,nosuid,nodev,noatime - ext4 /dev/mmcblk0p3 rw,data=ordered
"""
OVERLAYROOT = """\
27 1 0:24 / / rw,relatime shared:1 - overlay overlayroot rw,\
lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/work
28 27 179:2 / /media/root-ro ro,relatime shared:2 - ext4 /dev/mmcblk0p2 ro
29 27 0:23 / /media/root-rw rw,relatime shared:3 - tmpfs tmpfs-root rw
"""
RASPI_CONFIG = """\
27 1 0:24 / / rw,relatime shared:1 - overlay overlay rw,\
lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work
"""
PARTITION_UNDER_OVERLAY = (
    OVERLAYROOT + "40 27 179:3 / /var/lib/haetae rw,noatime shared:9 - ext4 /dev/mmcblk0p3 rw\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "mountinfo"


def fatal(state: Path, table: Path = MOUNTINFO) -> list[str]:
    return [each.text for each in problems(state, table) if each.is_fatal]


def mount_of(text: str, path: str) -> Mount:
    found = holding(parse(text), PurePosixPath(path))
    assert found is not None
    return found


def test_the_longest_mount_point_holds_a_path() -> None:
    assert mount_of(PI, "/var/lib/haetae/outbox.db").source == "/dev/mmcblk0p3"
    assert mount_of(PI, "/var/lib/haetae-old").source == "/dev/mmcblk0p2"
    assert mount_of(PI, "/").source == "/dev/mmcblk0p2"


def test_octal_escapes_are_undone() -> None:
    text = PI + r"40 27 8:1 / /media/a\040b\134c\011d rw - ext4 /dev/disk\040one rw"
    found = mount_of(text, "/media/a b\\c\td/state")
    assert (str(found.point), found.source) == ("/media/a b\\c\td", "/dev/disk one")


def test_a_later_mount_hides_an_earlier_one_in_its_place_and_below() -> None:
    in_place = PI + "50 35 0:40 / /var/lib/haetae rw - tmpfs tmpfs rw\n"
    assert mount_of(in_place, "/var/lib/haetae/x").kind == "tmpfs"
    above = PI + "50 27 0:40 / /var rw - tmpfs tmpfs rw\n"
    assert mount_of(above, "/var/lib/haetae/x").kind == "tmpfs"
    below = above + "51 50 8:1 / /var/lib/haetae rw - ext4 /dev/sda1 rw\n"
    assert mount_of(below, "/var/lib/haetae/x").source == "/dev/sda1"


def test_a_root_over_the_first_root_counts() -> None:
    text = "1 1 0:2 / / rw - rootfs rootfs rw\n" + PI
    assert mount_of(text, "/var/log").source == "/dev/mmcblk0p2"


@pytest.mark.parametrize(
    "line", ["", "rubbish", "1 2 3", "a b c d e f - g h", "1 2 8:1 / / rw ext4 x rw"]
)
def test_a_line_that_is_none_is_left_out(line: str) -> None:
    assert parse(f"{line}\n{PI}") == parse(PI)


def test_optional_fields_may_be_any_number() -> None:
    assert parse("1 0 8:1 / / rw a:1 b:2 c - ext4 /dev/a rw,x=1")[0].option("x") == "1"
    assert parse("1 0 8:1 / / rw - ext4 /dev/a rw")[0].option("x") is None


def test_the_walk_agrees_with_the_kernel() -> None:
    mounts = parse(MOUNTINFO.read_text("utf-8"))
    for name in ("/", "/proc", "/proc/self", "/sys", "/dev", "/dev/shm", "/tmp", "/usr/bin"):
        path = Path(os.path.realpath(name))
        if not path.exists():
            continue
        descriptor = os.open(path, os.O_PATH)
        try:
            facts = Path(f"/proc/self/fdinfo/{descriptor}").read_text("ascii").split()
        finally:
            os.close(descriptor)
        found, number = holding(mounts, PurePosixPath(path)), int(facts[facts.index("mnt_id:") + 1])
        if found is None:  # in a chroot: the kernel shows no mount of its root
            assert number not in {each.number for each in mounts}, name
        else:
            assert found.number == number, name


def test_an_overlay_is_as_good_as_what_its_upper_layer_lies_on() -> None:
    found = list(layers(parse(OVERLAYROOT), PurePosixPath("/var/lib")))
    assert [each.kind if each else None for each in found] == ["overlay", "tmpfs"]


def test_a_loop_device_is_as_good_as_what_its_file_lies_on(tmp_path: Path) -> None:
    (tmp_path / "loop3" / "loop").mkdir(parents=True)
    (tmp_path / "loop3" / "loop" / "backing_file").write_text("/run/image\n")
    text = PI + "40 27 0:33 / /run rw - tmpfs tmpfs rw\n50 27 7:3 / /data rw - ext4 /dev/loop3 rw\n"
    found = list(layers(parse(text), PurePosixPath("/data"), blocks=tmp_path))
    assert [each.source if each else None for each in found] == ["/dev/loop3", "tmpfs"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OVERLAYROOT, "overlayroot=tmpfs:recurse=0"),
        (RASPI_CONFIG, "nobody can tell from here what it lies on"),
        ("1 0 0:9 / / rw - ramfs ramfs rw", "gone after a power cut"),
        ("1 0 252:0 / / rw - ext4 /dev/zram0 rw", "gone after a power cut"),
        ("1 0 8:1 / / ro - ext4 /dev/sda1 rw", "read-only: no event can be kept"),
        ("1 0 8:1 / / rw - ext4 /dev/sda1 ro", "read-only: no event can be kept"),
        ("1 0 7:1 / / rw - squashfs /dev/sr0 rw", "read-only: no event can be kept"),
        ("1 0 0:9 / / rw - overlay o rw,lowerdir=/a:/b", "read-only: no event can be kept"),
        ("1 0 8:1 / / rw - ext4 /dev/sda1 rw,barrier=0", "may lose what was synced"),
        ("1 0 0:5 / / rw - nfs4 server:/x rw", "on another machine"),
    ],
)
def test_storage_that_would_lose_alarms_is_told(table: Path, text: str, said: str) -> None:
    table.write_text(text)
    assert any(said in each for each in fatal(Path("/var/lib/haetae"), table))


@pytest.mark.parametrize("text", [PI, PARTITION_UNDER_OVERLAY])
def test_a_partition_of_its_own_is_good(table: Path, text: str) -> None:
    table.write_text(text)
    found = holding(parse(text), PurePosixPath("/var/lib/haetae"))
    assert found is not None
    assert found.source == "/dev/mmcblk0p3"
    mounts = list(layers(parse(text), PurePosixPath("/var/lib/haetae")))
    assert mounts == [found]


def test_a_file_system_without_a_journal_is_only_noted(table: Path) -> None:
    table.write_text("1 0 8:1 / / rw - vfat /dev/sda1 rw")
    assert fatal(Path("/"), table) == []
    assert any("no journal" in each.text for each in problems(Path("/"), table))


def test_a_table_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    assert described(tmp_path, tmp_path / "gone") == "unknown storage"
    told = [
        each for each in problems(tmp_path, tmp_path / "gone") if "nobody can tell" in each.text
    ]
    assert [each.is_fatal for each in told] == [False]


def test_in_a_chroot_a_mount_below_the_root_is_found_and_the_root_is_only_noted(
    table: Path,
) -> None:
    text = "50 9 0:33 / /run rw - tmpfs tmpfs rw\n51 50 8:3 / /run/disk rw - ext4 /dev/sda3 rw\n"
    table.write_text(text)
    assert mount_of(text, "/run/disk/state").source == "/dev/sda3"
    assert any("gone after a power cut" in each for each in fatal(Path("/run"), table))
    assert fatal(Path("/"), table) == []
    assert any("nobody can tell" in each.text for each in problems(Path("/"), table))


def test_a_folder_in_memory_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "a b", 16384) as disk:
        state = disk / "haetae"
        assert described(state).startswith(f"tmpfs of haetae-test, mounted at {disk}")
        assert any("every event is gone after a power cut" in each for each in fatal(state))


def test_an_overlay_over_memory_is_told_though_its_lower_layer_is_a_disk(tmp_path: Path) -> None:
    (tmp_path / "lower").mkdir()
    with small_disk(tmp_path / "memory", 16384) as memory:
        for name in ("upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir={tmp_path}/lower,upperdir={memory}/upper,workdir={memory}/work"
        with mounted("overlay", "overlay", tmp_path / "root", options) as root:
            said = fatal(root / "var" / "lib" / "haetae")
            assert any("tmpfs" in each and "recurse=0" in each for each in said)


def test_a_link_into_memory_is_followed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "memory", 16384) as memory:
        link = tmp_path / "state"
        link.symlink_to(memory)
        assert any("tmpfs" in each for each in fatal(link))


def test_a_bind_mount_shows_where_it_really_is_and_may_be_read_only(tmp_path: Path) -> None:
    with small_disk(tmp_path / "memory", 16384) as memory:
        (memory / "inner").mkdir()
        with bound(memory / "inner", tmp_path / "state") as state:
            assert described(state).endswith("showing /inner")
            assert any("tmpfs" in each for each in fatal(state))
        with bound(memory / "inner", tmp_path / "state", writable=False) as state:
            assert any("read-only" in each for each in fatal(state))
            with pytest.raises(OSError, match="Read-only"):
                try_out(state)


def test_a_disk_that_became_read_only_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16384) as disk, read_only(disk):
        assert any("replace the card" in each for each in fatal(disk))


def test_a_full_disk_is_noted_and_fails_the_trial(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1024) as disk:
        fill(disk)
        said = [each.text for each in problems(disk)]
        assert any("only 0 KiB are free, 8192 are needed" in each for each in said)
        with pytest.raises(OSError, match="No space"):
            try_out(disk)
        assert not (disk / ".selftest").exists()


def test_files_of_another_owner_than_the_folders_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.touch()
    try:
        os.chown(path, 12345, -1)
    except PermissionError:
        pytest.skip("needs root")
    (said,) = [each.text for each in problems(tmp_path) if "outbox.db" in each.text]
    assert "belongs to user 12345, the folder to root: chown -R root" in said


def test_a_block_is_written_through_and_read_back(tmp_path: Path) -> None:
    assert 0.0 < try_out(tmp_path) < 60.0
    assert list(tmp_path.iterdir()) == []


def test_what_is_needed_covers_the_reserve_and_the_log() -> None:
    assert storage.NEEDED_BYTES >= 2 * (1 << 20) + 2000 * 1048
