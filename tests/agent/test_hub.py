import gc
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from agent.certificates import tls_context
from agent.hub import Hub
from agent.hub_cause import Cause
from agent.link import Link
from agent.link_notes import Lost
from agent.outbox import Row
from agent.sections import HubConfig
from agent.values import Hazard
from hw_mocks.authority import Authority
from hw_mocks.network import Forwarder
from tests.agent.events import AT_S, row_of
from tests.brokers import DEADLINE_S, DEVICE, SITE, Listener, Mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as running:
        yield running


def hub_of(config: HubConfig, *, device: str = DEVICE) -> Hub:
    return Hub(config, device=device, site=SITE, state=lambda: b'{"fire": "proven"}')


def test_a_row_is_confirmed_and_arrives_as_a_cloudevent(broker: Mosquitto) -> None:
    hub, row = hub_of(broker.config()), row_of()
    with Listener(broker) as listener:
        assert hub.send(row), hub.status
        listener.until(listener.events)
        hub.close()
    (event,) = listener.events()
    assert event.topic == f"haetae/v1/{SITE}/{DEVICE}/event/sos"
    assert event.body == row.body
    assert event.content_type == "application/json"
    assert event.attributes["id"] == row.id
    assert event.attributes["sequence"] == "00000000000000000001"
    assert event.attributes["simulated"] == "true"
    assert not event.retained


def test_no_connection_leaves_a_socket_to_the_garbage_collector(broker: Mosquitto) -> None:
    config = broker.config()
    others = set(threading.enumerate())

    def connect_once() -> None:
        hub = hub_of(config)
        assert hub.send(row_of()), hub.status
        hub.close()
        for thread in set(threading.enumerate()) - others:  # paho's own ends behind us
            thread.join(DEADLINE_S)

    connect_once()
    gc.disable()
    try:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            connect_once()
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    finally:
        gc.enable()


def test_events_are_not_retained_but_the_state_is(broker: Mosquitto) -> None:
    hub = hub_of(broker.config())
    assert hub.send(row_of())
    with Listener(broker) as late:
        late.until(late.states)
        assert late.events() == []
        assert [(each.body, each.retained) for each in late.messages] == [
            (b'{"fire": "proven"}', True)
        ]
        hub.close()


def test_where_nobody_listens_the_hub_still_confirms_and_status_says_so(broker: Mosquitto) -> None:
    hub = hub_of(broker.config())
    assert hub.send(row_of())
    assert hub.status == "connected, but nobody listens at the hub"
    hub.close()


def test_mqtt_3_1_1_carries_the_structured_form(broker: Mosquitto) -> None:
    hub, row = hub_of(broker.config(protocol="3.1.1")), row_of()
    with Listener(broker) as listener:
        assert hub.send(row), hub.status
        listener.until(listener.events)
        hub.close()
    envelope = msgspec.json.decode(listener.events()[0].body, type=dict[str, msgspec.Raw])
    assert bytes(envelope["data"]) == row.body
    assert msgspec.json.decode(envelope["id"]) == row.id


def test_a_late_delivery_says_that_it_is_history(broker: Mosquitto) -> None:
    config = broker.config()
    hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", clock=lambda: AT_S + 61.0)
    with Listener(broker) as listener:
        assert hub.send(row_of(seq=1, at=AT_S))
        assert hub.send(row_of(seq=2, at=AT_S + 2.0))
        listener.until(lambda: len(listener.events()) == 2)
        hub.close()
    assert [each.attributes.get("historical") for each in listener.events()] == ["true", None]


def test_a_damaged_record_is_delivered_as_a_fault_and_holds_up_nobody(broker: Mosquitto) -> None:
    hub = hub_of(broker.config())
    with Listener(broker) as listener:
        assert hub.send(Row(7, "aa-7", b'{"id": \xff', alarm=True))
        listener.until(listener.events)
        hub.close()
    (event,) = listener.events()
    assert event.topic.endswith("/event/fault")
    assert (event.body, event.attributes["id"]) == (b'{"id": \xff', "aa-7")


def test_a_denied_publish_is_told_and_not_confirmed(broker: Mosquitto) -> None:
    files = broker.authority.issue("somebody-else")
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    assert hub.status == f"the hub denied haetae/v1/{SITE}/{DEVICE}/event/sos: Not authorized"
    hub.close()


def test_a_hazard_that_is_denied_is_told_while_others_go_out(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "strict")
    rules = tmp_path / "strict/acl.conf"
    rules.write_text(rules.read_text("utf-8").replace("event/+", "event/sos", 1), "utf-8")
    with broker, Listener(broker):
        hub, denied = hub_of(broker.config()), row_of(Hazard.WATER)
        assert not hub.send(denied)
        assert hub.denies(denied)
        assert hub.send(row_of(seq=2))
        assert not hub.denies(denied)
        assert hub.cause is Cause.PUBLISH_DENIED
        assert "event/water" in hub.status
        hub.close()


def test_over_3_1_1_a_denied_publish_cannot_be_told(broker: Mosquitto) -> None:
    files = broker.authority.issue("somebody-else")
    hub = hub_of(broker.config(files=files, protocol="3.1.1"))
    assert hub.send(row_of())
    hub.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_half_open_link_is_dropped_and_the_row_sent_again(
    broker: Mosquitto, protocol: str
) -> None:
    hub, row = hub_of(broker.config(puback_timeout_s=0.5, protocol=protocol)), row_of()
    with Listener(broker) as listener:
        assert hub.send(row_of(seq=1))
        with broker.frozen():
            assert not hub.send(row)
            assert hub.cause is Cause.HALF_OPEN
            said = "the hub does not answer: no PUBACK within 0.5 s; its last answer was "
            assert hub.status.startswith(said), hub.status
        while not hub.send(row):
            pass
        assert listener.until(lambda: sum(row.body in each.body for each in listener.events()))
        hub.close()


def test_a_heartbeat_that_is_not_confirmed_breaks_the_link(broker: Mosquitto) -> None:
    now = [AT_S]
    config = broker.config(puback_timeout_s=0.5, heartbeat_s=1.0)
    hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", clock=lambda: now[0])
    assert hub.send(row_of())
    with broker.frozen():
        now[0] += 1.0
        assert hub.heartbeat_if_due()
        while hub.heartbeat_if_due():
            pass
    assert hub.cause is Cause.HALF_OPEN
    said = "the hub does not answer: the heartbeat was not confirmed; its last answer was "
    assert hub.status.startswith(said), hub.status
    assert hub.acknowledged_s_ago is not None
    assert hub.acknowledged_s_ago >= 0.5


def test_the_heartbeat_comes_when_due_and_not_before(broker: Mosquitto) -> None:
    now, count = [AT_S], [0]

    def state() -> bytes:
        count[0] += 1
        return str(count[0]).encode()

    hub = Hub(
        broker.config(heartbeat_s=60.0), device=DEVICE, site=SITE, state=state, clock=lambda: now[0]
    )
    with Listener(broker) as listener:
        for later_s in (0.0, 59.0, 1.5, 1.0):
            now[0] += later_s
            assert hub.send(row_of())  # its confirmation tells that an earlier heartbeat is there
            assert hub.heartbeat_if_due()
        listener.until(lambda: len(listener.states()) == 2)
        hub.close()
    assert listener.states()[:2] == [b"1", b"2"]


def test_the_last_will_says_offline_when_the_device_dies(broker: Mosquitto) -> None:
    hub = hub_of(broker.config())
    with Listener(broker) as listener:
        assert hub.send(row_of())
        hub._link.drop()  # type: ignore[union-attr]  # as if the power failed: no DISCONNECT
        assert listener.until(lambda: b"offline" in listener.states())


def test_closing_says_offline(broker: Mosquitto) -> None:
    hub = hub_of(broker.config())
    with Listener(broker) as listener:
        assert hub.send(row_of())
        hub.close()
        assert listener.until(lambda: listener.states()[-1] == b"offline")


def test_a_second_device_of_the_same_name_is_told_and_stays_told(broker: Mosquitto) -> None:
    hub, clone = hub_of(broker.config()), hub_of(broker.config())
    for _ in range(4):  # mosquitto 2.0.11 closes the older one without a word, newer ones say why
        for each in (hub, clone):
            assert each.send(row_of()) or each.send(row_of()), each.status
    assert hub.status.startswith("connected")
    assert "another device" in hub.status
    assert DEVICE in hub.status
    assert "was a card cloned?" in hub.status
    for each in (clone, hub):
        each.close()


def test_a_hub_that_names_the_take_over_is_believed_at_once(broker: Mosquitto) -> None:
    hub = hub_of(broker.config())
    assert hub.send(row_of())
    link = hub._link
    assert link is not None
    taken = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")
    link._on_disconnect(link._client, None, DisconnectFlags(True), taken)  # paho's
    assert not hub.heartbeat_if_due()
    assert hub.status.endswith(f"another device connects as {DEVICE}: was a card cloned?")
    hub.close()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[socket.socket, HubConfig]]:
    """A port that takes connections and says nothing."""
    authority = Authority(tmp_path)
    certificate, key = authority.issue(DEVICE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield (
            server,
            HubConfig(
                host="127.0.0.1",
                port=server.getsockname()[1],
                ca=str(authority.ca),
                certificate=str(certificate),
                key=str(key),
            ),
        )


def test_a_hub_that_takes_the_connection_and_says_nothing_is_told_in_time(
    silent: tuple[socket.socket, HubConfig],
) -> None:
    server, config = silent
    hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", connect_s=0.3)
    assert not hub.send(row_of())
    assert hub.cause is Cause.TLS_HANGS
    server.accept()[0].close()
    hub.close()


def test_a_handshake_that_was_given_up_ends_at_once(
    silent: tuple[socket.socket, HubConfig],
) -> None:
    server, config = silent
    link = Link(config, name=DEVICE, will=("t", b""), tls=tls_context(config))
    link.start()
    taken, _ = server.accept()
    assert link.note(0.0) is None
    link.drop()
    assert isinstance(link.note(20.0), Lost)
    taken.close()


def test_a_heartbeat_spells_its_topic_only_once_a_connection(broker: Mosquitto) -> None:
    now = [AT_S]
    with Forwarder(broker.port) as line, Listener(broker) as listener:
        config = broker.config(port=line.port)
        hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", clock=lambda: now[0])
        assert hub.send(row_of())
        listener.until(listener.states)
        before = line.up
        for number in range(2, 12):
            now[0] += config.heartbeat_s + 1.0
            while len(listener.states()) < number:
                assert hub.heartbeat_if_due()
                listener.until(lambda n=number: len(listener.states()) >= n, 0.01)  # type: ignore[misc]
        assert (line.up - before) / 10 <= 40
        hub.close()
    assert {each.topic for each in listener.messages} == {
        f"haetae/v1/{SITE}/{DEVICE}/state",
        f"haetae/v1/{SITE}/{DEVICE}/event/sos",
    }
