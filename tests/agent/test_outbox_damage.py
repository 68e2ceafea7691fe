"""A file that is damaged or gone is set aside, carried over and said."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.outbox import history
from agent.values import Hazard
from tests.agent.events import deliver, opened, put
from tests.disks import fill, small_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def damage(path: Path, change: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(change)


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace(path: Path) -> None:
    path.unlink()
    damage(path, "CREATE TABLE other (x)")


@pytest.mark.parametrize("harm", [remove, empty, replace])
def test_a_file_that_is_gone_is_made_anew_and_said(
    path: Path, harm: Callable[[Path], None]
) -> None:
    with opened(path) as outbox:
        put(outbox, 3)
    harm(path)
    with opened(path) as outbox:
        assert "outbox.db was here before and is" in (outbox.trouble or "")
        (told,) = outbox.found(5.0)
        assert (told.rule, told.subject) == ("missing", "outbox")
        assert "made anew" in told.why.en
        (event,) = put(outbox)
        assert deliver(outbox) == [event.seq]
    with opened(path) as outbox:
        assert (outbox.trouble, outbox.found(6.0)) == (None, [])


def test_a_fresh_state_folder_has_nothing_to_say(path: Path) -> None:
    with opened(path) as outbox:
        assert (outbox.trouble, outbox.found(1.0)) == (None, [])


def test_the_log_of_a_file_that_is_gone_is_set_aside_too(path: Path, tmp_path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 3)
        shutil.copy(f"{path}-wal", tmp_path / "log")
    path.unlink()
    shutil.copy(tmp_path / "log", f"{path}-wal")
    with opened(path) as outbox:
        put(outbox)
        assert deliver(outbox) == [1]
    assert (tmp_path / "outbox.db.damaged-1-wal").exists()


def test_two_damaged_files_are_both_kept(path: Path) -> None:
    for n in (1, 2):
        path.write_bytes(b"not a database %d" % n * 100)
        with opened(path) as outbox:
            assert f"outbox.db.damaged-{n}" in (outbox.trouble or "")
    assert path.with_name("outbox.db.damaged-1").read_bytes().startswith(b"not a database 1")


def test_readers_find_their_place_in_what_was_carried_over(path: Path) -> None:
    with opened(path) as outbox:
        outbox.reader("city")
        put(outbox, 6)
        deliver(outbox, 4)
        deliver(outbox, 2, name="city")
    damage(path, "UPDATE event SET body = replace(body, 'pressed', 'touched') WHERE seq = 5")
    with opened(path) as outbox:
        outbox.reader("city")
        assert deliver(outbox) == [5, 6]
        assert deliver(outbox, name="city") == [3, 4, 5, 6]
        (event,) = put(outbox)
        assert (event.seq, outbox.verify()) == (7, None)


def test_a_break_that_comes_later_is_told_again(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 6)
    for n, seq in ((1, 2), (2, 4)):
        damage(path, f"UPDATE event SET body = replace(body, 'The', 'A') WHERE seq = {seq}")
        with opened(path) as outbox:
            text = f"damaged-{n}: the hash chain breaks at row {seq + 1}"
            assert text in (outbox.trouble or "")
            assert outbox.pending() == 6


def test_rows_that_were_taken_away_are_no_break_but_one_in_a_wrong_place_is(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 6)
    damage(path, "DELETE FROM event WHERE seq = 3")
    with opened(path) as outbox:
        assert outbox.trouble is None
    damage(path, "UPDATE event SET seq = 3 WHERE seq = 2")
    with opened(path) as outbox:
        assert "the hash chain breaks at row 3" in (outbox.trouble or "")


def test_a_kill_between_two_names_loses_nothing(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 4)
    path.rename(path.with_suffix(".carried"))  # the old file has its new name already
    with opened(path) as outbox:
        assert "its rows are carried over" in (outbox.trouble or "")
        assert deliver(outbox) == [1, 2, 3, 4]


def test_a_kill_while_the_new_file_is_made_loses_nothing(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 4)
    path.with_suffix(".carried").write_bytes(b"half")
    with opened(path) as outbox:
        assert outbox.trouble is None
        assert deliver(outbox) == [1, 2, 3, 4]
    assert not path.with_suffix(".carried").exists()


def test_on_a_full_disk_the_reserve_makes_room_for_what_is_carried_over(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2048) as disk:
        path = disk / "outbox.db"
        with opened(path, reserve_bytes=512 << 10) as outbox:
            put(outbox, 50)
        damage(path, "UPDATE event SET body = replace(body, 'pressed', 'touched') WHERE seq = 9")
        fill(disk)
        with opened(path, reserve_bytes=512 << 10) as outbox:
            assert "the hash chain breaks at row 10" in (outbox.trouble or "")
            put(outbox)
            assert deliver(outbox) == list(range(1, 52))


def test_a_damaged_file_on_a_disk_without_room_stays_as_it_is_and_alarms_go_out(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 512) as disk:
        path = disk / "outbox.db"
        with opened(path) as outbox:
            put(outbox, 50)
        damage(path, "UPDATE event SET body = replace(body, 'pressed', 'touched') WHERE seq = 9")
        ballast = fill(disk)
        with opened(path) as outbox:
            (event,) = put(outbox)
            assert "the disk fails" in (outbox.trouble or "")
            assert deliver(outbox) == [event.seq]
            ballast.unlink()
            assert sorted(deliver(outbox)) == list(range(1, 51))
            assert "the hash chain breaks at row 10" in (outbox.trouble or "")


def test_what_went_before_is_still_there_to_be_shown(path: Path) -> None:
    with opened(path) as outbox:
        put(outbox, 3)
        put(outbox, 1, Hazard.FAULT)
        deliver(outbox)
    damage(path, "UPDATE event SET body = x'00' WHERE seq = 2")
    with opened(path):
        pass
    assert [row.seq for row in history(path, 9)] == [4, 3, 2, 1]
