"""The words behind `haetae ledger`; what they do is in `agent.ledger_command`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from agent.ledger_file import Head
from agent.ledger_past import KINDS


def add(
    parser: argparse.ArgumentParser,
    shared: argparse.ArgumentParser,
    *,
    count: Callable[[str], int],
) -> None:
    """The words behind `haetae ledger`; `count` reads a number of rows."""
    words = parser.add_subparsers(dest="word", required=True, parser_class=type(parser))
    for word, about in (
        ("verify", "name the first record that is not what the device wrote; exit 1"),
        ("show", "print the newest records"),
        ("certificate", "write a page for the wall: what was proven, and a code to check it by"),
    ):
        made = words.add_parser(word, help=about, parents=[shared], allow_abbrev=False)
        made.add_argument("path", nargs="?", type=Path, metavar="DIR", help="a copy of a ledger")
        if word == "show":
            made.add_argument("--last", type=count, default=20, metavar="N")
            made.add_argument("--kind", choices=KINDS)
            continue
        for option in ("--key", "--certificate"):
            made.add_argument(
                option, dest="known", action="append", default=[], type=Path, metavar="PEM",
                help="the device's, as the hub has it; more than one where it was renewed",
            )  # fmt: skip
        if word == "verify":
            made.add_argument(
                "--head", action="append", default=[], type=_head, metavar="SEQ:DIGEST",
                help="what the device told a hub before",
            )  # fmt: skip
            made.add_argument("--seal", metavar="TEXT", help="what a certificate's code says")
        else:
            made.add_argument("--out", type=Path, required=True, metavar="FILE.html")


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
