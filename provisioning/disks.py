"""The disks of the laptop, and which of them may be a card to write: from /sys and /proc alone.

Linux only. `system` is `/`, or in a test the folder that has `sys`, `proc` and `dev` in it.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.values import Why
from provisioning.remedy import Failure, ProvisioningError

LARGEST_BYTES = 512 * 10**9  # cards as devices use are smaller by far; backup disks are not
_SECTOR = 512  # /sys counts in these, whatever the disk does
_NEVER_CARDS = re.compile(r"(loop|ram|zram|dm-|md|sr|fd|nbd)\d*")
_OWN = ("/", "/home", "/boot", "/boot/efi", "/usr", "/var", "/etc")
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk; `mounts` and `swaps` are those of all its parts, and of what is built on them.

    `is_card` where the system says that it can be taken out.
    """

    path: Path
    size_bytes: int
    is_card: bool
    is_read_only: bool
    model: str
    parts: Sequence[str]
    mounts: Sequence[str]
    swaps: Sequence[str]

    @property
    def name(self) -> str:
        """The device file's name."""
        return self.path.name

    @property
    def is_own(self) -> bool:
        """Whether the laptop itself runs from it."""
        return bool(self.swaps) or any(mount in _OWN for mount in self.mounts)

    @property
    def description(self) -> str:
        """As it is told: device file, model and size."""
        return f"{self.path} ({', '.join(filter(None, (self.model, size_words(self.size_bytes))))})"


def size_words(count: int) -> str:
    """A size as it is printed on cards: in powers of ten."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def disks(system: Path) -> Sequence[Disk]:
    """All disks with a medium in them.

    Raises:
        ProvisioningError: This system does not tell, as only Linux does.
    """
    folder = system / "sys/block"
    if not folder.is_dir():
        raise ProvisioningError(_not_linux())
    mounts, swaps = list(_mounts(system)), list(_swaps(system))
    return [_disk(each, mounts, swaps) for each in sorted(folder.iterdir()) if _size(each)]


def cards(system: Path) -> Sequence[Disk]:
    """Those that may be cards: they can be taken out, and the laptop does not run from them.

    Raises:
        ProvisioningError: This system does not tell.
    """
    found = (each for each in disks(system) if not _NEVER_CARDS.fullmatch(each.name))
    return [each for each in found if each.is_card and not each.is_own]


def disk_at(path: Path, system: Path) -> Disk | None:
    """The disk with that device file; None where it is part of a disk, or no disk.

    Raises:
        ProvisioningError: This system does not tell.
    """
    name = path.resolve().name
    return next((each for each in disks(system) if each.name == name), None)


def refusal(disk: Disk) -> Failure | None:
    """Why this disk is never written to, whatever anybody types; None where there is no reason."""
    if disk.is_own:
        places = ", ".join((*disk.mounts, *(f"swap {each}" for each in disk.swaps)))
        return _own(disk, places)
    if disk.mounts:
        return _mounted(disk)
    if disk.size_bytes > LARGEST_BYTES:
        return _large(disk)
    if disk.is_read_only:
        return locked(disk.description)
    return None


def _disk(folder: Path, mounts: Sequence[tuple[str, str, str]], swaps: Sequence[str]) -> Disk:
    parts = [each for each in sorted(folder.iterdir()) if (each / "partition").exists()]
    numbers = {number: name for part in (folder, *parts) for number, name in _numbers(part)}
    names = set(numbers.values())
    kind = _line(folder / "device/type")
    vendor, model = _line(folder / "device/vendor"), _line(folder / "device/model")
    return Disk(
        path=folder.parents[2] / "dev" / folder.name,
        size_bytes=_size(folder),
        is_card=_line(folder / "removable") == "1" or kind == "SD",
        is_read_only=_line(folder / "ro") == "1",
        model=" ".join(filter(None, (vendor, model or _line(folder / "device/name")))),
        parts=[each.name for each in parts],
        mounts=[
            at for number, source, at in mounts if number in numbers or Path(source).name in names
        ],
        swaps=[each for each in swaps if Path(each).name in names],
    )


def _numbers(folder: Path, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Device number and name of a part, and of what is built on it: LVM, encryption, RAID."""
    if number := _line(folder / "dev"):
        yield number, folder.name
    holders = folder / "holders"
    if depth < 8 and holders.is_dir():
        for each in holders.iterdir():
            yield from _numbers(each, depth + 1)


def _mounts(system: Path) -> Iterator[tuple[str, str, str]]:
    """Device number, source and place of each mount (proc_pid_mountinfo(5))."""
    for line in _lines(system / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        left, right = before.split(), after.split()
        if len(left) >= 5 and len(right) >= 2:
            yield left[2], _unescaped(right[1]), _unescaped(left[4])


def _swaps(system: Path) -> Iterator[str]:
    for line in _lines(system / "proc/swaps")[1:]:
        if line.strip():
            yield _unescaped(line.split()[0])


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


def _size(folder: Path) -> int:
    text = _line(folder / "size")
    return int(text) * _SECTOR if text.isdecimal() else 0


def _line(path: Path) -> str:
    return next(iter(_lines(path)), "").strip()


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _own(disk: Disk, places: str) -> Failure:
    return Failure(
        "own-disk",
        Why(
            f"{disk.description}: 이 노트북이 쓰고 있는 디스크입니다. 절대로 쓰지 않습니다.",
            f"{disk.description} is this laptop's own disk. It is never written to.",
        ),
        Why(
            "haetae-provision cards 로 카드의 이름을 확인하고 다시 실행해 주세요.",
            "Find the card's name with haetae-provision cards, and run it again.",
        ),
        f"in use as {places}",
    )


def _mounted(disk: Disk) -> Failure:
    parts = " ".join(f"/dev/{each}" for each in disk.parts) or str(disk.path)
    return Failure(
        "card-mounted",
        Why(
            f"{disk.description}: 카드가 열려 있습니다. 열려 있는 카드에는 쓰지 않습니다.",
            f"{disk.description} is open on this laptop. A card is never written while it is open.",
        ),
        Why(
            "파일 관리자에서 그 카드를 오른쪽 버튼으로 누르고 '마운트 해제'를 고른 뒤"
            f"(빼지는 마세요) 다시 실행해 주세요. 터미널에서는: umount {parts}",
            "In the file manager choose 'unmount' for the card (do not take it out), and run it "
            f"again. In a terminal: umount {parts}",
        ),
        ", ".join(disk.mounts),
    )


def _large(disk: Disk) -> Failure:
    return Failure(
        "disk-large",
        Why(
            f"{disk.description}: 카드치고는 너무 큽니다. 백업 디스크일 수 있어서 쓰지 않습니다.",
            f"{disk.description} is far larger than a card. It may be a backup: it is not written.",
        ),
        Why(
            "512 GB 이하의 카드를 써 주세요. 8 GB면 넉넉합니다.",
            "Use a card of 512 GB or less; 8 GB is plenty.",
        ),
    )


def locked(what: str) -> Failure:
    """A card that lets nobody write."""
    return Failure(
        "card-locked",
        Why(f"{what}: 쓰기 금지로 잠겨 있습니다.", f"{what} is locked against writing."),
        Why(
            "카드 옆의 작은 스위치를 위로 올리거나, 다른 카드나 리더기를 써 주세요.",
            "Slide the small switch on the card's side up, or use another card or reader.",
        ),
    )


def _not_linux() -> Failure:
    system = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform)
    return Failure(
        "linux-only",
        Why(
            "카드를 찾고 직접 쓰는 것은 리눅스 노트북에서만 됩니다.",
            "Cards are found and written on Linux laptops only.",
        ),
        Why(
            "윈도우나 맥에서는 카드 대신 파일을 만드세요: haetae-provision flash ... card.img. "
            "그 파일을 Raspberry Pi Imager에서 '사용자 정의 이미지'로, 설정 없이 카드에 쓰세요.",
            "On Windows and macOS make a file instead of a card: haetae-provision flash ... "
            "card.img. Write it with Raspberry Pi Imager ('Use custom', no settings).",
        ),
        system,
    )
