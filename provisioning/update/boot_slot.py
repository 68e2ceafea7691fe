"""Which of a card's two systems starts: what the Pi's firmware reads, and what RAUC asks of it.

Slot A starts from the folder `a/` of the card's first partition and partition 2, slot B from `b/`
and partition 3. `os_prefix` in config.txt says which; the letter is overwritten in place, one
sector, since FAT can do nothing larger in one step. A slot on trial gets one start, in one of two
ways (docs/adr/0023-slots.md):

- `tryboot.txt`, which the Pi's firmware takes once in place of config.txt, where the kernel can
  ask for it: Raspberry Pi's can;
- else config.txt is switched, and the first RAM disk of the slot on trial switches it back before
  anything else: Debian's kernel.
"""

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent.values import Why
from drivers.kept import sync
from provisioning.boot_partition import put_whole, writable
from provisioning.places import BOOT
from provisioning.remedy import Failure, ProvisioningError

CONFIG, TRYBOOT, COMMAND_LINE = "config.txt", "tryboot.txt", "cmdline.txt"
_PREFIX = re.compile(rb"^os_prefix=([ab])/\r?$", re.MULTILINE)
_BOOTED = re.compile(r"(?:^|\s)rauc\.slot=([AB])(?:\s|$)")
_TRIAL = re.compile(rb"haetae\.trial=([01])(?=\s)")


class Slot(StrEnum):
    """One of the two systems on a card."""

    A = "A"
    B = "B"

    @property
    def other(self) -> "Slot":
        """The one that does not run when this one does."""
        return Slot.B if self is Slot.A else Slot.A

    @property
    def folder(self) -> str:
        """Where its boot files lie on the first partition."""
        return self.lower()

    @property
    def number(self) -> int:
        """The number of its root in the card's partition table."""
        return 2 if self is Slot.A else 3


@dataclass(frozen=True, slots=True)
class BootPlaces:
    """Where this system finds what it needs; another folder in tests.

    `boot` is the card's first partition, `started_as` the kernel's command line, `mailbox` what
    only Raspberry Pi's kernel has: a way to the firmware.
    """

    boot: Path = BOOT
    started_as: Path = Path("/proc/cmdline")
    mailbox: Path = Path("/dev/vcio")


class BootSlots:
    """The two slots of this card.

    Every method that reads or writes the card raises ProvisioningError (`slots-unreadable`,
    `slots-unwritable`) where it cannot.
    """

    def __init__(self, places: BootPlaces | None = None) -> None:
        self._places = BootPlaces() if places is None else places

    @property
    def booted(self) -> Slot:
        """The slot that runs.

        Raises:
            ProvisioningError: `no-slots`: the system was not started from a slot.
        """
        found = _BOOTED.search(self._places.started_as.read_text("ascii"))
        if found is None:
            raise ProvisioningError(_no_slots(str(self._places.started_as)))
        return Slot(found[1])

    @property
    def primary(self) -> Slot:
        """The slot of the next start, and of those after it."""
        return _named_in(_read(self._places.boot / CONFIG))

    @property
    def on_trial(self) -> bool:
        """Whether what runs had this one start only: the next is the other slot's."""
        return self.booted is not self.primary

    @property
    def is_begun(self) -> bool:
        """Whether the other slot's trial is what the next start may be."""
        return self.on_trial or (self._places.boot / TRYBOOT).exists()

    @property
    def by_firmware(self) -> bool:
        """Whether the Pi's firmware itself can be asked for a single start: tryboot."""
        return self._places.mailbox.exists()

    def begin_trial(self) -> bool:
        """Give the other slot the next start, and only that; whether it is `tryboot`'s.

        Then the restart must be asked for by the argument "0 tryboot".
        """
        slot, boot = self.booted.other, self._places.boot
        with writable(boot):
            _forget(boot / TRYBOOT)
            _mark(boot, slot, on_trial=True)
            if not self.by_firmware:
                _point(boot, slot)
                return False
            _point(boot, slot.other)
            config = _PREFIX.sub(f"os_prefix={slot.folder}/".encode(), _read(boot / CONFIG))
            _written(boot / TRYBOOT, config)
            return True

    def keep(self) -> None:
        """Have the slot that runs started from now on."""
        slot, boot = self.booted, self._places.boot
        with writable(boot):
            # in this order: a cut in between is a trial that ended without a confirmation
            _mark(boot, slot, on_trial=False)
            _point(boot, slot)
            _forget(boot / TRYBOOT)

    def call_off(self) -> None:
        """Have the slot that runs started again: the other one's trial has not begun."""
        with writable(self._places.boot):
            _point(self._places.boot, self.booted)
            _forget(self._places.boot / TRYBOOT)

    def give_up(self) -> None:
        """Have the other slot started from now on."""
        with writable(self._places.boot):
            _point(self._places.boot, self.booted.other)
            _forget(self._places.boot / TRYBOOT)


def command_line(template: str, signature: int, slot: Slot, *, on_trial: bool) -> str:
    """A slot's kernel command line: the template's, with the disk's signature and the slot."""
    part = f"PARTUUID={signature:08x}-{slot.number:02x}"
    line = template.strip().replace("root=PARTUUID=", f"root={part}")
    line = re.sub(r"rauc\.slot=[AB]", f"rauc.slot={slot}", line)
    return re.sub(r"haetae\.trial=[01]", f"haetae.trial={int(on_trial)}", line) + "\n"


def _named_in(config: bytes) -> Slot:
    """The slot that a config.txt names; a line further down counts, as with the firmware."""
    found = _PREFIX.findall(config)
    if not found:
        raise ProvisioningError(_unreadable(f"{CONFIG}: no os_prefix=a/ or b/"))
    return Slot(found[-1].decode().upper())


def _point(boot: Path, slot: Slot) -> None:
    config = _read(boot / CONFIG)
    if _named_in(config) is not slot:
        at = [each.start(1) for each in _PREFIX.finditer(config)][-1]
        _overwrite(boot / CONFIG, at, slot.folder.encode())


def _mark(boot: Path, slot: Slot, *, on_trial: bool) -> None:
    path = boot / slot.folder / COMMAND_LINE
    found = _TRIAL.search(_read(path))
    if found is None:
        raise ProvisioningError(_unreadable(f"{path}: no haetae.trial="))
    wanted = b"%d" % on_trial
    if found[1] != wanted:
        _overwrite(path, found.start(1), wanted)


def _overwrite(path: Path, at: int, letter: bytes) -> None:
    """Change one byte of a file where it lies: one sector, so a power cut leaves old or new."""
    try:
        with path.open("r+b", buffering=0) as file:
            file.seek(at)
            file.write(letter)
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            file.seek(at)
            if file.read(1) != letter:
                raise ProvisioningError(_unwritable(f"{path}: it reads otherwise"))
    except OSError as error:
        raise ProvisioningError(_unwritable(str(error))) from error


def _written(path: Path, content: bytes) -> None:
    try:
        put_whole(path, content.decode("ascii"))
    except OSError as error:
        raise ProvisioningError(_unwritable(str(error))) from error


def _forget(path: Path) -> None:
    try:
        if path.exists():
            path.unlink()
            sync(path.parent)
    except OSError as error:
        raise ProvisioningError(_unwritable(str(error))) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProvisioningError(_unreadable(str(error))) from error


def _no_slots(detail: str) -> Failure:
    return Failure(
        "no-slots",
        Why(
            "이 기기의 시스템은 통째로 바꿀 수 있는 이미지가 아닙니다.",
            "This device's system is not an image that can be replaced as a whole.",
        ),
        Why(
            "시스템은 그 운영체제의 방법으로 업데이트해 주세요. 프로그램 업데이트는 됩니다.",
            "Update the system the way its distribution does. Application updates do work.",
        ),
        detail,
    )


def _unreadable(detail: str) -> Failure:
    return Failure(
        "slots-unreadable",
        Why(
            "카드의 시작 파일을 읽을 수 없습니다.",
            "The files that the card starts by cannot be read.",
        ),
        Why(
            "카드가 상했을 수 있습니다. 다음 방문 때 새 카드로 바꿔 주세요.",
            "The card may be failing: put in a new one at the next visit.",
        ),
        detail,
    )


def _unwritable(detail: str) -> Failure:
    return Failure(
        "slots-unwritable",
        Why(
            "카드에 새 시스템을 적지 못했습니다. 지금 시스템은 그대로 일합니다.",
            "The new system could not be written to the card. The present one goes on.",
        ),
        Why(
            "카드가 상했거나 가득 찼을 수 있습니다. 다음 방문 때 새 카드로 바꿔 주세요.",
            "The card may be failing or full: put in a new one at the next visit.",
        ),
        detail,
    )
