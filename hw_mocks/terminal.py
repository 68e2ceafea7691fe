"""Eighty columns: lines that scroll, and on a terminal a panel below them that lives."""

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TextIO

COLUMNS = 80
_UP_AND_CLEAR = "\x1b[{}F\x1b[J"


def width(text: str) -> int:
    """How many columns a terminal gives it: Hangul takes two a syllable."""
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def wrap(text: str, label: str = "", columns: int = COLUMNS) -> Iterator[str]:
    """Break at spaces into lines of at most `columns`; what has no space is cut.

    The first line begins with `label`, the others with as many blanks.
    """
    line, empty, indent = label, True, " " * width(label)
    for word in _words(text, columns - width(label)):
        glue = "" if empty else " "
        if width(line + glue + word) > columns:
            yield line
            line, glue = indent, ""
        line += glue + word
        empty = False
    yield line.rstrip()


def _words(text: str, columns: int) -> Iterator[str]:
    for word in text.split():
        piece = ""
        for sign in word:
            if piece and width(piece + sign) > columns:
                yield piece
                piece = ""
            piece += sign
        yield piece


def clip(text: str, columns: int = COLUMNS) -> str:
    """As much of it as fits."""
    while width(text) > columns:
        text = text[:-1]
    return text


class Terminal:
    """Prints; where the output is no terminal there is no panel."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out, self.live = out, out.isatty()
        self._panel: list[str] = []

    def say(self, text: str, label: str = "") -> None:
        """Print a paragraph above the panel, its first line labelled, the others indented."""
        self._erase()
        self._out.writelines(f"{line}\n" for line in wrap(text, label))
        self._draw()

    def end(self, line: str) -> None:
        """Print a last line, however long, in place of the panel."""
        self._erase()
        self._panel = []
        self._out.write(f"{line}\n")
        self._out.flush()

    def show(self, panel: Iterable[str]) -> None:
        """Replace the panel."""
        if self.live:
            self._erase()
            self._panel = [clip(line) for line in panel]
            self._draw()

    def _erase(self) -> None:
        if self._panel:
            self._out.write(_UP_AND_CLEAR.format(len(self._panel)))

    def _draw(self) -> None:
        self._out.writelines(f"{line}\n" for line in self._panel)
        self._out.flush()
