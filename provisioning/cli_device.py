"""`haetae-provision` on the device itself: enrol, first boot, setup page, factory reset.

What each needs is imported when it is asked for: a device's start waits for nothing else.
"""

import argparse
from pathlib import Path

from agent.values import Why
from provisioning.desk import Command, Desk, Parser
from provisioning.places import CONFIGURATION, RUN, STATE


def _folders(parser: Parser, *, state: bool = False) -> None:
    """Where the device's own files are."""
    about = Why("기기의 설정 폴더", "the device's configuration folder")
    parser.takes("--configuration", type=Path, default=CONFIGURATION, metavar="DIR", about=about)
    about = Why("실행 중인 기기의 폴더", "the running device's folder")
    parser.takes("--run", type=Path, default=RUN, metavar="DIR", about=about)
    if state:
        about = Why("기기의 기록 폴더", "the device's state folder")
        parser.takes("--state", type=Path, default=STATE, metavar="DIR", about=about)


def add_enroll_on_device(parser: Parser) -> None:
    """What enrolment on the device takes."""
    _folders(parser)
    about = Why("한 번만 시도합니다", "try once")
    parser.takes("--once", action="store_true", about=about)


def enroll_on_device(args: argparse.Namespace, desk: Desk) -> int:
    """Enrol or renew, and say how it stands."""
    from provisioning import enroll, enrolment_state  # noqa: PLC0415  # on the device only

    code = enroll.run_on_device(configuration=args.configuration, run=args.run, once=args.once)
    if (found := enrolment_state.read(args.run)) is not None:
        until = found.not_after.isoformat() if found.not_after is not None else None
        record = {"state": found.state, "code": found.code, "not_after": until}
        said = Why(f"{found.what.ko} {found.remedy.ko}", f"{found.what.en} {found.remedy.en}")
        desk.terminal.show(record, said)
    return code


def _first_boot(_args: argparse.Namespace, _desk: Desk) -> int:
    from provisioning import first_boot  # noqa: PLC0415  # on the device only

    return first_boot.main()


def _add_setup_page(parser: Parser) -> None:
    _folders(parser, state=True)
    about = Why("듣는 주소 (기본: 모두)", "the address to listen on (else all)")
    parser.takes("--address", default="", metavar="ADDRESS", about=about)
    about = Why("듣는 포트", "the port to listen on")
    parser.takes("--port", type=int, default=443, metavar="PORT", about=about)
    about = Why(
        "이 포트의 HTTP를 설정 화면으로 보냅니다", "where plain HTTP is sent on to the page"
    )
    parser.takes("--http-port", type=int, metavar="PORT", about=about)


def _setup_page(args: argparse.Namespace, _desk: Desk) -> int:
    from provisioning.setup_page import server  # noqa: PLC0415  # on the device only

    return server.main(args)


COMMANDS = (
    Command(
        "first-boot",
        Why(
            "(기기) 카드의 시드를 받아들입니다",
            "(device) take the seed from the card",
        ),
        lambda _parser: None,
        _first_boot,
    ),
    Command(
        "setup-page",
        Why("(기기) 설정 화면을 엽니다", "(device) serve the setup page"),
        _add_setup_page,
        _setup_page,
    ),
)
