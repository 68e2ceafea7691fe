"""`python -m models`: fetch, verify, measure, evaluate and ask the models.

One JSON object a line on standard output and nothing else there. Exit codes: 0 success, 1 what was
asked found something wrong, 64 usage (EX_USAGE).
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from models import runtime
from models.footage import STILL_HZ, FootageError
from models.runtime import ModelError

USAGE, FOUND_WRONG = 64, 1


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the words, and ends with EX_USAGE."""

    def error(self, message: str) -> NoReturn:
        """End with one line that says what is wrong."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def fetch(args: argparse.Namespace) -> int:
    """Get the pose files, which are not ours to ship, from their registry; each is checked."""
    from models import fetch as fetching  # noqa: PLC0415  # only this command needs it

    for path in fetching.fetch(args.out, say=_aside, package=args.package):
        _print({"file": str(path), "sha256": "ok"})
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check every model file, and run each once on every runtime here; 1 if one is not sound."""
    from models import verification  # noqa: PLC0415  # only this command needs it

    del args
    return _print_all(verification.verify())


def measure(args: argparse.Namespace) -> int:
    """CPU time of a look and memory of a process, for every model on every runtime here."""
    from models import verification  # noqa: PLC0415  # only this command needs it

    return _print_all(verification.measure(args.runs))


def evaluate(args: argparse.Namespace) -> int:
    """Judge a folder whose sub-folders are classes; the last line sums up."""
    from models import judges  # noqa: PLC0415  # only this command needs it

    judge = judges.judge(args.model, args.runtime, args.fps)
    found = judges.evaluation(judge, args.folder, _aside)
    for number, line in enumerate(_told(found), 1):
        _progress(number)
        _print(line)
    return 0


def score(args: argparse.Namespace) -> int:
    """Say what a model says of files; 1 if one of them cannot be read."""
    from models import judges  # noqa: PLC0415  # only this command needs it

    judge = judges.judge(args.model, args.runtime, args.fps)
    wrong = 0
    for line in _told(line for _, line in judges.lines(judge, iter(args.files))):
        wrong += "error" in line
        _print(line)
    return FOUND_WRONG if wrong else 0


def main(argv: list[str] | None = None) -> int:
    """Understand the command line and do what it says; an expected failure is one line."""
    args = parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        return command(args)
    except (FootageError, ModelError) as error:
        _aside(str(error))
        return FOUND_WRONG
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    from models.judges import JUDGES  # noqa: PLC0415  # the names alone

    top = Parser(prog="python -m models", description=__doc__.splitlines()[0], allow_abbrev=False)
    commands = top.add_subparsers(dest="name", required=True, parser_class=Parser)
    for command in (fetch, verify, measure, evaluate, score):
        made = commands.add_parser(command.__name__, help=command.__doc__, allow_abbrev=False)
        made.set_defaults(command=command)
        if command is fetch:
            made.add_argument("--out", type=Path, metavar="DIR", help="else where they are used")
            made.add_argument("--package", type=Path, metavar="FILE", help="brought, not fetched")
        if command is measure:
            made.add_argument("--runs", type=_count, default=20, metavar="N")
        if command in {evaluate, score}:
            made.add_argument("model", choices=JUDGES)
            made.add_argument("--runtime", choices=tuple(runtime.RUNTIMES))
            made.add_argument(
                "--fps", type=_rate, default=STILL_HZ, metavar="HZ", help="of folders of pictures"
            )
        if command is evaluate:
            made.add_argument("folder", type=Path, metavar="DIR")
        if command is score:
            made.add_argument("files", type=Path, nargs="+", metavar="FILE")
    return top


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text[:10]) <= 100_000:
        raise argparse.ArgumentTypeError("a number from 1 to 100000")
    return int(text)


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 1000:
        raise argparse.ArgumentTypeError("a number from 0.1 to 1000")
    return value


def _told(lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines, each file that cannot be read named to people as well."""
    for line in lines:
        if "error" in line:
            _aside(line["error"])
        yield line


def _print_all(rows: Iterable[Mapping[str, Any]]) -> int:
    """Print; 1 if one of them holds an error."""
    wrong = 0
    for row in _told(dict(each) for each in rows):
        wrong += "error" in row
        _print(row)
    return FOUND_WRONG if wrong else 0


def _print(row: Mapping[str, Any]) -> None:
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # a file name that is not UTF-8, or a terminal that is not
        line = json.dumps(row)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _progress(number: int) -> None:
    """Count, for people who wait and see no lines."""
    if sys.stderr.isatty() and not sys.stdout.isatty():
        sys.stderr.write(f"\r{number} files")
        sys.stderr.flush()


def _aside(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
