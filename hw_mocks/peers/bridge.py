"""A mosquitto on the device, bridged to the hub's."""

import subprocess
from pathlib import Path

from hw_mocks.peers.hub import Hub
from hw_mocks.peers.peer import LocalBroker, Source
from hw_mocks.peers.process import Process, program

_BRIDGE = """
connection hub
address 127.0.0.1:{port}
remote_clientid mosquitto-bridge
topic # out 1 "" peer/
bridge_cafile {ca}
bridge_certfile {certificate}
bridge_keyfile {key}
cleansession false
restart_timeout 1 30
notifications false
"""


class Bridge:
    """It saves its queue at each change, which mosquitto does not do unless told."""

    name = "mosquitto-bridge"

    def __init__(self, folder: Path, hub: Hub) -> None:
        ca, certificate, key = hub.files(self.name)
        text = _BRIDGE.format(port=hub.port, ca=ca, certificate=certificate, key=key)
        self._broker = LocalBroker(folder, text)
        self._source = Source(self._broker.port, self.name)
        self._has_source = False
        said = subprocess.run([program("mosquitto"), "-h"], capture_output=True, text=True)  # noqa: PLW1510  # it ends with 3
        self.how = (
            f"{said.stdout.splitlines()[0]}; autosave_on_changes true, autosave_interval 1, "
            "max_queued_messages 0, restart_timeout 1 30"
        )

    @property
    def process(self) -> Process:
        """The broker is the peer."""
        return self._broker.process

    def start(self) -> None:
        """Start it."""
        self._broker.start()
        if not self._has_source:
            self._source.start()
            self._has_source = True

    def fire(self, n: int) -> float:
        """Publish to it."""
        return self._source.fire(n)

    def stop(self) -> None:
        """End it."""
        self._source.stop()
        self._broker.stop()
