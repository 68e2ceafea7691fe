"""The hub of a fleet: one mosquitto, or a cluster that loses a node."""

import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from hw_mocks import procfs
from hw_mocks.clusters.nats import Nats
from hw_mocks.clusters.rabbit import Rabbit
from hw_mocks.fleet.ear import NAME
from hw_mocks.fleet.where import Where
from hw_mocks.standing_broker import StandingBroker

_ACL = f"""
pattern readwrite haetae/v1/+/%u/#
user {NAME}
topic read haetae/v1/#
"""
_TURN_S = 0.1  # a slow broker runs for its share of this


class FleetHub(Protocol):
    """A hub that goes away and comes back, and what it costs."""

    where: Where
    outlives: bool  # whether it takes events while a part of it is away

    def start(self) -> None:
        """Start it."""

    def go_down(self) -> None:
        """Take it away."""

    def come_back(self) -> None:
        """Give it back, with what it kept."""

    def stop(self) -> None:
        """End it."""

    def rss_mib(self) -> float:
        """Its resident memory, of all nodes."""

    def cpu_s(self) -> float:
        """Its processor time since it was started last, of all nodes that run."""

    def connections(self) -> int:
        """How many connections it has taken so far; 0 if it does not say."""


class Mosquitto:
    """One mosquitto of Debian's; `share` of a core is what it gets, 1.0 all it wants.

    A share below 1.0 stands for a weaker machine or a larger town: the process is stopped and let
    go ten times a second.
    """

    outlives = False

    def __init__(self, folder: Path, devices: Iterable[str], share: float = 1.0) -> None:
        self._broker = StandingBroker(folder, _ACL)
        self.where = Where((self._broker.port,), "5", str(folder))
        for name in (NAME, *devices):
            self._broker.authority.issue(name)
        self._share, self._up, self._over = share, threading.Lock(), threading.Event()
        self._brake = threading.Thread(target=self._slow_down, name="brake", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._broker.start()
        if self._share < 1.0:
            self._brake.start()

    def go_down(self) -> None:
        """End it in order."""
        with self._up:
            self._broker.stop()

    def come_back(self) -> None:
        """Start it with what it kept."""
        with self._up:
            self._broker.start()

    def stop(self) -> None:
        """End it."""
        self._over.set()
        if self._brake.is_alive():
            self._brake.join()
        self._broker.stop()

    def rss_mib(self) -> float:
        """Its resident memory."""
        return self._broker.process.rss_mib()

    def cpu_s(self) -> float:
        """Its processor time since it was started last; none while it is down."""
        return sum(map(procfs.cpu_s, self._broker.process.family()))

    def connections(self) -> int:
        """How many connections came to a CONNECT so far."""
        return self._broker.process.log().count("New client connected")

    def _slow_down(self) -> None:
        while not self._over.is_set():
            with self._up:
                if self._broker.process.running is not None:
                    self._broker.process.running.send_signal(signal.SIGSTOP)
                    time.sleep(_TURN_S * (1.0 - self._share))
                    self._broker.process.running.send_signal(signal.SIGCONT)
            self._over.wait(_TURN_S * self._share)


class Cluster:
    """Three brokers, of which the devices' first one dies as by a power cut, and stays away."""

    outlives = True

    def __init__(self, kind: type[Nats] | type[Rabbit], folder: Path, devices: list[str]) -> None:
        self._cluster = kind(folder, [NAME, *devices])
        for name in (NAME, *devices):
            self._cluster.authority.issue(name)
        self.where = Where(tuple(self._cluster.ports), "3.1.1", str(folder))

    def start(self) -> None:
        """Start all three."""
        self._cluster.__enter__()

    def go_down(self) -> None:
        """Kill the node that the devices are at."""
        self._cluster.kill(0)

    def come_back(self) -> None:
        """Nothing: two nodes of three are the hub."""

    def stop(self) -> None:
        """End all."""
        self._cluster.__exit__(None, None, None)

    def rss_mib(self) -> float:
        """Resident memory of all nodes."""
        return self._cluster.rss_mib()

    def cpu_s(self) -> float:
        """Processor time of the nodes that run."""
        return self._cluster.cpu_s()

    def connections(self) -> int:
        """It does not say."""
        return 0
