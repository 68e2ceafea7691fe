"""A failure that a lay person can act on: what is wrong, and what to do next, in two languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.values import Why

Words = Mapping[str, tuple[str, str, str, str]]


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong (`what`) and what to do next (`remedy`), each in Korean and English.

    `code` is for machines and tests: lower case with hyphens, never reused for another failure.
    `detail` is for whoever is called for help: it may be technical, and holds no secret.
    """

    code: str
    what: Why
    remedy: Why
    detail: str = ""

    def lines(self) -> Sequence[str]:
        """As it is shown on a terminal: Korean, then English, then the detail."""
        told = [f"{self.what.ko} {self.remedy.ko}", f"{self.what.en} {self.remedy.en}"]
        return [*told, f"({self.code}: {self.detail})" if self.detail else f"({self.code})"]


def failure_of(words: Words, code: str, detail: str = "") -> Failure:
    """The failure of that code, from a table of what is wrong and what to do next, ko and en."""
    what_ko, what_en, remedy_ko, remedy_en = words[code]
    return Failure(code, Why(what_ko, what_en), Why(remedy_ko, remedy_en), detail)


class ProvisioningError(Exception):
    """Nothing more can be done until somebody follows the remedy."""

    def __init__(self, failure: Failure) -> None:
        super().__init__("\n".join(failure.lines()))
        self.failure = failure
