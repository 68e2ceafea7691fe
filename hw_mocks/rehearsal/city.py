"""A city on loopback: an offline root, an online authority, a broker, and who listens there.

The very programs that a city runs, by their command lines; devices reach them as `host`.
"""

import json
import os
import shutil
import ssl
import string
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from hw_mocks.broker import free_port
from hw_mocks.child import until
from hw_mocks.peers.process import Process, listens, program

HUB = Path(__file__).parents[2] / "provisioning" / "hub"
_CA = """\
hosts = ["{host}", "localhost", "127.0.0.1"]
address = "127.0.0.1"
port = {port}
office_port = {office_port}
passphrase_file = "passphrase"
roots = "root/root.pem"
issuer = "issuer.pem"
issuer_key = "issuer.key"
"""
_CITY = """\
[authority]
url = "https://{host}:{port}"
anchors = "root/root.pem"
[hub]
host = "{host}"
port = {broker_port}
[office]
url = "https://localhost:{office_port}"
certificate = "installer.pem"
key = "installer.key"
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that came to the hub."""

    topic: str
    attributes: dict[str, str]
    body: dict[str, Any]


class City:
    """Runs once started; its files are in `folder`. `file` is what its installers are given."""

    def __init__(self, folder: Path, host: str) -> None:
        self.folder, self._host = folder, host
        self.file = folder / "city.toml"
        self.broker_port, self._ports = free_port(), (free_port(), free_port())
        config = ("--config", folder / "ca.toml")
        self._authority = Process(_ca("serve", *config), folder / "authority.log")
        conf = folder / "broker" / "mosquitto.conf"
        self.broker = Process([program("mosquitto"), "-c", str(conf)], folder / "broker.log")
        self._lock = threading.Lock()
        self._heard: list[Heard] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, "hub", protocol=MQTTProtocolVersion.MQTTv5
        )

    def start(self) -> None:
        """Make the city, and return once everybody is at work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._found()
        device_port, office_port = self._ports
        self._authority.start(lambda: listens(device_port) and listens(office_port))
        self._configure_broker()
        self.broker.start(lambda: listens(self.broker_port))
        self._listen()

    def stop(self) -> None:
        """End them all."""
        self._client.disconnect()
        self._client.loop_stop()
        self.broker.stop()
        self._authority.stop()

    @property
    def logs(self) -> str:
        """All that authority and broker have written."""
        return self._authority.log() + self.broker.log()

    def devices(self) -> str:
        """What the authority says of every device."""
        return _run("status", "--config", self.folder / "ca.toml")

    def user_of(self, device: str) -> bool:
        """Whether the broker has let it in, by its certificate's name."""
        return f"u'{device}'" in self.broker.log()

    def heard(self) -> list[Heard]:
        """Every event that came, in order."""
        with self._lock:
            return list(self._heard)

    def event(  # which event
        self, device: str, hazard: str, stage: str, within_s: float, *, behind: int = 0
    ) -> Heard:
        """The first such event of a device behind the first so many that is no test, once it came.

        Raises:
            TooLateError: It did not come in time.
        """

        def look() -> Heard | None:
            later = self.heard()[behind:]
            return next((each for each in later if _is(each, device, hazard, stage)), None)

        return until(look, within_s, f"{hazard} {stage} of {device} at the hub")

    def _found(self) -> None:
        """Make root, issuer and the certificates of installer, broker and hub."""
        root, secret = self.folder / "root", self.folder / "passphrase"
        root.mkdir()
        secret.write_text("a rehearsal's passphrase, of no value\n", "utf-8")
        secret.chmod(0o600)
        given = ("--passphrase-file", secret)
        _run("root", "--folder", root, *given)
        _run("issuer", "--folder", self.folder, *given)
        _run("issuer", "--folder", root, "--sign", self.folder / "issuer.csr", *given)
        device_port, office_port = self._ports
        ports = {"port": device_port, "office_port": office_port, "broker_port": self.broker_port}
        for name, text in (("ca.toml", _CA), ("city.toml", _CITY)):
            (self.folder / name).write_text(text.format(host=self._host, **ports), "utf-8")
        config = ("--config", self.folder / "ca.toml")
        _run("operator", "installer", "--out", self.folder, *config)
        broker = self.folder / "broker"
        _run("service", "server", "--host", self._host, "--host", "localhost",
             "--out", broker, *config)  # fmt: skip
        _run("service", "hub", "--out", broker, *config)

    def _configure_broker(self) -> None:
        broker = self.folder / "broker"
        shutil.copy(HUB / "acl.conf", broker / "acl.conf")
        template = string.Template((HUB / "mosquitto.conf").read_text("utf-8"))
        text = template.substitute(
            address="127.0.0.1",
            port=self.broker_port,
            folder=broker,
            tls_version="tlsv1.2",
            persistence="true",
        )
        text += "user root\n" if os.geteuid() == 0 else ""
        (broker / "mosquitto.conf").write_text(text + "log_dest stderr\nlog_type all\n", "utf-8")

    def _listen(self) -> None:
        broker, subscribed = self.folder / "broker", threading.Event()
        context = ssl.create_default_context(cafile=str(broker / "ca.pem"))
        context.load_cert_chain(broker / "hub.pem", broker / "hub.key")
        self._client.tls_set_context(context)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("haetae/v1/#", qos=1)
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("localhost", self.broker_port)
        self._client.loop_start()
        until(lambda: subscribed.is_set() or None, 20.0, "the hub's subscription")

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if "/event/" not in message.topic:
            return
        properties = message.properties
        attributes = dict(getattr(properties, "UserProperty", []))
        with self._lock:
            self._heard.append(Heard(message.topic, attributes, json.loads(message.payload)))


def unix_now() -> int:
    """Seconds since 1970, for a board without a clock."""
    return int(datetime.now(UTC).timestamp())


def _is(heard: Heard, device: str, hazard: str, stage: str) -> bool:
    *_, named, _event, kind = heard.topic.split("/")
    is_test = heard.attributes.get("test") == "true"
    return (named, kind) == (device, hazard) and heard.body["stage"] == stage and not is_test


def _ca(*words: object) -> list[str]:
    return [sys.executable, "-m", "provisioning.ca", *map(str, words)]


def _run(*words: object) -> str:
    done = subprocess.run(_ca(*words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"haetae-ca {words[0]}: {done.stderr.strip()}")
    return done.stdout
