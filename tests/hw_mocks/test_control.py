import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_mocks.clock import FastClock
from hw_mocks.control import MAX_LINE, ControlClient, ControlServer, answer


class Desk:
    """Two knobs and one output, in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"sos.pressed": False, "ceiling.celsius": 21.0}
        self.now = 0.0

    def knobs(self) -> Mapping[str, Any]:
        return self.values

    def outputs(self) -> list[str]:
        return ["siren"]

    def set(self, knob: str, value: Any) -> float:
        if isinstance(value, str):
            raise ValueError(f"{value!r} is no number")  # noqa: TRY004  # what parts raise
        self.values[knob] = value
        self.now += 1
        return self.now

    def release(self, knob: str) -> float:
        del knob
        return self.now

    def edges(self, output: str) -> list[tuple[float, bool]]:
        assert output == "siren"
        return [(1.5, True), (2.0, False)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control"


@pytest.fixture
def client(path: Path) -> Iterator[ControlClient]:
    with ControlServer(path, Desk()):
        client = ControlClient(path)
        yield client
        client.close()


def test_a_knob_that_is_set_answers_when_the_wire_moved(client: ControlClient) -> None:
    assert client.ask({"set": {"sos.pressed": 1}}) == {"at": 1.0}
    assert client.ask({"get": "sos.pressed"}) == {"sos.pressed": 1}


def test_the_list_shows_every_knob_and_what_can_be_had(client: ControlClient) -> None:
    listed = client.ask({"list": True})
    assert listed["knobs"] == {"sos.pressed": False, "ceiling.celsius": 21.0}
    assert listed["get"] == ["siren.edges"]


def test_edges_are_times_and_levels(client: ControlClient) -> None:
    assert client.edges("siren") == [(1.5, 1), (2.0, 0)]


def test_several_knobs_move_with_one_line(client: ControlClient) -> None:
    assert client.ask({"set": {"sos.pressed": 1, "ceiling.celsius": 30}})["at"] == 2.0


def test_an_unknown_knob_is_answered_with_the_nearest(client: ControlClient) -> None:
    with pytest.raises(ValueError, match=r"nearest is sos\.pressed"):
        client.set("sos.presed", 1)
    with pytest.raises(ValueError, match=r"nearest is siren\.edges"):
        client.edges("sirene")


def test_no_knob_moves_if_one_of_them_is_unknown() -> None:
    desk = Desk()
    assert "error" in answer(desk, b'{"set": {"sos.pressed": 1, "heat": 1}}')
    assert desk.values["sos.pressed"] is False


def test_a_value_that_the_part_refuses_is_an_error_and_the_session_goes_on(
    client: ControlClient,
) -> None:
    with pytest.raises(ValueError, match=r"sos\.pressed: 'yes' is no number"):
        client.set("sos.pressed", "yes")
    assert client.set("sos.pressed", 1) == 1.0


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"sos",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b'{"set": {}}',
        b'{"set": [1]}',
        b'{"set": 1, "get": 2}',
        b'{"list": false}',
        b'{"get": 7}',
        b'{"release": []}',
        b'{"release": [["x"]]}',
        b'{"shout": true}',
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"set": {"sos.pressed": ' + b"9" * 5000 + b"}}",
    ],
)
def test_a_bad_line_is_answered_with_an_error(line: bytes) -> None:
    assert set(answer(Desk(), line)) == {"error"}


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_line_breaks_the_server(line: bytes) -> None:
    json.dumps(answer(Desk(), line))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(["set", "get", "list", "release", "x"]), json_values)
def test_no_request_breaks_the_server(verb: str, argument: object) -> None:
    answer(Desk(), json.dumps({verb: argument}).encode())


def test_a_line_that_never_ends_is_refused(path: Path) -> None:
    with ControlServer(path, Desk()), socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(path))
        raw.sendall(b"x" * (MAX_LINE + 1))
        assert b"error" in raw.recv(1000)


def test_several_clients_are_served_at_once(path: Path) -> None:
    with ControlServer(path, Desk()):
        clients = [ControlClient(path) for _ in range(5)]
        assert [each.set("sos.pressed", 1) for each in clients] == [1, 2, 3, 4, 5]
        for each in clients:
            each.close()


def test_a_client_that_leaves_in_the_middle_hurts_nobody(path: Path) -> None:
    with ControlServer(path, Desk()):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(path))
            rude.sendall(b'{"list": true}\n' * 100 + b'{"li')
        client = ControlClient(path)
        assert client.set("sos.pressed", 1) == 1.0
        client.close()


def test_the_socket_is_gone_at_the_end_and_only_its_user_may_connect(path: Path) -> None:
    with ControlServer(path, Desk()):
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_the_socket_of_a_dead_process_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with ControlServer(path, Desk()):
        client = ControlClient(path)
        assert client.set("sos.pressed", 1) == 1.0
        client.close()


def test_the_socket_of_a_living_process_is_left_alone(path: Path) -> None:
    with ControlServer(path, Desk()):
        with pytest.raises(FileExistsError, match="another process answers"):
            ControlServer(path, Desk())
        ControlClient(path).close()


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("precious", "utf-8")
    with pytest.raises(FileExistsError, match="is no socket"):
        ControlServer(path, Desk())
    assert path.read_text("utf-8") == "precious"


def test_a_fast_clock_starts_now_and_runs_faster() -> None:
    now = [100.0]
    clock = FastClock(60.0, base=lambda: now[0])
    assert clock() == 100.0
    now[0] += 2.0
    assert clock() == 220.0
    with pytest.raises(ValueError, match="forwards"):
        FastClock(0.0)
