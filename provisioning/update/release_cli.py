"""`haetae-release`: make, sign and publish releases; see docs/updates.md."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from provisioning.ca.keys import CURVES
from provisioning.remedy import ProvisioningError
from provisioning.update import release_commands as commands
from provisioning.update.keys import SIGNER_LASTS
from provisioning.update.manifest import KINDS
from provisioning.update.publishing import LASTS
from provisioning.update.versions import order

EX_USAGE, EX_CONFIG = 64, 78

Command = Callable[[argparse.Namespace], None]


class _Parser(argparse.ArgumentParser):
    """Ends as commands here do where it is not understood."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EX_USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit 0 if it is done, 78 if somebody has to follow a remedy first."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except ProvisioningError as problem:
        sys.stderr.write(f"{problem}\n")
        return EX_CONFIG
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="haetae-release", description=__doc__)
    words = parser.add_subparsers(required=True, metavar="COMMAND", dest="word")
    _keys(words)
    _bundles(words)
    _publication(words)
    return parser


def _keys(words: "argparse._SubParsersAction[_Parser]") -> None:
    """Where the root is: offline."""
    shared = _Parser(add_help=False)
    shared.add_argument("--folder", type=Path, default=Path(), metavar="FOLDER")
    shared.add_argument("--passphrase-file", type=Path, help="asked for if not given")
    root = _word(words, "root", commands.root, "make a release root, offline", shared)
    root.add_argument("--name", default="Haetae release root", help="as people know it")
    root.add_argument("--curve", choices=sorted(CURVES), default="P-384")
    root.add_argument("--follows", type=Path, metavar="FOLDER", help="of today's root")
    root.add_argument("--old-passphrase-file", type=Path)
    signer = _word(words, "signer", commands.signer, "make a signer's key, or sign it", shared)
    signer.add_argument("--name", default="Haetae release signer")
    signer.add_argument("--sign", type=Path, metavar="CSR", help="by the root in --folder")
    signer.add_argument("--days", type=int, default=SIGNER_LASTS.days, help="for how long it signs")
    withdraw = _word(words, "withdraw", commands.withdraw, "withdraw signers, offline", shared)
    withdraw.add_argument("signer", type=Path, nargs="+", metavar="SIGNER.pem")


def _bundles(words: "argparse._SubParsersAction[_Parser]") -> None:
    """What is made and signed."""
    by = _by_signer()
    made = _Parser(add_help=False)
    made.add_argument("--out", type=Path, default=Path(), metavar="FOLDER")
    made.add_argument("--board", action="append", default=[], help="only for this one")
    made.add_argument("--profile", action="append", default=[], help="only for this one")
    made.add_argument("--needs", action="append", default=[], type=_need, metavar="KIND=VERSION")
    made.add_argument("--not-before", type=_instant, metavar="RFC3339")
    checkout = _Parser(add_help=False)
    checkout.add_argument("--checkout", type=Path, default=Path(), metavar="FOLDER")
    about = "a bundle of a checkout's application"
    _word(words, "application", commands.application, about, by, made, checkout)
    for name in ("models", "rules"):
        word = _word(words, name, commands.data, f"a bundle of {name}", by, made, checkout)
        word.add_argument("--version", required=True, type=_version)
        word.add_argument("--file", action="append", default=[], metavar="PATTERN")
    keys = _word(words, "keys", commands.keys, "a bundle of release roots", by, made)
    keys.add_argument("--version", required=True, type=_version)
    keys.add_argument("--roots", type=Path, required=True, metavar="PEM")
    keys.add_argument("--vouchers", type=Path, action="append", default=[], metavar="PEM")
    system = _word(words, "system", commands.system, "a RAUC bundle of a folder", by)
    system.add_argument("folder", type=Path, metavar="FOLDER", help="with manifest.raucm")
    system.add_argument("--out", type=Path, required=True, metavar="FILE.raucb")
    show = _word(words, "show", commands.show, "what a bundle is")
    show.add_argument("bundle", type=Path)
    show.add_argument("--roots", type=Path, required=True, metavar="PEM")


def _publication(words: "argparse._SubParsersAction[_Parser]") -> None:
    """What devices are offered."""
    by = _by_signer()
    by.add_argument("--folder", type=Path, required=True, metavar="FOLDER", help="that is served")
    by.add_argument("--days", type=float, default=LASTS.days, help="the catalogue is good for")
    by.add_argument("--profile", action="append", default=[], help="only for this one")
    publish = _word(words, "publish", commands.publish, "offer bundles to devices", by)
    publish.add_argument("bundle", type=Path, nargs="+")
    publish.add_argument("--percent", type=_percent, required=True, help="of devices, at first")
    publish.add_argument("--not-before", type=_instant, metavar="RFC3339")
    offers = _word(words, "catalogue", commands.offers, "show, renew or change what is offered", by)
    release = ("KIND", "VERSION")
    offers.add_argument("--percent", nargs=3, metavar=(*release, "PERCENT"))
    offers.add_argument("--remove", nargs=2, metavar=release)
    offers.add_argument("--renew", action="store_true", help="sign it anew")


def _by_signer() -> _Parser:
    by = _Parser(add_help=False)
    by.add_argument("--signer", type=Path, required=True, metavar="FOLDER")
    by.add_argument("--passphrase-file", type=Path, help="asked for if not given")
    return by


def _word(
    words: "argparse._SubParsersAction[_Parser]",
    name: str,
    run: Command,
    about: str,
    *parents: _Parser,
) -> _Parser:
    word = words.add_parser(name, help=about, parents=list(parents))
    word.set_defaults(run=run)
    return word


def _version(text: str) -> str:
    order(text)
    return text


def _need(text: str) -> tuple[str, str]:
    kind, _, version = text.partition("=")
    if kind not in KINDS:
        raise ValueError(text)
    return kind, _version(version)


def _percent(text: str) -> float:
    if not 0 <= (value := float(text)) <= 100:
        raise ValueError(text)
    return value


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
