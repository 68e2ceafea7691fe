"""Several hubs read one outbox, each at its own pace."""

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent import reader as reading
from agent.outbox import HOME, Outbox, Reader, history
from agent.shelf import GROUP_ROWS, GROUP_S
from agent.values import Event, Hazard
from tests.agent.events import deliver, making, opened, put
from tests.agent.test_outbox_disks import files_limited_to

CITY = frozenset({Hazard.SOS, Hazard.FAULT})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@contextlib.contextmanager
def with_city(path: Path, minor_kept: int = 5000) -> Iterator[tuple[Outbox, Reader]]:
    with opened(path, minor_kept=minor_kept) as outbox:
        yield outbox, outbox.reader("city", CITY)


def test_an_alarm_overtakes_trouble_and_that_information(path: Path) -> None:
    with opened(path) as outbox:
        for hazard in (Hazard.AIR, Hazard.FAULT, Hazard.SOS, Hazard.NOISE, Hazard.FIRE):
            put(outbox, 1, hazard)
        assert deliver(outbox) == [3, 5, 2, 1, 4]


def test_a_neighbour_gets_its_hazards_and_nothing_else(path: Path) -> None:
    with with_city(path) as (outbox, _):
        for hazard in (Hazard.AIR, Hazard.SOS, Hazard.FIRE, Hazard.FAULT):
            put(outbox, 1, hazard)
        assert deliver(outbox, name="city") == [2, 4]
        assert deliver(outbox) == [2, 3, 4, 1]


def test_a_neighbour_goes_on_where_it_was_after_a_restart(path: Path) -> None:
    with with_city(path) as (outbox, _):
        put(outbox, 3)
        put(outbox, 2, Hazard.FAULT)
        assert deliver(outbox, 2, name="city") == [1, 2]
    with with_city(path) as (outbox, city):
        assert city.pending() == 3
        assert deliver(outbox, name="city") == [3, 4, 5]
        assert outbox.pending() == 5
    with with_city(path) as (_, city):
        assert city.pending() == 0


def test_what_a_neighbour_passed_over_is_not_lost_at_a_restart(path: Path) -> None:
    wanted = {Hazard.SOS, Hazard.FIRE}
    with opened(path) as outbox:
        city = outbox.reader("city", wanted)
        put(outbox, 1, Hazard.SOS)
        put(outbox, 1, Hazard.FIRE)
        denied = city.oldest()
        assert denied is not None
        city.pass_over(denied)
        taken = city.oldest()
        assert taken is not None
        assert taken.seq == 2
        city.confirm(2, 1.0)
        assert (city.oldest(), city.pending()) == (None, 1)
    with opened(path) as outbox:
        outbox.reader("city", wanted)
        assert deliver(outbox, name="city") == [1, 2]


def test_a_new_neighbour_begins_with_the_events_to_come(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 3)
    with with_city(path) as (outbox, city):
        assert city.oldest() is None
        put(outbox)
    with with_city(path) as (outbox, _):
        assert deliver(outbox, name="city") == [4]


def test_what_a_neighbour_waits_for_is_not_pruned(path: Path) -> None:
    with with_city(path) as (outbox, city):
        put(outbox, 500)
        deliver(outbox)
        assert city.pending() == 500
        assert deliver(outbox, name="city") == list(range(1, 501))
        put(outbox, 100)
        deliver(outbox)
        deliver(outbox, name="city")
    assert len(history(path, 1000)) < 400


def test_a_neighbour_that_is_away_fills_no_disk_and_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "NEIGHBOUR_KEPT", 20)
    with with_city(path) as (outbox, city):
        put(outbox, 25)
        put(outbox, 5, Hazard.FAULT)
        outbox.flush()
        assert city.pending() == 20
        assert outbox.trouble == "city is away: 10 events are given up for it"
        assert outbox.pending() == 30
    with with_city(path) as (outbox, city):
        assert deliver(outbox, name="city") == list(range(6, 26))
        assert outbox.trouble is None
        assert deliver(outbox) == list(range(1, 31))


def test_a_row_in_ram_leaves_once_every_reader_has_it(path: Path) -> None:
    with with_city(path) as (outbox, city):
        put(outbox)
        with files_limited_to(1024):
            put(outbox, 3)
            assert deliver(outbox) == [1, 2, 3, 4]
            assert city.pending() == 4
            assert deliver(outbox, 3, name="city") == [1, 2, 3]
        put(outbox)
        assert deliver(outbox) == [5]
    with with_city(path) as (outbox, _):
        assert deliver(outbox, name="city") == [4, 5]
        assert outbox.pending() == 0
        assert outbox.verify() is None


def test_a_cursor_that_the_disk_refused_is_written_once_it_takes_it(path: Path) -> None:
    with with_city(path) as (outbox, city):
        put(outbox, 2)
        with files_limited_to(path.stat().st_size):
            assert city.oldest() is not None
            city.confirm(1, 1.0)
        assert deliver(outbox, name="city") == [2]
    with with_city(path) as (_, city):
        assert city.oldest() is None


def test_a_row_that_is_no_alarm_is_shown_once_it_is_on_flash(path: Path) -> None:
    now = [100.0]
    outbox = Outbox(path, reserve_bytes=0, clock=lambda: now[0])
    home = outbox.reader(HOME)
    put(outbox, 1, Hazard.FAULT)
    assert home.oldest() is None
    assert outbox.flush_if_due() == pytest.approx(GROUP_S)
    now[0] += GROUP_S / 2
    assert outbox.flush_if_due() == pytest.approx(GROUP_S / 2)
    assert home.oldest() is None
    now[0] += GROUP_S / 2
    assert home.oldest() is not None
    assert outbox.flush_if_due() is None
    outbox.close()


def test_a_full_group_and_an_alarm_wait_for_no_time(path: Path) -> None:
    outbox = Outbox(path, reserve_bytes=0, clock=lambda: 0.0)
    put(outbox, GROUP_ROWS - 1, Hazard.AIR)
    assert outbox.flush_if_due() == GROUP_S
    put(outbox, 1, Hazard.AIR)
    assert outbox.flush_if_due() is None
    put(outbox, 1, Hazard.FAULT)
    assert outbox.flush_if_due() == GROUP_S
    put(outbox, 1, Hazard.SOS)
    assert outbox.flush_if_due() is None
    outbox.close()


def test_an_event_told_again_waits_for_its_group_in_its_own_lane(path: Path) -> None:
    outbox = Outbox(path, reserve_bytes=0, clock=lambda: 0.0)
    (event,) = put(outbox)
    again = outbox.put(lambda seq, previous: _again(making()(seq, previous), id_=event.id))
    assert (again.id, again.seq) == (event.id, 2)
    assert outbox.flush_if_due() == GROUP_S
    assert deliver(outbox) == [1, 2]
    assert outbox.verify() is None
    outbox.close()


def _again(event: Event, *, id_: str) -> Event:
    return msgspec.structs.replace(event, id=id_, revision=1)


def test_who_waits_is_woken_when_a_group_is_on_flash(path: Path) -> None:
    with opened(path) as outbox:
        home, seen, ready = outbox.reader(HOME), [], threading.Event()

        def forward() -> None:
            ready.set()
            assert home.wait(30.0)
            if (row := home.oldest()) is not None:
                seen.append(row.seq)

        thread = threading.Thread(target=forward)
        thread.start()
        ready.wait(10.0)
        put(outbox, 1, Hazard.FAULT)  # nobody ticks: the wait itself sees to it
        thread.join(20.0)
        assert seen == [1]


def test_a_file_of_the_first_version_is_gone_on_with_and_can_still_be_read_by_it(
    path: Path,
) -> None:
    rows = []
    previous = "0" * 64
    for seq, hazard in enumerate((Hazard.SOS, Hazard.FAULT, Hazard.POWER, Hazard.AIR), 1):
        event = making(hazard)(seq, previous)
        body = msgspec.json.encode(event)
        previous = hashlib.sha256(body).hexdigest()
        alarm = hazard not in {Hazard.FAULT, Hazard.AIR}
        rows.append((seq, event.id, alarm, 1.0 if seq == 1 else None, body))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(
            "CREATE TABLE event (seq INTEGER PRIMARY KEY, id TEXT NOT NULL,"
            " alarm INTEGER NOT NULL, confirmed_at REAL, body BLOB NOT NULL)"
        )
        db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", rows)
    with with_city(path) as (outbox, _):
        assert outbox.trouble is None
        put(outbox)
        assert deliver(outbox) == [3, 5, 2, 4]
        assert deliver(outbox, name="city") == [5]
        assert outbox.verify() is None
    with contextlib.closing(sqlite3.connect(path)) as db, db:  # what the first version does
        db.execute("INSERT INTO event (seq, id, alarm, body) VALUES (6, 'x-6', 1, x'7b7d')")
        (count,) = db.execute("SELECT count(*) FROM event WHERE confirmed_at IS NULL").fetchone()
        assert count == 1


def test_a_file_that_comes_late_mixes_up_no_reader(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    with with_city(earlier / "outbox.db") as (outbox, _):
        first = [event.id for event in put(outbox, 3)]
    with with_city(tmp_path / "later" / "outbox.db") as (outbox, city):
        second = [event.id for event in put(outbox, 3)]
        assert ids(outbox, "city", 1) == second[:1]
        shown = city.oldest()
        assert shown is not None
        earlier.rename(tmp_path / "later")
        put(outbox)  # finds the file, and there other rows under these numbers
        city.confirm(shown.seq, 1.0)
        assert set(ids(outbox, "city")[:-1]) == {*first, second[2]}
        assert set(ids(outbox, HOME)[:-1]) == {*first, *second}


def ids(outbox: Outbox, name: str, most: int = 99) -> list[str]:
    reader, found = outbox.reader(name), list[str]()
    while len(found) < most and (row := reader.oldest()) is not None:
        reader.confirm(row.seq, 1.0)
        found.append(row.id)
    return found


@pytest.mark.parametrize(("quick", "slow"), [(HOME, "city"), ("city", HOME)])
def test_what_one_reader_took_from_ram_it_does_not_get_again(
    path: Path, quick: str, slow: str
) -> None:
    with with_city(path) as (outbox, _):
        put(outbox)
        with files_limited_to(1024):
            put(outbox, 2)
            assert deliver(outbox, name=quick) == [1, 2, 3]
        assert outbox.reader(slow).oldest() is not None  # the disk takes them now
    with with_city(path) as (outbox, _):
        assert deliver(outbox, name=quick) == []
        assert deliver(outbox, name=slow) == [1, 2, 3]
