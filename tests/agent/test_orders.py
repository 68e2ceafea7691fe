"""The way in between the threads: what is kept, what is answered, and what a flood may cost."""

import json
import queue
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.commands import Code, Order
from agent.gate import FORGOTTEN_S, PER_MINUTE
from agent.orders import ANSWERS, FILE, INBOX, RECORDED, TOLD_S, Answer, Orders, Piece
from agent.status import State
from agent.wallclock import WallTime
from provisioning.contract import ack_schema
from tests.agent.orders import SET, UNSET, body
from tests.brokers import HUB_FILES


class Way:
    """A way in whose orders wait in `taken`, at most `room` of them."""

    def __init__(self, folder: Path, *, wall: WallTime = SET, room: int = 100) -> None:
        self.now, self.wall = 0.0, wall
        self.taken: queue.Queue[Order] = queue.Queue(room)
        self.woken, self.waiting = 0, 0
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.confirmed: list[str] = []
        self.orders = Orders(
            folder,
            put=self.taken.put_nowait,
            wake=self._wake,
            state=lambda: State(coverage={}, simulated=True),
            wall=lambda: self.wall,
            clock=lambda: self.now,
            note=lambda kind, body: self.notes.append((kind, body)),
            waiting=lambda: self.waiting,
            confirmed=self.confirmed.append,
        )

    def _wake(self) -> None:
        self.woken += 1

    def reason(self, number: int) -> str:
        """What the records say of the refusal so far."""
        return str(self.notes[number][1]["reason"])

    def send(self, verb: str, content: bytes) -> str:
        """What the hub hears of it: `accepted`, the code of the refusal, or nothing."""
        self.orders.hear(verb, content, retained=False)
        self.orders.step()
        while not self.taken.empty():
            self.orders.done(self.taken.get(), None)
        if (answer := first_answer(self.orders)) is None:
            return ""
        self.orders.confirm(answer)
        return answer.code or answer.result


def first_answer(orders: Orders) -> Answer | None:
    found = orders.answer()
    assert not isinstance(found, Piece)
    return found


def test_each_command_is_answered_and_its_answer_stays_until_the_hub_has_it(
    tmp_path: Path,
) -> None:
    way = Way(tmp_path)
    way.orders.hear("identify", body(1), retained=False)
    way.orders.hear("unlock", body(2), retained=False)
    for _ in range(2):
        way.orders.step()
    way.orders.done(way.taken.get(), None)
    first = first_answer(way.orders)
    assert first is first_answer(way.orders)
    assert first is not None
    assert (first.id, first.result, first.code) == ("nonce-0002", "refused", Code.UNKNOWN_VERB)
    way.orders.confirm(first)
    second = first_answer(way.orders)
    assert second is not None
    assert (second.id, second.result, second.simulated) == ("nonce-0001", "accepted", True)
    way.orders.confirm(first)  # a confirmation that comes again takes nothing else away
    assert way.orders.answer() is second


def test_what_was_taken_is_not_taken_again_after_a_restart(tmp_path: Path) -> None:
    away = body(hours=24.0)
    assert Way(tmp_path).send("away", away) == "accepted"
    assert Way(tmp_path).send("away", away) == Code.REPLAYED


def test_the_id_is_on_disk_before_anything_is_done(tmp_path: Path) -> None:
    way = Way(tmp_path)
    way.orders.hear("away", body(hours=24.0), retained=False)
    way.orders.step()
    assert way.taken.qsize() == 1
    assert "nonce-0001" in json.loads((tmp_path / FILE).read_bytes())["ids"]


@pytest.mark.parametrize("garbled", [b"", b"{", b'{"ids": {"a": "b"}}', b"\xff"])
def test_where_the_ids_are_lost_nobody_is_away_until_all_that_was_taken_has_expired(
    tmp_path: Path, garbled: bytes
) -> None:
    (tmp_path / FILE).write_bytes(garbled)
    way = Way(tmp_path)
    assert way.send("away", body(1, hours=24.0)) == Code.NOT_KEPT
    assert way.send("identify", body(2)) == "accepted"
    way.now = FORGOTTEN_S
    assert way.send("away", body(3, hours=24.0)) == "accepted"


def test_where_the_ids_were_taken_away_no_command_is_taken_twice(tmp_path: Path) -> None:
    away = body(1, hours=24.0)
    assert Way(tmp_path).send("away", away) == "accepted"
    (tmp_path / FILE).unlink()
    way = Way(tmp_path)
    assert way.send("away", away) == Code.NOT_KEPT
    way.now = FORGOTTEN_S
    assert way.send("away", body(2, hours=24.0)) == "accepted"


def test_on_a_broken_disk_only_what_is_harmless_is_taken_and_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("a file where the directory should be")
    way = Way(tmp_path / "full")
    assert way.send("away", body(1, hours=24.0)) == Code.NOT_KEPT
    assert "not kept over a restart" in way.orders.trouble
    assert way.send("answered", body(2, event="boot-1")) == "accepted"
    assert way.send("answered", body(2, event="boot-1")) == Code.REPLAYED
    (tmp_path / "full").unlink()
    assert way.send("identify", body(3)) == "accepted"
    assert way.orders.trouble == ""


def test_without_a_clock_nobody_is_away(tmp_path: Path) -> None:
    way = Way(tmp_path, wall=UNSET)
    assert way.send("away", body(hours=24.0)) == Code.NO_CLOCK
    way.wall = SET
    assert way.send("away", body(hours=24.0)) == "accepted"  # a refused one may be given again


def test_a_pipeline_without_room_is_busy_and_nobody_waits_for_it(tmp_path: Path) -> None:
    way = Way(tmp_path, room=1)
    for n in range(2):
        way.orders.hear("identify", body(n), retained=False)
        way.orders.step()
    answer = first_answer(way.orders)
    assert answer is not None
    assert (answer.id, answer.code) == ("nonce-0001", Code.BUSY)


def test_a_flood_is_bounded_at_every_step(tmp_path: Path) -> None:
    way = Way(tmp_path)
    for n in range(10_000):
        way.orders.hear("identify", body(n), retained=False)
    for _ in range(10_000):
        way.orders.step()
    assert way.taken.qsize() == PER_MINUTE
    for _ in range(10_000):
        way.orders.hear("x" * 100_000, b"x" * 1000, retained=False)
        way.orders.step()
        assert way.orders._inbox.qsize() == 0  # one heard, one judged
    assert way.taken.qsize() == PER_MINUTE
    assert len(way.orders._answers) <= min(ANSWERS, PER_MINUTE)
    assert way.orders.trouble.startswith(f"{10_000 - INBOX + 10_000 - 2 * PER_MINUTE + INBOX} ")
    way.now = TOLD_S + 1
    assert way.orders.trouble == ""


def test_one_turn_judges_one_command_and_asks_for_the_next(tmp_path: Path) -> None:
    way = Way(tmp_path)
    for n in range(3):
        way.orders.hear("identify", body(n), retained=False)
    woken = way.woken
    way.orders.step()
    assert way.taken.qsize() == 1
    assert way.woken > woken
    for _ in range(3):
        way.orders.step()
    woken = way.woken
    way.orders.step()
    assert (way.taken.qsize(), way.woken) == (3, woken)  # nothing waits: the uplink may sleep


def test_while_the_hub_is_away_the_newest_answers_stay(tmp_path: Path) -> None:
    way = Way(tmp_path)
    for n in range(ANSWERS + 1):
        way.now = 60.0 * n
        way.orders.hear("unlock", body(n), retained=False)
        way.orders.step()
    first = first_answer(way.orders)
    assert first is not None
    assert first.id == "nonce-0001"


def test_what_is_taken_and_what_is_refused_is_recorded(tmp_path: Path) -> None:
    way = Way(tmp_path)
    assert way.send("identify", body(1)) == "accepted"
    assert way.send("identify", body(1)) == Code.REPLAYED
    assert way.send("identify", body(2, age_s=301.0)) == Code.EXPIRED
    who = {"verb": "identify", "id": "nonce-0001"}
    assert way.notes == [
        ("command", {"result": "taken", "by": "night desk"} | who),
        ("command", {"result": "refused", "code": "replayed", "reason": way.reason(1)} | who),
        ("command", {"result": "refused", "code": "expired", "reason": way.reason(2)}
         | who | {"id": "nonce-0002"}),
    ]  # fmt: skip


def test_a_flood_is_recorded_in_part_and_the_rest_is_counted(tmp_path: Path) -> None:
    way = Way(tmp_path)
    for n in range(60):
        way.now = 60.0 * n
        for _ in range(2 * PER_MINUTE):
            way.send("identify", b"{")
    assert len(way.notes) <= RECORDED
    way.now += TOLD_S
    assert way.send("identify", body(1)) == "accepted"
    assert way.notes[-1][1]["unrecorded"] == 60 * 2 * PER_MINUTE - RECORDED


def test_a_recording_waits_for_every_event_and_every_answer(tmp_path: Path) -> None:
    way = Way(tmp_path)
    assert way.orders.send("nonce-0009", [b"one", b"two"])
    assert not way.orders.send("nonce-0010", [b"three"])  # one at a time
    way.waiting = 1
    assert way.orders.answer() is None
    way.waiting = 0
    assert way.send("unlock", body(1)) == Code.UNKNOWN_VERB  # an answer goes first
    places = []
    while isinstance(piece := way.orders.answer(), Piece):
        places.append((piece.place, piece.payload))
        assert piece is way.orders.answer()  # until the hub has it
        way.orders.confirm(piece)
    assert places == [("recording/nonce-0009/0", b"one"), ("recording/nonce-0009/1", b"two")]
    assert way.confirmed == ["nonce-0001"]
    assert way.orders.send("nonce-0010", [b"three"])


def test_the_schema_is_that_of_the_answer() -> None:
    told = json.loads((HUB_FILES / "ack.schema.json").read_bytes())
    assert told == ack_schema()


@pytest.mark.parametrize("name", ["ack-accepted", "ack-refused", "ack-selftest", "ack-rolled-back"])
def test_the_golden_answers_are_what_answers_look_like(name: str) -> None:
    text = (HUB_FILES / "examples" / f"{name}.json").read_bytes()
    assert msgspec.json.encode(msgspec.json.decode(text, type=Answer)) + b"\n" == text
