import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hw_mocks import procfs
from hw_mocks.child import until
from hw_mocks.figure import Figure, percentile, spread_ms
from hw_mocks.footprint import strangers
from hw_mocks.measure import as_table, figures
from hw_mocks.measurements import Sizes

TINY = Sizes(
    presses=3,
    fires=2,
    starts=1,
    load_s=1.0,
    heartbeats_s=2.5,
    day_s=100.0,
    day_rate=50.0,
    eyes_s=1.0,
    calm_s=0.1,
)


def test_a_percentile_is_the_nearest_rank() -> None:
    hundred = [float(n) for n in range(100, 0, -1)]
    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    assert spread_ms([0.001, 0.002]) == "p50 1.0 ms, p99 2.0 ms (n = 2)"


def test_the_table_gives_every_figure_its_method() -> None:
    text = as_table([Figure("what", "<= 1", "0.5", "how"), Figure("other", "<= 2", "3", "so")])
    assert "1 what" in text
    assert " 2 so" in text


def test_the_kernel_tells_memory_time_and_bytes_of_this_process(tmp_path: Path) -> None:
    pid = os.getpid()
    assert procfs.rss_kib(pid) > 1000
    assert procfs.cpu_s(pid) > 0
    assert procfs.written_bytes(pid) >= 0
    assert procfs.filesystem(Path("/proc")) == "proc"
    assert procfs.filesystem(tmp_path)  # "?" in a chroot whose file system is mounted outside it


def test_modules_of_parts_that_no_table_names_are_strangers() -> None:
    loaded = ["drivers.sht4x", "drivers.bme680", "drivers.i2c_chip", "adafruit_blinka.agnostic"]
    loaded += ["adafruit_sht4x", "adafruit_dht", "json"]
    assert strangers(loaded, ["sht4x"]) == ["adafruit_dht", "drivers.bme680"]


def _needs_mosquitto() -> None:
    if shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("no mosquitto here: make test installs it")


def _child_agent(of: int) -> int | None:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text("ascii", "replace").rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if parent == of and b"hw_mocks" in command:
            return int(stat.parent.name)
    return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_bench_that_is_told_to_end_leaves_no_agent_behind(number: signal.Signals) -> None:
    _needs_mosquitto()
    command = (sys.executable, "-m", "hw_mocks.measure")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as bench:
        agent = until(lambda: _child_agent(bench.pid), 30.0, "the first agent")
        bench.send_signal(number)
        assert bench.wait(30.0) == 128 + number
    assert not Path(f"/proc/{agent}").exists()


def test_every_budget_is_measured() -> None:
    _needs_mosquitto()
    measured = {each.what: each.measured for each in figures(TINY)}
    perception = {what for what in measured if what.startswith("perception")}
    assert len(measured) - len(perception) == 10  # both rows of flash
    assert perception
    assert all(measured.values())
