"""Node-RED: a flow of two nodes, MQTT in and MQTT out."""

import json
from pathlib import Path
from typing import Any

from hw_mocks.broker import free_port
from hw_mocks.peers.hub import Hub
from hw_mocks.peers.peer import Fed
from hw_mocks.peers.process import NotInstalledError, Process, program

TOPIC, CLIENT = "in/event", "nr-in"


class NodeRed(Fed):
    """The flow as a peer; its events come from a local broker, which keeps its session."""

    name = "node-red"

    def __init__(self, folder: Path, hub: Hub, modules: Path) -> None:
        script = modules / "node-red" / "red.js"
        if not script.exists():
            raise NotInstalledError(f"{script} is missing: run `make bench-peers`")
        super().__init__(folder, topic=TOPIC, client=CLIENT)
        (folder / "flows.json").write_text(json.dumps(self._flow(hub)), "utf-8")
        settings = {
            "flowFile": "flows.json",
            "uiHost": "127.0.0.1",
            "uiPort": free_port(),
            "disableEditor": True,
            "telemetry": {"enabled": False, "updateNotification": False},
        }
        (folder / "settings.js").write_text(f"module.exports = {json.dumps(settings)}", "utf-8")
        command = [program("node"), str(script), "--userDir", str(folder)]
        self.process = Process([*command, "flows.json"], folder / "node-red.log")
        version = json.loads((modules / "node-red" / "package.json").read_text("utf-8"))["version"]
        self.how = f"{version}, mqtt in -> mqtt out at QoS 1, cleansession false on both sides"

    def _flow(self, hub: Hub) -> list[dict[str, Any]]:
        ca, certificate, key = map(str, hub.files(self.name))
        broker = {
            "type": "mqtt-broker",
            "autoConnect": True,
            "protocolVersion": "4",
            "keepalive": "60",
            "cleansession": False,
            "broker": "127.0.0.1",
        }
        return [
            {"id": "tab", "type": "tab", "label": "events"},
            {
                "id": "tls",
                "type": "tls-config",
                "ca": ca,
                "cert": certificate,
                "key": key,
                "certname": "",
                "keyname": "",
                "caname": "",
                "verifyservercert": True,
            },
            broker | {"id": "near", "port": str(self.broker.port), "clientid": CLIENT},
            broker
            | {
                "id": "far",
                "port": str(hub.port),
                "clientid": self.name,
                "usetls": True,
                "tls": "tls",
            },
            {
                "id": "in",
                "type": "mqtt in",
                "z": "tab",
                "topic": TOPIC,
                "qos": "1",
                "datatype": "buffer",
                "broker": "near",
                "wires": [["out"]],
            },
            {
                "id": "out",
                "type": "mqtt out",
                "z": "tab",
                "topic": f"peer/{self.name}",
                "qos": "1",
                "retain": "false",
                "broker": "far",
                "wires": [],
            },
        ]
