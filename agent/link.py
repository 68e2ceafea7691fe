"""One connection to the hub: a paho client used once, from dialling to its loss.

A fresh client per connection, since paho would send its own queue again after a reconnect. Its
callbacks only leave notes in a queue; the uplink's thread reads them and draws the conclusions, so
that an error in a callback cannot end paho's thread unseen.
"""

import contextlib
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent.addresses import Address
from agent.line import TlsContext, wire_bytes
from agent.link_notes import Acknowledged, Connected, Lost, Note, Step, Subscribed
from agent.sections import HubConfig

log = logging.getLogger(__name__)

CONNECT_S = 15.0  # name, TCP, TLS and CONNACK together; slow cellular needs about 5 s
_TAKEN_OVER = 0x8E  # MQTT 5, 3.14.2.1: another connection with this client's name
GRACE_S = 2.0  # for the last words of a connection, and for paho's thread to end
_IN_FLIGHT = 8  # so many commands at most stand before a PUBACK of ours (MQTT 5, 3.1.2.11.3)
_LARGEST_BYTES = 40 * 1024  # of a packet from the hub, a configuration; it keeps longer ones

Heard = Callable[[str, bytes, bool], None]  # topic, body, retained


class Link:
    """One connection. Used by one thread; its time-outs run on the real monotonic clock.

    `heard` takes what comes on a subscribed topic, on paho's thread: it neither waits nor raises.
    The hub keeps no session for us: what it cannot deliver at once is nobody's.
    """

    def __init__(  # noqa: PLR0913  # where to, as whom, and who listens
        self,
        config: HubConfig,
        *,
        name: str,
        will: tuple[str, bytes],
        tls: TlsContext | None,
        address: Address | None = None,
        within_s: float = CONNECT_S,
        keepalive_s: float | None = None,
        heard: Heard | None = None,
    ) -> None:
        self._config, self._within_s, self._heard = config, within_s, heard
        self._keepalive_s = keepalive_s
        self._address = address or Address(config.host, config.port)
        self._tls = tls
        self._step = Step.NAME
        self._looked_up_s = 0.0
        self._aliases = 0  # how many topics the hub remembers by number
        self._named: str | None = None  # the topic that it knows as number 1
        self._notes: queue.SimpleQueue[Note] = queue.SimpleQueue()
        self._dropped = threading.Event()
        self._ended = threading.Event()  # the dial, however
        self._alert = ""  # what the TLS library said of the hub's refusal
        self._holding = threading.Lock()  # of the next two
        self._held: socket.socket | None = None  # the connection's second handle, ours to end
        self._spent = 0  # bytes of connections that are gone
        self._client = self._make_client(name, will, tls)
        # its own thread: looking a name up knows no time-out
        self._dialling = threading.Thread(target=self._dial, name="uplink-dial", daemon=True)

    def _make_client(self, name: str, will: tuple[str, bytes], tls: TlsContext | None) -> Client:
        five = self._config.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.suppress_exceptions = True  # paho then logs them, and its thread lives on
        client.will_set(will[0], will[1], qos=1, retain=True)
        if tls is not None:
            tls.hub_name, tls.opened, tls.wrapped = self._config.host, self._opened, None
            client.tls_set_context(tls)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_log = self._on_log
        return client

    def start(self) -> None:
        """Begin to dial; a `Connected` or `Lost` note follows."""
        self._dialling.start()

    def _dial(self) -> None:
        failure = self._connect()
        self._ended.set()  # before the note: whoever reads it may dial anew at once
        if failure is not None:
            # without its traceback, whose frames would hold the half-made socket open
            self._notes.put(Lost(str(failure), failure.with_traceback(None)))
        if failure is not None or self._dropped.is_set():
            self._let_go()
            self._part()
            return
        self._step = Step.CONNACK
        self._client.loop_start()

    def _connect(self) -> Exception | None:
        """Look the name up once, and try its addresses in turn; the last failure, if all failed."""
        began = time.monotonic()
        where = self._address
        try:
            found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            return error
        finally:
            self._looked_up_s = time.monotonic() - began
        failure: Exception | None = OSError("the name has no address")
        for left, each in zip(range(len(found), 0, -1), found, strict=True):
            remaining_s = began + self._within_s - time.monotonic()
            if remaining_s <= 0 or self._dropped.is_set():
                break
            self._step = Step.TCP
            self._client.connect_timeout = remaining_s / left
            try:
                self._say_hello(str(each[4][0]))
            except (OSError, ValueError) as error:
                failure = error
                self._close_wrapped()
                if self._step is Step.TLS:  # somebody is there: another address is the same hub
                    break
            else:
                return None
        return failure

    def _say_hello(self, ip: str) -> None:
        """Connect to one address and send CONNECT.

        Raises:
            OSError: TCP or TLS failed.
            ValueError: The address is none.
        """
        keepalive_s = self._keepalive_s
        if keepalive_s is None:  # pings only if the heartbeat, which is traffic, fails to come
            keepalive_s = min(240.0, max(15.0, 1.5 * self._config.heartbeat_s))
        bounds = None
        if self._config.protocol == "5":
            bounds = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            bounds.ReceiveMaximum, bounds.MaximumPacketSize = _IN_FLIGHT, _LARGEST_BYTES
        self._client.connect(
            ip, self._address.port, keepalive=round(keepalive_s), properties=bounds
        )

    def note(self, timeout_s: float) -> Note | None:
        """The next thing that happened, waiting at most `timeout_s`."""
        try:
            return self._notes.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def publish(
        self, topic: str, payload: bytes, properties: Properties | None = None, *, retain: bool
    ) -> int:
        """Hand one QoS 1 message to paho's thread; return the number of its acknowledgement."""
        return self._client.publish(topic, payload, qos=1, retain=retain, properties=properties).mid

    def publish_often(self, topic: str, payload: bytes) -> int:
        """Publish a retained message; its topic is spelled out once a connection (Topic Alias)."""
        if self._aliases == 0 or self._named not in {None, topic}:
            return self.publish(topic, payload, retain=True)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.TopicAlias = 1
        number = self.publish("" if self._named else topic, payload, properties, retain=True)
        self._named = topic
        return number

    def subscribe(self, topics: str) -> None:
        """Ask for messages at QoS 1, each with the flag that says whether it is retained."""
        if self._config.protocol == "5":
            # MQTT 5 says so of a message that comes while we listen, too; 3.1.1 does not
            self._client.subscribe(topics, options=SubscribeOptions(qos=1, retainAsPublished=True))
        else:
            self._client.subscribe(topics, qos=1)

    @property
    def alert(self) -> str:
        """What TLS said when the hub hung up, as far as it was heard: may be empty."""
        return self._alert

    @property
    def step(self) -> Step:
        """How far the dial has come."""
        return self._step

    @property
    def looked_up_s(self) -> float:
        """How long the look-up of the name took, in seconds; 0.0 while it is under way."""
        return self._looked_up_s

    @property
    def said(self) -> bytes:
        """The first bytes that came inside TLS: of a hub, its CONNACK."""
        wrapped = self._tls.wrapped if self._tls is not None else None
        return b"" if wrapped is None else wrapped.said

    @property
    def bytes(self) -> int:
        """What the connection has cost so far, in bytes on the wire both ways."""
        with self._holding:
            return self._spent + (0 if self._held is None else wire_bytes(self._held))

    @property
    def dialling(self) -> bool:
        """Whether a dropped link still hangs in a name look-up or handshake."""
        return self._dialling.is_alive() and not self._ended.is_set()

    def bid_farewell(self) -> None:
        """End the connection in order: the hub then keeps the last will to itself."""
        self._client.disconnect()
        until = time.monotonic() + GRACE_S
        while (left := until - time.monotonic()) > 0 and not isinstance(self.note(left), Lost):
            pass

    def drop(self) -> None:
        """End the connection at once, whatever state it is in."""
        self._dropped.set()
        self._let_go()

    def _opened(self, sock: socket.socket) -> None:
        """Take a second handle on a connection, to count and to end it from any thread."""
        self._let_go()
        self._step = Step.TLS
        with self._holding:
            self._held = sock.dup()
        if self._dropped.is_set():
            self._let_go()

    def _let_go(self) -> None:
        # the plain socket's shutdown: SSLSocket's would make paho's thread read cipher as text
        with self._holding:
            held, self._held = self._held, None
            if held is None:
                return
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)
            self._spent += wire_bytes(held)
            held.close()

    def _part(self) -> None:
        """Let paho's client know nothing of us, so that it closes its own sockets once it ends.

        It has a pair of them to wake its thread, and else keeps it until the garbage collector
        comes: a device that dials for days would run out of descriptors first.
        """
        client = self._client
        client.on_socket_open = client.on_connect = client.on_publish = None
        client.on_subscribe = client.on_message = client.on_disconnect = client.on_log = None
        if self._tls is not None and self._tls.opened == self._opened:
            self._tls.opened = None

    def _close_wrapped(self) -> None:
        """Close the socket of a failed handshake, which paho leaves to the garbage collector."""
        if self._tls is not None and self._tls.wrapped is not None:
            self._tls.wrapped.close()

    def _on_socket_open(self, _client: Client, _data: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            self._opened(sock)

    def _on_connect(
        self,
        _client: Client,
        _data: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._aliases = getattr(properties, "TopicAliasMaximum", 0)
        self._notes.put(Connected(reason, getattr(properties, "ServerReference", "")))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, *_: Any
    ) -> None:
        self._notes.put(Acknowledged(mid, reason))

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], *_: Any
    ) -> None:
        self._notes.put(Subscribed(reasons[0]))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._heard is not None:
            try:
                topic = message.topic
            except UnicodeDecodeError:  # MQTT forbids it, and paho lets it through
                topic = ""
            self._heard(topic, bytes(message.payload), message.retain)

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, reason: ReasonCode, *_: Any
    ) -> None:
        by_hub = flags.is_disconnect_packet_from_server
        why = f"the hub said: {reason}" if by_hub else str(reason)
        self._part()
        self._notes.put(Lost(why, is_taken_over=by_hub and reason.value == _TAKEN_OVER))

    def _on_log(self, _client: Client, _data: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._alert = text
            log.debug("uplink: paho: %s", text)


def user_properties(content_type: str, attributes: dict[str, str]) -> Properties:
    """CloudEvents attributes as MQTT 5 properties of a PUBLISH (MQTT binding 1.0.2 §3.1)."""
    found = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own lack
    found.ContentType = content_type
    found.UserProperty = list(attributes.items())
    return found
