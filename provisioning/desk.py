"""What every command of `haetae-provision` works with, and how a command is described."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from agent.values import Why
from provisioning.journal import Journal
from provisioning.terminal import Lang, Terminal

USAGE = 64  # EX_USAGE
_HEADINGS = (Why("할 일", "what to work on"), Why("선택 사항", "options"))


@dataclass(frozen=True, slots=True)
class Desk:
    """The installer's desk: who sits there, what is said and asked, and where the journal lies.

    `system` is `/`, or the folder that stands for it in a test: `sys` and `proc` are read there.
    """

    terminal: Terminal
    journal_path: Path
    who: str
    system: Path = Path("/")
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def journal(self) -> Journal:
        """The journal, which is made where there is none.

        Raises:
            ProvisioningError: It cannot be used.
        """
        return Journal(self.journal_path, self.who, self.now)


class Parser(argparse.ArgumentParser):
    """Says in the reader's language what there is to say, and ends with EX_USAGE on nonsense."""

    def __init__(self, lang: Lang = "en", **options: Any) -> None:
        super().__init__(add_help=False, allow_abbrev=False, **options)
        self.lang = lang
        named, chosen = (self.told(each) for each in _HEADINGS)
        self.named, self.chosen = self.add_argument_group(named), self.add_argument_group(chosen)
        about = self.told(Why("이 설명을 보입니다", "show this help"))
        self.chosen.add_argument("-h", "--help", action="help", help=about)

    def told(self, text: Why) -> str:
        """A text in the reader's language."""
        return text.ko if self.lang == "ko" else text.en

    def needs(self, name: str, about: Why, **options: Any) -> None:
        """What the command works on."""
        self.named.add_argument(name, help=_escaped(self.told(about)), **options)

    def takes(self, *names: str, about: Why, **options: Any) -> None:
        """What may be chosen."""
        self.chosen.add_argument(*names, help=_escaped(self.told(about)), **options)

    def format_help(self) -> str:
        """The help, its first word in the reader's language, too."""
        found = super().format_help()
        return found.replace("usage:", "사용법:", 1) if self.lang == "ko" else found

    def error(self, message: str) -> NoReturn:
        """End with what is wrong with the words, and where the right ones are."""
        what = Why(f"명령을 이해하지 못했습니다: {message}", f"this was not understood: {message}")
        where = Why(f"{self.prog} --help 를 보세요.", f"See {self.prog} --help.")
        self.exit(USAGE, f"{self.told(what)}\n{self.told(where)}\n")


@dataclass(frozen=True, slots=True)
class Command:
    """One word of the command line: what it is for, what it takes, and what it does."""

    name: str
    about: Why
    add: Callable[[Parser], None]
    run: Callable[[argparse.Namespace, Desk], int]


def nothing(_parser: Parser) -> None:
    """For a command that takes nothing of its own."""


def one_of(values: Sequence[str]) -> str:
    """Choices as a help text has them."""
    return "{" + ",".join(values) + "}"


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
