"""One row of the table of `make bench`, and how many measurements become one figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    what: str
    budget: str
    measured: str
    method: str


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread_ms(values: Sequence[float]) -> str:
    """Median, 99th percentile and number of latencies given in seconds."""
    low, high = (1000 * percentile(values, share) for share in (0.5, 0.99))
    return f"p50 {low:.1f} ms, p99 {high:.1f} ms (n = {len(values)})"
