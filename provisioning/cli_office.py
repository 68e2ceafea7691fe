"""`haetae-provision enroll`, `sync` and `revoke`: what the office has to be told."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from agent.sections import Identifier
from agent.values import Why
from provisioning.city import City, read_city
from provisioning.cli_device import add_enroll_on_device, enroll_on_device
from provisioning.desk import Command, Desk, Parser
from provisioning.office import Office, Text
from provisioning.progress import Progress
from provisioning.remedy import Failure, ProvisioningError
from provisioning.sync import sync

CITY = "city"  # the choice that is remembered


def add_city(parser: Parser) -> None:
    """Which city it is."""
    about = Why(
        "시에서 받은 설정 파일 (기본: 지난번 것)", "the city's file (else as the last time)"
    )
    parser.takes("--city", type=Path, metavar="FILE", about=about)


def city_of(args: argparse.Namespace, desk: Desk) -> City:
    """The city that is named, or that was named last.

    Raises:
        ProvisioningError: None was ever named, or its file cannot be used.
    """
    journal = desk.journal()
    path: Path | None = args.city
    if path is None and (known := journal.chosen(CITY)) is not None:
        path = Path(known)
    if path is None:
        raise ProvisioningError(_no_city())
    found = read_city(path)
    journal.choose(CITY, str(path.absolute()))
    return found


def _add_enroll(parser: Parser) -> None:
    about = Why("(기기) 이 기기를 등록합니다", "(device) enrol this very device")
    parser.takes("--device", action="store_true", about=about)
    add_city(parser)
    add_enroll_on_device(parser)


def _enroll(args: argparse.Namespace, desk: Desk) -> int:
    return enroll_on_device(args, desk) if args.device else _sync(args, desk)


def _sync(args: argparse.Namespace, desk: Desk) -> int:
    """Tell the office what it does not know yet."""
    city, journal = city_of(args, desk), desk.journal()
    office = office_of(city)
    waiting = len(journal.errands())
    label = Why("사무실에 알리는 중", "telling the office")
    progress = Progress(desk.terminal, label, waiting, in_bytes=False)
    try:
        found = sync(journal, office, progress.advance)
    except ProvisioningError as error:
        left = len(journal.errands())
        raise ProvisioningError(_later(error.failure, left)) from None
    for failure in found.refused:
        desk.terminal.fail(failure)
    told = {"done": found.done, "refused": len(found.refused)}
    ko = f"사무실에 {found.done}건을 알렸습니다. 거절된 것은 {len(found.refused)}건입니다."
    en = f"The office was told {found.done} things, and refused {len(found.refused)}."
    desk.terminal.show(told, Why(ko, en))
    return 1 if found.refused else 0


def office_of(city: City) -> Office:
    """The office's door.

    Raises:
        ProvisioningError: The city's file names none.
    """
    if city.office is None:
        raise ProvisioningError(_no_office())
    named = city.office
    return Office(named.url, city.anchors, Path(named.certificate), Path(named.key))


def _add_revoke(parser: Parser) -> None:
    about = Why("기기 이름", "the device's name")
    parser.needs("device", about, type=partial(_fitting, Identifier), metavar="DEVICE")
    about = Why("까닭 (예: 분실)", "why, as: lost")
    fitting = partial(_fitting, Text)
    parser.takes("--reason", required=True, type=fitting, metavar="TEXT", about=about)
    add_city(parser)


def _fitting(kind: Any, text: str) -> str:
    """The text, if the office takes such a one: what it never takes is not to be owed to it."""
    try:
        return str(msgspec.convert(text, kind))
    except msgspec.ValidationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _revoke(args: argparse.Namespace, desk: Desk) -> int:
    """Withdraw a device: noted at once, and told now or at the next sync."""
    journal = desk.journal()
    made = journal.made(args.device)
    mark = made.claim_sha256 if made is not None else desk.now().isoformat()
    journal.owe(f"revoke:{args.device}:{mark}", "revoke", args.device, {"reason": args.reason})
    journal.note("revoked", args.device, {"reason": args.reason})
    code = _sync(args, desk)
    if code == 0:
        ko, en = f"{args.device} 의 사용을 중지했습니다.", f"{args.device} is withdrawn."
        desk.terminal.show({"revoked": args.device}, Why(ko, en))
    return code


def _later(failure: Failure, left: int) -> Failure:
    """The same failure, with what becomes of what is waiting."""
    ko = f" 알릴 것 {left}건은 작업 기록에 남아 있습니다. 나중에 sync 를 다시 실행하세요."
    en = f" {left} things to tell stay in the journal; run sync again later."
    remedy = failure.remedy
    if failure.code in {"authority-unreachable", "authority-busy", "authority-failed"}:
        remedy = Why(
            "노트북의 인터넷 연결을 확인해 주세요.", "See that this laptop is on the Internet."
        )
    remedy = Why(remedy.ko + ko, remedy.en + en)
    return Failure(failure.code, failure.what, remedy, failure.detail)


def _no_city() -> Failure:
    return Failure(
        "which-city",
        Why("어느 시인지 모릅니다.", "It is not known which city this is for."),
        Why(
            "시에서 받은 설정 파일을 --city 로 한 번 정해 주세요. 다음부터는 기억합니다.",
            "Name the city's file once with --city; it is remembered.",
        ),
    )


def _no_office() -> Failure:
    return Failure(
        "no-office",
        Why(
            "시의 설정 파일에 사무실([office])이 없습니다.",
            "The city's file names no office ([office]).",
        ),
        Why(
            "시 담당자에게 사무실 주소와 담당자 인증서를 받아 파일에 적어 주세요.",
            "Ask the city for the office's address and an operator's certificate, and put them "
            "into the file.",
        ),
    )


COMMANDS = (
    Command(
        "enroll",
        Why(
            "등록 코드를 사무실에 알립니다; 기기에서는(--device) 기기를 등록합니다",
            "tell the office of claim codes; on a device (--device) enrol it",
        ),
        _add_enroll,
        _enroll,
    ),
    Command(
        "sync",
        Why(
            "작업 기록에 있는 것을 사무실에 알립니다",
            "tell the office what is in the journal: claims, revocations",
        ),
        add_city,
        _sync,
    ),
    Command(
        "revoke",
        Why("기기의 사용을 중지합니다", "withdraw a device"),
        _add_revoke,
        _revoke,
    ),
)
