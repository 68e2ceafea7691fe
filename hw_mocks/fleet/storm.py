"""An outage of the hub, and what happens when it is back."""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from agent.values import Hazard
from hw_mocks import procfs
from hw_mocks.child import TooLateError, until
from hw_mocks.fleet.device import Put
from hw_mocks.fleet.ear import Ear
from hw_mocks.fleet.hub import FleetHub
from hw_mocks.fleet.verdict import Verdict, judge
from hw_mocks.fleet.where import Where

ROOT = Path(__file__).parents[2]
CONNECT_S, DRAIN_S, LOOK_S = 300.0, 300.0, 1.0
MINOR = Hazard.AIR
# sessions in a process: paho waits by select(2), which knows no descriptor beyond 1023, and a
# session has some 20
MOST_IN_ONE = 36


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large, and how long; `fresh` is the share that raises its first alarm in the storm."""

    sessions: int = 2000
    outage_s: float = 30.0
    storm_s: float = 60.0
    fresh: float = 0.1

    @property
    def names(self) -> list[str]:
        """Of all devices."""
        return [f"d{n}" for n in range(self.sessions)]


class Street:
    """One process of devices."""

    def __init__(self, folder: Path, where: Where, first: int, count: int) -> None:
        self.names = [f"d{n}" for n in range(first, first + count)]
        told = msgspec.json.encode(where).decode()
        command = [sys.executable, "-m", "hw_mocks.fleet.street", str(folder), told]
        with (folder / f"street{first}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, str(first), str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
            )

    def tell(self, order: object) -> None:
        """Give an order."""
        if self._process.stdin is None:
            raise RuntimeError("no way in")
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next answer.

        Raises:
            EOFError: The process has ended.
        """
        line = self._process.stdout.readline() if self._process.stdout is not None else b""
        if not line:
            raise EOFError(f"a street ended: {self._process.wait()}")
        found: dict[str, Any] = msgspec.json.decode(line)
        return found

    def cpu_s(self) -> float:
        """Its processor time so far."""
        return procfs.cpu_s(self._process.pid)

    def leave(self) -> None:
        """Let it end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def stop(self) -> None:
        """Wait for its end, or end it."""
        self.leave()
        try:
            self._process.wait(60.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@dataclass(frozen=True, slots=True)
class _Began:
    """What there was when the hub was back, `at` in monotonic seconds."""

    at: float
    hub_cpu_s: float
    devices_cpu_s: float
    connections: int


class Fleet:
    """All streets and their hub, while entered."""

    def __init__(
        self, folder: Path, hub: FleetHub, sizes: Sizes, seed: int, say: Callable[[str], None]
    ) -> None:
        self._sizes, self._say, self._random = sizes, say, random.Random(seed)
        self._hub, self._ear = hub, Ear(hub.where)
        self._folder, self._streets = folder, list[Street]()

    def __enter__(self) -> Self:
        self._hub.start()
        self._ear.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._streets:
            each.leave()
        for each in self._streets:
            each.stop()
        self._ear.stop()
        self._hub.stop()

    def storm(self) -> Verdict:
        """Connect all, take the hub away, give it back while alarms go on; then compare."""
        sizes, verdict = self._sizes, Verdict(self._sizes.sessions, self._sizes.outage_s)
        verdict.cost.hub_rss_before_mib = self._hub.rss_mib()
        verdict.connect_s = self._settle()
        verdict.cost.hub_rss_mib = self._hub.rss_mib()
        names = sizes.names
        self._random.shuffle(names)
        half = len(names) // 2
        alarmed, others = names[:half], names[half:]
        fresh = others[: round(sizes.fresh * len(names))]
        three = [(name, hazard) for name in alarmed for hazard in (Hazard.SOS, MINOR, Hazard.SOS)]
        waiting = self._at_random(three + [(name, MINOR) for name in others], sizes.outage_s)
        later = self._at_random([(name, Hazard.SOS) for name in fresh], sizes.storm_s)
        self._hub.go_down()
        down = time.monotonic()
        self._ear.forget_states()
        began = self._begin(verdict, down)
        puts = self._put(waiting)
        time.sleep(max(0.0, down + sizes.outage_s - time.monotonic()))
        if not self._hub.outlives:
            self._hub.come_back()
            self._say(f"{len(puts)} events put; the hub is back")
            began = self._begin(verdict, time.monotonic())
        puts += self._put(later)
        self._until_over({each.id for each in puts})
        self._end(verdict, began)
        judge(verdict, puts, self._ear.arrivals(), self._ear.states(), began.at)
        return verdict

    def _settle(self) -> float:
        """Start all devices; how long it took until each was connected, in seconds."""
        began = time.monotonic()
        for first in range(0, self._sizes.sessions, MOST_IN_ONE):
            count = min(MOST_IN_ONE, self._sizes.sessions - first)
            self._streets.append(Street(self._folder, self._hub.where, first, count))
        for each in self._streets:
            each.hear()
        self._say("started")
        until(self._are_connected, CONNECT_S, "every session is connected")
        return time.monotonic() - began

    def _begin(self, verdict: Verdict, at: float) -> _Began:
        verdict.cost.load_before = os.getloadavg()[0]
        devices_cpu_s = sum(each.cpu_s() for each in self._streets)
        return _Began(at, self._hub.cpu_s(), devices_cpu_s, self._hub.connections())

    def _end(self, verdict: Verdict, began: _Began) -> None:
        cost = verdict.cost
        cost.load_after = os.getloadavg()[0]
        cost.hub_cpu_s = self._hub.cpu_s() - began.hub_cpu_s
        cost.devices_cpu_s = sum(each.cpu_s() for each in self._streets) - began.devices_cpu_s
        cost.connections = self._hub.connections() - began.connections

    def _at_random(
        self, wanted: list[tuple[str, Hazard]], within_s: float
    ) -> list[tuple[str, Hazard, float]]:
        return [(name, hazard, self._random.uniform(0, within_s)) for name, hazard in wanted]

    def _put(self, wanted: list[tuple[str, Hazard, float]]) -> list[Put]:
        by_street = [(each, set(each.names)) for each in self._streets]
        for street, names in by_street:
            street.tell({"put": [each for each in wanted if each[0] in names]})
        found = [street.hear()["puts"] for street in self._streets]
        return msgspec.convert([each for puts in found for each in puts], list[Put])

    def _are_connected(self) -> bool:
        for street in self._streets:
            street.tell({"count": True})
        found = sum(street.hear()["connected"] for street in self._streets)
        self._say(f"connected {found}")
        time.sleep(LOOK_S)
        return bool(found == self._sizes.sessions)

    def _until_over(self, wanted: set[str]) -> None:
        """Wait for every event and every session; what does not come is for the verdict."""

        def over() -> bool:
            time.sleep(LOOK_S)
            waiting, back = len(wanted - self._ear.ids()), len(self._ear.states())
            self._say(f"back {back}, waiting {waiting}")
            return waiting == 0 and back == self._sizes.sessions

        with contextlib.suppress(TooLateError):
            until(over, DRAIN_S, "the end of the storm")
