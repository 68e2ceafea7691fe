"""Who listens at the hub of a fleet: notes when each event came, and when each device was back."""

import json
import ssl
import threading
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.hub import OFFLINE
from hw_mocks.child import until
from hw_mocks.fleet.where import Where
from hw_mocks.standing_broker import lasting_session

NAME = "hub-listener"
_EVENTS, _STATES = "haetae/v1/+/+/event/+", "haetae/v1/+/+/state"
_AGAIN_S = 0.5
_NO_RETAINED = 2  # MQTT 5, 3.8.3.1: send none at the subscription


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that came, `at` in monotonic seconds."""

    device: str
    hazard: str
    id: str
    seq: int
    at: float


class Ear:
    """A session that the hub keeps; where the hub has several nodes it moves to one that lives."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._ports = cycle(reversed(where.ports))  # devices begin at the other end
        self._lock = threading.Lock()
        self._arrivals: list[Arrival] = []
        self._ids: set[str] = set()
        self._seen: dict[str, float] = {}
        self._subscribed, self._lost = threading.Event(), threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)

    def start(self) -> None:
        """Connect; return once it hears."""
        self._thread.start()
        self.wait()

    def wait(self) -> None:
        """Wait until it hears."""
        until(lambda: self._subscribed.is_set() or None, 60.0, "the listener's subscription")

    def stop(self) -> None:
        """Disconnect."""
        self._stop.set()
        self._lost.set()
        self._thread.join()

    def arrivals(self) -> list[Arrival]:
        """Every event that came, in order."""
        with self._lock:
            return list(self._arrivals)

    def ids(self) -> set[str]:
        """The ids of what came."""
        with self._lock:
            return set(self._ids)

    def forget_states(self) -> None:
        """Begin anew with who has told its state."""
        with self._lock:
            self._seen.clear()

    def states(self) -> dict[str, float]:
        """When each device told its state first since, in monotonic seconds."""
        with self._lock:
            return dict(self._seen)

    def _run(self) -> None:
        """One connection after the other."""
        while not self._stop.is_set():
            self._lost.clear()
            client = self._client()
            try:
                if self._where.protocol == "5":
                    port = next(self._ports)
                    client.connect(
                        "127.0.0.1", port, clean_start=False, properties=lasting_session()
                    )
                else:
                    client.connect("127.0.0.1", next(self._ports))
            except OSError:
                self._stop.wait(_AGAIN_S)
                continue
            client.loop_start()
            self._lost.wait()
            self._subscribed.clear()
            client.disconnect()
            client.loop_stop()

    def _client(self) -> Client:
        five = self._where.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=NAME,
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        files = Path(self._where.files)
        context = ssl.create_default_context(cafile=str(files / "ca.pem"))
        context.load_cert_chain(files / f"{NAME}.pem", files / f"{NAME}.key")
        client.tls_set_context(context)
        client.on_connect = lambda client, *_: self._subscribe(client)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_disconnect = lambda *_: self._lost.set()
        client.on_message = lambda _client, _data, message: self._take(message)
        return client

    def _subscribe(self, client: Client) -> None:
        if self._where.protocol == "5":
            options = SubscribeOptions(qos=1, retainHandling=_NO_RETAINED)
            client.subscribe([(_EVENTS, options), (_STATES, options)])
        else:
            client.subscribe([(_EVENTS, 1), (_STATES, 1)])

    def _take(self, message: MQTTMessage) -> None:
        at = time.monotonic()
        _, _, _, device, kind, *hazard = message.topic.split("/")
        if kind == "state":
            if not message.retain and message.payload != OFFLINE:
                with self._lock:
                    self._seen.setdefault(device, at)
            return
        if self._where.protocol == "5":
            told = dict(getattr(message.properties, "UserProperty", []))
        else:
            told = json.loads(message.payload)
        found = Arrival(device, hazard[0], told["id"], int(told["sequence"]), at)
        with self._lock:
            self._arrivals.append(found)
            self._ids.add(found.id)
