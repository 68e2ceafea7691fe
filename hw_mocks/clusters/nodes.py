"""What every cluster is to a device: three addresses with TLS, each node killed and started."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from hw_mocks import procfs
from hw_mocks.authority import Authority
from hw_mocks.broker import free_port
from hw_mocks.peers.process import Process, listens

COUNT = 3
NODE_START_S = 180.0  # RabbitMQ takes 110 s to come back from the loss of the majority


class Cluster:
    """Three brokers that are one hub, while entered; `ports` are of MQTT over TLS, by node.

    `authority` has certified the nodes. Which kind it is is a class of its own: it says how a
    node is run, and when they are one cluster.
    """

    name: ClassVar[str]

    def __init__(
        self, authority: Authority, ports: Sequence[int], processes: Sequence[Process]
    ) -> None:
        self.authority, self.ports, self.processes = authority, ports, processes

    def __enter__(self) -> Self:
        for node in range(COUNT):
            self.start(node)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill(*range(COUNT))

    def start(self, *nodes: int) -> None:
        """Start some with what they kept, all at once: one may wait for another to listen."""
        for node in nodes:
            self.processes[node].launch()
        for node in nodes:
            port = self.ports[node]
            self.processes[node].wait(partial(listens, port), NODE_START_S)

    def kill(self, *nodes: int) -> None:
        """End some as a power cut would."""
        for node in nodes:
            self.processes[node].kill()

    def rss_mib(self) -> float:
        """Resident memory of all nodes that run."""
        return sum(map(procfs.rss_kib, self._family())) / 1024

    def cpu_s(self) -> float:
        """Processor time of all nodes that run."""
        return sum(map(procfs.cpu_s, self._family()))

    def _family(self) -> list[int]:
        return [pid for each in self.processes for pid in each.family()]


def certified(folder: Path) -> Authority:
    """An authority with a certificate for the nodes.

    Raises:
        FileExistsError: The folder was used before.
    """
    folder.mkdir(parents=True)
    authority = Authority(folder)
    authority.issue("server")
    return authority


def free_ports() -> Sequence[int]:
    """One port for each node."""
    return [free_port() for _ in range(COUNT)]
