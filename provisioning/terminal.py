"""What the installer's commands say, in one of two languages, and what they ask."""

import json
import locale
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from agent.values import Why
from provisioning.remedy import Failure

Lang = Literal["ko", "en"]
LANGUAGES: Sequence[Lang] = ("ko", "en")


def language(environ: Mapping[str, str] = os.environ) -> Lang:
    """The language of the one who types: Korean where the locale is, else English."""
    named = next(
        (environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(key)), ""
    )
    return "ko" if (named or locale.getlocale()[0] or "").lower().startswith("ko") else "en"


@dataclass(frozen=True, slots=True)
class Terminal:
    """Results go to `out`, everything else to `aside`; answers come from `typed`.

    With `as_json`, `out` has one JSON object a line and nothing else. `confirmed` are the words
    that the command line gave beforehand, for scripts that nobody answers for.
    """

    lang: Lang = "en"
    as_json: bool = False
    confirmed: frozenset[str] = frozenset()
    out: TextIO = sys.stdout
    aside: TextIO = sys.stderr
    typed: TextIO = sys.stdin

    def words(self, text: Why) -> str:
        """A text in the chosen language."""
        return text.ko if self.lang == "ko" else text.en

    def say(self, text: Why) -> None:
        """Tell a person what happens; a machine does not read it."""
        print(self.words(text), file=self.aside, flush=True)

    def show(self, record: Mapping[str, Any], text: Why) -> None:
        """A result: the record for a machine, the text for a person."""
        line = json.dumps(record, ensure_ascii=False) if self.as_json else self.words(text)
        print(line, file=self.out, flush=True)

    def fail(self, failure: Failure) -> None:
        """A failure, with what to do next."""
        said = f"{self.words(failure.what)}\n{self.words(failure.remedy)}"
        mark = f"({failure.code}: {failure.detail})" if failure.detail else f"({failure.code})"
        print(f"{said}\n{mark}", file=self.aside, flush=True)
        if self.as_json:
            told = {each: {"ko": text.ko, "en": text.en} for each, text in _texts(failure)}
            record = {"error": {"code": failure.code, **told, "detail": failure.detail}}
            print(json.dumps(record, ensure_ascii=False), file=self.out, flush=True)

    def is_confirmed(self, question: Why, word: str) -> bool:
        """Whether somebody typed exactly this word, now or on the command line."""
        if word in self.confirmed:
            return True
        prompt = Why(f"계속하려면 {word} 을(를) 그대로 입력하세요: ", f"To go on, type {word} : ")
        print(f"{self.words(question)}\n{self.words(prompt)}", end="", file=self.aside, flush=True)
        return self.typed.readline().strip() == word

    def answer(self, question: Why) -> str | None:
        """What somebody typed, without blanks; None where there is nobody any more."""
        print(self.words(question), end=" ", file=self.aside, flush=True)
        line = self.typed.readline()
        return line.strip() if line else None


def _texts(failure: Failure) -> Sequence[tuple[str, Why]]:
    return (("what", failure.what), ("remedy", failure.remedy))
