"""The socket by which the setup page sees the agent: bounded, local, and no way to do more."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import state_lock
from agent.coverage import FLOOR
from agent.eventfile import history
from agent.inspector import LINGERS_S
from agent.ledger_file import backwards
from agent.local_link import FILE, LocalLink, Powers
from agent.local_socket import LONGEST_LINE, MOST_PEERS, MOST_UNSENT, LocalSocket, Peer
from agent.long_press import HELD_S, LongPress
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity
from tests.agent.links import Asker, Device
from tests.running import until

TOML = """
profile = "test"
title = { ko = "시험", en = "test" }
[annunciator]
siren = { gpio = 18 }
lamp = { gpio = 25 }
button = "hush"
[sos]
buttons = ["sos"]
[[sensors]]
driver = "supply_lost"
name = "mains"
gpio = 5
[[sensors]]
driver = "button"
name = "sos"
gpio = 22
[[sensors]]
driver = "button"
name = "hush"
gpio = 23
[[sensors]]
driver = "door"
name = "door"
gpio = 24
[[sensors]]
driver = "button"
name = "spare"
gpio = 27
[[sensors]]
driver = "adpd188bi"
name = "chamber"
"""
WORDS = ("readings", "inspect", "accompany", "end", "identify", "status", "outline", "baseline")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    with Device(tmp_path_factory.mktemp("d"), TOML) as made:
        yield made


@pytest.fixture
def asker(device: Device) -> Iterator[Asker]:
    with Asker(device.run_dir) as made:
        yield made


def of(sensor: str, **more: Any) -> Any:
    return lambda said: said.get("sensor") == sensor and more.items() <= said.items()


def events(device: Device, hazard: str) -> list[dict[str, Any]]:
    rows = history(device.state / "outbox.db", 50)
    found = [json.loads(row.body) for row in rows]
    return [each for each in found if each["hazard"] == hazard]


def notes(device: Device, kind: str) -> list[dict[str, Any]]:
    sealed = backwards(device.state / "ledger")
    return [each.record.body for each in sealed if each.record.kind == kind]


def test_only_our_own_user_may_open_the_file(device: Device) -> None:
    assert stat.S_IMODE((device.run_dir / FILE).stat().st_mode) == 0o600


def test_who_asks_for_a_self_test_is_told_every_part(device: Device, asker: Asker) -> None:
    with state_lock.hold(
        device.state
    ):  # as `haetae run` does: its self-test writes into no other's ledger
        told = asker.ask(selftest=True)
    assert {each["part"] for each in told["parts"]} >= {"sos by sos BUTTON", "outbox"}
    assert {each["by"] for each in told["parts"]} == {"arithmetic"}
    assert told["passed"] is all(each["passed"] for each in told["parts"])
    until(lambda: notes(device, "selftest"), 10, "the ledger to have it")
    assert [each["by"] for each in notes(device, "selftest")] == ["local"]


def test_who_asks_for_readings_is_told_the_last_of_each_first(asker: Asker) -> None:
    assert asker.ask(readings=True)["result"] == "accepted"
    assert {each["sensor"] for each in asker.unasked} >= {"mains", "sos", "hush", "door"}


def test_a_press_of_fifty_milliseconds_is_seen_with_its_release(
    device: Device, asker: Asker
) -> None:
    asker.ask(readings=True)
    asker.unasked.clear()
    down = device.bench.set("spare.pressed", 1)
    up = device.bench.set("spare.pressed", 0)
    assert up - down < 0.05
    pressed = asker.until(of("spare", value=1.0))
    released = asker.until(lambda said: of("spare", value=0.0)(said) and said["at"] > pressed["at"])
    assert {pressed["quantity"], released["quantity"]} == {"BUTTON"}


def test_a_sensor_that_fails_says_why(device: Device, asker: Asker) -> None:
    asker.ask(readings=True)
    failure = asker.until(lambda said: "failure" in said and said["sensor"] == "chamber")
    assert failure["failure"] == "not_ready"
    assert "baseline" in failure["message"]


def test_the_status_is_the_one_of_the_file(device: Device, asker: Asker) -> None:
    found = asker.ask(status=True)["status"]
    assert found["simulated"] is True
    assert found["sensors"].keys() == (device.status() or {})["sensors"].keys()


def test_an_inspection_ends_with_the_result_that_the_ledger_has(
    device: Device, asker: Asker
) -> None:
    asker.send(b'{"id":"7","inspect":"sos","within_s":60}')
    asker.ask(readings=True)
    seen = [asker.until(of("sos", value=0.0))["at"]]
    for _ in range(2):  # calm before it
        seen.append(asker.until(lambda s: of("sos", value=0.0)(s) and s["at"] > seen[-1])["at"])
    device.bench.set("sos.pressed", 1)
    device.bench.set("sos.pressed", 0)
    result = asker.until(lambda said: said.get("id") == "7")
    assert (result["result"], result["sensor"]) == ("proven", "sos")
    until(lambda: notes(device, "inspection"), 10, "the ledger has it")
    assert notes(device, "inspection")[0]["nonce"] == result["nonce"]
    assert notes(device, "inspection")[0]["by"] == "setup page"
    assert [each["inspection"] for each in events(device, "sos")][:1] == [result["nonce"]]


def test_an_inspection_that_nobody_waits_for_is_over_at_once(device: Device) -> None:
    asked, over = len(notes(device, "command")), len(notes(device, "inspection"))
    with Asker(device.run_dir) as leaver:
        leaver.send(b'{"id":"7","inspect":"chamber","within_s":900}')
        leaver.send(b'{"id":"8","inspect":"sos","within_s":900}')
        until(lambda: len(notes(device, "command")) == asked + 2, 10, "both are asked for")
        assert len(notes(device, "inspection")) == over
    until(lambda: len(notes(device, "inspection")) == over + 1, 10, "the one that began is over")


def test_what_is_no_sensor_of_a_hazard_is_not_inspected(asker: Asker) -> None:
    refused = asker.ask(inspect="door")
    assert (refused["result"], refused["code"]) == ("refused", "not_here")


def test_what_somebody_tries_out_is_marked_as_a_test(device: Device, asker: Asker) -> None:
    nonce = asker.ask(accompany="mains", within_s=60)["nonce"]
    with Asker(device.run_dir) as passing:  # as who waits for a calm moment does, each 5 s
        passing.ask(status=True)
    asker.ask(status=True)  # by then the link knows that the other has left
    device.bench.set("mains.lost", 1)
    until(lambda: events(device, "power"), 20, "the cut is told")
    device.bench.set("mains.lost", 0)
    assert [each["inspection"] for each in events(device, "power")] == [nonce]


def test_a_call_for_help_is_never_marked_by_who_only_tries_a_button(
    device: Device, asker: Asker
) -> None:
    before = len(events(device, "sos"))
    asker.ask(accompany="sos", within_s=60)
    device.bench.set("sos.pressed", 1)
    device.bench.set("sos.pressed", 0)
    until(lambda: len(events(device, "sos")) > before, 10, "the call is told")
    assert "inspection" not in events(device, "sos")[0]


def test_a_handover_is_in_the_ledger(device: Device, asker: Asker) -> None:
    body = {
        "sha256": "ab" * 32,
        "installer": "김",
        "profile": "test",
        "outcomes": {"sos": "passed"},
    }
    assert asker.ask(commissioned=body)["result"] == "accepted"
    until(lambda: notes(device, "commissioning"), 10, "it is written")
    assert notes(device, "commissioning")[0] == body


def test_a_part_in_clean_air_is_measured_by_who_holds_its_wire(asker: Asker) -> None:
    asker.send(b'{"id":"7","baseline":"chamber"}')
    first = asker.until(lambda said: said.get("id") == "7")
    assert (first["more"], first["taken"], first["of"]) == (True, 1, 60)
    assert "baseline" in asker.ask(baseline="door")["error"]


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"null", b"[1]", b"\xff", b'{"shell":"id"}', b'{"inspect":"../x"}']
)
def test_what_is_no_request_is_answered_and_changes_nothing(asker: Asker, line: bytes) -> None:
    asker.send(line)
    assert "error" in asker.line()
    assert asker.ask(status=True)["status"]["armed"]


def test_a_line_without_end_is_hung_up_on(asker: Asker) -> None:
    asker.send(b"x" * (LONGEST_LINE + 4096))
    with pytest.raises((EOFError, ConnectionError)):
        asker.until(lambda said: False)  # nothing of it is what we wait for


def test_no_more_than_a_few_are_served(device: Device) -> None:
    served = [Asker(device.run_dir) for _ in range(MOST_PEERS)]
    for each in served:
        each.ask(status=True)
    with Asker(device.run_dir) as one_too_many, pytest.raises((EOFError, ConnectionError)):
        one_too_many.ask(status=True)
    for each in served:
        each.close()


class Room:
    """The bare socket, turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[tuple[Peer, bytes]] = []
        self.gone: list[Peer] = []
        self.socket = LocalSocket(folder / "s", heard=self._hear, gone=self.gone.append)
        assert self.socket.open()
        self.client = socket.socket(socket.AF_UNIX)
        self.client.connect(str(folder / "s"))
        self.socket.turn(1.0)

    def _hear(self, peer: Peer, line: bytes) -> None:
        self.heard.append((peer, line))

    def close(self) -> None:
        self.client.close()
        self.socket.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def test_a_reader_that_does_not_read_is_dropped_and_never_waited_for(room: Room) -> None:
    room.client.sendall(b"hello\n")
    room.socket.turn(1.0)
    (peer, _), sent = room.heard[0], 0
    while peer in room.socket:
        room.socket.say(peer, b"x" * 1000)
        sent += 1001
        assert sent < 2 * MOST_UNSENT + (4 << 20), "more than socket and buffer hold"
    assert room.gone == [peer]


def test_another_user_is_not_served(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    stranger = socket.socket(socket.AF_UNIX)
    stranger.connect(room.client.getpeername())
    if os.geteuid() == 0:  # root may do anything
        stranger.close()
        pytest.skip("as root nobody is a stranger")
    room.socket.turn(1.0)
    assert stranger.recv(1) == b""
    stranger.close()


def test_where_the_socket_cannot_be_the_agent_goes_on(tmp_path: Path) -> None:
    made = LocalSocket(tmp_path / "none" / "s", heard=lambda *_: None, gone=lambda _: None)
    assert not made.open()
    made.turn(0.0)
    made.close()


def hold(press: LongPress, for_s: float) -> None:
    press.take(Reading("hush", Quantity.BUTTON, 0.0, 0.0))
    press.take(Reading("hush", Quantity.BUTTON, 1.0, 10.0))
    press.look(10.0 + for_s)


@pytest.mark.parametrize(("for_s", "asked"), [(HELD_S - 0.1, False), (HELD_S, True)])
def test_a_button_held_for_five_seconds_asks_for_the_page(
    tmp_path: Path, for_s: float, asked: bool
) -> None:
    hold(LongPress(tmp_path / "asked"), for_s)
    assert (tmp_path / "asked").exists() is asked


def test_one_hold_asks_once(tmp_path: Path) -> None:
    press = LongPress(tmp_path / "asked")
    hold(press, 6.0)
    (tmp_path / "asked").unlink()
    press.look(30.0)
    press.take(Reading("hush", Quantity.BUTTON, 1.0, 31.0))
    press.take(Reading("hush", Quantity.BUTTON, 0.0, 32.0))
    assert not (tmp_path / "asked").exists()


def test_a_full_run_directory_is_no_fault_of_the_button(tmp_path: Path) -> None:
    hold(LongPress(tmp_path / "none" / "asked"), 6.0)


def test_a_held_button_tests_as_ever_and_asks(
    device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    device.bench.set("hush.pressed", 1)
    until((device.run_dir / "setup-requested").exists, 15, "the page is asked for")
    assert [each for each in caplog.messages if each.startswith("button: ")] == [
        "button: test",
        "button: held for 5 s: the setup page is asked for",
    ]
    device.bench.set("hush.pressed", 0)


class Trying:
    """A link of its own, whose thread nobody started."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        nothing = lambda *_: None  # noqa: E731  # a stand-in for what is not asked for here
        powers = Powers(nothing, dict, nothing, nothing, nothing, lambda *_: False)
        self.link = LocalLink(folder, powers, clock=lambda: self.now)

    def accompany(self, sensor: str, within_s: float) -> None:
        self.link.accompany(sensor, within_s)

    def mark(self, stage: Stage, *sensors: str, hazard: Hazard = Hazard.POWER) -> str:
        evidence = tuple(Reading(e, Quantity.SUPPLY_LOST, 1.0, self.now) for e in sensors)
        detection = Detection(
            hazard, stage, "place", "lost", evidence, self.now, Why("정전", "power cut")
        )
        return self.link.mark(detection)


@pytest.fixture
def trying(tmp_path: Path) -> Trying:
    made = Trying(tmp_path)
    made.accompany("mains", 60.0)
    return made


def test_what_is_tried_out_is_marked_up_to_its_end(trying: Trying) -> None:
    nonce = trying.mark(Stage.ALARM, "mains")
    trying.now = 500.0
    assert nonce
    assert trying.mark(Stage.CLEARED, "mains") == nonce
    assert not trying.mark(Stage.CLEARED, "mains")


def test_what_another_sensor_says_too_is_real(trying: Trying) -> None:
    assert trying.mark(Stage.ALARM, "mains")
    assert not trying.mark(Stage.ALARM, "mains", "meter")
    assert not trying.mark(Stage.CLEARED, "mains")


def test_what_comes_later_is_real(trying: Trying) -> None:
    trying.now = 161.0
    assert not trying.mark(Stage.ALARM, "mains")


@pytest.mark.parametrize("hazard", sorted(FLOOR))
def test_what_lives_depend_on_is_real(trying: Trying, hazard: Hazard) -> None:
    assert not trying.mark(Stage.ALARM, "mains", hazard=hazard)


def test_what_nothing_speaks_for_is_real(trying: Trying) -> None:
    assert not trying.mark(Stage.ALARM)


def test_what_was_tried_is_known_until_it_can_have_worn_off(trying: Trying) -> None:
    trying.accompany("gas", 30.0)
    assert trying.link.tried(160.0) == {"mains", "gas"}
    assert trying.link.tried(130.0 + LINGERS_S) == {"mains"}
    assert trying.link.tried(160.0 + LINGERS_S) == frozenset()
