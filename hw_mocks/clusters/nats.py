"""A NATS cluster with JetStream, which speaks MQTT 3.1.1; see docs.nats.io, "MQTT".

Each message is on two of three nodes before its PUBACK: JetStream's streams of MQTT have three
replicas in a cluster of three.
"""

from pathlib import Path
from typing import Self

from hw_mocks.child import until
from hw_mocks.clusters.nodes import COUNT, Cluster, certified, free_ports
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


class Nats(Cluster):
    """Three nats-servers of Debian's; a client is who its certificate's subject says."""

    name = "NATS JetStream"

    def __init__(self, folder: Path, clients: list[str]) -> None:
        authority = certified(folder)
        client, route, ports = free_ports(), free_ports(), free_ports()
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in route)
        users = ", ".join(f'{{user: "CN={name}"}}' for name in clients)
        processes = []
        for node in range(COUNT):
            conf = folder / f"n{node}.conf"
            text = _CONF.format(
                node=node, client=client[node], route=route[node], mqtt=ports[node],
                routes=routes, users=users, folder=folder,
            )  # fmt: skip
            conf.write_text(text, "utf-8")
            command = [program("nats-server"), "-c", str(conf)]
            processes.append(Process(command, folder / f"n{node}.log"))
        super().__init__(authority, ports, processes)

    def __enter__(self) -> Self:
        super().__enter__()
        until(self._has_leader, 30.0, "a leader of JetStream")
        return self

    def _has_leader(self) -> bool:
        return any(_LEADER in each.log() for each in self.processes)
