"""The gateway's connection to the hub's broker: a session that outlives both of them.

Messages are acknowledged one by one, by the thread and on the connection on which they came, once
`heard` has returned. Where it could not keep one, neither that nor a later one is acknowledged, and
after a while the connection is dropped, so that the broker gives them all again: until then the
outputs can still publish what waits, which is what makes room.
"""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from provisioning.gateway.settings import BrokerConfig
from provisioning.gateway.told import RefusedError, UndeliveredError

log = logging.getLogger(__name__)

SESSION_S = 30 * 86400  # as long as mosquitto.conf keeps one
_IN_FLIGHT = 100  # unacknowledged messages that the broker may send ahead
_LARGEST_BYTES = 256 * 1024  # mosquitto.conf's max_packet_size
_AROUND_BYTES = 16  # of a PUBLISH without properties, beside its topic and body
_ANSWERS_KEPT = 1000
_OFFLINE = b'{"status":"offline"}'
_SILENT_S = 90.0  # a connection that confirms nothing for so long is dropped


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came; `attributes` are the user properties of MQTT 5.

    One that `must_wait` came behind one that could not be kept.
    """

    topic: str
    body: bytes
    attributes: Mapping[str, str]
    must_wait: bool = False


class NotKeptError(Exception):
    """A message could not be kept: it must not be acknowledged."""


class Broker:
    """Subscribes to `topics`; `heard` takes each message, on paho's thread.

    `heard` raises `NotKeptError` for a message that the broker has to give again. `status` is the
    retained topic on which the broker says that the gateway is gone.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        topics: Sequence[str],
        status: str,
        heard: Callable[[Message], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._config, self._topics, self._heard, self._topic = config, topics, heard, status
        self._changed = threading.Condition()
        self._answers: OrderedDict[int, ReasonCode] = OrderedDict()
        self._connections = 0  # how often one began or ended
        self._connected = False
        self._asked: tuple[int, float] | None = None  # a status that is not confirmed, and since
        self._held_at: float | None = None  # since when nothing is acknowledged
        self.trouble = "not connected yet"
        self._client = self._make_client(tls)

    def _make_client(self, tls: ssl.SSLContext | None) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._config.name,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        client.reconnect_delay_set(1, 60)
        client.will_set(self._topic, _OFFLINE, qos=1, retain=True)
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def start(self) -> None:
        """Connect, and stay so, on paho's thread."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own lack
        session.SessionExpiryInterval = SESSION_S
        session.ReceiveMaximum = _IN_FLIGHT
        session.MaximumPacketSize = _LARGEST_BYTES
        self._client.connect_async(
            self._config.host, self._config.port, clean_start=False, properties=session
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Say `offline` and end the connection in order; the session stays."""
        if self._connected:
            with contextlib.suppress(UndeliveredError):
                self.publish(self._topic, _OFFLINE, retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_alive(self) -> bool:
        """Whether paho's thread runs."""
        name = f"paho-mqtt-client-{self._config.name}"
        return any(each.name == name for each in threading.enumerate())

    @property
    def changes(self) -> int:
        """How often a connection began or ended: after each, `offline` may stand at the broker."""
        return self._connections

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        """Return once the broker has it.

        Raises:
            RefusedError: It is too long: the broker would hang up, each time anew.
            UndeliveredError: There is no connection, no answer, or the broker denies it.
        """
        if len(topic.encode()) + len(body) + _AROUND_BYTES > _LARGEST_BYTES:
            raise RefusedError(f"{len(body)} bytes: more than the broker takes")
        with self._changed:
            connection = self._connections
            if not self._connected:
                raise UndeliveredError(f"no connection to the broker: {self.trouble}")
        number = self._client.publish(topic, body, qos=1, retain=retain).mid
        with self._changed:
            self._changed.wait_for(
                lambda: number in self._answers or connection != self._connections,
                self._config.puback_timeout_s,
            )
            reason = self._answers.pop(number, None)
        if reason is None:
            raise UndeliveredError("the broker did not confirm it")
        if reason.is_failure:
            raise UndeliveredError(f"the broker denies {topic}: {reason}")

    def say(self, body: bytes) -> bool:
        """Publish the status, without waiting; False where it has to be said again.

        A connection that confirms nothing for long is dropped.
        """
        now = time.monotonic()
        with self._changed:
            if not self._connected:
                self._asked = None
                return False
            if self._asked is not None and self._answers.pop(self._asked[0], None) is not None:
                self._asked = None
        if self._asked is None:
            number = self._client.publish(self._topic, body, qos=1, retain=True).mid
            self._asked = number, now
            return True
        if now - self._asked[1] > _SILENT_S:
            self._asked = None
            self._drop("the broker confirms nothing")
        return False

    def step(self) -> None:
        """Ask the broker again for what could not be kept; to be called each second or so."""
        held_at = self._held_at
        if held_at is not None and time.monotonic() - held_at > self._config.ask_again_s:
            self._held_at = time.monotonic()  # until the next connection stands
            self._drop("what could not be kept must come again")

    def _drop(self, why: str) -> None:
        log.error("broker: dropped: %s", why)
        held = self._client.socket()
        if isinstance(held, socket.socket):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, *_: Any
    ) -> None:
        if reason.is_failure:
            self._say_trouble(f"the broker refuses: {reason}")
            return
        if not flags.session_present:
            log.warning("broker: it kept no session: what came meanwhile is not given again")
        client.subscribe([(topic, 1) for topic in self._topics])
        self._held_at = None
        with self._changed:
            self._connected = True
            self._connections += 1
        self._say_trouble("")

    def _on_connect_fail(self, *_: Any) -> None:
        self._say_trouble(f"{self._config.host}:{self._config.port} cannot be reached")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, *_: Any
    ) -> None:
        with self._changed:
            self._connected = False
            self._connections += 1
            self._answers.clear()
            self._changed.notify_all()
        self._say_trouble(f"the connection broke: {reason}")

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], *_: Any
    ) -> None:
        denied = [
            topic for topic, each in zip(self._topics, reasons, strict=False) if each.is_failure
        ]
        if denied:
            self._say_trouble(f"the broker denies {', '.join(denied)}")

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, *_: Any
    ) -> None:
        with self._changed:
            self._answers[mid] = reason
            while len(self._answers) > _ANSWERS_KEPT:  # of publications that nobody waits for now
                self._answers.popitem(last=False)
            self._changed.notify_all()

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # MQTT forbids it, and paho lets it through
            topic = ""
        attributes = dict(getattr(message.properties, "UserProperty", []))
        try:
            must_wait = self._held_at is not None
            self._heard(Message(topic, bytes(message.payload), attributes, must_wait))
        except NotKeptError as error:
            if self._held_at is None:
                log.error("broker: not acknowledged: %s", error)  # noqa: TRY400  # no traceback
                self._held_at = time.monotonic()
            return
        client.ack(message.mid, message.qos)

    def _say_trouble(self, why: str) -> None:
        if why and why != self.trouble:
            log.warning("broker: %s", why)
        elif self.trouble and not why:
            log.warning("broker: connected")
        self.trouble = why
