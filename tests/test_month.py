"""A bad life in short: the whole harness for some hours, and each part of its verdict."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.month import plan, samples
from tests.month.__main__ import main, verdict
from tests.month.plan import Kind
from tests.month.samples import Sample

GOOD: dict[str, Any] = {
    "days": 30.0,
    "counts": {"power cut": 3},
    "alarms": 10,
    "lost": [],
    "repeated": 0,
    "problems": [],
    "armed_pct": 99.95,
    "growth": 1.01,
    "threads_gained": 0,
    "written": 1_000_000,
    "budget": 2_000_000.0,
}


def taken(*ats: float, armed: bool = True, life: int = 1, rss_kib: int = 1000) -> list[Sample]:
    return [Sample(at_s, life, armed, rss_kib, 9, round(at_s), 0, "") for at_s in ats]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1 << 30), days=st.floats(0.1, 40.0))
def test_a_month_is_in_order_ends_in_time_and_is_the_same_for_a_seed(
    seed: int, days: float
) -> None:
    drawn = plan.draw(days, seed)
    assert drawn == plan.draw(days, seed)
    ats = [each.at_s for each in drawn]
    assert ats == sorted(ats)
    assert all(each.at_s + each.lasts_s <= days * 86_400.0 for each in drawn)


def test_a_month_of_thirty_days_holds_every_kind_and_one_long_outage() -> None:
    drawn = plan.draw(30.0, 9)
    assert {each.kind for each in drawn} == set(Kind)
    assert sum(each.lasts_s >= plan.LONG_OUTAGE_S for each in drawn) == 1


def test_time_that_was_not_armed_counts_against_it() -> None:
    good = taken(0.0, 500.0) + taken(1000.0)
    assert samples.armed_pct(good, 0.0) == 100.0
    bad = taken(0.0) + taken(500.0, armed=False) + taken(1000.0)
    assert samples.armed_pct(bad, 0.0) == 0.0
    assert samples.armed_pct(good, 10.0) == pytest.approx(99.0)


def test_memory_that_grows_in_the_longest_life_is_seen() -> None:
    flat = [each for n in range(9) for each in taken(float(n))]
    assert samples.growth(flat) == (1.0, 0)
    leak = [each for n in range(9) for each in taken(float(n), rss_kib=1000 + 100 * n)]
    assert samples.growth(leak)[0] > samples.GROWTH


def test_bytes_of_all_lives_are_added_up() -> None:
    assert samples.written(taken(0.0, 70.0) + taken(80.0, 90.0, life=2)) == 160


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("lost", ["1-2 (sos)"]),
        ("repeated", 1),
        ("problems", ["gone in a power cut: 1-2"]),
        ("armed_pct", 99.89),
        ("growth", 1.06),
        ("threads_gained", 1),
        ("written", 3_000_000),
    ],
)
def test_whatever_does_not_hold_fails_the_month(what: str, found: object) -> None:
    assert verdict(GOOD)[1]
    lines, holds = verdict(GOOD | {what: found})
    assert not holds
    assert sum("FAILED: " in line for line in lines) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk whose power can be cut takes root")
def test_some_hours_of_a_bad_life_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_words = ["month", "--days", "0.06", "--rate", "250", "--seed", "1742", "--write"]
    monkeypatch.setattr("sys.argv", [*given_words, str(tmp_path)])
    main()  # whether it was armed all the time is no question for a busy machine
    found = json.loads((tmp_path / "month.json").read_text("utf-8"))
    assert (found["lost"], found["repeated"], found["problems"]) == ([], 0, [])
    assert found["alarms"] > 0
    assert found["lives"] == 2
    assert (tmp_path / "samples.csv").read_text().count("\n") > 50
