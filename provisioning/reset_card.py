"""The laptop's side of a reset: a request on the device's own card, which the device then does."""

from pathlib import Path

from agent.values import Why
from provisioning.card import Card, differs, no_card, opened
from provisioning.card_content import content_of
from provisioning.cli_flash import check_target
from provisioning.desk import Desk
from provisioning.disks import disk_at
from provisioning.fat import FatError, FatVolume
from provisioning.flash_words import fixed
from provisioning.medium import SECTOR, Overlay
from provisioning.partitions import partitions
from provisioning.places import SEED_FOLDER
from provisioning.remedy import Failure, ProvisioningError
from provisioning.reset_request import ON_CARD, request_text


def ask_for_reset(target: Path, desk: Desk) -> int:
    """Ask which device, write the request onto its card, and read it back; the exit code.

    Raises:
        ProvisioningError: It is no card of a device, or may not be written; it is as it was.
    """
    check_target(target, desk)
    disk = disk_at(target, desk.system) if target.is_block_device() else None
    if disk is None and not target.is_file():
        raise ProvisioningError(no_card(target))
    if disk is not None and not disk.is_card and not _is_typed(fixed(disk).what, disk.name, desk):
        raise ProvisioningError(fixed(disk))
    with opened(target) as card:
        device = content_of(card).device
        if device is None:
            raise ProvisioningError(_NO_DEVICES_CARD)
        if not _is_typed(_ERASES, device, desk):
            raise ProvisioningError(_NOT_CONFIRMED)
        _put(card, device)
    desk.terminal.show({"device": device, "card": str(target), "requested": True}, _NEXT)
    return 0


def _put(card: Card, device: str) -> None:
    changes = Overlay(card.read)
    try:
        volume = FatVolume(changes, partitions(changes)[0].start)
        volume.write_file(SEED_FOLDER, ON_CARD, request_text(device).encode())
    except FatError:
        raise ProvisioningError(_NO_DEVICES_CARD) from None
    for at, sector in changes.new.items():
        card.write(at, sector)
    card.sync()
    card.forget()
    if wrong := [at for at, sector in changes.new.items() if card.read(at, SECTOR) != sector]:
        raise ProvisioningError(differs(wrong))


def _is_typed(question: Why, word: str, desk: Desk) -> bool:
    return desk.terminal.is_confirmed(question, word)


_ERASES = Why(
    "이 카드의 기기는 다음에 켜질 때 모든 것을 지웁니다: 열쇠, 연락처, 기록, 설정. "
    "되돌릴 수 없습니다.",
    "The device of this card will erase everything at its next start: key, contacts, recordings, "
    "settings. It cannot be undone.",
)
_NEXT = Why(
    "카드를 기기에 꽂고 전원을 켜세요. 카드가 크면 한 시간 넘게 걸립니다. 끝나면 카드의 "
    "haetae/reset.json 에 증명이 남습니다. 도중에 전원이 끊기면 다음에 켤 때 이어서 합니다. "
    "다시 쓰려면 batch --remake --new-label 과 flash 로 카드를 새로 만드세요.",
    "Put the card into its device and switch it on. On a large card it takes more than an hour; "
    "the proof is then haetae/reset.json on the card. After a power cut it goes on at the next "
    "start. To use the device again, make its card anew: batch --remake with --new-label, then "
    "flash.",
)
_NOT_CONFIRMED = Failure(
    "reset-not-typed",
    Why("카드를 바꾸지 않았습니다.", "The card was not changed."),
    Why(
        "정말 초기화하려면 다시 실행해서 라벨에 있는 기기 이름을 그대로 입력해 주세요.",
        "To reset the device, run it again and type its name as it stands on the label.",
    ),
)
_NO_DEVICES_CARD = Failure(
    "no-devices-card",
    Why("이 카드는 해태 기기의 카드가 아닙니다.", "This is no card of a Haetae device."),
    Why(
        "기기에서 뺀 카드인지 확인해 주세요. 카드가 깨졌으면 잘라서 버리세요.",
        "See that it is the card from the device. If it is damaged, cut it up and throw it away.",
    ),
)
