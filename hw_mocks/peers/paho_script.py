"""The script that everybody writes first: paho, `loop_start`, `publish(qos=1)`.

Run as a program it reads numbers from standard input and publishes each.
"""

import json
import sys
import time
from pathlib import Path

from paho.mqtt import __version__
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from hw_mocks.peers.hub import Hub
from hw_mocks.peers.process import Process

READY = "started"


class PahoScript:
    """The script as a peer."""

    name = "paho-script"

    def __init__(self, folder: Path, hub: Hub, python: str) -> None:
        folder.mkdir(parents=True)
        arguments = [str(hub.port), *map(str, hub.files(self.name))]
        root = str(Path(__file__).parents[2])
        self.process = Process(
            [python, "-m", "hw_mocks.peers.paho_script", *arguments],
            folder / "script.log",
            environment={"PYTHONPATH": root},
            talks=True,
        )
        self.how = f"paho-mqtt {__version__}, loop_start, publish(qos=1), nothing on disk"

    def start(self) -> None:
        """Start it; while the hub is away it starts all the same."""
        before = self.process.log().count(READY)
        self.process.start(lambda: self.process.log().count(READY) > before)

    def fire(self, n: int) -> float:
        """Give it a number."""
        at = time.monotonic()
        self.process.say(str(n))
        return at

    def stop(self) -> None:
        """End it."""
        self.process.stop()


def main() -> None:
    """Publish what comes."""
    port, ca, certificate, key = sys.argv[1:]
    client = Client(CallbackAPIVersion.VERSION2, client_id="paho-script")
    client.tls_set(ca, certificate, key)
    client.connect_async("127.0.0.1", int(port))
    client.loop_start()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        client.publish("peer/paho-script", json.dumps({"n": int(line)}), qos=1)


if __name__ == "__main__":
    main()
