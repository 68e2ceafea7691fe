"""The hub that all peers bring their events to: mosquitto with TLS, killed and started again.

It keeps sessions and messages over a kill, and the listener's session with them, so what it has
confirmed to a peer is not lost on its side.
"""

import json
import ssl
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from hw_mocks.standing_broker import StandingBroker, lasting_session

# ThingsBoard's server does not echo a gateway's requests to it; a broker would
_ACL = """
pattern readwrite haetae/v1/+/%u/#
pattern write peer/%u
user hub-listener
topic readwrite #
user thingsboard-gateway
topic write v1/gateway/#
topic write v1/devices/me/#
topic read v1/devices/me/rpc/response/+
"""
_SAVES_AT_ONCE = ("autosave_interval 1", "autosave_on_changes true")
_ASKED, _ANSWER = "v1/devices/me/rpc/request/", "v1/devices/me/rpc/response/"
_LIMITS = {"maxPayloadSize": 65536, "maxInflightMessages": 100, "rateLimits": {}}


class Hub:
    """A broker and a listener that hears every topic; `heard` counts what came, by peer."""

    def __init__(self, folder: Path) -> None:
        self._broker = StandingBroker(folder, _ACL, _SAVES_AT_ONCE)
        self.folder, self.port, self.authority = folder, self._broker.port, self._broker.authority
        self._news = threading.Condition()
        self._heard: dict[str, dict[str, float]] = defaultdict(dict)  # peer: key: first heard
        self._repeated: dict[str, int] = defaultdict(int)
        self._subscribed = threading.Event()
        self._client = self._listener()

    def __enter__(self) -> Self:
        self.start()
        self._client.connect(
            "127.0.0.1", self.port, clean_start=False, properties=lasting_session()
        )
        self._client.loop_start()
        if not self._subscribed.wait(10.0):
            raise TimeoutError("the hub's listener is not heard")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._broker.stop()

    def start(self) -> None:
        """Start the broker, with what it kept."""
        self._broker.start()

    def go_down(self) -> None:
        """End it in order: it writes down what it has confirmed. Nobody is told where it went."""
        self._subscribed.clear()
        self._broker.stop()

    def files(self, name: str) -> tuple[Path, Path, Path]:
        """CA, certificate and key for a client called `name`."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not certificate.exists():
            self.authority.issue(name)
        return self.authority.ca, certificate, key

    def heard(self, peer: str) -> dict[str, float]:
        """Each event of a peer by its key, and when it was first heard (monotonic s)."""
        with self._news:
            return dict(self._heard[peer])

    def repeated(self, peer: str) -> int:
        """How many messages of a peer came again."""
        with self._news:
            return self._repeated[peer]

    def until(self, peer: str, count: int, within_s: float) -> bool:
        """Wait until `count` events of a peer were heard."""
        with self._news:
            return self._news.wait_for(lambda: len(self._heard[peer]) >= count, within_s)

    def _listener(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="hub-listener",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        context = ssl.create_default_context(cafile=str(self.authority.ca))
        context.load_cert_chain(*map(str, self.authority.issue("hub-listener")))
        client.tls_set_context(context)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda *_: self._subscribe()
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = lambda _client, _data, message: self._take(message)
        return client

    def _subscribe(self) -> None:
        self._client.subscribe("#", qos=1)

    def _take(self, message: MQTTMessage) -> None:
        at = time.monotonic()
        if message.topic.startswith(_ASKED):  # the one thing that ThingsBoard's server must say
            number = message.topic.removeprefix(_ASKED)
            self._client.publish(f"{_ANSWER}{number}", json.dumps(_LIMITS), qos=1)
        found = told(message.topic, bytes(message.payload))
        if found is None:
            return
        peer, keys = found
        with self._news:
            for key in keys:
                self._repeated[peer] += key in self._heard[peer]
                self._heard[peer].setdefault(key, at)
            self._news.notify_all()


def told(topic: str, payload: bytes) -> tuple[str, list[str]] | None:
    """Whose event a message is, and the keys of the events in it; None if it is none."""
    if "/event/sos" in topic:
        event = json.loads(payload)
        return ("haetae", [event["id"]]) if event["stage"] == "alarm" else None
    if topic == "v1/gateway/telemetry":
        rows = [each for rows in json.loads(payload).values() for each in rows]
        keys = [str(row["values"]["n"]) for row in rows if "n" in row.get("values", {})]
        return "thingsboard-gateway", keys
    if topic.startswith("peer/"):
        return topic.removeprefix("peer/"), [str(json.loads(payload)["n"])]
    return None
