"""Further addresses of one hub, and further hubs: none that is away delays another."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent import config as files
from agent.bandwidth import Budget
from agent.dialler import Dialler
from agent.hub import Hub
from agent.hub_cause import Cause, Standing
from agent.link import Link
from agent.wallclock import read_wall_clock
from hw_mocks.broker import free_port
from hw_mocks.network import Forwarder
from tests.agent.events import row_of
from tests.brokers import DEVICE, SITE, Listener, Mosquitto
from tests.peers import answering, in_tls
from tests.running import STALL, on_hub, running, until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as running_:
        yield running_


def hub_of(broker: Mosquitto, **changes: Any) -> Hub:
    config = broker.config(**changes)
    return Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", connect_s=5.0)


def test_where_home_is_away_the_next_address_is_tried_next(broker: Mosquitto) -> None:
    there = f"127.0.0.1:{broker.port}"
    hub = hub_of(broker, port=free_port(), alternatives=[f"localhost:{free_port()}", there])
    tried = []
    while not hub.send(row_of()):
        tried.append((hub.cause, hub.status.split()[0]))
    assert [cause for cause, _ in tried] == [Cause.REFUSED, Cause.REFUSED]
    assert len({place for _, place in tried}) == 2
    assert hub.report()["address"] == there
    hub.close()


def test_an_alternative_has_to_show_a_certificate_for_the_home_name(broker: Mosquitto) -> None:
    there = f"127.0.0.1:{broker.port}"
    hub = hub_of(broker, host="hub.city.invalid", alternatives=[there])
    causes = [hub.cause for _ in range(2) if not hub.send(row_of())]
    assert causes == [Cause.NAME_UNKNOWN, Cause.SERVER_OTHER_NAME], hub.status


def test_home_is_gone_back_to_once_it_answers_again(broker: Mosquitto) -> None:
    home_port = free_port()
    config = broker.config(port=home_port, alternatives=[f"localhost:{broker.port}"])
    dialler = Dialler(
        config,
        name=DEVICE,
        will=("t", b""),
        within_s=5.0,
        heard=None,
        wall=read_wall_clock,
        budget=Budget(2000.0),
        home_again_s=0.0,
    )
    assert isinstance(dialler.dial(), Standing)
    link = dialler.dial()
    assert isinstance(link, Link)
    assert not dialler.home_is_back()
    with Forwarder(broker.port, port=home_port):
        until(dialler.home_is_back, 20, "the scout finds home")
        link.drop()
        dialler.lost()
        assert str(dialler.address) == f"localhost:{home_port}"
        again = dialler.dial()
        assert isinstance(again, Link)
        again.drop()


def test_once_home_answers_again_the_connection_moves_and_nothing_is_said_to_be_offline(
    broker: Mosquitto,
) -> None:
    home_port = free_port()
    hub = Hub(
        broker.config(port=home_port, alternatives=[f"localhost:{broker.port}"]),
        device=DEVICE,
        site=SITE,
        state=lambda: b"{}",
        urgent=lambda: False,
    )
    hub._dialler._home_again_s = 0.0  # ten minutes in life
    with Listener(broker) as listener:
        while not hub.send(row_of()):
            pass
        assert hub.report()["address"] == f"localhost:{broker.port}"
        with Forwarder(broker.port, port=home_port):
            home = f"localhost:{home_port}"
            until(lambda: hub.heartbeat_if_due() and hub.report()["address"] == home, 20, "home")
            assert hub.send(row_of(seq=2)), hub.status
            assert listener.until(lambda: len(listener.events()) == 2)
            assert b"offline" not in listener.states()
            hub.close()


def busy(line: socket.socket) -> None:
    """A hub of MQTT 5 that is busy, for any number of CONNECTs."""
    line.recv(65536)
    line.sendall(bytes([0x20, 3, 0, 0x89, 0]))
    line.recv(65536)


def test_a_busy_hub_is_left_alone_but_for_an_alarm(broker: Mosquitto) -> None:
    dials, urgent = [0], [False]
    folder = broker.authority.folder
    talk = in_tls((folder / "server.pem", folder / "server.key"), busy)

    def counted(line: socket.socket) -> None:
        dials[0] += 1
        talk(line)

    with answering(counted) as port:
        hub = Hub(
            broker.config(host="127.0.0.1", port=port),
            device=DEVICE,
            site=SITE,
            state=lambda: b"{}",
            urgent=lambda: urgent[0],
        )
        for _ in range(50):
            assert not hub.heartbeat_if_due()
        assert (dials[0], hub.cause) == (1, Cause.SERVER_BUSY)
        urgent[0] = True
        assert not hub.heartbeat_if_due()
    assert dials[0] == 2


def test_a_street_that_is_cut_off_comes_back_one_by_one_and_alarms_at_once(
    broker: Mosquitto,
) -> None:
    urgent = [False]

    def hub_that(jitter: float) -> Hub:
        return Hub(
            broker.config(),
            device=DEVICE,
            site=SITE,
            state=lambda: b"{}",
            urgent=lambda: urgent[0],
            jitter=lambda: jitter,
        )

    first, last = hub_that(0.0), hub_that(1.0)
    for hub in (first, last):
        assert hub.send(row_of())
        broker.kill()
        while hub.heartbeat_if_due():
            pass
        broker.start()
    assert first.heartbeat_if_due(), first.status
    assert not last.heartbeat_if_due()
    urgent[0] = True
    assert last.heartbeat_if_due(), last.status
    for hub in (first, last):
        hub.close()


NEIGHBOUR = """
[[neighbours]]
name = "{name}"
hazards = ["sos"]
host = "localhost"
port = {port}
ca = "{ca}"
certificate = "{certificate}"
key = "{key}"
"""


def test_a_neighbour_hears_of_its_hazards_only_and_a_dead_one_delays_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        Mosquitto(tmp_path / "home") as home,
        Mosquitto(tmp_path / "far") as far,
        Listener(home) as at_home,
        Listener(far) as away,
    ):
        certificate, key = far.authority.issue(DEVICE)
        files_of = {"ca": far.authority.ca, "certificate": certificate, "key": key}
        text = on_hub(STALL, DEVICE, home.config())
        text += NEIGHBOUR.format(name="bucheon", port=far.port, **files_of)
        text += NEIGHBOUR.format(name="gone", port=free_port(), **files_of)
        with running(tmp_path, text) as agent:
            until(agent.armed, 20, "armed")
            assert at_home.until(at_home.states)
            assert away.until(away.states)
            away.publish(f"haetae/v1/test/{DEVICE}/cmd/identify", b"{}")
            agent.set("sos.pressed", 1)
            assert at_home.until(at_home.events)
            assert away.until(away.events)
            hubs = until(
                lambda: {each["name"]: each for each in (agent.status() or {})["hubs"]},
                20,
                "the status lists the hubs",
            )
            cli.main(["status", "--run-dir", str(agent.run_dir)])
    assert {each.topic.rpartition("/")[2] for each in away.events()} == {"sos"}
    assert not [each for each in away.messages if "/ack/" in each.topic]
    assert away.states()[0] == b'{"status":"online","coverage":{},"simulated":true}'
    assert list(hubs) == ["home", "bucheon", "gone"]
    assert hubs["gone"]["cause"] == "refused"
    shown = capsys.readouterr().out
    assert "서버 프로그램이 꺼져 있습니다. / localhost:" in shown
    assert "tell the hub's operator, and check `port` in `[hub]`\n    no answer yet; " in shown


HUB = '[hub]\nhost = "hub.city.example"\n'
SAFE = '[[neighbours]]\nname = "near"\nhazards = ["wandering"]\nhost = "hub.near.example"\n'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SAFE, r"\$\.neighbours"),
        (HUB + SAFE + SAFE.replace("hub.near", "hub.far"), r"\$\.neighbours\[1\]\.name"),
        (HUB + SAFE.replace('"near"', '"home"'), r"\$\.neighbours\[0\]\.name"),
        (HUB + SAFE.replace("hub.near", "hub.city"), r"\$\.neighbours\[0\]\.host"),
        (HUB + SAFE.replace("wandering", "wondering"), r"\$\.neighbours\[0\]\.hazards"),
        (HUB + SAFE.replace('["wandering"]', "[]"), r"\$\.neighbours\[0\]\.hazards"),
        (HUB + 'alternatives = ["hub2.city.example"]\n', r"\$\.hub\.alternatives\[0\]"),
        (HUB + 'alternatives = ["hub2.city.example:99999"]\n', r"\$\.hub\.alternatives\[0\]"),
        (HUB + SAFE + "tls = false\n", r"\$\.neighbours\[0\]\.tls"),
        (
            '[hub]\nhost = "127.0.0.1"\ntls = false\nalternatives = ["10.0.0.1:1"]\n',
            r"\$\.hub\.tls",
        ),
        (HUB + "budget_kb_per_day = 10\n", r"\$\.hub\.budget_kb_per_day"),
    ],
)
def test_hubs_that_do_not_go_together_are_told_with_their_place(
    tmp_path: Path, text: str, place: str
) -> None:
    path = tmp_path / "device.toml"
    path.write_text(f"{STALL}\n{text}")
    with pytest.raises(files.ConfigError, match=place):
        files.load(path)


def test_a_neighbour_and_an_ipv6_alternative_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text(f'{STALL}\n{HUB}alternatives = ["[2001:db8::1]:8883", "10.0.0.1:8884"]\n{SAFE}')
    found = files.load(path)
    assert found.neighbours[0].hazards == ["wandering"]
