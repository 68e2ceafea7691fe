"""The data partition after power cuts in the middle of a write, and what a day writes to it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.cut_short import CANNOT

ROOT = Path(__file__).parents[1]
REPAIRED = 1  # e2fsck's: it has mended something, and all is well now
IDLE_DAY_BYTES, CALL_BYTES = 5 << 20, 192 << 10  # at the card, with journal and recording
APART = ("unshare", "--mount", "--propagation", "private", "--")

pytestmark = pytest.mark.skipif(shutil.which("unshare") is None, reason="not installed: unshare")


def apart(*words: str) -> subprocess.CompletedProcess[str]:
    """A module in a mount namespace of its own: nobody else then holds its disk."""
    done = subprocess.run(
        (*APART, sys.executable, "-m", *words),
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    if done.returncode == CANNOT or "unshare:" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done


def test_the_partition_is_repaired_without_a_question_and_the_agent_guards_on() -> None:
    found = json.loads(apart("tests.torture.cut_short", "some").stdout)
    assert found["in_time"]
    code, said = found["preen"]  # as the start does it: nobody is asked
    assert code <= REPAIRED, said
    code, said = found["check"]
    assert code == 0, said
    assert found["kept"]
    assert found["heard"]


def test_a_quiet_quarter_of_an_hour_stays_within_its_share_and_a_call_no_more_than_its_bound(
    tmp_path: Path,
) -> None:
    figures = tmp_path / "figures.json"
    hours = ("--hours", "0.25", "--rate", "240", "--write", str(figures))
    apart("tests.torture.wear", *hours)
    found = json.loads(figures.read_text())
    assert found["idle"]["card_bytes"] <= IDLE_DAY_BYTES * 0.25 / 24
    bad = found["bad"]
    assert bad["calls"] >= 2
    assert bad["card_bytes"] / bad["calls"] <= CALL_BYTES
