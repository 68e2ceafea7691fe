"""ThingsBoard's gateway: its MQTT connector in front, its SQLite storage behind."""

import json
from pathlib import Path
from typing import Any

from hw_mocks.peers.hub import Hub
from hw_mocks.peers.peer import Fed
from hw_mocks.peers.process import NotInstalledError, Process

TOPIC, CLIENT = "in/event", "tb-near"


class ThingsBoard(Fed):
    """The gateway as a peer; its events come from a local broker, which keeps its session."""

    name = "thingsboard-gateway"

    def __init__(self, folder: Path, hub: Hub, environment: Path) -> None:
        python = environment / "bin" / "python"
        if not python.exists():
            raise NotInstalledError(f"{python} is missing: run `make bench-peers`")
        super().__init__(folder, topic=TOPIC, client=CLIENT)
        config = folder / "config"
        config.mkdir()
        for name, content in (
            ("tb_gateway", self._gateway(hub, folder)),
            ("mqtt", _connector(self.broker.port)),
            ("logs", _logs(folder)),
        ):
            (config / f"{name}.json").write_text(json.dumps(content, indent=1), "utf-8")
        (folder / "logs").mkdir()
        self.process = Process(
            [str(python), "-c", "from thingsboard_gateway.tb_gateway import daemon; daemon()"],
            folder / "gateway.log",
            environment={"TB_GW_CONFIG_DIR": str(config), "TB_GW_LOGS_PATH": str(folder / "logs")},
        )
        found = next(environment.glob("lib/python3*/site-packages/thingsboard_gateway-*.dist-info"))
        version = found.name.removesuffix(".dist-info").rpartition("-")[2]
        self.how = f"{version}, MQTT connector (session kept), storage sqlite, qos 1"

    def _gateway(self, hub: Hub, folder: Path) -> dict[str, Any]:
        ca, certificate, key = map(str, hub.files(self.name))
        return {
            "thingsboard": {
                "host": "127.0.0.1",
                "port": hub.port,
                "remoteShell": False,
                "remoteConfiguration": False,
                "statistics": {"enable": False, "statsSendPeriodInSeconds": 3600},
                "security": {
                    "type": "tls+privateKey", "caCert": ca, "privateKey": key, "cert": certificate,
                },
                "qos": 1,
            },
            "storage": {"type": "sqlite", "data_file_path": f"{folder}/",
                        "messages_ttl_check_in_hours": 1, "messages_ttl_in_days": 7},
            "grpc": {"enabled": False},
            "connectors": [{"type": "mqtt", "name": "near", "configuration": "mqtt.json"}],
        }  # fmt: skip


def _connector(port: int) -> dict[str, Any]:
    """Its front: each message becomes one row of telemetry."""
    return {
        "broker": {"host": "127.0.0.1", "port": port, "clientId": CLIENT, "version": 5,
                   "cleanStart": False, "cleanSession": False, "sessionExpiryInterval": 3600,
                   "security": {"type": "anonymous"}},
        "mapping": [{
            "topicFilter": TOPIC,
            "subscriptionQos": 1,
            "converter": {
                "type": "json",
                "deviceInfo": {"deviceNameExpressionSource": "constant",
                               "deviceNameExpression": "stall",
                               "deviceProfileExpressionSource": "constant",
                               "deviceProfileExpression": "default"},
                "sendDataOnlyOnChange": False,
                "timeout": 60000,
                "attributes": [],
                "timeseries": [{"type": "integer", "key": "n", "value": "${n}"}],
            },
        }],
        "requestsMapping": {},
    }  # fmt: skip


def _logs(folder: Path) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(levelname)s %(name)s %(message)s"}},
        "handlers": {"file": {"class": "logging.FileHandler", "formatter": "line",
                              "filename": f"{folder}/logs/gateway.log"}},
        "root": {"level": "INFO", "handlers": ["file"]},
    }  # fmt: skip
