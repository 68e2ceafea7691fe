"""What every cluster is to a device: three addresses with TLS, each node killed and started."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from hw_mocks import procfs
from hw_mocks.authority import Authority
from hw_mocks.broker import free_port
from hw_mocks.peers.process import Process, listens

COUNT = 3


class Cluster(Protocol):
    """Three brokers that are one hub, while entered."""

    name: str
    ports: Sequence[int]  # of MQTT over TLS, by node
    authority: Authority

    def __enter__(self) -> Self:
        """Start all and wait until they are one cluster."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all."""

    def kill(self, node: int) -> None:
        """End one as a power cut would."""

    def start(self, node: int) -> None:
        """Start one that was killed, with what it kept."""

    def rss_mib(self) -> float:
        """Resident memory of all nodes that run."""

    def cpu_s(self) -> float:
        """Processor time of all nodes that run."""


class Nodes:
    """The three processes of a cluster; `listening` are the ports that say a node is up."""

    def __init__(self, processes: Sequence[Process], listening: Sequence[int]) -> None:
        self._processes, self._listening = processes, listening

    def start(self, node: int) -> None:
        """Start one and wait until it listens."""
        self._processes[node].start(lambda: listens(self._listening[node]))

    def kill(self, node: int) -> None:
        """End one at once."""
        self._processes[node].kill()

    def stop(self) -> None:
        """End all."""
        for each in self._processes:
            each.kill()

    def rss_mib(self) -> float:
        """Resident memory of those that run."""
        return sum(map(procfs.rss_kib, self._family())) / 1024

    def cpu_s(self) -> float:
        """Processor time of those that run."""
        return sum(map(procfs.cpu_s, self._family()))

    def _family(self) -> list[int]:
        return [pid for each in self._processes for pid in each.family()]


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
