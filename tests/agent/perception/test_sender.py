"""What leaves perception: paced, within the budget, and never waiting for anybody."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.perception.sender import Sender
from drivers import record
from drivers.record import BUDGET_BYTES_S, SIZE, TABLE, Record, RecordError
from drivers.sensor import Quantity

FIRE, FALL = Quantity.FIRE_SCORE, Quantity.FALL_SCORE


class Agent:
    """The other end, bound but read only when asked."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    def heard(self) -> list[Record]:
        found = []
        while True:
            try:
                found.append(record.decode(self.socket.recv(100)))
            except BlockingIOError:
                return found


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    agent = Agent(tmp_path / "agent.sock")
    yield agent
    agent.socket.close()


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    sender = Sender(tmp_path / "agent.sock", tmp_path / "eyes.sock")
    sender.open()
    yield sender
    sender.close()


def test_a_number_arrives_with_the_time_at_which_it_was_true(agent: Agent, sender: Sender) -> None:
    sender.post("eye", {FIRE: 0.7}, at=99.5, now=100.0)
    assert agent.heard() == [Record(record.source_of("eye"), FIRE, 0.7, 99.5)]


def test_each_quantity_is_sent_twice_a_second_at_most(agent: Agent, sender: Sender) -> None:
    values = []
    for n in range(100):
        at = 100 + n / 10
        sender.post("eye", {FIRE: n / 100}, at, at)
        values += [each.value for each in agent.heard()]
    assert 18 <= len(values) <= 21
    assert values == sorted(values)


def test_of_a_peak_the_greatest_since_the_last_is_sent(agent: Agent, sender: Sender) -> None:
    for n, value in enumerate((0.1, 0.2, 0.9, 0.3, 0.1, 0.1, 0.1)):
        at = 100 + n / 10
        sender.post("eye", {FALL: value, FIRE: value}, at, at)
    heard = [(each.quantity, each.value) for each in agent.heard()]
    assert heard == [(FALL, 0.1), (FIRE, 0.1), (FALL, 0.9), (FIRE, 0.1)]


@given(
    names=st.integers(1, 8),
    posts=st.lists(st.tuples(st.floats(0, 0.3), st.sampled_from(list(TABLE))), max_size=200),
)
@settings(deadline=None, max_examples=20)
def test_no_second_carries_more_than_the_budget(
    names: int, posts: list[tuple[float, Quantity]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("b")
    agent, sender = Agent(folder / "agent.sock"), Sender(folder / "agent.sock", folder / "own")
    sender.open()
    now, sent = 100.0, []
    for wait_s, quantity in posts:
        now += wait_s
        for n in range(names):
            sender.post(f"eye{n}", {quantity: 0.0}, now, now)
        sent += [now] * len(agent.heard())
    sender.close()
    agent.socket.close()
    for first in sent:
        within = sum(first <= each < first + 1.0 for each in sent)
        assert within * SIZE <= 2 * BUDGET_BYTES_S  # what was saved up, and what came anew


def test_while_the_agent_is_away_numbers_are_dropped_and_nobody_waits(
    tmp_path: Path, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(50):
        sender.post("eye", {FIRE: 0.5}, 100.0 + n, 100.0 + n)
    assert [each.message for each in caplog.records] == [
        "agent: numbers are dropped: nobody listens"
    ]
    agent = Agent(tmp_path / "agent.sock")
    sender.post("eye", {FIRE: 0.6}, 200.0, 200.0)
    assert [each.value for each in agent.heard()] == [0.6]
    assert caplog.messages[-1] == "agent: listens"
    agent.socket.close()


def test_an_agent_that_does_not_read_holds_nobody_up(agent: Agent, sender: Sender) -> None:
    for n in range(2000):
        sender.post("eye", {FIRE: 0.5, FALL: 1.0 if n == 1990 else 0.0}, 100.0 + n, 100.0 + n)
    assert 0 < len(agent.heard()) < 2000
    sender.post("eye", {FIRE: 0.6}, 3000.0, 3000.0)
    now = {each.quantity: each.value for each in agent.heard()}
    assert now == {FIRE: 0.6, FALL: 1.0}  # the newest, and the greatest meanwhile


def test_what_is_in_no_table_cannot_be_sent(agent: Agent, sender: Sender) -> None:
    with pytest.raises(RecordError, match="may not cross"):
        sender.post("eye", {Quantity.TEMPERATURE_C: 20.0}, 100.0, 100.0)
    assert not agent.heard()


def test_the_agents_wish_is_heard_and_garbage_is_not(
    agent: Agent, sender: Sender, tmp_path: Path
) -> None:
    own = str(tmp_path / "eyes.sock")
    agent.socket.sendto(b"x" * SIZE, own)
    agent.socket.sendto(record.encode("eye", FIRE, 1.0, 5.0), own)
    agent.socket.sendto(record.encode_mute("eye", is_muted=True, at=5.0), own)
    (answer,) = sender.answers()
    assert isinstance(answer, record.MuteRecord)
    assert (answer.source, answer.is_muted) == (record.source_of("eye"), True)
    assert not list(sender.answers())


def test_a_process_that_was_killed_leaves_nothing_in_the_way(
    tmp_path: Path, sender: Sender
) -> None:
    again = Sender(tmp_path / "agent.sock", tmp_path / "eyes.sock")
    again.open()
    again.close()
    assert not (tmp_path / "eyes.sock").exists()


def test_only_the_group_reaches_it(tmp_path: Path, sender: Sender) -> None:
    assert (tmp_path / "eyes.sock").stat().st_mode & 0o777 == 0o660


def test_without_its_folder_it_cannot_open(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Sender(tmp_path / "agent.sock", tmp_path / "none" / "eyes.sock").open()
