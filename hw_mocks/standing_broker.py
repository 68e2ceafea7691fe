"""A mosquitto with TLS on loopback that goes down and comes back with what it kept."""

from collections.abc import Iterable
from pathlib import Path

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hw_mocks.authority import Authority
from hw_mocks.broker import free_port
from hw_mocks.peers.process import Process, listens, program

_KEPT_S = 3600
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


class StandingBroker:
    """Sessions and messages outlive its end in order; `extra` are lines of its configuration.

    Certificates are in `folder`, issued by `authority`; `acl` says who may what, by common name.
    """

    def __init__(self, folder: Path, acl: str, extra: Iterable[str] = ()) -> None:
        folder.mkdir(parents=True)
        self.port, self.authority = free_port(), Authority(folder)
        self.authority.issue("server")
        conf = folder / "mosquitto.conf"
        text = _CONF.format(port=self.port, folder=folder) + "\n".join([*extra, ""])
        conf.write_text(text, "utf-8")
        (folder / "acl.conf").write_text(acl, "utf-8")
        self.process = Process([program("mosquitto"), "-c", str(conf)], folder / "mosquitto.log")

    def start(self) -> None:
        """Start it with what it kept, and wait until it listens."""
        self.process.start(lambda: listens(self.port))

    def stop(self) -> None:
        """End it in order: it writes down what it has confirmed."""
        self.process.stop()


def lasting_session() -> Properties:
    """What a client of MQTT 5 asks for whose messages a broker keeps while it is away."""
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own lack
    session.SessionExpiryInterval = _KEPT_S
    session.ReceiveMaximum = 65535
    return session
