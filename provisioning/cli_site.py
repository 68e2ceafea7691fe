"""`haetae-provision commission`, `verify` and `report`: what was done at the places."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from agent.values import Why
from provisioning import report
from provisioning.batch_folder import BatchFolder, full
from provisioning.caller import hand_over, make_folder
from provisioning.city import read_city
from provisioning.cli_office import add_city, city_of
from provisioning.collect import fetch_record
from provisioning.desk import Command, Desk, Parser
from provisioning.private_file import write_privately
from provisioning.remedy import Failure, ProvisioningError

if TYPE_CHECKING:
    from provisioning.commission import Commissioning

RECORDS = "records"  # beside the journal; names and numbers of people may be in there: 0600


def _add_commission(parser: Parser) -> None:
    parser.needs("device", Why("기기 이름", "the device's name"), metavar="DEVICE")
    about = Why("휴대폰이 저장한 설치 기록 파일", "the record as a phone has saved it")
    parser.takes("--from", dest="file", type=Path, metavar="FILE", about=about)
    about = Why("기기의 주소 (기본: haetae-<기기>.local)", "its address (else haetae-<id>.local)")
    parser.takes("--url", metavar="URL", about=about)
    about = Why("라벨의 설정 코드 (기본: batch 폴더에서)", "the label's code (else from batch)")
    parser.takes("--code", metavar="CODE", about=about)
    add_city(parser)


def _commission(args: argparse.Namespace, desk: Desk) -> int:
    """Take a device's signed record into the journal."""
    from provisioning import verify  # noqa: PLC0415  # brings cryptography

    city, journal = city_of(args, desk), desk.journal()
    if args.file is not None:
        text = verify.read_record(args.file)
    else:
        url = args.url or f"https://haetae-{args.device}.local"
        text = fetch_record(url, args.code or _code(args.device, desk))
    body = verify.verify(text, city.anchors, verify.Against(device=args.device))
    path = journal.path.parent / RECORDS / f"{args.device}.jws"
    try:
        make_folder(path.parent, 0o700)
        write_privately(path, text.encode())
        hand_over(path)
    except OSError as error:
        raise ProvisioningError(full(path.parent, error)) from None
    sha256 = verify.record_sha256(text)
    about = {"sha256": sha256, "installer": body.installer, "untried": body.untried}
    if not any(
        entry.what == "commissioned" and entry.about.get("sha256") == sha256
        for entry in journal.history(args.device)
    ):
        journal.note("commissioned", args.device, about)
    desk.terminal.show({"device": args.device, **about, "file": str(path)}, _told(body))
    return 0


def _code(device: str, desk: Desk) -> str:
    made = desk.journal().made(device)
    found = BatchFolder(made.folder).label(device) if made is not None else None
    if found is None:
        raise ProvisioningError(_which_code(device))
    return found.code


def _add_verify(parser: Parser) -> None:
    about = Why("설치 기록 파일 (.jws)", "the commissioning record (.jws)")
    parser.needs("record", about, type=Path, metavar="RECORD")
    about = Why("이 기기의 것이어야 합니다", "it must be this device's")
    parser.takes("--device", metavar="ID", about=about)
    about = Why("기기의 device.toml", "the device's device.toml")
    parser.takes("--configuration", type=Path, metavar="FILE", about=about)
    about = Why("기기의 점검 기록부 폴더", "the folder of the device's ledger")
    parser.takes("--ledger", type=Path, metavar="DIR", about=about)
    about = Why("시의 인증서 (--city 대신)", "the city's roots (instead of --city)")
    parser.takes("--anchors", type=Path, metavar="FILE", about=about)
    add_city(parser)


def _verify(args: argparse.Namespace, desk: Desk) -> int:
    """Hold a record against the city's roots, the device, its configuration and its ledger."""
    from provisioning import verify  # noqa: PLC0415  # brings cryptography

    anchors = args.anchors
    if anchors is None:
        anchors = (read_city(args.city) if args.city else city_of(args, desk)).anchors
    text = verify.read_record(args.record)
    against = verify.Against(args.device, args.configuration, args.ledger)
    body = verify.verify(text, anchors, against)
    checked = ["signature", "authority", "device"]
    checked += ["configuration"] if args.configuration is not None else []
    checked += ["ledger"] if args.ledger is not None else []
    told: dict[str, object] = {"device": body.device, "site": body.site, "profile": body.profile}
    told |= {"at": body.time.at, "installer": body.installer, "untried": body.untried}
    told |= {"simulated": body.simulated, "sha256": verify.record_sha256(text), "checked": checked}
    desk.terminal.show(told, _told(body))
    return 0


def _told(body: "Commissioning") -> Why:
    ko = f"{body.device} ({body.place.ko}): {body.time.at}에 {body.installer} 님이 설치했습니다."
    en = f"{body.device} ({body.place.en}): commissioned by {body.installer} at {body.time.at}."
    if body.untried:
        names = ", ".join(body.untried)
        ko, en = f"{ko} 시험하지 않은 위험: {names}.", f"{en} Hazards not tried: {names}."
    if body.simulated:
        ko = f"{ko} 모의 기기입니다: 아무도 지키지 않습니다."
        en = f"{en} Simulated wires: it protects nobody."
    return Why(ko, en)


def _add_report(parser: Parser) -> None:
    about = Why("이 현장만", "this site alone")
    parser.takes("--site", metavar="SITE", about=about)
    about = Why("형식", "form")
    parser.takes("--format", choices=("md", "html"), default="md", about=about)
    parser.takes("--out", type=Path, metavar="FILE", about=Why("이 파일에 씁니다", "into a file"))


def _report(args: argparse.Namespace, desk: Desk) -> int:
    """Show what stands where with every device."""
    found = report.rows(desk.journal(), args.site, desk.now())
    if desk.terminal.as_json:
        for row in found:
            desk.terminal.show(row.record, row.todo)
        desk.terminal.show(report.summary(found), Why("-", "-"))
        return 0
    title = Why(f"해태 설치 현황 {args.site or ''}", f"Haetae devices {args.site or ''}")
    named = desk.terminal.words(title).strip()
    form = report.as_html if args.format == "html" else report.as_markdown
    page = form(found, named, desk.terminal.lang)
    if args.out is None:
        desk.terminal.show({}, Why(page.rstrip(), page.rstrip()))
        return 0
    try:
        args.out.write_text(page, "utf-8")
    except OSError as error:
        raise ProvisioningError(full(args.out, error)) from None
    desk.terminal.show({}, Why(f"보고서: {args.out}", f"Report: {args.out}"))
    return 0


def _which_code(device: str) -> Failure:
    return Failure(
        "which-code",
        Why(f"{device}의 설정 코드를 모릅니다.", f"The setup code of {device} is not known here."),
        Why("라벨의 설정 코드를 --code 로 주세요.", "Give the label's code with --code."),
    )


COMMANDS = (
    Command(
        "commission",
        Why(
            "기기의 서명된 설치 기록을 받아 작업 기록에 넣습니다",
            "take a device's signed commissioning record into the journal",
        ),
        _add_commission,
        _commission,
    ),
    Command(
        "verify",
        Why("설치 기록을 확인합니다", "check a commissioning record"),
        _add_verify,
        _verify,
    ),
    Command(
        "report",
        Why("기기마다 어디까지 되었는지 보입니다", "show how far each device has come"),
        _add_report,
        _report,
    ),
)
