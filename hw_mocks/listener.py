"""The hub's end for demonstrations and measurements: hears every topic of every device."""

import json
import queue
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as the broker gave it; `at` is monotonic seconds."""

    at: float
    topic: str
    payload: bytes
    qos: int
    retained: bool
    content_type: str
    properties: dict[str, str]

    @property
    def event(self) -> dict[str, Any] | None:
        """The event in it, or None if it is something else."""
        if "/event/" not in self.topic:
            return None
        found: dict[str, Any] = json.loads(self.payload)
        return found


class Listener:
    """An MQTT 5 client that subscribes to everything while it is entered.

    Raises:
        OSError: The broker does not answer.
        TimeoutError: It did not take the subscription within 10 s.
    """

    def __init__(
        self, port: int, *, topics: str = "haetae/v1/#", tls: ssl.SSLContext | None = None
    ) -> None:
        self._port, self._topics = port, topics
        self.messages: list[Heard] = []  # appended by paho's thread, read by anyone
        self.news: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._subscribed, self._left = threading.Event(), threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id="listener", protocol=MQTTProtocolVersion.MQTTv5
        )
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.on_connect = lambda *_: self._subscribe()
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_disconnect = lambda *_: self._left.set()
        self._client.on_message = lambda _client, _data, message: self._take(message)

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        if not self._subscribed.wait(10.0):
            self._client.loop_stop()
            raise TimeoutError("the broker did not take the subscription")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._left.wait(2.0)  # stopped before, paho leaves its socket open
        self._client.loop_stop()
        # no cycle through us: paho closes its own pair of sockets only when it is let go
        self._client.on_connect = self._client.on_subscribe = None
        self._client.on_disconnect = self._client.on_message = None

    def first(self, wanted: Callable[[dict[str, Any]], bool]) -> Heard | None:
        """The first event heard that is wanted."""
        for heard in list(self.messages):
            if (event := heard.event) is not None and wanted(event):
                return heard
        return None

    def _subscribe(self) -> None:
        self._client.subscribe(self._topics, qos=1)

    def _take(self, message: MQTTMessage) -> None:
        at = time.monotonic()
        sent = message.properties
        heard = Heard(
            at=at,
            topic=message.topic,
            payload=bytes(message.payload),
            qos=message.qos,
            retained=message.retain,
            content_type=str(getattr(sent, "ContentType", "")),
            properties=dict(getattr(sent, "UserProperty", [])),
        )
        self.messages.append(heard)
        self.news.put(heard)
