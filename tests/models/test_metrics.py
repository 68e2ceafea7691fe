"""Area, recall and quantile are what their definitions say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics

scores = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=40)


@settings(deadline=None)
@given(scores, scores)
def test_the_area_is_the_share_of_pairs_in_the_right_order(
    positives: list[float], negatives: list[float]
) -> None:
    won = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    assert metrics.auc(positives, negatives) == pytest.approx(won / len(positives) / len(negatives))


@settings(deadline=None)
@given(scores, scores, st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]))
def test_recall_is_the_best_of_any_threshold_with_few_enough_false(
    positives: list[float], negatives: list[float], share: float
) -> None:
    best = max(
        sum(p > threshold for p in positives) / len(positives)
        for threshold in [-1.0, *negatives]
        if sum(n > threshold for n in negatives) <= share * len(negatives)
    )
    assert metrics.recall_at(positives, negatives, share) == best


def test_nothing_to_compare_gives_nothing() -> None:
    for one, other in (([], [0.5]), ([0.5], []), ([], [])):
        assert metrics.auc(one, other) is None
        assert metrics.recall_at(one, other) is None
    assert metrics.quantile([], 0.5) is None


def test_a_quantile_is_a_value_that_was_there() -> None:
    assert metrics.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert metrics.quantile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert metrics.quantile([3.0, 1.0, 2.0], 0.0) == 1.0
