import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import HubConfig
from agent.hub import Hub, is_loopback
from agent.outbox import Row
from tests.agent.events import AT_S, row_of
from tests.brokers import DEVICE, SITE, Authority, Listener, Mosquitto, free_port

# paho leaves the half-made socket of a failed handshake to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


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


def test_over_3_1_1_a_denied_publish_cannot_be_told(broker: Mosquitto) -> None:
    files = broker.authority.issue("somebody-else")
    hub = hub_of(broker.config(files=files, protocol="3.1.1"))
    assert hub.send(row_of())
    hub.close()


def test_an_expired_certificate_is_told(broker: Mosquitto) -> None:
    files = broker.authority.issue(DEVICE, lasts=timedelta(days=-1))
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    assert hub.status.startswith("the hub refused the device certificate: expired")


def test_a_certificate_from_another_authority_is_told(broker: Mosquitto, tmp_path: Path) -> None:
    files = Authority(tmp_path / "other", "another authority").issue(DEVICE)
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    assert hub.status in {
        "the hub refused the device certificate: its CA is not one that the hub trusts",
        "the hub hung up before its CONNACK: it probably refused the device certificate",
    }


def test_a_hub_of_another_authority_is_not_trusted(broker: Mosquitto, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "another authority")
    hub = hub_of(broker.config(ca=str(other.ca)))
    assert not hub.send(row_of())
    assert hub.status.startswith(f"the certificate of localhost:{broker.port} is not trusted: ")


def test_a_hub_that_is_not_running_is_told(tmp_path: Path) -> None:
    port = free_port()
    authority = Authority(tmp_path)
    certificate, key = authority.issue(DEVICE)
    config = HubConfig(
        host="127.0.0.1",
        port=port,
        ca=str(authority.ca),
        certificate=str(certificate),
        key=str(key),
    )
    hub = hub_of(config)
    assert not hub.send(row_of())
    assert hub.status == f"127.0.0.1:{port} refuses connections: no broker listens there"


def test_a_name_that_cannot_be_resolved_is_told(broker: Mosquitto) -> None:
    hub = hub_of(broker.config(host="hub.invalid"))
    assert not hub.send(row_of())
    assert hub.status.startswith("the name hub.invalid cannot be resolved: ")


@pytest.mark.parametrize("lacking", ["ca", "certificate", "key"])
def test_a_certificate_file_that_is_missing_is_told(broker: Mosquitto, lacking: str) -> None:
    changes: dict[str, Any] = {lacking: "/nowhere/file.pem"}
    hub = hub_of(broker.config(**changes))
    assert not hub.send(row_of())
    assert "/nowhere/file.pem" in hub.status
    assert "no such file" in hub.status.lower()


def test_certificates_are_read_anew_at_each_connection(broker: Mosquitto, tmp_path: Path) -> None:
    files = tmp_path / "device.pem", tmp_path / "device.key"
    hub = hub_of(broker.config(files=files))
    assert not hub.send(row_of())
    certificate, key = broker.authority.issue(DEVICE)
    certificate.rename(files[0])
    key.rename(files[1])
    assert hub.send(row_of()), hub.status
    hub.close()


def test_plain_text_is_refused_to_another_machine() -> None:
    hub = hub_of(HubConfig(host="192.0.2.1", port=1883, tls=False))
    assert not hub.send(row_of())
    assert hub.status == "192.0.2.1:1883: plain text is for loopback only"


@pytest.mark.parametrize(
    ("host", "same"), [("127.8.0.1", True), ("::1", True), ("localhost", True), ("hub", False)]
)
def test_loopback_is_this_machine_only(host: str, same: bool) -> None:
    assert is_loopback(host) is same


def test_a_half_open_link_is_dropped_and_the_row_sent_again(broker: Mosquitto) -> None:
    hub, row = hub_of(broker.config(puback_timeout_s=0.5)), row_of()
    with Listener(broker) as listener:
        assert hub.send(row_of(seq=1))
        with broker.frozen():
            assert not hub.send(row)
            assert hub.status == "the hub does not answer: no PUBACK within 0.5 s"
        while not hub.send(row):
            pass
        listener.until(lambda: row.id in {each.attributes["id"] for each in listener.events()})
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
    assert hub.status == "the hub does not answer: the heartbeat was not confirmed"


def test_the_heartbeat_comes_when_due_and_not_before(broker: Mosquitto) -> None:
    now, count = [AT_S], [0]

    def state() -> bytes:
        count[0] += 1
        return str(count[0]).encode()

    hub = Hub(broker.config(), device=DEVICE, site=SITE, state=state, clock=lambda: now[0])
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


def test_a_broker_that_never_answers_the_handshake_does_not_hang_the_close(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue(DEVICE)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = HubConfig(
            host="127.0.0.1",
            port=silent.getsockname()[1],
            ca=str(authority.ca),
            certificate=str(certificate),
            key=str(key),
        )
        hub = hub_of(config)
        sent: list[bool] = []
        sender = threading.Thread(target=lambda: sent.append(hub.send(row_of())))
        sender.start()
        silent.accept()[0].close()
        sender.join(20.0)
    assert sent == [False]
    hub.close()
