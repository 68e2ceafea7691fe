"""`haetae ledger`: verify it, show it, print a certificate of it. On the device or on a copy."""

import argparse
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent import config
from agent.certificate import Certificate, certificate, read_seal
from agent.config import ConfigError
from agent.ledger_check import Report, verify
from agent.ledger_file import Head, Record, segments, unseal
from agent.sections import Config
from agent.signing import SigningError, Verifier, load_signer, load_verifier

FOUND_WRONG = 1
_QUICK_BYTES = 4 << 20  # more takes some seconds, and shows how far it is

Print = Callable[[Iterable[object], Callable[..., str] | None], None]


class NoLedgerError(Exception):
    """There is nothing to look at, or nothing to look at it with; one line for people."""


def run(args: argparse.Namespace, out: Print, status: dict[str, Any] | None) -> int:
    """Do what the words say; `status` is the running agent's, for a certificate.

    Raises:
        NoLedgerError: It cannot be done.
    """
    folder = args.path or args.state / "ledger"
    try:
        if args.word == "show":
            return _show(args, folder, out)
        settings = None if args.path else _settings(args.config)
        if args.word == "verify":
            return _verify(args, folder, settings, out)
        return _certificate(args, folder, settings, status)
    except OSError as error:
        raise NoLedgerError(f"{error.filename or folder}: {error.strerror}") from None
    except SigningError as error:
        raise NoLedgerError(str(error)) from None


def _verify(args: argparse.Namespace, folder: Path, settings: Config | None, out: Print) -> int:
    keys, heads = _known(args.known, settings), list(args.head)
    if args.seal is not None:
        seal = read_seal(args.seal, keys)
        if seal.fault:
            raise NoLedgerError(f"the code: {seal.fault}")
        heads.append(seal.head)
    report = verify(folder, keys=keys, heads=heads, progress=_progress)
    out([_row(report)], None if args.json else _text)
    return 0 if report.fault is None else FOUND_WRONG


def _show(args: argparse.Namespace, folder: Path, out: Print) -> int:
    found: deque[Record] = deque(maxlen=args.last)
    for record in _records(folder):
        if args.kind is None or record.kind == args.kind:
            found.append(record)
    out((msgspec.to_builtins(each) for each in found), None if args.json else _line)
    return 0


def _certificate(
    args: argparse.Namespace, folder: Path, settings: Config | None, status: dict[str, Any] | None
) -> int:
    report = verify(folder, keys=_known(args.known, settings), progress=_progress)
    if report.fault is not None or not report.last:
        raise NoLedgerError(f"no certificate: {_text(_row(report))}")
    signer = None
    if settings is not None and settings.hub is not None and Path(settings.hub.key).exists():
        signer = load_signer(settings.hub.key)
    head = Head.of(report.last, report.digest)
    now = None if args.path else status  # a copy may be another device's
    try:
        page = certificate(Certificate.of(_records(folder), head, now), signer)
    except ModuleNotFoundError:
        raise NoLedgerError("no certificate: pip install 'haetae[certificate]'") from None
    args.out.write_text(page, "utf-8")
    sys.stderr.write(f"{args.out}: written\n")
    return 0


def _records(folder: Path) -> Iterator[Record]:
    """Every record that can be read, oldest first."""
    for path in segments(folder):
        for line in path.read_bytes().splitlines():
            try:
                yield unseal(line).record
            except ValueError:
                sys.stderr.write(f"{path}: a line cannot be read: see `haetae ledger verify`\n")


def _known(files: Iterable[Path], settings: Config | None) -> list[Verifier]:
    """The keys that are known to be the device's: those named, else that of its certificate."""
    keys = [_verifier(path) for path in files]
    if not keys and settings is not None and settings.hub is not None:
        own = Path(settings.hub.certificate)
        keys = [_verifier(own)] if own.exists() else []
    return keys


def _verifier(path: Path) -> Verifier:
    try:
        return load_verifier(path.read_bytes())
    except SigningError as error:
        raise SigningError(f"{path}: {error}") from None


def _settings(path: Path) -> Config | None:
    try:
        return config.load(path)
    except ConfigError:
        return None  # the ledger is there all the same


def _progress(done: int, of: int) -> None:
    if of > _QUICK_BYTES and sys.stderr.isatty():
        end = "\n" if done == of else ""
        sys.stderr.write(f"\r{done / of:4.0%} of {of >> 20} MiB{end}")
        sys.stderr.flush()


def _row(report: Report) -> dict[str, Any]:
    head = str(Head.of(report.last, report.digest)) if report.last else None
    return {
        "good": report.fault is None,
        "first": report.first,
        "last": report.last,
        "signed": report.signed,
        "unsigned": report.unsigned,
        "head": head,
        "fault": msgspec.to_builtins(report.fault),
        "torn": msgspec.to_builtins(report.torn),
        "notes": report.notes,
    }


def _text(row: dict[str, Any]) -> str:
    lines = []
    if fault := row["fault"]:
        lines.append(f"WRONG from record {fault['seq']} on ({fault['where']}): {fault['what']}")
        if row["last"] and row["last"] >= row["first"]:
            lines.append(f"before it: records {row['first']} to {row['last']}")
    elif row["head"] is None:
        lines.append("good, and empty")
    else:
        counted = f"{row['signed']} signed, {row['unsigned']} not"
        lines.append(f"good: records {row['first']} to {row['last']} ({counted})")
        lines.append(f"head {row['head']}")
    if torn := row["torn"]:
        lines.append(f"note: record {torn['seq']} ({torn['where']}): {torn['what']}")
    return "\n".join([*lines, *(f"note: {each}" for each in row["notes"])])


def _line(row: dict[str, Any]) -> str:
    body = json.dumps(row["body"], ensure_ascii=False, separators=(", ", ": "))
    signed = row["key"] or "not signed"
    return f"{row['seq']:>7}  {row['wall_time']}  {row['kind']:<13} {signed:<16} {body[:200]}"
