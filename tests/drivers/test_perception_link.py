"""The agent's end of the wire from perception, on real sockets, whatever the other end does."""

import contextlib
import errno
import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers import record
from drivers.perception_link import READ_AT_MOST, PerceptionLink
from drivers.sensor import Quantity

FIRE, FALL, VIEW = Quantity.FIRE_SCORE, Quantity.FALL_SCORE, Quantity.VIEW
NAME = "eyes"
NOBODY = 65534
OPEN = Path("/proc/self/fd")


class Rig:
    """A link whose clock is turned by hand, and who sends to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, 1000.0
        self.path = folder / "perception.sock"
        self.link = PerceptionLink(self.path, self.clock)
        self.link.listen(NAME)
        self.at_each_look: Callable[[], object] = lambda: None
        self.eyes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.eyes.setblocking(False)
        self.eyes.bind(str(folder / "eyes.sock"))

    def clock(self) -> float:
        self.at_each_look()
        return self.now

    def send(self, raw: bytes) -> None:
        self.eyes.sendto(raw, str(self.path))

    def say(self, value: float, quantity: Quantity = FIRE, at: float | None = None) -> None:
        self.send(record.encode(NAME, quantity, value, self.now if at is None else at))

    def heard(self, quantity: Quantity = FIRE) -> float | None:
        self.link.drain()
        return self.link.take(NAME, quantity)

    def close(self) -> None:
        self.link.close()
        self.eyes.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def test_a_number_that_was_sent_is_read(rig: Rig) -> None:
    rig.link.open()
    rig.say(0.42)
    assert rig.heard() == 0.42
    assert rig.link.age_s(NAME, FIRE, rig.now + 2.0) == pytest.approx(2.0)


def test_what_was_never_said_is_none_and_infinitely_old(rig: Rig) -> None:
    assert rig.heard() is None
    assert rig.link.age_s(NAME, FIRE, rig.now) == float("inf")


def test_reading_never_waits_where_nobody_sends(rig: Rig) -> None:
    assert rig.link.drain() == rig.now


def test_the_greatest_fall_between_two_reads_counts_and_the_newest_fire(rig: Rig) -> None:
    rig.link.open()
    for value, at in ((0.2, 999.0), (0.9, 999.5), (0.1, 1000.0)):
        rig.say(value, FALL, at)
        rig.say(value, FIRE, at)
    assert rig.heard(FALL) == 0.9
    assert rig.heard(FIRE) == 0.1
    assert rig.heard(FALL) == 0.1, "once read, the newest is what is so"


def test_perception_which_is_another_user_may_write_to_the_socket(rig: Rig) -> None:
    rig.link.open()
    assert stat.S_IMODE(rig.path.stat().st_mode) == 0o666  # strangers are told by their uid


def test_what_a_killed_agent_left_is_taken_over(rig: Rig) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as killed:
        killed.bind(str(rig.path))
    assert rig.link.open()
    rig.say(0.5)
    assert rig.heard() == 0.5


def test_another_agent_that_listens_keeps_its_socket(rig: Rig) -> None:
    rig.link.open()
    second = PerceptionLink(rig.path, rig.clock)
    with pytest.raises(OSError, match="another process listens there"):
        second.open()
    second.close()
    rig.say(0.5)
    assert rig.heard() == 0.5


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_what_is_no_socket_is_left_alone(rig: Rig, make: Callable[[Path], None]) -> None:
    make(rig.path)
    with pytest.raises(OSError, match="not a socket") as raised:
        rig.link.open()
    assert raised.value.errno == errno.EEXIST
    assert rig.path.exists()


@pytest.mark.parametrize("folder", ["nowhere", "/proc/self", "/dev/null", "x" * 120])
def test_a_folder_that_cannot_be_had_is_an_oserror_of_open(tmp_path: Path, folder: str) -> None:
    link = PerceptionLink(tmp_path / folder / "perception.sock")
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011  # by the kernel's choice
            link.open()
    with pytest.raises(OSError):  # noqa: PT011  # as above
        link.drain()
    link.close()


def test_a_folder_that_comes_later_is_found(rig: Rig) -> None:
    path = rig.folder / "later" / "perception.sock"
    link = PerceptionLink(path, rig.clock)
    with pytest.raises(FileNotFoundError):
        link.open()
    path.parent.mkdir()
    assert link.open()
    link.close()


def test_a_socket_file_that_was_removed_is_made_again(rig: Rig) -> None:
    rig.link.open()
    rig.path.unlink()
    with pytest.raises(FileNotFoundError):
        rig.say(0.1)
    rig.link.drain()
    rig.say(0.7)
    assert rig.heard() == 0.7


def test_a_socket_file_that_was_replaced_is_won_back_once_nobody_listens(rig: Rig) -> None:
    rig.link.open()
    rig.path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as thief:
        thief.bind(str(rig.path))
        with pytest.raises(OSError, match="another process"):
            rig.link.drain()
        assert rig.path.exists(), "what is not ours is left alone"
    rig.link.drain()
    rig.say(0.7)
    assert rig.heard() == 0.7


def test_closing_takes_the_file_away_and_twice_does_no_harm(rig: Rig) -> None:
    rig.link.open()
    rig.link.close()
    rig.link.close()
    assert not rig.path.exists()


def test_binding_anew_a_thousand_times_leaks_nothing(rig: Rig) -> None:
    rig.link.open()
    before = len([*OPEN.iterdir()])
    for _ in range(1000):
        rig.link.renew()
    assert len([*OPEN.iterdir()]) == before


@pytest.mark.parametrize("length", [*range(record.SIZE), *range(record.SIZE + 1, 64), 4096])
def test_a_datagram_of_another_length_is_garbage(rig: Rig, length: int) -> None:
    rig.link.open()
    rig.send((record.encode(NAME, FIRE, 0.9, rig.now) * 200)[:length])
    assert rig.heard() is None
    assert rig.link.troubles.garbage == 1
    assert "bytes, a record has 24" in rig.link.troubles.last


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=60))
def test_no_bytes_at_all_make_the_agent_stumble(rig: Rig, raw: bytes) -> None:
    rig.link.open()
    rig.send(raw)
    rig.send(record.MAGIC + raw)
    rig.now += 1.0
    rig.link.drain()
    value = rig.link.take(NAME, FIRE)
    assert value is None or 0.0 <= value <= 1.0


def packed(
    *, source: int = record.source_of(NAME), code: int = 1, value: float, at: float
) -> bytes:
    return struct.pack("<4sHHdd", record.MAGIC, source, code, value, at)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1.5, -0.5])
def test_a_number_out_of_bounds_is_garbage(rig: Rig, value: float) -> None:
    rig.link.open()
    rig.send(packed(value=value, at=rig.now))
    assert rig.heard() is None
    assert rig.link.troubles.garbage == 1


@pytest.mark.parametrize("code", [0, 16, 999, record.MUTE, record.OUTLINE])
def test_an_unknown_quantity_is_garbage(rig: Rig, code: int) -> None:
    rig.link.open()
    rig.send(packed(code=code, value=0.5, at=rig.now))
    rig.link.drain()
    assert rig.link.troubles.garbage == 1


@pytest.mark.parametrize("ahead_s", [0.1, 60.0, -3.1, -999.0])
def test_a_time_ahead_of_the_clock_or_long_past_is_no_news(rig: Rig, ahead_s: float) -> None:
    rig.link.open()
    rig.say(0.5, at=rig.now + ahead_s)
    assert rig.heard() is None
    assert rig.link.troubles.refused == 1
    assert f"{abs(ahead_s):.1f} s" in rig.link.troubles.last


def test_a_record_of_no_sensor_here_is_refused(rig: Rig) -> None:
    rig.link.open()
    rig.send(record.encode("stranger", FIRE, 0.9, rig.now))
    assert rig.heard() is None
    assert rig.link.troubles.unknown == 1
    assert "of no sensor here" in rig.link.troubles.last


def test_a_record_that_is_said_again_is_no_news(rig: Rig) -> None:
    rig.link.open()
    rig.say(0.5)
    assert rig.heard() == 0.5
    rig.say(0.9, at=rig.now)
    rig.say(0.9, at=rig.now - 0.5)
    assert rig.heard() == 0.5
    assert rig.link.troubles.refused == 2


def test_no_quantity_is_let_through_more_often_than_the_table_says(rig: Rig) -> None:
    rig.link.open()
    through = 0
    for _ in range(2000):  # a hundred seconds of twenty a second
        rig.now += 0.05
        rig.say(0.5)
        rig.link.drain()
        through += rig.link.age_s(NAME, FIRE, rig.now) < 0.011
    assert through <= 100 * record.TABLE[FIRE].hz + 2


def test_not_more_bytes_are_looked_into_than_the_budget_has(rig: Rig) -> None:
    rig.link.open()
    for _ in range(1000):  # ten seconds of a hundred a second, all of them garbage
        rig.now += 0.01
        rig.send(b"?" * record.SIZE)
        rig.link.drain()
    looked_into = rig.link.troubles.garbage * record.SIZE
    assert looked_into <= record.BUDGET_BYTES_S * (record.MAX_AGE_S + 10.0)
    assert rig.link.troubles.garbage + rig.link.troubles.flooded == 1000


def test_a_read_ends_though_the_other_side_never_stops(rig: Rig) -> None:
    rig.link.open()
    looks = []

    def flood() -> None:
        looks.append(rig.now)
        with contextlib.suppress(BlockingIOError):
            while True:
                rig.send(record.encode(NAME, FIRE, 0.9, rig.now))

    rig.at_each_look = flood
    rig.link.drain()
    assert len(looks) == READ_AT_MOST + 1
    assert rig.link.troubles.flooded > 0


def test_what_waited_in_a_flood_is_dropped_by_binding_anew(rig: Rig) -> None:
    rig.link.open()
    with contextlib.suppress(BlockingIOError):
        while True:
            rig.say(0.9)
    rig.link.renew()
    assert rig.heard() is None
    rig.say(0.3)
    assert rig.heard() == 0.3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may say that it is somebody else")
def test_another_users_datagrams_are_not_looked_into(rig: Rig) -> None:
    rig.link.open()
    raw = record.encode(NAME, FIRE, 0.9, rig.now)
    who = struct.pack("3i", os.getpid(), NOBODY, NOBODY)
    said = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, who)]
    rig.eyes.sendmsg([raw], said, 0, str(rig.path))
    assert rig.heard() is None
    assert rig.link.troubles.strangers == 1
    assert f"user {NOBODY}" in rig.link.troubles.last


def test_perception_is_told_what_people_want_while_it_reports_the_other(rig: Rig) -> None:
    rig.link.open()
    rig.link.mute(NAME, is_muted=True)
    rig.say(0.0, VIEW)
    rig.link.drain()
    rig.link.settle(NAME, is_muted=False, now=rig.now)
    said = record.decode_mute(rig.eyes.recv(100))
    assert (said.source, said.is_muted) == (record.source_of(NAME), True)
    rig.link.settle(NAME, is_muted=True, now=rig.now + 5.0)
    with pytest.raises(BlockingIOError):
        rig.eyes.recv(100)


def test_it_is_told_once_a_second_at_most(rig: Rig) -> None:
    rig.link.open()
    rig.link.mute(NAME, is_muted=True)
    rig.say(0.0, VIEW)
    rig.link.drain()
    told = 0
    for tenth in range(100):
        rig.link.mute(NAME, is_muted=True)  # as a contact says it at each of its readings
        rig.link.settle(NAME, is_muted=False, now=rig.now + tenth / 10)
        with contextlib.suppress(BlockingIOError):
            rig.eyes.recv(100)
            told += 1
    assert told == 10


def test_nobody_is_told_who_never_spoke_or_who_has_gone(rig: Rig) -> None:
    rig.link.open()
    rig.link.mute(NAME, is_muted=True)
    rig.link.settle(NAME, is_muted=False, now=rig.now)
    rig.say(0.0, VIEW)
    rig.link.drain()
    rig.eyes.close()
    rig.link.settle(NAME, is_muted=False, now=rig.now + 5.0)
