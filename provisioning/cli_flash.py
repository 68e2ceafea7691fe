"""`haetae-provision cards` and `flash`, and the walk through many cards that `batch --cards` is."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.values import Why
from provisioning.batch import check_claim, seed_of
from provisioning.batch_folder import BatchFolder, full, wipe
from provisioning.card import no_card, opened
from provisioning.card_content import content_of
from provisioning.desk import Command, Desk, Parser
from provisioning.disks import cards, disk_at, refusal
from provisioning.flash import Advance, Writing
from provisioning.flash_words import (
    done,
    fixed,
    foreign,
    no_cards,
    other_device,
    part_of_a_disk,
    unknown_profile,
    which_seed,
)
from provisioning.identity_wording import failure
from provisioning.image_file import ImageFile, check_image
from provisioning.progress import Progress
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import Seed, read_seed
from provisioning.sites import PROFILES


def run_cards(_args: argparse.Namespace, desk: Desk) -> int:
    """List what may be a card to write."""
    found = cards(desk.system)
    for disk in found:
        reason = refusal(disk)
        record = {"card": str(disk.path), "bytes": disk.size_bytes, "model": disk.model}
        record |= {"ready": reason is None, "why": reason.code if reason is not None else ""}
        state = Why("쓸 수 있음", "ready") if reason is None else reason.remedy
        line = Why(f"{disk.description}: {state.ko}", f"{disk.description}: {state.en}")
        desk.terminal.show(record, line)
    if not found:
        raise ProvisioningError(no_cards())
    return 0


def _add_flash(parser: Parser) -> None:
    about = Why("카드(/dev/...) 또는 파일", "a card (/dev/...) or a file")
    parser.needs("target", about, type=Path, metavar="TARGET")
    add_image(parser, required=True)
    about = Why("기기의 시드 파일", "the device's seed file")
    parser.takes("--seed", type=Path, metavar="SEED.toml", about=about)
    about = Why("batch 로 만든 기기 이름", "the name of a device that batch has made")
    parser.takes("--device", metavar="ID", about=about)
    add_keep(parser)


def add_image(parser: Parser, *, required: bool) -> None:
    """Which image goes on the cards."""
    about = Why(
        "이미지(.img, .img.xz, .img.gz), 옆에 .sha256", "image, .xz or .gz too; .sha256 beside it"
    )
    parser.takes("--image", type=Path, required=required, metavar="IMG", about=about)


def add_keep(parser: Parser) -> None:
    """Whether the seed stays on the laptop."""
    about = Why(
        "카드에 쓴 뒤에도 노트북의 시드를 지우지 않습니다",
        "keep the seed on the laptop after it is on its card",
    )
    parser.takes("--keep", action="store_true", about=about)


def run_flash(args: argparse.Namespace, desk: Desk) -> int:
    """Write an image and a device's seed."""
    seed, path = _seed(args, desk)
    check_seed(seed, desk)
    check_target(args.target, desk)
    image = checked_image(args.image, desk)
    make_card(args.target, image, seed, desk)
    _put_away(path, keep=args.keep)
    return 0


def _seed(args: argparse.Namespace, desk: Desk) -> tuple[Seed, Path]:
    if (args.seed is None) == (args.device is None):
        raise ProvisioningError(which_seed())
    if args.seed is not None:
        return read_seed(args.seed), args.seed
    seed = seed_of(desk.journal(), args.device)
    made = desk.journal().made(args.device)
    folder = BatchFolder(made.folder if made is not None else Path())
    return seed, folder.seed_path(args.device)


def check_seed(seed: Seed, desk: Desk) -> None:
    """See that a device could start with this seed.

    Raises:
        ProvisioningError: Its claim is spent, or its profile unknown here.
    """
    check_claim(seed, desk.now())
    if desk.journal().is_revoked(seed.device):
        raise ProvisioningError(failure("device-revoked", seed.device))
    if not (PROFILES / f"{seed.profile}.toml").is_file():
        raise ProvisioningError(unknown_profile(seed))


def checked_image(path: Path, desk: Desk) -> ImageFile:
    """The image, held against its checksum.

    Raises:
        ProvisioningError: It is damaged, or not there.
    """
    size = path.stat().st_size if path.is_file() else 0
    return check_image(path, starting(desk)(Why("이미지 확인 중", "checking the image"), size))


def check_target(target: Path, desk: Desk) -> None:
    """See, before anything long begins, that the target may be written to at all.

    Raises:
        ProvisioningError: It may not.
    """
    if target.is_block_device():
        if (disk := disk_at(target, desk.system)) is None:
            raise ProvisioningError(part_of_a_disk(target))
        if (reason := refusal(disk)) is not None:
            raise ProvisioningError(reason)
    elif not target.parent.is_dir() or target.parent == Path("/dev"):
        raise ProvisioningError(no_card(target))


def make_card(target: Path, image: ImageFile, seed: Seed, desk: Desk) -> None:
    """Ask what has to be asked, write, verify, and note it.

    Raises:
        ProvisioningError: It was not made; it says what to do next.
    """
    check_target(target, desk)
    disk = disk_at(target, desk.system) if target.is_block_device() else None
    if disk is not None and not disk.is_card:
        _confirm(fixed(disk), disk.name, desk)
    with opened(target) as card:
        content = content_of(card) if card.size else None
        if content is not None and content.device not in {None, seed.device}:
            _confirm(other_device(content.device or ""), content.device or "", desk)
        elif content is not None and content.has_data and content.device is None:
            _confirm(foreign(target, disk), target.name, desk)
        Writing(card, image, seed, starting(desk)).run()
    about = {"image": image.path.name, "sha256": image.sha256, "target": str(target)}
    desk.journal().note("flashed", seed.device, about)
    desk.terminal.show({"device": seed.device, **about, "verified": True}, done(target, seed))


def _confirm(doubt: Failure, word: str, desk: Desk) -> None:
    if not desk.terminal.is_confirmed(doubt.what, word):
        raise ProvisioningError(doubt)


def _put_away(path: Path, *, keep: bool) -> None:
    """Delete the seed, whose claim code is on the card now."""
    if keep:
        return
    try:
        wipe(path)
    except OSError as error:
        raise ProvisioningError(full(path, error)) from None


def walk(devices: Sequence[str], image: ImageFile, desk: Desk, *, keep: bool) -> int:
    """Make card after card: says which stall's is next, waits for it, writes it.

    Returns how many were made. What is left is made when it is run again.

    Raises:
        ProvisioningError: The journal or a seed cannot be used.
    """
    made = 0
    for n, device in enumerate(devices, 1):
        seed = seed_of(desk.journal(), device)
        while (target := _next_card(n, len(devices), seed, desk)) is not None:
            try:
                check_seed(seed, desk)
                make_card(target, image, seed, desk)
            except ProvisioningError as error:
                desk.terminal.fail(error.failure)
                continue
            found = desk.journal().made(device)
            if found is not None:
                _put_away(BatchFolder(found.folder).seed_path(device), keep=keep)
            made += 1
            break
        else:
            break
    return made


def _next_card(n: int, count: int, seed: Seed, desk: Desk) -> Path | None:
    """The card that somebody has put in; None where they want to stop."""
    while True:
        told = Why(
            f"\n[{n}/{count}] {seed.place.ko} ({seed.device}): 카드를 꽂고 Enter 를 누르세요 "
            "(그만두려면 q):",
            f"\n[{n}/{count}] {seed.place.en} ({seed.device}): put in the next card and press "
            "Enter (q to stop):",
        )
        answer = desk.terminal.answer(told)
        if answer is None or answer.lower() == "q":
            return None
        found = cards(desk.system)
        if answer:  # it was named, as one of several
            found = [disk for disk in found if answer in {disk.name, str(disk.path)}]
        if len(found) == 1:
            return found[0].path
        if not found:
            desk.terminal.fail(no_cards())
        else:
            names = "\n".join(f"  {disk.name}: {disk.description}" for disk in found)
            ko, en = (
                "카드가 여럿입니다. 이름을 입력하세요",
                "There are several cards. Type one's name",
            )
            desk.terminal.say(Why(f"{ko}:\n{names}", f"{en}:\n{names}"))


def starting(desk: Desk) -> Callable[[Why, int], Advance]:
    """Shows the progress of each step that is started."""
    return lambda label, size: Progress(desk.terminal, label, size).advance


COMMANDS = (
    Command(
        "cards",
        Why("꽂혀 있는 카드를 보입니다", "list the cards that are plugged in"),
        lambda _parser: None,
        run_cards,
    ),
    Command(
        "flash",
        Why(
            "카드나 파일에 이미지와 시드를 쓰고 다시 읽어 확인합니다",
            "write an image and a device's seed to a card or file, and verify it",
        ),
        _add_flash,
        run_flash,
    ),
)
