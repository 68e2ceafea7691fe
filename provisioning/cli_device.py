"""`haetae-provision` on the device itself: enrol, first boot, setup page, factory reset.

What each needs is imported when it is asked for: a device's start waits for nothing else.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.values import Why
from provisioning.batch_folder import full
from provisioning.desk import Command, Desk, Parser
from provisioning.places import BOOT, CONFIGURATION, RUN, STATE, TAKEN_SEED
from provisioning.progress import Progress
from provisioning.remedy import Failure, ProvisioningError
from provisioning.seed import read_seed


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


def _add_reset(parser: Parser) -> None:
    about = Why(
        "(노트북) 이 카드의 기기가 다음에 켜질 때 스스로 지우게 합니다",
        "(laptop) have the device of this card erase itself at its next start",
    )
    parser.takes("--card", type=Path, metavar="TARGET", about=about)
    _folders(parser, state=True)
    about = Why("함께 지울 다른 폴더", "another folder of the data partition to empty")
    parser.takes("--also", type=Path, action="append", metavar="DIR", about=about)
    about = Why("자료 파티션 (기본: 찾습니다)", "the data partition (else it is found)")
    parser.takes("--partition", type=Path, metavar="DEVICE", about=about)
    about = Why("카드의 첫 파티션", "the card's first partition")
    parser.takes("--boot", type=Path, default=BOOT, metavar="DIR", about=about)
    about = Why("남아 있으면 안 되는 말", "a text of which nothing may be left")
    parser.takes("--sought", action="append", default=[], metavar="TEXT", about=about)


def _factory_reset(args: argparse.Namespace, desk: Desk) -> int:
    """Erase all that people have left on the device, after asking."""
    if args.card is not None:
        from provisioning.reset_card import ask_for_reset  # noqa: PLC0415  # on the laptop only

        return ask_for_reset(args.card, desk)
    from provisioning import boot_partition, factory_reset  # noqa: PLC0415  # on the device only

    taken = args.configuration / TAKEN_SEED
    device = read_seed(taken).device if taken.exists() else "reset"
    if not desk.terminal.is_confirmed(_ERASES, device):
        raise ProvisioningError(_NOT_CONFIRMED)
    others = args.also if args.also is not None else [Path("/data/network"), Path("/data/systemd")]
    ground = factory_reset.Ground(
        [args.configuration, args.state, *others], args.state, args.run, args.partition
    )
    factory_reset.stop_services()

    def started(label: Why, size: int) -> Callable[[int], None]:
        return Progress(desk.terminal, label, size).advance

    try:
        proof = factory_reset.Reset(ground, args.sought, started).run()
        proof = {"device": device, "at": desk.now().isoformat(timespec="seconds"), **proof}
        with boot_partition.writable(args.boot):
            factory_reset.leave_on_card(args.boot, proof)
    except OSError as error:
        raise ProvisioningError(full(args.configuration, error)) from None
    desk.terminal.show(proof, _erased(proof))
    return 0


_ERASES = Why(
    "이 기기의 모든 것을 지웁니다: 열쇠, 연락처, 기록, 설정. 되돌릴 수 없습니다.",
    "This erases everything on the device: key, contacts, recordings, settings. "
    "It cannot be undone.",
)
_NOT_CONFIRMED = Failure(
    "not-confirmed",
    Why("아무것도 지우지 않았습니다.", "Nothing was erased."),
    Why(
        "정말 지우려면 다시 실행해서 묻는 말을 그대로 입력해 주세요.",
        "To erase it, run it again and type the word that is asked for.",
    ),
)


def _erased(proof: Mapping[str, object]) -> Why:
    return Why(
        f"모두 지웠습니다. 흔적 {proof['sought']}가지를 찾아보았고 남은 것이 없습니다. "
        "전원을 끄세요. 다시 쓰려면 노트북에서 batch --remake --new-label "
        "과 flash 로 카드와 라벨을 새로 만드세요.",
        f"All is erased: {proof['sought']} traces were looked for, and none is left. Switch it "
        "off. To use it again, make card and label anew on the laptop: batch --remake with "
        "--new-label, then flash.",
    )


COMMANDS = (
    Command(
        "factory-reset",
        Why(
            "기기에서 사람들이 남긴 모든 것을 지우고 증명합니다 (노트북에서는 --card)",
            "erase all that people have left on a device, and prove it (on a laptop: --card)",
        ),
        _add_reset,
        _factory_reset,
    ),
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
