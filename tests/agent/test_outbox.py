import contextlib
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.eventstore import EventStore
from agent.lanes import LANES, Lane
from agent.outbox import HOME, Outbox, history
from agent.values import Hazard
from tests.agent.events import deliver, making, opened, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_a_row_leaves_only_when_confirmed(path: Path) -> None:
    with opened(path) as outbox:
        (event,) = put(outbox)
        rows = [outbox.reader(HOME).oldest(), outbox.reader(HOME).oldest()]
        assert [row.id if row else None for row in rows] == [event.id, event.id]
        outbox.reader(HOME).confirm(event.seq, 1.0)
        assert outbox.reader(HOME).oldest() is None
        assert outbox.pending() == 0


def test_rows_come_out_in_the_order_of_their_numbers(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 5)
        assert outbox.pending() == 5
        assert deliver(outbox) == [1, 2, 3, 4, 5]


def test_what_is_not_confirmed_is_there_after_a_restart(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 3)
        deliver(outbox, 1)
    with opened(path) as outbox:
        assert outbox.pending() == 2
        assert deliver(outbox) == [2, 3]


def test_numbers_and_hashes_go_on_after_all_was_delivered_and_pruned(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 400)
        deliver(outbox)
        assert len(outbox.recent(1000)) < 400
    with opened(path) as outbox:
        put(outbox, 1)
        assert deliver(outbox) == [401]
        assert outbox.verify() is None


def test_put_wakes_who_waits_and_only_once(path: Path) -> None:
    with opened(path) as outbox:
        woken = threading.Event()

        def wait() -> None:
            assert outbox.reader(HOME).wait(30.0)
            woken.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        put(outbox)
        assert woken.wait(10.0)
        waiting.join()
        assert not outbox.reader(HOME).wait(0.0)


def test_what_was_sent_can_be_read_by_another_process_meanwhile(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 3)
        deliver(outbox, 1)
        rows = history(path, 2)
    assert [(row.seq, row.confirmed_at) for row in rows] == [(3, None), (2, None)]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(["put", "fault", "deliver", "reopen"]), max_size=40))
def test_nothing_is_lost_or_disordered_whatever_happens(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        outbox = Outbox(path, reserve_bytes=0)
        expected: dict[Lane, list[str]] = {Lane.ALARM: [], Lane.TROUBLE: []}
        delivered: list[str] = []
        for step in steps:
            if step in {"put", "fault"}:
                hazard = Hazard.SOS if step == "put" else Hazard.FAULT
                expected[LANES[hazard]].append(outbox.put(making(hazard)).id)
            elif step == "deliver" and (row := outbox.reader(HOME).oldest()) is not None:
                outbox.reader(HOME).confirm(row.seq, 1.0)
                delivered.append(row.id)
            elif step == "reopen":
                outbox.close()
                outbox = Outbox(path, reserve_bytes=0)
        outbox.flush()
        while (row := outbox.reader(HOME).oldest()) is not None:
            outbox.reader(HOME).confirm(row.seq, 1.0)
            delivered.append(row.id)
        for lane in expected.values():
            assert [id_ for id_ in delivered if id_ in lane] == lane
        assert len(delivered) == sum(map(len, expected.values()))
        assert outbox.verify() is None
        outbox.close()


def test_two_threads_put_and_deliver_at_once(path: Path) -> None:
    with opened(path) as outbox:
        delivered: list[int] = []
        done = threading.Event()

        def forward() -> None:
            while not (done.is_set() and outbox.pending() == 0):
                outbox.reader(HOME).wait(0.05)
                delivered.extend(deliver(outbox))

        forwarding = threading.Thread(target=forward)
        forwarding.start()
        put(outbox, 300)
        done.set()
        forwarding.join(30.0)
        assert delivered == list(range(1, 301))
        assert outbox.trouble is None


_PUTTER = """
import sys
from pathlib import Path
from agent.outbox import HOME, Outbox
from tests.agent.events import making
outbox = Outbox(Path(sys.argv[1]), reserve_bytes=0)
while True:
    print(outbox.put(making()).seq, flush=True)
    if (row := outbox.reader(HOME).oldest()) is not None and row.seq % 3:
        outbox.reader(HOME).confirm(row.seq, 1.0)
        print(-row.seq, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40, 300])
def test_a_kill_at_any_moment_loses_nothing_that_put_returned(path: Path, lines: int) -> None:
    command = [sys.executable, "-c", _PUTTER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(lines)]
        process.kill()
        said += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    with opened(path) as outbox:
        assert outbox.verify() is None
        rows = outbox.recent(1000)
    kept, confirmed = {row.seq for row in rows}, {row.seq for row in rows if row.confirmed_at}
    assert {seq for seq in said if seq > 0} <= kept
    assert {-seq for seq in said if seq < 0} <= confirmed
    assert len(confirmed) + len(kept) <= len(said) + 1  # what was under way when the kill came


def test_a_changed_record_breaks_the_chain_where_it_was_changed(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 5)
        assert outbox.verify() is None
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET body = replace(body, 'pressed', 'touched') WHERE seq = 3")
    with contextlib.closing(EventStore(path, check_chain=False)) as store:
        assert store.broken_at() == 4


def test_at_the_start_a_broken_chain_is_told_once_and_its_rows_still_go_out(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 5)
        deliver(outbox, 1)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET body = replace(body, 'pressed', 'touched') WHERE seq = 3")
    with opened(path) as outbox:
        assert outbox.trouble == (
            "damaged, set aside as outbox.db.damaged-1: the hash chain breaks at row 4: "
            "5 rows are carried over"
        )
        (told,) = outbox.found(7.0)
        assert (told.hazard, told.subject, told.rule, told.at) == (
            "fault",
            "outbox",
            "damaged",
            7.0,
        )
        assert deliver(outbox) == [2, 3, 4, 5]
    assert path.with_name("outbox.db.damaged-1").exists()
    with opened(path) as outbox:
        assert (outbox.trouble, outbox.found(8.0), outbox.verify()) == (None, [], None)


def test_a_file_that_is_no_database_is_set_aside_not_deleted(path: Path) -> None:
    path.write_bytes(b"not a database, but somebody's evidence " * 100)
    with opened(path) as outbox:
        put(outbox)
        assert deliver(outbox) == [1]
        assert "outbox.db.damaged-1: file is not a database" in (outbox.trouble or "")
    aside = path.with_name("outbox.db.damaged-1")
    assert aside.read_bytes().startswith(b"not a database")


def test_what_is_readable_in_a_damaged_file_is_carried_over(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(path) as outbox:
        put(outbox, 30)
        deliver(outbox, 10)
    damaged = bytearray(path.read_bytes())
    damaged[-1024:] = b"\xff" * 1024  # one page of the last records
    path.write_bytes(damaged)
    with opened(path) as outbox:
        seqs = deliver(outbox)
        (event,) = put(outbox)
        assert outbox.verify() is None
    assert len(seqs) >= 15
    assert set(seqs) <= set(range(11, 31))
    assert event.seq > max(seqs)
    assert "damaged, set aside" in caplog.text


def test_faults_that_no_hub_takes_for_long_make_way_but_alarms_never(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(path, minor_kept=10) as outbox:
        put(outbox, 1)
        put(outbox, 75, Hazard.FAULT)
        put(outbox, 1)
        seqs = deliver(outbox)
    assert seqs == [1, 77, *range(67, 77)]
    assert "are given up: minor, and no hub took them for long" in caplog.text
