"""A connection of its own for the answers of oneM2M.

On the gateway's other connection they would stand in line behind events that a full disk leaves
unacknowledged, and what waits for oneM2M could not go out.
"""

import ssl
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from provisioning.gateway.settings import BrokerConfig


class Answers:
    """Subscribes to one topic, and keeps nothing over a break: an unanswered request is repeated.

    `heard` takes each body, on paho's thread.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        topic: str,
        heard: Callable[[bytes], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._config, self._topic, self._heard = config, topic, heard
        self.trouble = "answers: not connected yet"
        self._client = client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{config.name}-answers",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        client.reconnect_delay_set(1, 60)
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def start(self) -> None:
        """Connect, and stay so, on paho's thread."""
        self._client.connect_async(self._config.host, self._config.port)
        self._client.loop_start()

    def stop(self) -> None:
        """End the connection in order."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, *_: Any
    ) -> None:
        if reason.is_failure:
            self.trouble = f"answers: the broker refuses: {reason}"
        else:
            client.subscribe(self._topic, 1)

    def _on_disconnect(self, *_: Any) -> None:
        self.trouble = "answers: the connection broke"

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], *_: Any
    ) -> None:
        denied = any(each.is_failure for each in reasons)
        self.trouble = f"answers: the broker denies {self._topic}" if denied else ""

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        self._heard(bytes(message.payload))
