"""`haetae-provision wiring`: what to buy for a profile, how to wire it, and what would go wrong."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.sections import Config
from agent.values import Why
from provisioning.batch_folder import full
from provisioning.desk import Command, Desk, Parser
from provisioning.parts_list import HEADS, csv_text, items, markdown, rows
from provisioning.profile_file import read_profile
from provisioning.profile_sheet import sheet
from provisioning.remedy import ProvisioningError
from provisioning.wiring import plan
from provisioning.wiring_check import problems
from provisioning.wiring_picture import picture

_FOUND_WRONG = 1
_FORMS: Mapping[str, Callable[[Config], str]] = {
    ".html": sheet,
    ".svg": lambda config: picture(plan(config), config.title),
    ".csv": lambda config: csv_text(HEADS, rows(items(plan(config)))),
    ".md": lambda config: markdown(HEADS, rows(items(plan(config)))) + "\n",
}


def _add(parser: Parser) -> None:
    about = Why("프로필 이름이나 설정 파일", "the name of a profile, or a configuration")
    parser.needs("profile", about, metavar="NAME|FILE")
    about = Why(
        "저장할 파일: .html 인쇄용, .svg 그림, .csv나 .md 부품 목록",
        "the file to write: .html for a printer, .svg the picture, .csv or .md the parts",
    )
    parser.takes("--out", type=_file, metavar="FILE", about=about)


def _file(text: str) -> Path:
    path = Path(text)
    if path.suffix not in _FORMS:
        raise argparse.ArgumentTypeError(f"{text}: {', '.join(_FORMS)}")
    return path


def _run(args: argparse.Namespace, desk: Desk) -> int:
    """Say what is wrong with the wiring; else list the parts, or write what is asked for."""
    config = read_profile(args.profile)
    if found := problems(config):
        for each in found:
            desk.terminal.fail(each)
        return _FOUND_WRONG
    bought = items(plan(config))
    if args.out is None:
        lines = [f"{each.count} x {each.name.ko}" for each in bought]
        english = [f"{each.count} x {each.name.en}" for each in bought]
        told = Why("\n".join(lines), "\n".join(english))
        record = [{"count": each.count, "ko": each.name.ko, "en": each.name.en} for each in bought]
        desk.terminal.show({"profile": config.profile, "parts": record}, told)
        return 0
    try:
        args.out.write_text(_FORMS[args.out.suffix](config), "utf-8")
    except OSError as error:
        raise ProvisioningError(full(args.out.parent, error)) from None
    told = Why(f"저장했습니다: {args.out}", f"Written: {args.out}")
    desk.terminal.show({"profile": config.profile, "file": str(args.out)}, told)
    return 0


COMMANDS = (
    Command(
        "wiring",
        Why(
            "프로필의 부품 목록과 배선 그림을 만들고, 잘못된 배선을 알려 줍니다",
            "list a profile's parts, draw its wiring, and say what is wrong with it",
        ),
        _add,
        _run,
    ),
)
