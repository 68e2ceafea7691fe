"""How well scores tell two classes apart: no threshold, no library."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def auc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """The chance that a positive scores above a negative, ties half (Mann and Whitney, 1947).

    None where there is nothing to compare.
    """
    if not positives or not negatives:
        return None
    below = sorted(negatives)
    won = sum(bisect_left(below, each) + bisect_right(below, each) for each in positives)
    return won / 2 / len(positives) / len(negatives)


def recall_at(
    positives: Sequence[float], negatives: Sequence[float], false_share: float = 0.01
) -> float | None:
    """The share of positives above the threshold that `false_share` of the negatives exceed.

    With fewer than 1 / `false_share` negatives none may exceed it. None where there is nothing
    to compare.
    """
    if not positives or not negatives:
        return None
    allowed = math.floor(false_share * len(negatives) + 1e-9)
    if allowed >= len(negatives):
        return 1.0
    threshold = sorted(negatives, reverse=True)[allowed]
    return sum(each > threshold for each in positives) / len(positives)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of the values do not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
