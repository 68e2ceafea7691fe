"""The hub of a fleet: one mosquitto, and a listener that notes when each event came."""

import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hw_mocks.broker import free_port
from hw_mocks.child import until
from hw_mocks.peers.process import Process, listens, program
from hw_mocks.tls_broker import Authority

_CONF = """
listener {port} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {folder}/acl.conf
persistence true
persistence_location {folder}/
max_queued_messages 0
user root
"""
_ACL = """
pattern readwrite haetae/v1/+/%u/#
user hub-listener
topic read haetae/v1/#
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that came, `at` in monotonic seconds."""

    device: str
    hazard: str
    id: str
    seq: int
    at: float


class FleetHub:
    """A broker that goes down and comes back with the listener's session."""

    def __init__(self, folder: Path, devices: Iterable[str]) -> None:
        folder.mkdir(parents=True)
        self._folder, self.port = folder, free_port()
        self._authority = Authority(folder)
        for name in ("server", "hub-listener", *devices):
            self._authority.issue(name)
        conf = folder / "mosquitto.conf"
        conf.write_text(_CONF.format(port=self.port, folder=folder), "utf-8")
        (folder / "acl.conf").write_text(_ACL, "utf-8")
        self._broker = Process([program("mosquitto"), "-c", str(conf)], folder / "mosquitto.log")
        self._lock = threading.Lock()
        self._arrivals: list[Arrival] = []
        self._ids: set[str] = set()
        self._subscribed = threading.Event()
        self._client: Client | None = None

    def start(self) -> None:
        """Start the broker with what it kept, and hear it."""
        self._broker.start(lambda: listens(self.port))
        if self._client is None:
            self._client = self._listener()
            self._client.connect("127.0.0.1", self.port, clean_start=False, properties=_kept())
            self._client.loop_start()
        until(lambda: self._subscribed.is_set() or None, 30.0, "the listener's subscription")

    def go_down(self) -> None:
        """End the broker in order."""
        self._subscribed.clear()
        self._broker.stop()

    def stop(self) -> None:
        """End all."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
        self._broker.stop()

    def arrivals(self) -> list[Arrival]:
        """Everything that came, in order."""
        with self._lock:
            return list(self._arrivals)

    def ids(self) -> set[str]:
        """The ids of what came."""
        with self._lock:
            return set(self._ids)

    def _listener(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="hub-listener",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        context = ssl.create_default_context(cafile=str(self._authority.ca))
        name = self._folder / "hub-listener"
        context.load_cert_chain(name.with_suffix(".pem"), name.with_suffix(".key"))
        client.tls_set_context(context)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda *_: self._subscribe()
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = lambda _client, _data, message: self._take(message)
        return client

    def _subscribe(self) -> None:
        if self._client is not None:
            self._client.subscribe("haetae/v1/+/+/event/+", qos=1)

    def _take(self, message: MQTTMessage) -> None:
        at = time.monotonic()
        told = dict(getattr(message.properties, "UserProperty", []))
        _, _, _, device, _, hazard = message.topic.split("/")
        found = Arrival(device, hazard, told["id"], int(told["sequence"]), at)
        with self._lock:
            self._arrivals.append(found)
            self._ids.add(found.id)


def _kept() -> Properties:
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own lack
    session.SessionExpiryInterval = 3600
    session.ReceiveMaximum = 65535
    return session
