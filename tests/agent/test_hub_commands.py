"""Commands through a real broker, with the very ACLs of `provisioning/hub`."""

import json
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.gate import PER_MINUTE
from agent.hub import Hub
from agent.orders import Orders
from agent.sections import HubConfig
from agent.status import State
from tests.agent.events import row_of
from tests.agent.orders import SET, body
from tests.brokers import DEVICE, SITE, Listener, Mosquitto

if TYPE_CHECKING:
    from agent.commands import Order

ROOT = f"haetae/v1/{SITE}/{DEVICE}"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "hub") as running:
        yield running


class Device:
    """A hub connection with its way in; `turn` is one turn of the uplink, and of the pipeline."""

    def __init__(self, folder: Path, config: HubConfig) -> None:
        self.news = threading.Event()
        self.taken: queue.Queue[Order] = queue.Queue(8)
        self.orders = Orders(
            folder,
            put=self.taken.put_nowait,
            wake=self.news.set,
            state=lambda: State(coverage={}),
            wall=lambda: SET,
        )
        self.hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", orders=self.orders)

    def turn(self) -> None:
        assert self.hub.heartbeat_if_due(), self.hub.status
        while not self.taken.empty():
            self.orders.done(self.taken.get(), None)
        self.news.wait(0.02)
        self.news.clear()

    def answers(self, hub: Listener, count: int) -> list[dict[str, Any]]:
        """Live until the hub has heard so many answers; all of them."""
        for _ in range(1000):
            if len(acks(hub)) >= count:
                return acks(hub)
            self.turn()
        raise AssertionError(f"{acks(hub)}: {self.hub.status}")


def acks(hub: Listener) -> list[dict[str, Any]]:
    return [
        json.loads(each.body) | {"topic": each.topic, "retained": each.retained}
        for each in hub.messages
        if "/ack/" in each.topic
    ]


def results(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["id"], each.get("code", each["result"])) for each in found]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_command_comes_in_and_is_answered_once(
    broker: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    device = Device(tmp_path, broker.config(protocol=protocol))
    with Listener(broker) as hub:
        assert device.hub.send(row_of())  # what subscribed before it is subscribed after it
        hub.publish(f"{ROOT}/cmd/identify", body(1))
        hub.publish(f"{ROOT}/cmd/identify", body(1))
        hub.publish(f"{ROOT}/cmd/identify", body(2, age_s=301.0))
        hub.publish(f"{ROOT}/cmd/identify", b"\x00garbage")
        hub.publish(f"{ROOT}/cmd/unlock", body(3))
        found = device.answers(hub, 5)
        device.hub.close()
    assert sorted(results(found)) == [  # an acceptance comes by another thread
        ("", "not_understood"),
        ("nonce-0001", "accepted"),
        ("nonce-0001", "replayed"),
        ("nonce-0002", "expired"),
        ("nonce-0003", "unknown_verb"),
    ]
    assert {each["topic"] for each in found} == {f"{ROOT}/ack/identify", f"{ROOT}/ack/unlock"}
    assert not any(each["retained"] for each in found)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_retained_command_is_refused_and_answered(
    broker: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    device = Device(tmp_path, broker.config(protocol=protocol))
    with Listener(broker) as hub:
        hub.publish(f"{ROOT}/cmd/identify", body(1), retain=True)
        hub.until(lambda: hub.messages)
        assert results(device.answers(hub, 1)) == [("nonce-0001", "retained")]
        device.hub.close()


def test_over_mqtt_5_a_retained_command_is_told_while_we_listen_too(
    broker: Mosquitto, tmp_path: Path
) -> None:
    device = Device(tmp_path, broker.config())
    with Listener(broker) as hub:
        assert device.hub.send(row_of())
        hub.publish(f"{ROOT}/cmd/identify", body(1), retain=True)
        assert results(device.answers(hub, 1)) == [("nonce-0001", "retained")]
        device.hub.close()


def test_nothing_is_kept_for_a_device_that_is_away(broker: Mosquitto, tmp_path: Path) -> None:
    device = Device(tmp_path, broker.config())
    with Listener(broker) as hub:
        assert device.hub.send(row_of())
        device.hub.close()
        hub.publish(f"{ROOT}/cmd/identify", body(1))
        hub.until(lambda: any("/cmd/" in each.topic for each in hub.messages))
        assert device.hub.send(row_of())
        hub.publish(f"{ROOT}/cmd/identify", body(2))
        assert results(device.answers(hub, 1)) == [("nonce-0002", "accepted")]
        device.hub.close()


def test_an_answer_that_was_not_confirmed_is_sent_again(broker: Mosquitto, tmp_path: Path) -> None:
    device = Device(tmp_path, broker.config(puback_timeout_s=0.5))
    with Listener(broker) as hub:
        assert device.hub.send(row_of())
        hub.publish(f"{ROOT}/cmd/identify", body(1))
        while device.taken.empty():
            assert device.hub.heartbeat_if_due()
        with broker.frozen():
            device.orders.done(device.taken.get(), None)
            assert device.hub.heartbeat_if_due()  # says it into a line that swallows it
            assert not device.hub.send(row_of())
        while not device.hub.send(row_of()):
            pass
        assert ("nonce-0001", "accepted") in results(device.answers(hub, 1))
        device.hub.close()


def test_what_a_command_changed_is_in_the_retained_state_at_once(
    broker: Mosquitto, tmp_path: Path
) -> None:
    device = Device(tmp_path, broker.config(heartbeat_s=3600.0))
    with Listener(broker) as hub:
        assert device.hub.send(row_of())
        hub.until(lambda: len(hub.states()) == 1)
        hub.publish(f"{ROOT}/cmd/unlock", body(1))
        device.answers(hub, 1)
        hub.publish(f"{ROOT}/cmd/identify", body(2))
        device.answers(hub, 2)
        while len(hub.states()) < 2:
            device.turn()
        device.hub.close()
        hub.until(lambda: len(hub.states()) == 3)
    assert hub.states() == [b"{}", b"{}", b"offline"]


def test_no_device_reads_the_commands_of_another_or_answers_for_it(
    broker: Mosquitto, tmp_path: Path
) -> None:
    heard: list[str] = []
    with Listener(broker) as hub:
        other = _client(broker, "stall-18", heard)
        other.subscribe([(f"{ROOT}/cmd/+", 1), (f"haetae/v1/{SITE}/stall-18/cmd/+", 1)])
        other.publish(f"{ROOT}/ack/identify", b"forged", qos=1)
        other.publish(f"{ROOT}/cmd/identify", body(7), qos=1)
        other.publish(f"haetae/v1/{SITE}/stall-18/state", b"last", qos=1)
        assert hub.until(hub.states)  # all before it has been seen to by then
        device = Device(tmp_path, broker.config())
        assert device.hub.send(row_of())
        hub.publish(f"{ROOT}/cmd/identify", body(1))
        assert results(device.answers(hub, 1)) == [("nonce-0001", "accepted")]
        own = f"haetae/v1/{SITE}/stall-18/cmd/identify"
        hub.publish(own, body(2))
        assert hub.until(lambda: heard)
        other.disconnect()
        other.loop_stop()
        device.hub.close()
    assert heard == [own]
    assert not [each for each in hub.messages if each.body == b"forged"]


def _client(broker: Mosquitto, name: str, heard: list[str]) -> Client:
    """Another device, by its own certificate."""
    certificate, key = broker.authority.issue(name)
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5
    )
    client.tls_set(str(broker.authority.ca), str(certificate), str(key))
    client.on_message = lambda _client, _data, message: heard.append(message.topic)
    client.connect("localhost", broker.port)
    client.loop_start()
    return client


def test_an_alarm_is_confirmed_in_the_midst_of_a_flood(broker: Mosquitto, tmp_path: Path) -> None:
    device, flood = Device(tmp_path, broker.config()), 3000
    with Listener(broker, f"{ROOT}/ack/+") as hub:
        assert device.hub.send(row_of())
        for n in range(flood):
            hub.publish(f"{ROOT}/cmd/identify", body(n))
        for n in range(2, 22):
            device.turn()
            assert device.hub.send(row_of(seq=n)), device.hub.status
        device.answers(hub, PER_MINUTE)
        device.hub.close()
    assert len(acks(hub)) <= 2 * PER_MINUTE
    assert device.taken.qsize() <= PER_MINUTE


def test_a_hub_that_denies_commands_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        denying = threading.Thread(target=_deny_subscriptions, args=(server,))
        denying.start()
        device = Device(tmp_path, HubConfig(host="127.0.0.1", port=port, tls=False))
        assert device.hub.send(row_of()), device.hub.status
        assert device.hub.status == ("connected; it denies commands to this device: Not authorized")
        device.hub.close()
        denying.join()


def _deny_subscriptions(server: socket.socket) -> None:
    """A broker of MQTT 5 for one connection, as far as it is asked here."""
    line, _ = server.accept()
    with line, line.makefile("rb") as stream:
        while head := stream.read(1):
            rest, shift = 0, 0
            while (byte := stream.read(1)[0]) & 0x80:
                rest |= (byte & 0x7F) << shift
                shift += 7
            packet = stream.read(rest | byte << shift)
            if head[0] == 0x10:
                line.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK, success
            elif head[0] == 0x82:
                line.sendall(bytes([0x90, 4, *packet[:2], 0, 0x87]))  # SUBACK, not authorized
            elif head[0] & 0xF0 == 0x30:
                topic = int.from_bytes(packet[:2], "big")
                line.sendall(bytes([0x40, 2, *packet[2 + topic : 4 + topic]]))  # PUBACK


def test_what_is_too_large_for_a_hub_does_not_break_the_connection_for_ever(
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path / "hub")
    with (tmp_path / "hub/mosquitto.conf").open("a", encoding="utf-8") as file:
        file.write("max_packet_size 8000\n")
    with broker, Listener(broker) as hub:
        device = Device(tmp_path, broker.config())
        device.orders.send("recording-1", [bytes(16_000), b"the rest"])
        for _ in range(1000):
            device.hub.heartbeat_if_due()
            if device.orders.answer() is None:
                break
            device.news.clear()
            device.news.wait(0.02)
        assert device.orders.answer() is None
        assert device.hub.send(row_of())
        assert hub.until(hub.events)
        device.hub.close()
