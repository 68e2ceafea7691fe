"""A file that is damaged or gone is set aside, carried over and said."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.outbox import Outbox, history
from agent.shelf import LOOK_S
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


def test_a_kill_between_two_names_plays_no_damaged_log_into_the_new_file(
    path: Path, tmp_path: Path
) -> None:
    with opened(path) as outbox:
        put(outbox, 2)
        shutil.copy(f"{path}-wal", tmp_path / "log")
        put(outbox, 2)
    path.rename(path.with_suffix(".carried"))
    shutil.copy(tmp_path / "log", f"{path}-wal")  # the old file's log still has its old name
    with opened(path) as outbox:
        assert deliver(outbox) == [1, 2, 3, 4]
        assert outbox.verify() is None
    assert (tmp_path / "outbox.db.damaged-1-wal").exists()


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


@pytest.fixture(scope="module")
def closed_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with five rows, of which home has the first."""
    path = tmp_path_factory.mktemp("closed") / "outbox.db"
    with opened(path) as outbox:
        outbox.reader("city")
        put(outbox, 5)
        deliver(outbox, 1)
    return path.read_bytes()


def tried(path: Path, content: bytes) -> None:
    """Whatever the file says: rows are taken, kept and delivered, and none is lost in silence."""
    for each in path.parent.glob("outbox.*"):
        each.unlink()
    path.write_bytes(content)
    path.with_suffix(".made").touch()
    with opened(path) as outbox:
        (event,) = put(outbox)
        missing = {2, 3, 4, 5, event.seq} - set(deliver(outbox))
        assert event.seq not in missing
        assert not missing or outbox.trouble is not None
        assert "the disk fails" not in (outbox.trouble or "")
    with opened(path) as outbox:
        assert (outbox.trouble, outbox.verify()) == (None, None)


def test_a_folder_in_its_place_is_set_aside_too(path: Path) -> None:
    path.mkdir()
    with opened(path) as outbox:
        assert "outbox.db.damaged-1" in (outbox.trouble or "")
        (event,) = put(outbox)
    with opened(path) as outbox:
        assert deliver(outbox) == [event.seq]


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_no_flipped_bit_stops_the_outbox_or_takes_a_row_in_silence(
    data: st.DataObject, closed_file: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bit = data.draw(st.integers(0, 8 * len(closed_file) - 1))
    content = bytearray(closed_file)
    content[bit // 8] ^= 1 << bit % 8
    tried(tmp_path_factory.mktemp("flipped") / "outbox.db", bytes(content))


@pytest.mark.parametrize(
    ("what", "at", "flip"),
    [
        (b"SQLite format 3", 18, 1),  # the file's version: SQLite would only read
        (b"SQLite format 3", 47, 8),  # the schema's: SQLite would not even read
        (b"confirmed_at REAL", 0, 1),  # a column by another name
        (b"INTEGER PRIMARY KEY", 0, 1),  # of another type: it numbers no rows any more
        (b"TEXT NOT NULL", 0, 0x80),  # a schema that is no text
        (b'"previous":"', 20, 0x80),  # a body that is no UTF-8
        (b'"hazard":"sos"', 10, 0x80),
    ],
)
def test_damage_that_sqlite_does_not_call_damage_is_overcome_too(
    path: Path, closed_file: bytes, what: bytes, at: int, flip: int
) -> None:
    content = bytearray(closed_file)
    content[closed_file.index(what) + at] ^= flip
    tried(path, bytes(content))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_taken_away_while_in_use_is_told_until_it_is_back(
    tmp_path: Path, replaced: bool
) -> None:
    path, now = tmp_path / "outbox.db", [0.0]
    outbox = Outbox(path, reserve_bytes=0, clock=lambda: now[0])
    put(outbox)
    path.rename(tmp_path / "elsewhere")
    if replaced:
        path.write_bytes(b"")
    now[0] += LOOK_S
    put(outbox)
    assert "was taken away while in use" in (outbox.trouble or "")
    assert deliver(outbox) == [1, 2]  # it still goes out
    (tmp_path / "elsewhere").replace(path)
    now[0] += LOOK_S
    put(outbox)
    assert outbox.trouble is None
    outbox.close()
