"""An outage of the hub, and what happens when it is back."""

import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import msgspec

from agent.lanes import lane_of
from agent.values import Hazard
from hw_mocks.child import until
from hw_mocks.figure import percentile
from hw_mocks.fleet.device import Put
from hw_mocks.fleet.hub import Arrival, FleetHub

ROOT = Path(__file__).parents[2]
CONNECT_S, DRAIN_S = 300.0, 300.0
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


class Street:
    """One process of devices."""

    def __init__(self, folder: Path, port: int, first: int, count: int) -> None:
        self.names = [f"d{n}" for n in range(first, first + count)]
        command = [sys.executable, "-m", "hw_mocks.fleet.street", str(folder), str(port)]
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

    def stop(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(60.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@dataclass
class Verdict:
    """What came of it; latencies in seconds."""

    sessions: int
    connect_s: float = 0.0
    drain_s: float = 0.0
    back_s: float = 0.0
    puts: int = 0
    waiting: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    lost: int = 0
    unknown: int = 0
    disordered: int = 0
    again: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, made up or disordered."""
        return not (self.lost or self.unknown or self.disordered)

    def __str__(self) -> str:
        return (
            f"fleet: {self.sessions} sessions connected in {self.connect_s:.0f} s; after the "
            f"outage {self.puts} events drained in {self.drain_s:.1f} s, all sessions back in "
            f"{self.back_s:.0f} s; {self.lost} lost, {self.unknown} repeated in effect, "
            f"{self.disordered} out of order, {self.again} sent again under their id; "
            f"first alarm that waited: {_spread(self.waiting)} after the hub was back; "
            f"first alarm raised in the storm: {_spread(self.fresh)} after it was raised"
        )


class Fleet:
    """All streets and their hub, while entered."""

    def __init__(self, folder: Path, sizes: Sizes, seed: int, say: Callable[[str], None]) -> None:
        self._sizes, self._say, self._random = sizes, say, random.Random(seed)
        say(f"{sizes.sessions} certificates")
        names = [f"d{n}" for n in range(sizes.sessions)]
        self._hub = FleetHub(folder / "hub", names)
        self._folder, self._streets = folder, list[Street]()

    def __enter__(self) -> Self:
        self._hub.start()
        for first in range(0, self._sizes.sessions, MOST_IN_ONE):
            count = min(MOST_IN_ONE, self._sizes.sessions - first)
            self._streets.append(Street(self._folder, self._hub.port, first, count))
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._streets:
            each.stop()
        self._hub.stop()

    def storm(self) -> Verdict:
        """Connect all, take the hub away, give it back while alarms go on; then compare."""
        verdict = Verdict(self._sizes.sessions)
        began = time.monotonic()
        for each in self._streets:
            each.hear()
        self._say("started")
        verdict.connect_s = self._until_connected(began)
        self._say(f"all connected after {verdict.connect_s:.0f} s; the hub goes down")
        self._hub.go_down()
        names = [name for each in self._streets for name in each.names]
        self._random.shuffle(names)
        half = len(names) // 2
        alarmed, others = names[:half], names[half:]
        puts = self._put(
            [(name, hazard, self._random.uniform(0, self._sizes.outage_s))
             for name in alarmed for hazard in (Hazard.SOS, MINOR, Hazard.SOS)]
            + [(name, MINOR, self._random.uniform(0, self._sizes.outage_s)) for name in others]
        )  # fmt: skip
        self._say(f"{len(puts)} events put; the hub comes back")
        self._hub.start()
        back = time.monotonic()
        fresh = others[: round(self._sizes.fresh * self._sizes.sessions)]
        later = self._put(
            [(n, Hazard.SOS, self._random.uniform(0, self._sizes.storm_s)) for n in fresh]
        )
        verdict.drain_s = self._until_drained({each.id for each in puts + later}) - back
        verdict.back_s = self._until_connected(back)
        self._judge(verdict, puts + later, back)
        return verdict

    def _put(self, wanted: list[tuple[str, Hazard, float]]) -> list[Put]:
        by_street = [(each, set(each.names)) for each in self._streets]
        for street, names in by_street:
            street.tell({"put": [each for each in wanted if each[0] in names]})
        found = [street.hear()["puts"] for street in self._streets]
        return msgspec.convert([each for puts in found for each in puts], list[Put])

    def _until_connected(self, since: float) -> float:
        def connected() -> bool | None:
            counts = self._counts()
            self._say(f"connected {sum(each['connected'] for each in counts)}, "
                      f"waiting {sum(each['pending'] for each in counts)}")  # fmt: skip
            time.sleep(1.0)
            return sum(each["connected"] for each in counts) == self._sizes.sessions or None

        until(connected, CONNECT_S, "every session is connected")
        return time.monotonic() - since

    def _counts(self) -> list[dict[str, int]]:
        for street in self._streets:
            street.tell({"count": True})
        return [street.hear() for street in self._streets]

    def _until_drained(self, wanted: set[str]) -> float:
        """When the last event came, in monotonic seconds."""
        until(lambda: wanted <= self._hub.ids() or None, DRAIN_S, "every event at the hub")
        return max(each.at for each in self._hub.arrivals() if each.id in wanted)

    def _judge(self, verdict: Verdict, puts: Iterable[Put], back: float) -> None:
        arrivals = self._hub.arrivals()
        first = {each.id: each for each in reversed(arrivals)}
        wanted = {each.id: each for each in puts}
        verdict.puts = len(wanted)
        verdict.lost = len(wanted.keys() - first.keys())
        verdict.unknown = len(first.keys() - wanted.keys())
        verdict.again = len(arrivals) - len(first)
        verdict.disordered = _disordered(first.values())
        alarms: dict[str, Put] = {}
        for each in sorted(wanted.values(), key=lambda put: put.at):
            if each.hazard == Hazard.SOS:
                alarms.setdefault(each.device, each)
        for each in alarms.values():
            if each.id in first:
                late_s = first[each.id].at - max(back, each.at)
                (verdict.fresh if each.at > back else verdict.waiting).append(late_s)


def _disordered(arrivals: Iterable[Arrival]) -> int:
    """How often an event came before an older one of its device and lane."""
    order: dict[tuple[str, object], list[int]] = defaultdict(list)
    for each in sorted(arrivals, key=lambda arrival: arrival.at):
        order[each.device, lane_of(each.hazard, alarm=True)].append(each.seq)
    return sum(b <= a for seqs in order.values() for a, b in pairwise(seqs))


def _spread(values: list[float]) -> str:
    if not values:
        return "none"
    half, most, last = (percentile(values, share) for share in (0.5, 0.99, 1.0))
    return f"p50 {half:.2f} s, p99 {most:.2f} s, worst {last:.2f} s (n = {len(values)})"
