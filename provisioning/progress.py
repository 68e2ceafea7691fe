"""How far a long piece of work is: a bar on a terminal, a line for each tenth elsewhere."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from agent.values import Why
from provisioning.terminal import Terminal

_BAR_CHARACTERS = 24
_EVERY_S = 0.2


@dataclass(slots=True)
class Progress:
    """Work of `total` bytes (or pieces, where `in_bytes` is false), of which some is done."""

    terminal: Terminal
    label: Why
    total: int
    in_bytes: bool = True
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    _began: float = field(init=False)
    _told_at: float = field(init=False, default=float("-inf"))
    _tenths: int = field(init=False, default=-1)

    def __post_init__(self) -> None:
        self._began = self.clock()

    def advance(self, amount: int) -> None:
        """So much more is done."""
        self.done += amount
        stream, now = self.terminal.aside, self.clock()
        is_whole = self.done >= self.total
        if stream.isatty():
            if is_whole or now - self._told_at >= _EVERY_S:
                self._told_at = now
                _put(stream, "\r\x1b[K" + self._line(now) + ("\n" if is_whole else ""))
        elif (tenths := 10 * self.done // max(1, self.total)) > self._tenths:
            self._tenths = tenths
            _put(stream, self._line(now) + "\n")

    def _line(self, now: float) -> str:
        share = min(1.0, self.done / max(1, self.total))
        bar = "#" * round(share * _BAR_CHARACTERS)
        elapsed_s = max(now - self._began, 1e-9)
        parts = [self.terminal.words(self.label), f"[{bar:.<{_BAR_CHARACTERS}}] {share:4.0%}"]
        if self.in_bytes:
            parts.append(f"{self.done / 1e6:.0f}/{self.total / 1e6:.0f} MB")
            parts.append(f"{self.done / elapsed_s / 1e6:.1f} MB/s")
        else:
            parts.append(f"{self.done}/{self.total}")
        if self.done:
            left_s = elapsed_s * (self.total - self.done) / self.done
            parts.append(self.terminal.words(_remaining(left_s)))
        return "  ".join(parts)


def _remaining(seconds: float) -> Why:
    clock = f"{int(seconds) // 60}:{int(seconds) % 60:02}"
    return Why(f"남은 시간 {clock}", f"{clock} left")


def _put(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
