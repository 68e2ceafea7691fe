"""Commands that take long: one at a time, answered once done, and bounded."""

import gzip
import hashlib
import json
import queue
import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import recording
from agent.collect import LONGEST_BYTES, PIECE_BYTES, collected
from agent.commands import Code, Command, Configuration, Order, Recording, Selftest
from agent.errands import SELFTEST_EVERY_S, Errand, Errands, selftest_command
from agent.in_force import InForce
from agent.orders import Answer, Orders, Piece
from agent.status import State
from agent.trial import SOAK_S, Signs
from agent.values import Reading
from drivers.sensor import Quantity
from tests.agent.orders import NOW
from tests.running import STALL

COMMON: dict[str, Any] = {"issued": NOW, "expires": NOW + timedelta(minutes=5), "by": "Kim"}
GOOD = json.dumps({"part": "fire", "passed": True, "detail": "in 5 s"})
BAD = json.dumps({"part": "co", "passed": False, "detail": "no alarm"})


class Device:
    """Errands whose self-test is a small program that prints; `work` does what was begun."""

    def __init__(self, folder: Path, prints: str = f"print('''{GOOD}\n{BAD}''')") -> None:
        (folder / "device.toml").write_text(STALL)
        self.now, self.restarts, self.beats = 0.0, 0, 0
        self.signs = Signs(armed=True, hub=True, lost=[], alarm=False)
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.orders = Orders(
            folder,
            put=queue.Queue[Order]().put_nowait,
            wake=lambda: None,
            state=lambda: State(coverage={}),
        )
        self.in_force = InForce(folder / "device.toml", folder)
        self.in_force.decide()
        self.errands = Errands(
            self.orders,
            self.in_force,
            recordings=folder / "recordings",
            test=[sys.executable, "-c", prints],
            signs=lambda: self.signs,
            clock=lambda: self.now,
            restart=self._restart,
            note=lambda kind, body: self.notes.append((kind, body)),
        )

    def _restart(self) -> None:
        self.restarts += 1
        self.errands.stop()

    def _beat(self) -> None:
        self.beats += 1
        if self.orders.answer() is not None:
            self.errands.stop()

    def do(self, command: Command, *readings: Reading, muted: tuple[str, ...] = ()) -> Answer:
        """Carry it out; its answer, which is taken away."""
        errand = Errand(Order(type(command).__name__.lower(), command), readings, muted)
        assert self.errands.begin(errand) is None
        self.errands.run(self._beat)
        self.errands._stopping.clear()
        answer = self.orders.answer()
        assert isinstance(answer, Answer)
        self.orders.confirm(answer)
        return answer

    def pieces(self) -> bytes:
        found = b""
        while isinstance(piece := self.orders.answer(), Piece):
            found += piece.payload
            self.orders.confirm(piece)
        return found


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_a_self_test_is_told_in_short_and_recorded_whole(device: Device) -> None:
    answer = device.do(Selftest(id="nonce-0001", **COMMON))
    assert answer.told == {"passed": 1, "failed": ["co: no alarm"]}
    results = [json.loads(each) | {"by": "arithmetic"} for each in (GOOD, BAD)]
    assert device.notes == [("selftest", {"by": "command", "results": results})]
    again = device.do(Selftest(id="nonce-0002", **COMMON))
    assert again.code is Code.TOO_MANY
    device.now = SELFTEST_EVERY_S
    assert device.do(Selftest(id="nonce-0003", **COMMON)).result == "accepted"


@pytest.mark.parametrize("prints", ["", "print('garbage')", "raise SystemExit(1)", "print('{}')"])
def test_a_self_test_that_does_not_run_is_no_success(tmp_path: Path, prints: str) -> None:
    device = Device(tmp_path, prints)
    assert device.do(Selftest(id="nonce-0001", **COMMON)).code is Code.FAILED
    assert device.notes == []


def test_whoever_stops_the_agent_waits_for_no_self_test(tmp_path: Path) -> None:
    device = Device(tmp_path, "import time; time.sleep(600)")
    device.errands.begin(Errand(Order("selftest", Selftest(id="nonce-0001", **COMMON))))

    def beat() -> None:
        device.beats += 1
        if device.beats == 3:
            device.errands.stop()

    device.errands.run(beat)
    answer = device.orders.answer()
    assert isinstance(answer, Answer)
    assert answer.code is Code.FAILED


def test_the_real_self_test_prints_what_is_read(tmp_path: Path) -> None:
    device = Device(tmp_path)
    device.errands._test = selftest_command(tmp_path / "device.toml", tmp_path)
    answer = device.do(Selftest(id="nonce-0001", **COMMON))
    assert answer.told["passed"] > 4, answer


def test_one_errand_at_a_time(device: Device) -> None:
    errand = Errand(Order("selftest", Selftest(id="nonce-0001", **COMMON)))
    assert device.errands.begin(errand) is None
    refused = device.errands.begin(errand)
    assert refused is not None
    assert refused[0] is Code.BUSY


def reading(sensor: str, at: float, value: float = 1.0) -> Reading:
    return Reading(sensor, Quantity.TEMPERATURE_C, value, at)


def test_the_last_minutes_are_sent_without_what_people_switched_off(device: Device) -> None:
    readings = [reading("ceiling", 10.0), reading("eyes", 11.0), reading("ceiling", 12.5)]
    answer = device.do(Recording(id="nonce-0001", **COMMON), *readings, muted=("eyes",))
    whole = device.pieces()
    assert answer.told["sha256"] == hashlib.sha256(whole).hexdigest()
    assert answer.told["bytes"] == len(whole)
    assert gzip.decompress(whole).decode().splitlines() == [
        "t_s,sensor,quantity,value",
        "0.000000,ceiling,TEMPERATURE_C,1.0",
        "2.500000,ceiling,TEMPERATURE_C,1.0",
    ]


def test_what_was_frozen_with_an_event_is_sent(device: Device, tmp_path: Path) -> None:
    rows = [reading("ceiling", float(n)) for n in range(9)]
    recording.write(tmp_path / "recordings" / "boot-7", "t", "s", rows, {})
    assert device.do(Recording(id="nonce-0001", event="boot-7", **COMMON)).result == "accepted"
    assert len(gzip.decompress(device.pieces()).splitlines()) == 10


@pytest.mark.parametrize("event", ["boot-8", "..", ".", "../device.toml", "/etc", "boot-7/x"])
def test_no_id_leads_out_of_the_recordings(device: Device, tmp_path: Path, event: str) -> None:
    recording.write(tmp_path / "recordings" / "boot-7", "t", "s", [], {})
    assert device.do(Recording(id="nonce-0001", event=event, **COMMON)).code is Code.NOT_HERE


def test_a_damaged_recording_is_told(device: Device, tmp_path: Path) -> None:
    recording.write(tmp_path / "recordings" / "boot-7", "t", "s", [reading("a", 1.0)], {})
    (tmp_path / "recordings" / "boot-7" / "readings.csv.gz").write_bytes(b"\x1f\x8bgarbage")
    assert device.do(Recording(id="nonce-0001", event="boot-7", **COMMON)).code is Code.FAILED


def test_a_recording_is_bounded_and_keeps_the_newest() -> None:
    noise = random.Random(1)
    rows = [reading("ceiling", n / 10, noise.random()) for n in range(60_000)]
    pieces = collected(rows, ())
    whole = b"".join(pieces)
    assert len(whole) <= LONGEST_BYTES
    assert all(len(each) <= PIECE_BYTES for each in pieces)
    last = gzip.decompress(whole).decode().splitlines()[-1]
    assert last.endswith(f",{rows[-1].value!r}")


def test_a_configuration_ends_the_process_and_is_answered_later(device: Device) -> None:
    text = STALL + "\n[recorder]\nminutes = 7\n"
    command = Configuration(
        id="nonce-0001", toml=text, sha256=hashlib.sha256(text.encode()).hexdigest(), **COMMON
    )
    assert device.errands.begin(Errand(Order("configuration", command))) is None
    device.errands.run(lambda: None)
    assert device.restarts == 1
    assert device.orders.answer() is None


def test_the_verdict_is_told_once_a_start_and_only_once_armed(
    device: Device, tmp_path: Path
) -> None:
    test_a_configuration_ends_the_process_and_is_answered_later(device)
    after = Device(tmp_path)
    after.signs = Signs(armed=False, hub=True, lost=[], alarm=False)
    after.errands._tend()
    assert after.orders.answer() is None
    after.signs = Signs(armed=True, hub=True, lost=[], alarm=False)
    after.errands._tend()
    after.now = SOAK_S
    after.errands._tend()
    after.errands._tend()
    answer = after.orders.answer()
    assert isinstance(answer, Answer)
    assert (answer.id, answer.verb, answer.result) == ("nonce-0001", "configuration", "accepted")
    after.orders.confirm(answer)
    assert after.orders.answer() is None
