"""The words of `haetae`: what may be said on its command line; what it then does: `agent.cli`."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from agent import ledger_words

USAGE = 64  # EX_USAGE
CONFIG = Path("/etc/haetae/device.toml")

Command = Callable[[argparse.Namespace], int]  # gives the exit code


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the words, and ends with EX_USAGE."""

    def error(self, message: str) -> NoReturn:
        """End with one line that says what is wrong."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def parser(about: str, does: Mapping[str, Command]) -> argparse.ArgumentParser:
    """The command line of `haetae`; `about` says what it is, `does` has each command by its name.

    The command that was asked for is then `command` of what was understood.
    """
    top = Parser(prog="haetae", description=about, allow_abbrev=False)
    shared = Parser(add_help=False, allow_abbrev=False)
    state = Path(os.environ.get("STATE_DIRECTORY", "/var/lib/haetae"))
    run_dir = Path(os.environ.get("RUNTIME_DIRECTORY", "/run/haetae"))
    for each, default in ((top, None), (shared, argparse.SUPPRESS)):
        each.add_argument(
            "--config", type=Path, default=default or CONFIG, metavar="PATH", help=f"else {CONFIG}"
        )
        each.add_argument("--state", type=Path, default=default or state, metavar="DIR")
        each.add_argument("--run-dir", type=Path, default=default or run_dir, metavar="DIR")
    shared.add_argument("--json", action="store_true", help="one JSON object a line")
    commands = top.add_subparsers(dest="name", required=True, parser_class=Parser)
    for name, command in does.items():
        made = commands.add_parser(name, help=command.__doc__, parents=[shared], allow_abbrev=False)
        made.set_defaults(command=command)
        if name == "replay":
            made.add_argument("recording", type=Path, metavar="DIR")
            made.add_argument("--profile", metavar="NAME", help="a shipped profile's thresholds")
            made.add_argument("--readings", action="store_true", help="print derived readings too")
        if name == "probe":
            add_commissioning(made)
        if name == "selftest":
            made.add_argument(
                "--sound", action="store_true", help="sound the siren once and listen to it"
            )
        if name == "ledger":
            ledger_words.add(made, shared, count=count)
        if name == "events":
            made.add_argument("--limit", type=count, default=20, metavar="N")
    return top


def add_commissioning(parser: argparse.ArgumentParser) -> None:
    """What `probe` can do beside reading: measure a part as it was put in, and keep that."""
    parser.add_argument(
        "--baseline", metavar="SENSOR", help="measure it as it was put in, and keep that"
    )
    parser.add_argument("--calibrate", metavar="SENSOR", help="hold a microphone to a known sound")
    parser.add_argument("--reference-db", type=float, default=94.0, metavar="DB")
    parser.add_argument("--reference", default="a sound calibrator", metavar="TYPE")
    parser.add_argument(
        "--heated-h", type=float, default=0.0, metavar="H", help="hours it was heated for"
    )


def count(text: str) -> int:
    """A number of rows."""
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:10]) <= 100_000:
        raise argparse.ArgumentTypeError("a number from 1 to 100000")
    return int(text)
