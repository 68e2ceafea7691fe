"""What is measured of the device through the month, and what must hold of it."""

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from pathlib import Path
from statistics import median

DAY_S = 86_400.0
ARMED_PCT = 99.9
IDLE_DAY_BYTES, EVENT_BYTES = 5 << 20, 16 << 10  # the budgets of `make bench`
GROWTH = 1.05  # memory in the last third of a long life over its second third


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: `at_s` of the month, which life, and the process as Linux sees it.

    `written_bytes` are of this life; `troubles` say what was wrong just then.
    """

    at_s: float
    life: int
    armed: bool
    rss_kib: int
    threads: int
    written_bytes: int
    pending: int
    troubles: str


def write(samples: Sequence[Sample], path: Path) -> None:
    """Keep them as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(each.name for each in fields(Sample))
        rows.writerows(astuple(each) for each in samples)


def armed_pct(samples: Sequence[Sample], unarmed_s: float) -> float:
    """The share of the month in which it was armed; `unarmed_s` are those of its starts."""
    total = samples[-1].at_s
    lost = sum(
        after.at_s - before.at_s
        for before, after in pairwise(samples)
        if before.life == after.life and not (before.armed and after.armed)
    )
    return 100.0 * (1.0 - (lost + unarmed_s) / total)


def written(samples: Sequence[Sample]) -> int:
    """Bytes that the agent had written in the whole month."""
    last = {each.life: each.written_bytes for each in samples}
    return sum(last.values())


def budget_bytes(samples: Sequence[Sample], events: int) -> float:
    """What it may write in such a month: every day an idle day's, and each event's."""
    return samples[-1].at_s / DAY_S * IDLE_DAY_BYTES + events * EVENT_BYTES


def growth(samples: Sequence[Sample]) -> tuple[float, int]:
    """How much memory grew in the longest life, as a ratio, and how many threads it gained."""
    lives = [each.life for each in samples]
    longest = max(set(lives), key=lives.count)
    of_it = [each for each in samples if each.life == longest]
    third = max(1, len(of_it) // 3)
    middle, last = of_it[third : 2 * third] or of_it, of_it[-third:]
    grown = median(each.rss_kib for each in last) / median(each.rss_kib for each in middle)
    gained = round(median(e.threads for e in last) - median(e.threads for e in middle))
    return grown, gained
