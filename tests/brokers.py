"""A real mosquitto under test: its own certificate authority, TLS, ACLs, and a listener."""

import contextlib
import os
import shutil
import signal
import string
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from agent.sections import HubConfig
from hw_mocks.authority import YEAR, Authority
from hw_mocks.broker import free_port
from hw_mocks.child import until
from hw_mocks.standing_broker import lasting_session

SITE, DEVICE = "alley-3", "stall-17"
HUB_FILES = Path(__file__).parents[1] / "provisioning/hub"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or "mosquitto"
ENDS_S = 120.0  # for the broker's end, on a machine that something else keeps busy
_RELOADED = "Reloading config."
DEADLINE_S = 20.0  # for what takes milliseconds when all is well


class Mosquitto:
    """The broker of `provisioning/hub` on a loopback port that it keeps over restarts.

    With `persistent`, what the listener has not fetched outlives even `kill`. `address` is the
    machine's own where clients come from another network namespace.
    """

    def __init__(
        self,
        folder: Path,
        *,
        persistent: bool = True,
        server_lasts: timedelta = YEAR,
        address: str = "127.0.0.1",
        port: int | None = None,
    ) -> None:
        self.authority = Authority(folder)
        self.authority.issue("server", lasts=server_lasts, address=address)
        self.host = "localhost" if address == "127.0.0.1" else address
        self.port = free_port() if port is None else port
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._draining: threading.Thread | None = None
        shutil.copy(HUB_FILES / "acl.conf", folder / "acl.conf")
        template = string.Template((HUB_FILES / "mosquitto.conf").read_text("utf-8"))
        text = template.substitute(
            address=address,
            port=self.port,
            folder=folder,
            tls_version="tlsv1.3",
            persistence="true" if persistent else "false",
        )
        if os.geteuid() == 0:
            text += "user root\n"  # it would else give up the right to read the folder
        (folder / "mosquitto.conf").write_text(text + "log_dest stderr\nlog_type all\n", "utf-8")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and return once it listens."""
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._folder / "mosquitto.conf")],
            stderr=subprocess.PIPE,
            text=True,
        )
        running = threading.Event()
        self._draining = threading.Thread(target=self._drain, args=(self._process, running))
        self._draining.start()
        if not running.wait(DEADLINE_S) or self._process.poll() is not None:
            raise AssertionError((self._folder / "mosquitto.log").read_text("utf-8"))

    def _drain(self, process: subprocess.Popen[str], running: threading.Event) -> None:
        if process.stderr is not None:
            with (
                process.stderr,
                (self._folder / "mosquitto.log").open("a", 1, encoding="utf-8") as log,
            ):
                for line in process.stderr:
                    log.write(line)
                    if " running" in line:
                        running.set()
        running.set()

    def kill(self) -> None:
        """End it as a power cut would: nothing is said to anybody."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def reload(self) -> None:
        """Let it read its configuration and lists again, and wait until it has."""
        log = self._folder / "mosquitto.log"
        before = log.read_text("utf-8").count(_RELOADED)
        if self._process is None:
            raise AssertionError("not running")
        self._process.send_signal(signal.SIGHUP)
        until(lambda: log.read_text("utf-8").count(_RELOADED) > before, DEADLINE_S, "reloaded")

    def forget(self) -> None:
        """Lose all sessions and messages that it has saved; only while it is down."""
        (self._folder / "mosquitto.db").unlink(missing_ok=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._draining is not None:
            self._process.send_signal(how)
            self._process.wait(ENDS_S)
            self._draining.join(ENDS_S)
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Any:
        """Hold connections open without answering on them: what a half-open link looks like.

        A `kill` inside loses what was sent to it meanwhile.
        """
        if self._process is None:
            raise AssertionError("not running")
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            if self._process is not None:  # else it was killed meanwhile
                self._process.send_signal(signal.SIGCONT)

    def config(
        self, device: str = DEVICE, *, files: tuple[Path, Path] | None = None, **changes: Any
    ) -> HubConfig:
        """How `device` reaches this broker, with a new certificate if no `files` are given."""
        certificate, key = files or self.authority.issue(device)
        settings: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "ca": str(self.authority.ca),
            "certificate": str(certificate),
            "key": str(key),
        }
        return HubConfig(**(settings | changes))


@dataclass(frozen=True)
class Received:
    """One message as it came."""

    topic: str
    body: bytes
    retained: bool
    content_type: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


class Listener:
    """The hub's side: hears all of `topic`, and misses nothing while it is disconnected.

    With `qos` 0 it keeps no session, and reads what is in its socket to the last byte: one that
    acknowledges gives up what it has not read yet as soon as it cannot write any more.
    """

    def __init__(self, broker: Mosquitto, topic: str = "haetae/v1/#", qos: int = 1) -> None:
        self.messages: list[Received] = []
        self._topic, self._qos = topic, qos
        self._changed = threading.Condition()
        self._subscribed = False
        certificate, key = broker.authority.issue("hub")
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"hub-{qos}", protocol=MQTTProtocolVersion.MQTTv5
        )
        client.tls_set(str(broker.authority.ca), str(certificate), str(key))
        client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type]  # it takes any number
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        session = lasting_session() if qos else None
        client.connect_async(broker.host, broker.port, clean_start=not qos, properties=session)

    def __enter__(self) -> Self:
        self._client.loop_start()
        self.until(lambda: self._subscribed)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def until(self, holds: Callable[[], object], deadline_s: float = DEADLINE_S) -> bool:
        """Wait until `holds`, looking again at each message and each change of connection."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(holds()), deadline_s)

    @property
    def subscribed(self) -> bool:
        """Whether messages are coming in now."""
        return self._subscribed

    def publish(self, topic: str, body: bytes, *, retain: bool = False) -> None:
        """Send a message as the hub."""
        self._client.publish(topic, body, qos=1, retain=retain)

    def events(self) -> list[Received]:
        """The messages that are events, in the order of their coming."""
        return [each for each in self.messages if "/event/" in each.topic]

    def states(self) -> list[bytes]:
        """What came on `state` topics."""
        return [each.body for each in self.messages if each.topic.endswith("/state")]

    def _on_connect(self, client: Client, *_: Any) -> None:
        client.subscribe(self._topic, qos=self._qos)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], *_: Any
    ) -> None:
        with self._changed:
            self._subscribed = not reasons[0].is_failure
            self._changed.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._changed:
            self._subscribed = False
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        found = message.properties
        received = Received(
            message.topic,
            bytes(message.payload),
            message.retain,
            getattr(found, "ContentType", None),
            dict(getattr(found, "UserProperty", [])),
        )
        with self._changed:
            self.messages.append(received)
            self._changed.notify_all()
