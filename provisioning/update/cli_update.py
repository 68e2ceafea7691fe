"""`haetae-update`: what the device itself does of updates, and what somebody at it may ask for.

    haetae-update status                 what is in force, what was before, what became of the last
    haetae-update check                  look at the server, fetch, have it installed (its own user)
    haetae-update install [FILE]         root: what was fetched, or a file that was brought
    haetae-update rollback               root: back to what was before
    haetae-update lay-out                root, at every start: check what is installed, and use it

Exit codes: 0 success, 1 something is to be done first, or it was not kept (it says what), 64 usage.
"""

import argparse
import io
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.values import Why
from provisioning.places import IDENTITY
from provisioning.remedy import ProvisioningError
from provisioning.terminal import LANGUAGES, Terminal, language
from provisioning.update.facts import Places

if TYPE_CHECKING:
    from provisioning.update.device import Hands
    from provisioning.update.outcome import Report

OK, FAILED = 0, 1
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd's LoadCredential: key, certificate, configuration

Command = Callable[[argparse.Namespace, Terminal, Places], int]


def check(_args: argparse.Namespace, terminal: Terminal, places: Places) -> int:
    """Look at the update server, and fetch what this device takes."""
    from provisioning.update import fetching  # noqa: PLC0415  # each needs other libraries

    given = os.environ.get(CREDENTIALS)
    if given is not None:
        places = replace(places, configuration=Path(given))
    server = fetching.server(places, IDENTITY if given is None else Path(given))
    if server is None:
        says = Why("업데이트 서버가 정해져 있지 않습니다.", "No update server is configured.")
        terminal.show({"state": "no-server"}, says)
        return OK
    try:
        found = fetching.check(places, server)
    except ProvisioningError as error:
        fetching.tell_refused(places, error.failure)
        raise
    fetching.tell_good(places)
    if found is None:
        terminal.show({"state": "nothing-new"}, Why("새것이 없습니다.", "There is nothing new."))
        return OK
    told = {"state": "fetched", "kind": found.kind, "version": found.version}
    name = f"{found.kind} {found.version}"
    terminal.show(told, Why(f"{name}: 받았습니다.", f"{name}: fetched."))
    return OK


def install(args: argparse.Namespace, terminal: Terminal, places: Places) -> int:
    """Try what was fetched, or a file that was brought, and keep it or go back."""
    from provisioning.update import device, fetching  # noqa: PLC0415

    _see_root(places)
    hands = _hands(args, places)
    if args.file is not None:
        return _ended(_install(args.file, hands), terminal)
    if (wanted := fetching.requested(places)) is None:
        fetching.answered(places, None)
        terminal.show({"state": "nothing-wanted"}, Why("할 일이 없습니다.", "Nothing is wanted."))
        return OK
    request, file = wanted
    try:
        _ended(_install(file, replace(hands, by_hand=False)), terminal)
    except ProvisioningError as error:
        device.refuse(request.kind, request.version, error.failure, hands)
        terminal.fail(error.failure)
    finally:
        fetching.answered(places, file)
    return OK  # whatever became of it was told: nobody need start this again


def rollback(args: argparse.Namespace, terminal: Terminal, places: Places) -> int:
    """Go back to what was before the last update."""
    from provisioning.update import device  # noqa: PLC0415

    _see_root(places)
    return _ended(device.roll_back(_hands(args, places)), terminal)


def lay_out(_args: argparse.Namespace, terminal: Terminal, places: Places) -> int:
    """Check what is installed, and have the agent start from it."""
    from provisioning.update import boot  # noqa: PLC0415

    shown = boot.lay_out(places)
    told = {kind: layer.version for kind, layer in shown.items()}
    terminal.show({"in_force": told}, Why(_listed(told), _listed(told)))
    return OK


def status(_args: argparse.Namespace, terminal: Terminal, places: Places) -> int:
    """Say what is in force, what was before, and what became of the last update."""
    from provisioning.update import facts, outcome, selection  # noqa: PLC0415

    chosen, known = selection.read(places.installed), facts.facts(places)
    shown, aside = facts.in_force(places, chosen.current)
    last = outcome.read(places.update_run) or outcome.read(places.updates)
    before = {kind: layer.version for kind, layer in (chosen.previous or {}).items()}
    record: dict[str, Any] = {
        "in_force": {kind: layer.version for kind, layer in shown.items()},
        "versions": dict(known.versions),
        "left_aside": aside,
        "before": None if chosen.previous is None else before,
        "trying": None if chosen.trial is None else chosen.trial.version,
        "floor": dict(known.floor),
        "failed": chosen.failed,
        "last": None if last is None else str(last),
    }
    lines = [f"{name}: {value}" for name, value in record.items() if value]
    text = "\n".join(lines)
    terminal.show(record, Why(text, text))
    return OK


COMMANDS: Mapping[str, Command] = {
    "status": status,
    "check": check,
    "install": install,
    "rollback": rollback,
    "lay-out": lay_out,
}


def main(argv: Sequence[str] | None = None, places: Places | None = None) -> int:
    """Understand the command line and do what it says; `places` are a test's own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Korean, whatever the locale calls text
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    args = _parser().parse_args(argv)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    terminal = Terminal(args.lang, args.json, frozenset(), sys.stdout, sys.stderr)
    try:
        return COMMANDS[args.command](args, terminal, places or Places())
    except ProvisioningError as error:
        terminal.fail(error.failure)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one JSON object a line")
    shared.add_argument("--lang", choices=LANGUAGES, default=language())
    top = argparse.ArgumentParser(
        prog="haetae-update", description=__doc__.splitlines()[0], allow_abbrev=False
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        made = commands.add_parser(name, help=command.__doc__, parents=[shared], allow_abbrev=False)
        if name == "install":
            made.add_argument("file", nargs="?", type=Path, metavar="FILE", help="else the fetched")
        if name in {"install", "rollback"}:
            made.add_argument(
                "--soak", type=_seconds, default=60.0, metavar="S",
                help="how long it must go on well before it is tested (a bench: 5 or more)",
            )  # fmt: skip
    return top


def _seconds(text: str) -> float:
    if not 5.0 <= (found := float(text)) <= 86_400.0:
        raise argparse.ArgumentTypeError("from 5 s to a day")
    return found


def _see_root(places: Places) -> None:
    """See that this may change what is installed.

    Raises:
        ProvisioningError: It may not.
    """
    from provisioning.update.device_words import error  # noqa: PLC0415

    if os.geteuid() != 0 and not os.access(places.installed, os.W_OK):
        raise error("update-not-root", str(places.installed))


def _hands(args: argparse.Namespace, places: Places) -> "Hands":
    from provisioning.update import device, trial  # noqa: PLC0415

    return device.Hands(places=places, terms=trial.Terms(soak_s=args.soak), by_hand=True)


def _install(file: Path, hands: "Hands") -> "Report":
    """A whole system goes into the other slot; anything else stands beside what runs."""
    from provisioning.update import device, lock, system  # noqa: PLC0415

    if file.suffix != system.SUFFIX:
        return device.install(file, hands)
    with lock.alone(hands.places):
        return system.install(file, hands)


def _ended(told: "Report", terminal: Terminal) -> int:
    record = {"kind": told.kind, "version": told.version, "state": told.state, "why": told.why}
    terminal.show(record, Why(str(told), str(told)))
    # a system is tried by the restart that is under way
    return OK if told.state in {"good", "trying"} else FAILED


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{kind} {version}" for kind, version in versions.items()) or "as shipped"


if __name__ == "__main__":
    sys.exit(main())
