"""What is missing on the way to the hub is told apart, in a network namespace that lacks it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.hub_cause import Cause
from tests.running import REPOSITORY, needs


def cut_off(scenario: str, folder: Path) -> list[str]:
    """The causes that a hub told in this scenario."""
    needs("unshare", "-n", "-m", "true")
    needs("ip", "-V")
    run = ["unshare", "-n", "-m", sys.executable, "-m", "tests.agent.cut_off", scenario]
    done = subprocess.run(
        [*run, str(folder)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("scenario", "cause"),
    [
        ("no_link", Cause.NO_LINK),
        ("no_address", Cause.NO_ADDRESS),
        ("no_route", Cause.NO_ROUTE),
        ("unreachable", Cause.UNREACHABLE),
        ("no_answer", Cause.NO_ANSWER),
        ("dns_refuses", Cause.DNS_DEAD),
        ("dns_fails", Cause.DNS_DEAD),
        ("dns_silent", Cause.DNS_SLOW),  # and the second call waits for no second look-up
        ("no_such_name", Cause.NAME_UNKNOWN),
    ],
)
def test_what_is_missing_is_told(tmp_path: Path, scenario: str, cause: Cause) -> None:
    assert cut_off(scenario, tmp_path) == [cause, cause]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_link_that_swallows_everything_is_noticed_by_its_silence(
    tmp_path: Path, protocol: str
) -> None:
    sound = Cause.NOBODY_LISTENS if protocol == "5" else Cause.CONNECTED
    assert cut_off(protocol, tmp_path) == [
        sound,
        Cause.HALF_OPEN,
        sound,
        Cause.HALF_OPEN,
        sound,
    ]
