"""A small street through an outage of its hub; a town by `make fleet`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agent.values import Hazard
from hw_mocks.fleet.device import Put
from hw_mocks.fleet.ear import Arrival
from hw_mocks.fleet.hub import Mosquitto
from hw_mocks.fleet.storm import Fleet, Sizes
from hw_mocks.fleet.verdict import Verdict, judge
from tests.running import REPOSITORY

SMALL = Sizes(sessions=40, outage_s=1.0, storm_s=1.0)


def test_a_street_of_sessions_loses_nothing_when_its_hub_goes_and_comes(tmp_path: Path) -> None:
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("needs mosquitto: apt install mosquitto")
    said: list[str] = []
    with Fleet(tmp_path, Mosquitto(tmp_path / "hub", SMALL.names), SMALL, 7, said.append) as fleet:
        verdict = fleet.storm()
    assert verdict.is_good, verdict
    assert verdict.puts == 20 * 3 + 20 + 4
    assert (len(verdict.came), len(verdict.fresh), len(verdict.back)) == (20, 4, 40)
    assert verdict.cost.connections >= 40
    verdict.write(tmp_path / "figures.json")
    kept = msgspec.json.decode((tmp_path / "figures.json").read_bytes())
    assert kept["back"] == sorted(kept["back"])
    assert "0 lost" in str(verdict)


def test_the_verdict_counts_what_is_lost_made_up_disordered_and_sent_again() -> None:
    puts = [Put("d1", f"e{n}", Hazard.SOS, n, 10.0 + n) for n in range(4)]
    came = [("e1", 1, 21.0), ("e0", 0, 22.0), ("e1", 1, 23.0), ("e9", 9, 24.0), ("e3", 3, 25.0)]
    found = Verdict(sessions=1, outage_s=1.0)
    arrivals = [Arrival("d1", Hazard.SOS, each, seq, at) for each, seq, at in came]
    judge(found, puts, arrivals, {"d1": 20.5}, back=20.0)
    assert (found.lost, found.unknown, found.disordered, found.again) == (1, 1, 2, 1)
    assert found.came == [2.0]  # of its first alarm, e0
    assert found.back == [0.5]
    assert not found.is_good


def test_the_page_says_what_the_storms_kept_say() -> None:
    command = [sys.executable, str(REPOSITORY / "scripts" / "fleet_page.py"), "--check"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    assert subprocess.run(command, env=environment, check=False).returncode == 0
