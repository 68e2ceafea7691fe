"""Some weeks of the simulated year; `make resident-year` lives all of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DAYS, KNOWN = 23, 16


def live(out: Path, name: str) -> dict[str, Any]:
    command = (
        *(sys.executable, str(ROOT / "scripts" / "resident_year.py"), "--days", str(DAYS)),
        *("--only", name, "--fates-from", str(KNOWN), "--fates-every", "1", "--out", str(out)),
    )
    there = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=there)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(out.read_text("utf-8"))
    return dict(found)


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return live(tmp_path_factory.mktemp("year") / "weeks.json", "average")


def test_three_ordinary_weeks_worry_nobody_more_than_once(weeks: dict[str, Any]) -> None:
    assert len([each for each in weeks["events"] if each["stage"] == "prealarm"]) <= 1


def test_every_fall_and_every_death_is_told_and_says_why(weeks: dict[str, Any]) -> None:
    fates = weeks["fates"]
    assert {each["kind"] for each in fates} == {"fall", "death"}
    assert len(fates) >= 10
    for each in fates:
        assert each["alarm"] <= 30, each
        assert each["prealarm"] < each["alarm"]
        assert "life" in each["why"] or "since" in each["why"] or "not back" in each["why"]


def test_by_day_a_death_at_home_is_told_by_the_rhythm_within_eight_hours(
    weeks: dict[str, Any],
) -> None:
    by_day = [
        each
        for each in weeks["fates"]
        if each["kind"] == "death" and "09" <= each["clock"] < "18" and each["rule"] == "rhythm"
    ]
    assert all(each["alarm"] <= 8 for each in by_day), by_day


def test_the_page_says_what_the_year_gave() -> None:
    command = (sys.executable, str(ROOT / "scripts" / "care_page.py"), "--check")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
