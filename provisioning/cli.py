"""`haetae-provision`: the installer's commands, and those that a device runs for itself.

Exit codes: 0 success, 1 something has to be done first (it says what), 64 usage (EX_USAGE),
130 interrupted.
"""

import argparse
import getpass
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agent import __version__
from agent.values import Why
from provisioning import cli_batch, cli_device, cli_flash, cli_office, cli_site, cli_wiring
from provisioning.desk import Command, Desk, Parser
from provisioning.journal import default_path
from provisioning.remedy import ProvisioningError
from provisioning.terminal import LANGUAGES, Lang, Terminal, language

FAILED, INTERRUPTED = 1, 130
COMMANDS: Sequence[Command] = (
    *cli_batch.COMMANDS,
    *cli_flash.COMMANDS,
    *cli_office.COMMANDS,
    *cli_site.COMMANDS,
    *cli_device.COMMANDS,
    *cli_wiring.COMMANDS,
)
_ABOUT = Why(
    "해태 기기를 준비하고 설치합니다: 카드, 라벨, 등록, 확인.",
    "Prepare and install Haetae devices: cards, labels, enrolment, checks.",
)
_STEPS = Why(
    "순서: batch → 라벨 인쇄 → flash → sync → 현장에서 기기를 켜고 라벨의 QR로 설정 → "
    "commission → verify → report. 인터넷 없이도 됩니다. 되는 대로 sync 를 실행하세요.",
    "In this order: batch, print the labels, flash, sync, switch the device on at its place and "
    "set it up by its label's QR code, commission, verify, report. All but sync works without a "
    "network; run sync as soon as there is one.",
)


def main(argv: Sequence[str] | None = None, system: Path = Path("/")) -> int:
    """Understand the command line and do what it says; `system` stands for / in tests."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Korean, whatever the locale calls text
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser(_wanted(words)).parse_args(words)
    logging.basicConfig(
        format="%(levelname)s %(name)s: %(message)s",
        level=logging.DEBUG if args.debug else logging.WARNING,
    )
    terminal = Terminal(
        args.lang, args.json, frozenset(args.confirm), sys.stdout, sys.stderr, sys.stdin
    )
    desk = Desk(terminal, args.journal, args.installer, system)
    try:
        return int(args.command.run(args, desk))
    except ProvisioningError as error:
        terminal.fail(error.failure)
        return FAILED
    except KeyboardInterrupt:
        ko, en = "멈췄습니다. 다시 실행하면 이어서 합니다.", "Stopped. Run it again to go on."
        terminal.say(Why(f"\n{ko}", f"\n{en}"))
        return INTERRUPTED


def parser(lang: Lang) -> Parser:
    """The whole command line, its help in that language."""
    top = Parser(lang, prog="haetae-provision")
    top.description, top.epilog = top.told(_ABOUT), top.told(_STEPS)
    version = f"haetae-provision {__version__}"
    about = top.told(Why("판을 보입니다", "show the version"))
    top.chosen.add_argument("--version", action="version", version=version, help=about)
    _share(top, lang, is_top=True)
    heading = Why("명령", "commands")
    commands = top.add_subparsers(
        dest="name", required=True, title=top.told(heading), metavar="COMMAND"
    )
    for each in COMMANDS:
        made = commands.add_parser(each.name, lang=lang, help=top.told(each.about))
        made.description = top.told(each.about)
        each.add(made)
        _share(made, lang, is_top=False)
        made.set_defaults(command=each)
    return top


def _share(parser: Parser, lang: Lang, *, is_top: bool) -> None:
    """What every command takes, before its name or after it."""

    def kept(default: object) -> object:
        return default if is_top else argparse.SUPPRESS

    about = Why("말: ko 또는 en", "language: ko or en")
    parser.takes("--lang", choices=LANGUAGES, default=kept(lang), about=about)
    about = Why("결과를 JSON으로, 한 줄에 하나씩", "results as JSON, one object a line")
    parser.takes("--json", action="store_true", default=kept(False), about=about)
    about = Why("작업 기록 파일", "the journal's file")
    parser.takes("--journal", type=Path, default=kept(default_path()), metavar="FILE", about=about)
    about = Why("작업하는 사람", "who is at work")
    parser.takes("--installer", default=kept(_user()), metavar="NAME", about=about)
    about = Why(
        "물음에 미리 답하는 말 (물음이 요구하는 말 그대로)",
        "the word that a question will ask for, given beforehand",
    )
    # a list that both parsers would append to is the top one's only
    parser.takes("--confirm", action="append", default=kept([]), metavar="WORD", about=about)
    about = Why("자세한 기록을 보입니다", "log in detail")
    parser.takes("--debug", action="store_true", default=kept(False), about=about)


def _wanted(words: Sequence[str]) -> Lang:
    """The language that the words ask for, before they are understood."""
    for n, word in enumerate(words):
        chosen = word.removeprefix("--lang=") if "=" in word else next(iter(words[n + 1 :]), "")
        if word.partition("=")[0] == "--lang":
            return "ko" if chosen == "ko" else "en"
    return language()


def _user() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
