"""`haetae-provision batch` and `label`: from a table of sites to seeds and labels."""

import argparse
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from agent.values import Why
from provisioning.batch import CLAIM_DAYS, Batch, described
from provisioning.batch_folder import BatchFolder, LabelData, unreadable
from provisioning.cli_flash import add_image, add_keep, checked_image, walk
from provisioning.cli_office import add_city, city_of
from provisioning.desk import Command, Desk, Parser
from provisioning.journal import Journal
from provisioning.label import LAYOUTS, Label
from provisioning.progress import Progress
from provisioning.remedy import Failure, ProvisioningError
from provisioning.sites import Site, read_sites

LABELS = "labels.pdf"


def _add_batch(parser: Parser) -> None:
    parser.needs(
        "sites",
        Why("현장 표 (CSV)", "the table of sites (CSV)"),
        type=Path,
        metavar="SITES.csv",
    )
    about = Why("시드, 라벨이 들어갈 폴더", "the folder for seeds and labels")
    parser.takes("--out", type=Path, required=True, metavar="DIR", about=about)
    add_city(parser)
    about = Why("등록 코드의 유효 일수 (기본 90)", "days for which claim codes are good (else 90)")
    parser.takes("--days", type=_days, default=CLAIM_DAYS, metavar="N", about=about)
    about = Why(
        "이 기기를 새 등록 코드로 다시 만듭니다 (라벨은 그대로)",
        "make this device again with a new claim code (its label stays good)",
    )
    parser.takes("--remake", action="append", default=[], metavar="ID", about=about)
    about = Why(
        "--remake 한 기기에 새 설정 코드도 줍니다 (라벨을 새로 붙이세요)",
        "give those of --remake another setup code, too: put a new label on them",
    )
    parser.takes("--new-label", action="store_true", about=about)
    about = Why(
        "그다음 카드를 하나씩 만듭니다 (--image 필요)",
        "then make the cards, one after another (with --image)",
    )
    parser.takes("--cards", action="store_true", about=about)
    add_image(parser, required=False)
    add_keep(parser)
    add_label_options(parser)


def add_label_options(parser: Parser) -> None:
    """How labels are drawn."""
    about = Why("라벨 용지 (A4에 2x5 또는 3x7)", "label paper: 2x5 or 3x7 on A4")
    parser.takes("--sheet", choices=sorted(LAYOUTS), default="2x5", about=about)
    about = Why("한글 글꼴 파일", "a font file with Hangul")
    parser.takes("--font", type=Path, metavar="FILE", about=about)


def run_batch(args: argparse.Namespace, desk: Desk) -> int:
    """Make what the table asks for, and its labels."""
    if args.new_label and not args.remake:
        raise ProvisioningError(_which_device())
    city = city_of(args, desk)
    sites = read_sites(args.sites, city.hub)
    font = _font(args.font)
    folder = BatchFolder(args.out)
    journal = desk.journal()
    if lost := _without_label(sites, args.remake, folder, journal):  # before any is made
        raise ProvisioningError(_no_label(", ".join(lost), str(folder.path)))
    batch = Batch(city, folder, journal, desk.now, args.days)
    label = Why("기기 만들기", "making devices")
    progress = Progress(desk.terminal, label, len(sites), in_bytes=False)
    made = []
    for outcome in batch.make(sites, frozenset(args.remake), new_labels=args.new_label):
        made.append(outcome)
        progress.advance(1)
        if desk.terminal.as_json:
            desk.terminal.show(described(outcome), Why("-", "-"))
    labels = [Label(_label(each.device, journal)) for each in made]
    for path in _draw(labels, folder.path / LABELS, font, args):
        new = sum(each.is_new for each in made)
        told = {"devices": len(made), "new": new, "folder": str(folder.path), "labels": str(path)}
        kept = len(made) - new
        ko = f"기기 {len(made)}대: 새로 만든 것 {new}대, 이미 있던 것 {kept}대. 라벨: {path}"
        en = f"{len(made)} devices: {new} new, {kept} kept as they were. Labels: {path}"
        desk.terminal.show(told, Why(ko, en))
    if args.cards:
        return _make_cards([each.device for each in made], folder, args, desk)
    desk.terminal.say(_NEXT)
    return 0


def _without_label(
    sites: Sequence[Site], remake: Collection[str], folder: BatchFolder, journal: Journal
) -> Sequence[str]:
    """Devices of the table that were made into this folder, and of whose label nothing is there."""
    requests, names = {site.request for site in sites}, {site.device for site in sites}
    return [
        made.device
        for made in journal.devices()
        if (made.request in requests or made.device in names)
        and made.folder == folder.path
        and made.device not in remake
        and folder.label(made.device) is None
    ]


def _make_cards(
    devices: Sequence[str], folder: BatchFolder, args: argparse.Namespace, desk: Desk
) -> int:
    """Walk through the cards that are not made yet."""
    if args.image is None:
        raise ProvisioningError(_which_image())
    todo = [device for device in devices if folder.seed_path(device).exists()]
    count = walk(todo, checked_image(args.image, desk), desk, keep=args.keep) if todo else 0
    left = len(todo) - count
    ko = f"카드 {count}장을 만들었고 {left}장이 남았습니다."
    en = f"{count} cards made, {left} left."
    again = Why(" 같은 명령을 다시 실행하면 이어서 합니다.", " The same command goes on with them.")
    told = Why(ko + again.ko, en + again.en) if left else Why(ko, en)
    desk.terminal.show({"cards": count, "left": left}, told)
    return 0


_NEXT = Why(
    "다음: 라벨을 인쇄하고, 같은 명령에 --cards --image 파일 을 붙여 카드를 만드세요. "
    "인터넷이 되면 haetae-provision sync 를 실행하세요. 그 전에는 기기가 등록되지 않습니다.",
    "Next: print the labels, and make the cards by the same command with --cards --image FILE. "
    "On the Internet run haetae-provision sync: devices cannot enrol before.",
)


def _add_label(parser: Parser) -> None:
    about = Why("batch 폴더 또는 기기 이름", "folders of batch, or names of devices")
    parser.needs("what", about, nargs="+", metavar="DIR|DEVICE")
    about = Why("labels.pdf 또는 labels.png", "labels.pdf or labels.png")
    parser.takes("--out", type=_picture, required=True, metavar="FILE", about=about)
    add_label_options(parser)


def run_label(args: argparse.Namespace, desk: Desk) -> int:
    """Draw labels again: of whole folders, or of single devices."""
    labels = [Label(data) for each in args.what for data in _data(each, desk)]
    if not labels:
        raise ProvisioningError(_no_label(", ".join(args.what)))
    for path in _draw(labels, args.out, _font(args.font), args):
        told = Why(f"라벨: {path}", f"Labels: {path}")
        desk.terminal.show({"labels": str(path), "devices": len(labels)}, told)
    return 0


def _data(named: str, desk: Desk) -> Sequence[LabelData]:
    try:
        is_folder = Path(named).is_dir()
    except OSError as error:
        raise ProvisioningError(unreadable(Path(named), error)) from None
    if is_folder:
        return list(BatchFolder(Path(named)).labels())
    return [_label(named, desk.journal())]


def _label(device: str, journal: Journal) -> LabelData:
    made = journal.made(device)
    found = BatchFolder(made.folder).label(device) if made is not None else None
    if found is None:
        raise ProvisioningError(_no_label(device))
    return found


def _draw(
    labels: Sequence[Label], out: Path, font: Path, args: argparse.Namespace
) -> Sequence[Path]:
    from provisioning.label_sheet import write_labels  # noqa: PLC0415  # brings Pillow

    return write_labels(labels, out, font, LAYOUTS[args.sheet])


def _font(chosen: Path | None) -> Path:
    from provisioning.label_font import find_font, has_hangul  # noqa: PLC0415  # brings Pillow

    if chosen is None:
        return find_font()
    if not has_hangul(chosen):
        raise ProvisioningError(replace(_no_hangul(), detail=str(chosen)))
    return chosen


def _days(text: str) -> int:
    if not 1 <= (days := int(text)) <= 3650:
        raise argparse.ArgumentTypeError("1 .. 3650")
    return days


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in {".pdf", ".png"}:
        raise argparse.ArgumentTypeError("*.pdf, *.png")
    return path


def _which_image() -> Failure:
    return Failure(
        "which-image",
        Why("카드에 쓸 이미지를 정하지 않았습니다.", "No image is named for the cards."),
        Why("--image 로 이미지 파일을 정해 주세요.", "Name the image file with --image."),
    )


def _which_device() -> Failure:
    return Failure(
        "label-of-which-device",
        Why(
            "어느 기기의 라벨을 새로 만들지 정하지 않았습니다.",
            "It is not said which device is to have a new label.",
        ),
        Why(
            "--remake 기기이름 을 함께 적어 주세요.",
            "Add --remake with the name of the device.",
        ),
    )


def _no_label(named: str, detail: str = "") -> Failure:
    return Failure(
        "no-label",
        Why(f"{named}: 라벨 정보가 없습니다.", f"{named}: there is nothing to print on a label."),
        Why(
            "batch 의 폴더 이름이나 기기 이름이 맞는지 확인해 주세요. "
            "haetae-provision report 가 모든 기기를 보여 줍니다. batch 폴더를 옮겼다면 제자리에 "
            "돌려놓아 주세요. 라벨 정보를 잃었으면, 라벨을 이미 붙인 기기는 표에서 그 행을 지우고, "
            "아직 붙이지 않은 기기는 batch --remake 로 다시 만들어 주세요.",
            "See that it is a folder of batch or a device's name: haetae-provision report lists "
            "all devices. If the folder of batch was moved, move it back. If what its labels say "
            "is lost: where the label is on its box already, delete the device's row from the "
            "table; where it is not yet, make the device again with batch --remake.",
        ),
        detail,
    )


def _no_hangul() -> Failure:
    return Failure(
        "font-without-hangul",
        Why("이 글꼴에는 한글이 없습니다.", "This font has no Hangul."),
        Why("한글이 있는 글꼴 파일을 정해 주세요.", "Name a font file that has it."),
    )


COMMANDS = (
    Command(
        "batch",
        Why(
            "현장 표에서 기기들을 만듭니다: 이름, 등록 코드, 라벨",
            "make devices from a table of sites: names, claim codes, labels",
        ),
        _add_batch,
        run_batch,
    ),
    Command(
        "label",
        Why("라벨을 다시 그립니다 (PDF, PNG)", "draw labels again (PDF, PNG)"),
        _add_label,
        run_label,
    ),
)
