"""`python -m hw_mocks probe`, as an engineer types it."""

import json
import subprocess
import sys
from pathlib import Path

from agent.cli import PROFILES

ROOT = Path(__file__).parents[2]


def probe(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hw_mocks", "--config", str(PROFILES / "market-stall.toml")]
    return subprocess.run(
        [*command, "probe", *words], cwd=ROOT, check=False, capture_output=True, text=True
    )


def test_every_simulated_part_is_read() -> None:
    found = probe("--json")
    rows = {row["sensor"]: row for row in map(json.loads, found.stdout.splitlines())}
    assert found.returncode == 0, found.stderr
    assert len(rows) == 10
    assert all(row["state"] == "ok" for row in rows.values())


def test_a_fault_is_set_and_shown() -> None:
    found = probe("--json", "--set", "particles.fault=wrong_chip")
    rows = {row["sensor"]: row for row in map(json.loads, found.stdout.splitlines())}
    assert found.returncode == 1
    assert rows["particles"]["failure"] == "wrong_device"


def test_what_does_not_exist_is_refused_in_one_line() -> None:
    assert probe("--set", "nobody.celsius=1").returncode == 64
    refused = probe("--baseline", "ceiling")
    assert (refused.returncode, refused.stderr.count("Traceback")) == (1, 0)
