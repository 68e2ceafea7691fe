"""Which disks of a laptop may be cards: from its own account of them, never from a guess."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.disks import cards, disks, refusal
from tests.disks import _run
from tests.provisioning.bad_cards import looped
from tests.provisioning.card_images import MIB, checked, is_written, small_image
from tests.provisioning.desks import Desk, stalls

GB = 10**9


class Laptop:
    """What /sys and /proc say of a laptop; `dev` has its device files."""

    def __init__(self, root: Path) -> None:
        self.root, self._minor = root, 0
        (root / "dev").mkdir(parents=True)
        (root / "sys/block").mkdir(parents=True)
        (root / "proc/self").mkdir(parents=True)
        self._mounts: list[str] = []
        (root / "proc/swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n")

    def disk(self, name: str, size: int, *parts: str, **about: str) -> Path:
        """A disk; `about` has its files, as `removable="1"`."""
        folder = self.root / "sys/block" / name
        self._node(folder, size)
        for file, content in {"removable": "0", "ro": "0", **about}.items():
            path = folder / file.replace("__", "/")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content + "\n")
        for part in parts:
            self._node(folder / part, size // 2)
            (folder / part / "partition").write_text("1\n")
        return folder

    def mount(self, part: Path, at: str, source: str = "") -> None:
        number = (part / "dev").read_text().strip()
        self._mounts.append(f"30 1 {number} / {at} rw - ext4 {source or '/dev/' + part.name} rw\n")
        (self.root / "proc/self/mountinfo").write_text("".join(self._mounts))

    def swap(self, name: str) -> None:
        with (self.root / "proc/swaps").open("a") as file:
            file.write(f"/dev/{name} partition 8388604 0 -2\n")

    def hold(self, part: Path, name: str) -> Path:
        """Something built on a part, such as LVM."""
        folder = part / "holders" / name
        self._node(folder, 0)
        return folder

    def _node(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True)
        self._minor += 1
        (folder / "dev").write_text(f"8:{self._minor}\n")
        (folder / "size").write_text(f"{size // 512}\n")


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    made = Laptop(tmp_path / "laptop")
    inner = made.disk("nvme0n1", 512 * GB - 512, "nvme0n1p1", "nvme0n1p2", device__model="SSD")
    made.mount(inner / "nvme0n1p1", "/boot/efi")
    made.mount(made.hold(inner / "nvme0n1p2", "dm-0"), "/", "/dev/mapper/root")
    return made


def test_a_card_reader_is_a_card_and_the_laptops_disk_is_none(laptop: Laptop) -> None:
    laptop.disk("sdb", 32 * GB, "sdb1", removable="1", device__vendor="Generic", device__model="SD")
    laptop.disk("mmcblk0", 16 * GB, device__type="SD", device__name="SC16G")
    laptop.disk("sdc", 0, removable="1")  # a reader without a card
    laptop.disk("loop0", GB, removable="1")
    found = cards(laptop.root)
    assert [disk.name for disk in found] == ["mmcblk0", "sdb"]
    assert [disk.model for disk in found] == ["SC16G", "Generic SD"]
    assert [refusal(disk) for disk in found] == [None, None]


@pytest.mark.parametrize("at", ["/", "/home", "/boot", "/var", "/usr"])
def test_a_removable_disk_that_the_laptop_runs_from_is_never_a_card(
    laptop: Laptop, at: str
) -> None:
    stick = laptop.disk("sdb", 32 * GB, "sdb1", removable="1")
    laptop.mount(stick / "sdb1", at)
    assert not cards(laptop.root)
    (found,) = (disk for disk in disks(laptop.root) if disk.name == "sdb")
    failure = refusal(found)
    assert failure is not None
    assert failure.code == "own-disk"


@pytest.mark.parametrize(
    "how", ["swap", "encrypted", "a mount by its source", "deep", "mmc that is soldered"]
)
def test_what_is_built_on_a_disk_counts_as_the_disk(laptop: Laptop, how: str) -> None:
    stick = laptop.disk("sdb", 32 * GB, "sdb1", removable="1", device__type="MMC")
    part = stick / "sdb1"
    match how:
        case "swap":
            laptop.swap("sdb1")
        case "encrypted":
            laptop.mount(laptop.hold(part, "dm-3"), "/home", "/dev/mapper/luks")
        case "a mount by its source":  # btrfs has numbers of its own
            other = laptop.disk("zz", 0)
            laptop.mount(other, "/home", "/dev/sdb1")
        case "deep":
            laptop.mount(laptop.hold(laptop.hold(part, "dm-3"), "dm-4"), "/home")
        case _:
            (stick / "removable").write_text("0\n")
    assert "sdb" not in [disk.name for disk in cards(laptop.root)]


@pytest.mark.parametrize(
    ("size", "at", "about", "code"),
    [
        (32 * GB, "/media/kim/USB STICK", {}, "card-mounted"),
        (1000 * GB, "", {}, "disk-large"),
        (32 * GB, "", {"ro": "1"}, "card-locked"),
    ],
)
def test_a_card_that_may_not_be_written_now_says_what_to_do(
    laptop: Laptop, size: int, at: str, about: dict[str, str], code: str
) -> None:
    stick = laptop.disk("sdb", size, "sdb1", removable="1", **about)
    if at:
        laptop.mount(stick / "sdb1", at.replace(" ", "\\040"))
    (found,) = cards(laptop.root)
    failure = refusal(found)
    assert failure is not None
    assert failure.code == code
    assert at in failure.detail


def test_cards_are_listed_for_people_and_machines(laptop: Laptop, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.system = laptop.root
    assert desk.ask("cards").failure == "no-card"
    laptop.disk("sdb", 32 * GB, removable="1", device__model="Reader")
    assert desk.ask("cards").records[0]["ready"] is True
    assert "쓸 수 있음" in desk.run("cards", lang="ko").out
    assert "Reader, 32.0 GB" in desk.run("cards").out


def test_a_system_without_sysfs_is_told_what_to_do_instead(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.system = tmp_path / "elsewhere"
    said = desk.ask("cards")
    assert said.failure == "linux-only"
    assert "Raspberry Pi Imager" in said.records[-1]["error"]["remedy"]["en"]


@pytest.fixture(scope="module")
def plain_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_image(tmp_path_factory.mktemp("image"))


@pytest.fixture
def reader(laptop: Laptop, tmp_path: Path) -> Iterator[Path]:
    """A card reader with a card of 64 MB in it: a real block device under the laptop's `dev`."""
    with (tmp_path / "medium").open("wb") as file:
        file.truncate(64 * MIB)
    with looped(tmp_path / "medium") as device:
        node = laptop.root / "dev/sdb"
        numbers = device.stat().st_rdev
        made = _run("mknod", str(node), "b", str(os.major(numbers)), str(os.minor(numbers)))
        if made.returncode:
            pytest.skip("needs the right to make device files")
        laptop.disk("sdb", 64 * MIB, removable="1")
        yield node


def test_the_laptops_own_disk_is_refused_whatever_is_typed(
    laptop: Laptop,
    reader: Path,
    plain_image: Path,
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.system = laptop.root
    desk.batch(desk.table(*stalls(1)))
    laptop.mount(laptop.root / "sys/block/sdb", "/home")
    words = ("flash", reader, "--image", checked(plain_image), "--seed", desk.seeds()[0])
    said = desk.ask(*words, "--confirm", "sdb", "--confirm", "yes", typed="sdb\n" * 3)
    assert said.failure == "own-disk"
    assert not any((tmp_path / "medium").read_bytes())


def test_a_batch_walks_through_card_after_card(
    laptop: Laptop,
    reader: Path,
    plain_image: Path,
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.system = laptop.root
    table = desk.table(*stalls(3))
    words = ("--cards", "--image", checked(plain_image))
    assert desk.batch(table, "--cards").failure == "which-image"
    listed = laptop.root / "sys/block/sdb"
    hidden = laptop.root / "sdb"
    shutil.move(listed, hidden)
    nobody = desk.run("batch", table, "--out", desk.out, "--city", desk.city, *words, typed="\nq\n")
    assert "No card was found" in nobody.err
    assert "0 cards made, 3 left" in nobody.out
    shutil.move(hidden, listed)
    silent = desk.batch(table, *words)  # nobody types: it stops before the first
    assert silent.records[-1] == {"cards": 0, "left": 3}
    order = [record["device"] for record in silent.records[:3]]
    said = desk.ask("batch", table, "--out", desk.out, "--city", desk.city, *words, typed="\n\nq\n")
    # the second card is the first one again: it is asked about, and nobody types its name
    assert [each["error"]["code"] for each in said.records if "error" in each] == [
        "another-devices-card"
    ]
    assert said.records[-1] == {"cards": 1, "left": 2}
    assert is_written(tmp_path / "medium", plain_image, order[0])
    again = desk.ask(
        "batch", table, "--out", desk.out, "--city", desk.city, *words, typed=f"\n{order[0]}\nq\n"
    )
    assert again.records[-1] == {"cards": 1, "left": 1}
    assert is_written(tmp_path / "medium", plain_image, order[1])
    assert [path.stem for path in desk.seeds()] == [order[2]]


def test_several_cards_are_told_apart_by_their_names(
    laptop: Laptop,
    reader: Path,
    plain_image: Path,
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.system = laptop.root
    laptop.disk("sdc", 64 * MIB, removable="1", device__model="Other")
    words = ("--cards", "--image", checked(plain_image))
    said = desk.ask(
        "batch", desk.table(*stalls(1)), "--out", desk.out, "--city", desk.city, *words,
        typed="\nsdb\n",
    )  # fmt: skip
    assert "Other" in said.err
    assert said.records[-1] == {"cards": 1, "left": 0}
