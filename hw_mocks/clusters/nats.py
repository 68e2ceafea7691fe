"""A NATS cluster with JetStream, which speaks MQTT 3.1.1; see docs.nats.io, "MQTT".

Each message is on two of three nodes before its PUBACK: JetStream's streams of MQTT have three
replicas in a cluster of three.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from hw_mocks.child import until
from hw_mocks.clusters.nodes import COUNT, Nodes, certified, free_ports
from hw_mocks.peers.process import Process, program

_CONF = """
server_name: n{node}
listen: 127.0.0.1:{client}
jetstream {{ store_dir: "{folder}/store{node}" }}
cluster {{ name: hub, listen: 127.0.0.1:{route}, routes: [{routes}] }}
mqtt {{
  listen: 127.0.0.1:{mqtt}
  ack_wait: 5s
  tls {{
    cert_file: "{folder}/server.pem", key_file: "{folder}/server.key"
    ca_file: "{folder}/ca.pem", verify_and_map: true
  }}
}}
accounts {{ haetae {{ jetstream: enabled, users: [{users}] }}, SYS {{ users: [] }} }}
system_account: SYS
"""
_LEADER = "JetStream cluster new metadata leader"


class Nats:
    """Three nats-servers of Debian's; a client is who its certificate's subject says."""

    name = "NATS JetStream"

    def __init__(self, folder: Path, clients: list[str]) -> None:
        self.authority = certified(folder)
        client, route, self.ports = free_ports(), free_ports(), free_ports()
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in route)
        users = ", ".join(f'{{user: "CN={name}"}}' for name in clients)
        self._processes = []
        for node in range(COUNT):
            conf = folder / f"n{node}.conf"
            text = _CONF.format(
                node=node, client=client[node], route=route[node], mqtt=self.ports[node],
                routes=routes, users=users, folder=folder,
            )  # fmt: skip
            conf.write_text(text, "utf-8")
            command = [program("nats-server"), "-c", str(conf)]
            self._processes.append(Process(command, folder / f"n{node}.log"))
        self._nodes = Nodes(self._processes, self.ports)

    def __enter__(self) -> Self:
        for node in range(COUNT):
            self._nodes.start(node)
        until(self._has_leader, 30.0, "a leader of JetStream")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._nodes.stop()

    def kill(self, node: int) -> None:
        """End one as a power cut would."""
        self._nodes.kill(node)

    def start(self, node: int) -> None:
        """Start one that was killed."""
        self._nodes.start(node)

    def rss_mib(self) -> float:
        """Resident memory of all nodes that run."""
        return self._nodes.rss_mib()

    def cpu_s(self) -> float:
        """Processor time of all nodes that run."""
        return self._nodes.cpu_s()

    def _has_leader(self) -> bool:
        return any(_LEADER in each.log() for each in self._processes)
