"""Further addresses of one hub, and further hubs: none that is away delays another."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import config as files
from agent.bandwidth import Budget
from agent.dialler import Dialler
from agent.hub import Hub
from agent.hub_cause import Cause, Standing
from agent.link import Link
from agent.wallclock import read_wall_clock
from hw_mocks.network import Forwarder
from tests.agent.events import row_of
from tests.brokers import DEVICE, SITE, Listener, Mosquitto, free_port
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
    tmp_path: Path,
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
    assert {each.topic.rpartition("/")[2] for each in away.events()} == {"sos"}
    assert not [each for each in away.messages if "/ack/" in each.topic]
    assert away.states()[0] == b'{"status":"online","coverage":{},"simulated":true}'
    assert list(hubs) == ["home", "bucheon", "gone"]
    assert hubs["gone"]["cause"] == "refused"


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
