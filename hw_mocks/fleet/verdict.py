"""What came of a storm: what was lost, how late the first alarms were, what it cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec

from agent.lanes import lane_of
from agent.values import Hazard
from hw_mocks.figure import percentile
from hw_mocks.fleet.device import Put
from hw_mocks.fleet.ear import Arrival


@dataclass
class Cost:
    """Of the hub and of all devices together, and what else the machine did."""

    hub_cpu_s: float = 0.0
    devices_cpu_s: float = 0.0
    connections: int = 0  # that came to a CONNECT; 0 where the hub does not say
    hub_rss_before_mib: float = 0.0
    hub_rss_mib: float = 0.0  # with every session
    load_before: float = 0.0  # average of a minute, before the hub came back
    load_after: float = 0.0


@dataclass
class Verdict:
    """What came of it. Seconds; `back` and `came` count from the hub's return."""

    sessions: int
    outage_s: float
    connect_s: float = 0.0
    drain_s: float = 0.0
    puts: int = 0
    back: list[float] = field(default_factory=list)  # when each session told its state
    came: list[float] = field(default_factory=list)  # when each first alarm that waited came
    fresh: list[float] = field(default_factory=list)  # how late each alarm of the storm was
    lost: int = 0
    unknown: int = 0
    disordered: int = 0
    again: int = 0
    cost: Cost = field(default_factory=Cost)

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, made up or disordered."""
        return not (self.lost or self.unknown or self.disordered)

    def write(self, path: Path) -> None:
        """Keep all of it as JSON, hundredths of a second, for a picture."""
        found = asdict(self)
        for name in ("back", "came", "fresh"):
            found[name] = [round(each, 2) for each in sorted(found[name])]
        path.write_bytes(msgspec.json.encode(found) + b"\n")

    def __str__(self) -> str:
        count, cost = self.sessions, self.cost
        held_kib = 1024 * (cost.hub_rss_mib - cost.hub_rss_before_mib) / count
        hub_ms, device_ms = (1000 * s / count for s in (cost.hub_cpu_s, cost.devices_cpu_s))
        lost = (
            f"{self.lost} lost, {self.unknown} repeated in effect, {self.disordered} out of order"
        )
        lines = (
            f"{count} sessions, outage {self.outage_s:g} s, {self.puts} events: {lost}",
            f"sent again under their id: {self.again}",
            f"first alarm that waited: {_spread(self.came)} after the hub was back",
            f"first alarm raised in the storm: {_spread(self.fresh)} after it was",
            f"session back: {_spread(self.back)}; last event after {self.drain_s:.1f} s",
            f"first start: all connected in {self.connect_s:.0f} s",
            f"in the storm: {cost.connections} connections to the hub",
            f"CPU a session: {hub_ms:.1f} ms at the hub, {device_ms:.1f} ms at the device",
            f"the hub holds {cost.hub_rss_mib:.0f} MiB, {held_kib:.1f} KiB a session",
            f"load average {cost.load_before:.0f}, then {cost.load_after:.0f}",
        )
        return "\n".join(f"fleet: {line}" for line in lines)


def judge(
    verdict: Verdict,
    puts: Iterable[Put],
    arrivals: Iterable[Arrival],
    states: Mapping[str, float],
    back: float,
) -> None:
    """Compare what devices have put with what came; `back` is when the hub was there again."""
    arrivals = list(arrivals)
    first = {each.id: each for each in reversed(arrivals)}
    wanted = {each.id: each for each in puts}
    verdict.puts = len(wanted)
    verdict.lost = len(wanted.keys() - first.keys())
    verdict.unknown = len(first.keys() - wanted.keys())
    verdict.again = len(arrivals) - len(first)
    verdict.disordered = _disordered(first.values())
    verdict.drain_s = max((each.at for each in first.values()), default=back) - back
    verdict.back = [at - back for at in states.values()]
    alarms: dict[str, Put] = {}
    for each in sorted(wanted.values(), key=lambda put: put.at):
        if each.hazard == Hazard.SOS:
            alarms.setdefault(each.device, each)
    for each in alarms.values():
        if each.id in first and each.at > back:
            verdict.fresh.append(first[each.id].at - each.at)
        elif each.id in first:
            verdict.came.append(first[each.id].at - back)


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
