"""What is asked of a peer."""

import time
from pathlib import Path
from typing import Protocol

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from hw_mocks.broker import free_port
from hw_mocks.child import until
from hw_mocks.peers.process import Process, listens, program

_LOCAL = """
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
user root
"""

ARRIVES_S = 30.0


class Peer(Protocol):
    """One way to bring events to the hub."""

    name: str
    how: str  # its version and its settings, for the table's foot

    @property
    def process(self) -> Process:
        """What is killed, and whose memory and processor time count."""

    def start(self) -> None:
        """Start it, or start it again, and wait until it takes events."""

    def fire(self, _n: int, /) -> float:
        """Give it event number `_n`; when that was, in monotonic seconds."""

    def stop(self) -> None:
        """End it and whatever was started for it."""


class LocalBroker:
    """A mosquitto beside a peer that takes its events from MQTT; never killed. Durable.

    `extra` are further lines of its configuration.
    """

    def __init__(self, folder: Path, extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        conf = folder / "mosquitto.conf"
        conf.write_text(_LOCAL.format(port=self.port, folder=folder) + extra, "utf-8")
        self.process = Process([program("mosquitto"), "-c", str(conf)], folder / "mosquitto.log")

    def start(self) -> None:
        """Start it."""
        self.process.start(lambda: listens(self.port))

    def stop(self) -> None:
        """End it."""
        self.process.stop()


class Source:
    """What publishes events to a local broker, each until it is confirmed there."""

    def __init__(self, port: int, topic: str) -> None:
        self._topic, self._port = topic, port
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)

    def start(self) -> None:
        """Connect."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()

    def fire(self, n: int) -> float:
        """Publish event `n` at QoS 1, and wait until the local broker has confirmed it.

        Raises:
            TooLateError: The local broker does not take it.
        """
        until(self._client.is_connected, ARRIVES_S, "the local broker takes events")
        at = time.monotonic()
        sent = self._client.publish(self._topic, f'{{"n": {n}}}', qos=1)
        sent.wait_for_publish(ARRIVES_S)
        return at

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


class Fed:
    """A peer that takes its events from a broker beside it, which keeps its session.

    Whatever is built on it makes `process`, which comes to that broker as `client`.
    """

    process: Process

    def __init__(self, folder: Path, *, topic: str, client: str) -> None:
        self.broker, self._client = LocalBroker(folder / "broker"), client
        self._source = Source(self.broker.port, topic)

    def start(self) -> None:
        """Start it, the broker before it."""
        if self.broker.process.running is None:
            self.broker.start()
            self._source.start()
        before = self._connections()
        self.process.start(lambda: self._connections() > before)

    def fire(self, n: int) -> float:
        """Publish to the broker beside it."""
        return self._source.fire(n)

    def stop(self) -> None:
        """End both."""
        self.process.stop()
        self._source.stop()
        self.broker.stop()

    def _connections(self) -> int:
        return self.broker.process.log().count(f" as {self._client} (")
