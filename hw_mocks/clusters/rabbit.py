"""A RabbitMQ cluster with its MQTT plugin (3.1.1); see rabbitmq.com, "MQTT Plugin".

A session's queue is a quorum queue: a message is on two of three nodes before its PUBACK.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from hw_mocks.broker import free_port
from hw_mocks.clusters.nodes import COUNT, Cluster, certified, free_ports
from hw_mocks.peers.process import NotInstalledError, Process, program

SCRIPTS = Path("/usr/lib/rabbitmq/bin")  # Debian's own wrappers give up the rights of the caller
_CONF = """
listeners.tcp.1 = 127.0.0.1:{amqp}
mqtt.listeners.tcp = none
mqtt.listeners.ssl.1 = 127.0.0.1:{mqtt}
mqtt.ssl_cert_login = true
mqtt.allow_anonymous = false
mqtt.durable_queue_type = quorum
ssl_cert_login_from = common_name
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/server.pem
ssl_options.keyfile = {folder}/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
load_definitions = {folder}/definitions.json
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = r0@localhost
cluster_formation.classic_config.nodes.2 = r1@localhost
cluster_formation.classic_config.nodes.3 = r2@localhost
"""


class Rabbit(Cluster):
    """Three RabbitMQ nodes of Debian's, with an Erlang port mapper of their own."""

    name = "RabbitMQ"

    def __init__(self, folder: Path, clients: list[str]) -> None:
        if not (SCRIPTS / "rabbitmq-server").exists():
            raise NotInstalledError("rabbitmq-server is not installed: run `make clusters`")
        authority = certified(folder)
        amqp, ports = free_ports(), free_ports()
        self._mapper = Process([program("epmd"), "-port", str(mapper := free_port())],
                               folder / "epmd.log")  # fmt: skip
        cookie = folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16), "ascii")
        cookie.chmod(0o400)
        (folder / "plugins").write_text("[rabbitmq_mqtt].", "ascii")
        (folder / "definitions.json").write_text(json.dumps(_definitions(clients)), "utf-8")
        processes = []
        for node in range(COUNT):
            conf = folder / f"r{node}.conf"
            text = _CONF.format(amqp=amqp[node], mqtt=ports[node], folder=folder)
            conf.write_text(text, "utf-8")
            processes.append(
                Process(
                    [str(SCRIPTS / "rabbitmq-server")],
                    folder / f"r{node}.log",
                    environment=_environment(folder, node, mapper),
                )
            )
        super().__init__(authority, ports, processes)

    def __enter__(self) -> Self:
        self._mapper.start(lambda: True)
        return super().__enter__()  # one after the other, or each founds a cluster of its own

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._mapper.stop()


def _definitions(clients: list[str]) -> Mapping[str, object]:
    return {
        "vhosts": [{"name": "/"}],
        "users": [{"name": name, "password_hash": "", "tags": ""} for name in clients],
        "permissions": [
            {"user": name, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
            for name in clients
        ],
    }


def _environment(folder: Path, node: int, mapper: int) -> Mapping[str, str]:
    return {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"r{node}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(folder / f"r{node}.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / f"pid{node}"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
