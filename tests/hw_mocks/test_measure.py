import os
import shutil
from pathlib import Path

import pytest

from hw_mocks import procfs
from hw_mocks.measure import as_table, figures
from hw_mocks.measurements import Figure, Sizes, percentile, spread_ms

TINY = Sizes(presses=3, fires=2, starts=1, load_s=1.0, heartbeats_s=2.5, day_s=100.0, day_rate=50.0)


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


def test_every_budget_is_measured() -> None:
    if shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("no mosquitto here: make test installs it")
    measured = {each.what: each.measured for each in figures(TINY)}
    assert len(measured) == 8
    assert all(measured.values())
