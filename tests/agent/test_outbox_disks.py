import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.outbox import HOME, history
from agent.values import Hazard
from tests.agent.events import deliver, opened, put
from tests.disks import fill, read_only, small_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@contextlib.contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the kernel refuse every write beyond `size` bytes of a file: a disk that fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_while_the_disk_fails_rows_wait_in_ram_in_order_and_go_out(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 2)
        with files_limited_to(1024):
            put(outbox, 3)
            assert outbox.trouble is not None
            assert outbox.pending() == 5
            assert [row.seq for row in outbox.recent(10)] == [5, 4, 3, 2, 1]
            assert deliver(outbox, 3) == [1, 2, 3]
        put(outbox)
        assert outbox.trouble is None
        assert deliver(outbox) == [4, 5, 6]


def test_rows_from_ram_are_on_disk_as_soon_as_it_takes_them(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox)
        with files_limited_to(1024):
            put(outbox, 3)
        assert outbox.reader(HOME).oldest() is not None  # what the uplink does all the time
        assert [row.seq for row in history(path, 10)] == [4, 3, 2, 1]
        assert outbox.verify() is None


def test_disk_trouble_is_logged_once_each_way(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(path) as outbox:
        put(outbox)
        with files_limited_to(1024):
            put(outbox, 5)
        put(outbox)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_state_folder_that_comes_late_is_used_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "later" / "outbox.db"
    with opened(path) as outbox:
        put(outbox, 2)
        assert outbox.trouble == "the disk fails: unable to open database file"
        assert deliver(outbox, 1) == [1]
        path.parent.mkdir()
        put(outbox)
        assert outbox.trouble is None
    assert [row.seq for row in history(path, 10)] == [3, 2]


def test_a_file_that_comes_late_with_rows_of_its_own_loses_none(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    with opened(earlier / "outbox.db") as outbox:
        first = [event.id for event in put(outbox, 3)]
    path = tmp_path / "later" / "outbox.db"
    with opened(path) as outbox:
        second = [event.id for event in put(outbox, 2)]
        earlier.rename(path.parent)
        third = [event.id for event in put(outbox, 2)]
        delivered = []
        while (row := outbox.reader(HOME).oldest()) is not None:
            outbox.reader(HOME).confirm(row.seq, 1.0)
            delivered.append(row.id)
    assert sorted(delivered) == sorted(first + second + third)
    assert [id_ for id_ in delivered if id_ in second + third] == second + third


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 1024) as mounted:
        yield mounted


def test_on_a_full_disk_an_alarm_is_written_into_the_reserve(disk: Path) -> None:
    with opened(disk / "outbox.db", reserve_bytes=128 << 10) as outbox:
        put(outbox, 10, Hazard.FAULT)
        assert (disk / "outbox.reserve").stat().st_size == 128 << 10
        ballast = fill(disk)
        put(outbox, 5, Hazard.FAULT)
        assert (disk / "outbox.reserve").exists()
        put(outbox, 5)
        assert outbox.trouble == "the disk is full: the reserve for alarms is in use"
        assert [row.seq for row in history(disk / "outbox.db", 5)] == [20, 19, 18, 17, 16]
        ballast.unlink()
        assert outbox.reader(HOME).oldest() is not None
        assert outbox.trouble is None
        assert (disk / "outbox.reserve").exists()
        assert deliver(outbox) == [*range(16, 21), *range(1, 16)]


def test_alarms_outlive_the_reserve_in_place_of_faults_and_then_in_ram(disk: Path) -> None:
    with opened(disk / "outbox.db", reserve_bytes=64 << 10) as outbox:
        put(outbox, 100, Hazard.FAULT)
        fill(disk)
        alarms = [event.seq for event in put(outbox, 400)]
        assert outbox.trouble is not None
        assert [seq for seq in deliver(outbox) if seq > 100] == alarms


@pytest.mark.parametrize("killed", [False, True])
def test_on_a_read_only_disk_the_rows_go_out_all_the_same(disk: Path, killed: bool) -> None:
    path = disk / "outbox.db"
    with opened(path) as outbox:
        put(outbox, 3)
        files = {}
        if killed:  # the files as a kill leaves them: with a log
            files = {each: each.read_bytes() for each in disk.iterdir()}
    for file, content in files.items():
        file.write_bytes(content)
    with read_only(disk), opened(path, reserve_bytes=4096) as outbox:
        (event,) = put(outbox)
        assert outbox.trouble is not None
        assert event.seq == 4
        assert deliver(outbox) == [1, 2, 3, 4]


def test_a_disk_that_was_read_only_is_written_again_once_it_can_be(disk: Path) -> None:
    with opened(disk / "outbox.db") as outbox:
        put(outbox, 2)
    with contextlib.ExitStack() as stack:
        with read_only(disk):
            outbox = stack.enter_context(opened(disk / "outbox.db"))
            put(outbox)
        put(outbox)
        assert outbox.trouble is None
        assert [row.seq for row in history(disk / "outbox.db", 9)] == [4, 3, 2, 1]


def test_a_confirmation_that_the_disk_refused_is_written_once_it_takes_it(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox)
        put(outbox)
        with files_limited_to(path.stat().st_size):
            outbox.reader(HOME).confirm(1, 1.0)
        assert outbox.reader(HOME).oldest() is not None
        outbox.reader(HOME).confirm(2, 2.0)
        assert (outbox.reader(HOME).oldest(), outbox.pending()) == (None, 0)
    assert [row.confirmed_at is not None for row in history(path, 9)] == [True, True]
