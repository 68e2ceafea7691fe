import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from hw_mocks import demo, scenario
from hw_mocks.child import PROFILES
from hw_mocks.demo import FailedError, stage
from hw_mocks.demo_script import load, names
from hw_mocks.terminal import Terminal, width

ROOT = Path(__file__).parents[1]
ESCAPES = re.compile("\x1b\\[[0-9]*[A-Z]")
STALL = load("market-stall")
SHORT = replace(STALL, rate=12.0, groups=1, outage=replace(STALL.outage, lasts_s=3.0))


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_demonstration_shows_a_fire_from_smoke_to_hub_and_loses_nothing() -> None:
    screen = Screen()
    with stage("market-stall", SHORT, Terminal(screen)) as shown:
        summary = shown.run()
    said = ESCAPES.sub("", screen.getvalue())
    pattern = (
        r"fire alarm (\d+) s after ignition, at the hub (\d+) ms later, "
        r"0 of (\d+) events lost or repeated"
    )
    found = re.fullmatch(pattern, summary)
    assert found, summary
    assert 20 < int(found[1]) < 120
    assert int(found[3]) >= 3
    for word in ("FIRE PREALARM", "FIRE ALARM", "SOS ALARM", "█", "PULLED OUT", "specversion=1.0"):
        assert word in said
    assert re.search("[가-힣]", said)
    assert max(map(width, said.splitlines())) <= 80


def test_a_demonstration_without_its_fire_fails_and_says_what_was_missing() -> None:
    quiet = replace(STALL, scenario="quiet_day", rate=100.0, whole_s=4.0)
    with (
        stage("market-stall", quiet, Terminal(io.StringIO())) as shown,
        pytest.raises(FailedError, match="alarm"),
    ):
        shown.run()


def test_the_stalls_moment_is_its_fires_ignition() -> None:
    fire = scenario.load(STALL.scenario).fire
    assert fire is not None
    assert STALL.moment.at_s == fire.start_s


def test_an_unknown_demonstration_is_a_wrong_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.main(["no-such-profile"])
    assert ended.value.code == 64
    assert "market-stall" in capsys.readouterr().err


@pytest.mark.parametrize("profile", sorted({*names()} - {"market-stall"}))
def test_each_profile_shows_what_it_is_for_and_loses_nothing(profile: str) -> None:
    script = load(profile)
    rate = max(script.rate, min(3 * script.rate, 300.0))
    fast = replace(script, rate=rate, outage=replace(script.outage, lasts_s=3.0))
    screen = Screen()
    with stage(profile, fast, Terminal(screen)) as shown:
        summary = shown.run()
    last = script.expects[-1]
    assert summary.startswith(f"{last.hazard} {last.stage} ")
    assert script.moment.name in summary
    said = ESCAPES.sub("", screen.getvalue())
    assert re.search("[가-힣]", said)
    assert max(map(width, said.splitlines())) <= 80


def test_every_profile_has_a_demonstration() -> None:
    assert set(names()) == {path.stem for path in PROFILES.glob("*.toml")}


def children(pid: int) -> list[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [child for each in threads for child in (each / "children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demonstration_leaves_no_process_behind(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hw_mocks.demo"], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "armed" in line:
            break
    started = children(process.pid)
    assert len(started) == 2  # broker and agent
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode != 0
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in started):
        assert time.monotonic() < deadline
        os.sched_yield()
