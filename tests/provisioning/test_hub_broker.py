"""Who may what at the hub's broker: a real mosquitto with the very files of `provisioning/hub`."""

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from hw_mocks.authority import Authority
from tests.brokers import DEADLINE_S, Mosquitto

# paho leaves the half-made socket of a failed handshake to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")

USERS = ("stall-17", "stall-18", "hub", "gateway", "console", "viewer", "home-assistant", "onem2m")
OWN = "haetae/v1/alley-3/stall-17"
WRITES = {
    f"{OWN}/event/fire": {"stall-17"},
    f"{OWN}/state": {"stall-17"},
    f"{OWN}/ack/answered": {"stall-17"},
    f"{OWN}/cmd/answered": {"hub", "console"},
    f"{OWN}/cmd/silence": {"hub", "console"},
    f"{OWN}/cmd/away": {"hub"},
    f"{OWN}/cmd/configuration": {"hub"},
    "haetae/v1/alley-3/gateway/event/fire": {"gateway"},  # by the pattern, as any device's own
    "haetae/gateway/v1/status": {"gateway"},
    "haetae/gateway/v1/cap/alley-3/stall-17/fire": {"gateway"},
    "homeassistant/device/haetae_alley-3_stall-17/config": {"gateway"},
    "homeassistant/status": {"home-assistant"},
    "/oneM2M/req/Shaetae/Mobius2/json": {"gateway"},
    "/oneM2M/resp/Shaetae/Mobius2/json": {"onem2m"},
    "haetae/v1/alley-3/stall-17": set(),
    "anything": set(),
}
READS = {
    f"{OWN}/event/fire": {"hub", "gateway", "console", "viewer"},
    f"{OWN}/state": {"hub", "gateway", "console", "viewer"},
    f"{OWN}/ack/answered": {"hub", "console", "viewer"},
    f"{OWN}/cmd/answered": {"hub", "stall-17"},
    "haetae/gateway/v1/status": {"home-assistant"},
    "haetae/gateway/v1/cap/alley-3/stall-17/fire": set(),
    "homeassistant/device/haetae_alley-3_stall-17/config": {"home-assistant"},
    "/oneM2M/req/Shaetae/Mobius2/json": {"onem2m"},
    "/oneM2M/resp/Shaetae/Mobius2/json": {"gateway"},
}


class Visitor:
    """One user by its own certificate, who has asked for everything."""

    def __init__(self, broker: Mosquitto, name: str) -> None:
        self.heard: set[str] = set()
        self._changed = threading.Condition()
        self._answers: dict[int, ReasonCode] = {}
        self._subscribed = False
        certificate, key = broker.authority.issue(name)
        self.client = client = Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.tls_set(str(broker.authority.ca), str(certificate), str(key))
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.connect("localhost", broker.port)
        client.loop_start()
        client.subscribe([("#", 1), ("/#", 1)])
        with self._changed:
            assert self._changed.wait_for(lambda: self._subscribed, DEADLINE_S)

    def may_write(self, topic: str) -> bool:
        number = self.client.publish(topic, b"x", qos=1).mid
        with self._changed:
            assert self._changed.wait_for(lambda: number in self._answers, DEADLINE_S)
            return not self._answers[number].is_failure

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_publish(self, _c: Client, _d: Any, mid: int, reason: ReasonCode, *_: Any) -> None:
        with self._changed:
            self._answers[mid] = reason
            self._changed.notify_all()

    def _on_message(self, _c: Client, _d: Any, message: MQTTMessage) -> None:
        self.heard.add(message.topic)

    def _on_subscribe(self, *_: Any) -> None:
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def visitors(broker: Mosquitto) -> Iterator[dict[str, Visitor]]:
    found = {name: Visitor(broker, name) for name in USERS}
    yield found
    for each in found.values():
        each.close()


def test_each_writes_its_own_and_nothing_else(visitors: dict[str, Visitor]) -> None:
    for topic, allowed in WRITES.items():
        assert {name for name, each in visitors.items() if each.may_write(topic)} == allowed, topic


def test_each_reads_what_is_meant_for_it(visitors: dict[str, Visitor]) -> None:
    for topic in READS:
        (writer, *_) = sorted(WRITES[topic])
        assert visitors[writer].may_write(topic)
    for name, each in visitors.items():  # its PUBACK comes behind all that was for it
        assert each.may_write(f"haetae/v1/x/{name}/state")
    for topic, allowed in READS.items():
        heard = {name for name, each in visitors.items() if topic in each.heard}
        assert heard == allowed, topic


def test_nobody_comes_in_without_a_certificate_of_the_hubs_authority(
    broker: Mosquitto, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path, "another authority").issue("hub")
    for own in ((str(certificate), str(key)), (None, None)):
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.tls_set(str(broker.authority.ca), *own)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            refused(client, broker.port)


def refused(client: Client, port: int) -> None:
    """TLS 1.3 tells of a refused certificate only after the handshake."""
    client.connect("localhost", port)
    for _ in range(100):
        if client.loop(0.1):
            raise ConnectionError
