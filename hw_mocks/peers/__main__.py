"""`make bench-peers`: this agent beside other ways to bring an event to a hub, in one run.

All peers speak TLS with a client certificate to one mosquitto on loopback, each from the same
machine, one event after the other. First latency, one peer at a time; then an idle minute; then
two outages of the hub, which all go through at once, the second with a kill -9 in its middle.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from hw_mocks.figure import percentile
from hw_mocks.peers.bridge import Bridge
from hw_mocks.peers.haetae import Haetae, python
from hw_mocks.peers.hub import Hub
from hw_mocks.peers.node_red import NodeRed
from hw_mocks.peers.paho_script import PahoScript
from hw_mocks.peers.peer import Peer
from hw_mocks.peers.thingsboard import ThingsBoard

EVERY_S = 2.0  # between two events in an outage
ARRIVES_S = 10.0  # an event in fair weather


@dataclass
class Found:
    """What was measured of one peer; seconds, MiB, share of one core, counts."""

    how: str
    latencies_s: list[float] = field(default_factory=list)
    missing: int = 0
    rss_mib: float = 0.0
    cpu: float = 0.0
    outages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    `drain_s` is how long an event may take after an outage: the slowest back-off among them is
    two minutes.
    """

    events: int = 100
    idle_s: float = 60.0
    outage_s: float = 60.0
    drain_s: float = 180.0


class Race:
    """All peers, one hub."""

    def __init__(self, hub: Hub, peers: list[Peer], sizes: Sizes) -> None:
        self._hub, self._peers, self._sizes = hub, peers, sizes
        self._fired = dict.fromkeys((each.name for each in peers), 0)
        self.found = {each.name: Found(each.how) for each in peers}

    def run(self) -> None:
        """Measure everything."""
        for peer in self._peers:
            say(f"starting {peer.name}")
            peer.start()
        for peer in self._peers:
            say(f"latency of {peer.name}")
            self._latency(peer)
        say(f"an idle {self._sizes.idle_s:.0f} s")
        self._idle()
        for killing in (False, True):
            say(f"the hub away for {self._sizes.outage_s:.0f} s" + ", kill -9" * killing)
            self._outage(killing=killing)

    def _fire(self, peer: Peer) -> float:
        self._fired[peer.name] += 1
        return peer.fire(self._fired[peer.name])

    def _latency(self, peer: Peer) -> None:
        found = self.found[peer.name]
        for n in range(-3, self._sizes.events):  # the first ones warm it up
            before = len(self._hub.heard(peer.name))
            at = self._fire(peer)
            if not self._hub.until(peer.name, before + 1, ARRIVES_S):
                found.missing += n >= 0
            elif n >= 0:
                found.latencies_s.append(max(self._hub.heard(peer.name).values()) - at)
            time.sleep(0.1)

    def _idle(self) -> None:
        time.sleep(5.0)
        before = {each.name: each.process.cpu_s() for each in self._peers}
        began = time.monotonic()
        time.sleep(self._sizes.idle_s)
        for each in self._peers:
            spent = each.process.cpu_s() - before[each.name]
            self.found[each.name].cpu = spent / (time.monotonic() - began)
            self.found[each.name].rss_mib = each.process.rss_mib()

    def _outage(self, *, killing: bool) -> None:
        before = {each.name: len(self._hub.heard(each.name)) for each in self._peers}
        repeated = {each.name: self._hub.repeated(each.name) for each in self._peers}
        fired = dict(self._fired)
        self._hub.go_down()
        threads = [
            threading.Thread(target=self._through, args=(peer, killing)) for peer in self._peers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._hub.start()
        deadline = time.monotonic() + self._sizes.drain_s
        for each in self._peers:
            given = self._fired[each.name] - fired[each.name]
            left_s = max(0.0, deadline - time.monotonic())
            self._hub.until(each.name, before[each.name] + given, left_s)
        for each in self._peers:
            given = self._fired[each.name] - fired[each.name]
            lost = given - (len(self._hub.heard(each.name)) - before[each.name])
            again = self._hub.repeated(each.name) - repeated[each.name]
            told = f"{lost} of {given}" + (f", {again} twice" if again else "")
            self.found[each.name].outages.append(told)

    def _through(self, peer: Peer, killing: bool) -> None:
        """Fire through an outage; in its middle, kill the peer and start it again."""
        count = round(self._sizes.outage_s / EVERY_S)
        due = time.monotonic()
        for n in range(count):
            if killing and n == count // 2:
                peer.process.kill()
                peer.start()
            self._fire(peer)
            due += EVERY_S
            time.sleep(max(0.0, due - time.monotonic()))


def as_table(found: dict[str, Found], sizes: Sizes) -> str:
    """A Markdown table, and each peer's settings below."""
    head = (
        "latency p50", "latency p99", "RSS", "CPU idle",
        f"lost in {sizes.outage_s:.0f} s outage", "lost in outage with kill -9",
    )  # fmt: skip
    lines = [f"| | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for name, each in found.items():
        low, high = (1000 * percentile(each.latencies_s, share) for share in (0.5, 0.99))
        cells = (
            f"{low:.1f} ms", f"{high:.1f} ms", f"{each.rss_mib:.1f} MiB",
            f"{100 * each.cpu:.2f} %", *each.outages,
        )  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines.append("")
    lines += [f"- {name}: {each.how}." for name, each in found.items()]
    lines += [
        f"- {name}: {each.missing} of {sizes.events} did not come within {ARRIVES_S:g} s."
        for name, each in found.items()
        if each.missing
    ]
    return "\n".join(lines)


def say(line: str) -> None:
    """Show progress."""
    sys.stderr.write(f"bench-peers: {line}\n")


def main() -> int:
    """Run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thingsboard", type=Path, required=True, metavar="VENV")
    parser.add_argument("--node-modules", type=Path, required=True, metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, to see that it runs")
    args = parser.parse_args()
    sizes = Sizes(10, 6.0, 10.0, 30.0) if args.quick else Sizes()
    folder = Path(tempfile.mkdtemp(prefix="hp-"))
    try:
        with contextlib.ExitStack() as stack, Hub(folder / "hub") as hub:
            peers: list[Peer] = [
                Haetae(folder / "h", hub, python()),
                PahoScript(folder / "p", hub, python()),
                Bridge(folder / "b", hub),
                ThingsBoard(folder / "t", hub, args.thingsboard.absolute()),
                NodeRed(folder / "n", hub, args.node_modules.absolute()),
            ]
            for peer in peers:
                stack.callback(peer.stop)
            race = Race(hub, peers, sizes)
            race.run()
        sys.stdout.write(as_table(race.found, sizes) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
