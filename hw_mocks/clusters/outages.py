"""The same device against a cluster: nodes die, nothing is lost."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from agent.eventfile import history
from hw_mocks.child import DEVICE, Agent, device_toml, until
from hw_mocks.clusters.nodes import Cluster

PROFILE = "market-stall"
HUB = "hub"
CLIENTS = [DEVICE, HUB]
DRAIN_S = 180.0
CALM_S = 2.0  # so long a node is left alone before the next calamity


class Inbox:
    """The hub's end: a session at the cluster, kept while nodes go; it moves on to one that lives.

    MQTT 3.1.1, structured CloudEvents.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.heard: list[tuple[str, int]] = []  # id and sequence, as they came
        self._ports, self._cluster = cycle(cluster.ports), cluster
        self._subscribed, self._stop = threading.Event(), threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self) -> None:
        """Connect; return once the subscription is taken."""
        self._thread.start()
        until(lambda: self._subscribed.is_set() or None, 60.0, "the hub's subscription")

    def stop(self) -> None:
        """Disconnect."""
        self._stop.set()
        self._lost.set()
        self._thread.join()

    def _run(self) -> None:
        """One connection after the other."""
        while not self._stop.is_set():
            self._lost.clear()
            client = self._client()
            try:
                client.connect("127.0.0.1", next(self._ports), keepalive=5)
            except OSError:
                self._stop.wait(0.2)
                continue
            client.loop_start()
            self._lost.wait()
            client.disconnect()
            client.loop_stop()

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=HUB, clean_session=False,
            reconnect_on_failure=False,
        )  # fmt: skip
        files = self._cluster.authority
        context = ssl.create_default_context(cafile=str(files.ca))
        context.load_cert_chain(*map(str, files.issue(HUB)))
        client.tls_set_context(context)
        client.on_connect = lambda client, *_: _subscribe(client)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_disconnect = lambda *_: self._lost.set()
        client.on_message = lambda _client, _data, message: self._take(message)
        return client

    def _take(self, message: MQTTMessage) -> None:
        if "/event/" in message.topic:
            event = json.loads(message.payload)
            self.heard.append((event["id"], int(event["sequence"])))


def _subscribe(client: Client) -> None:
    client.subscribe("haetae/v1/#", qos=1)


@dataclass
class Verdict:
    """What came of it."""

    cluster: str
    accepted: int = 0
    problems: list[str] = field(default_factory=list)
    repeated: int = 0
    steps: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        bad = "; ".join(self.problems) or "0 lost, 0 repeated in effect, 0 out of order"
        return (
            f"clusters: {self.cluster}: {self.accepted} events accepted, {bad}; "
            f"{self.repeated} sent again under their id; {', '.join(self.steps)}"
        )


def outages(
    cluster: Cluster,
    folder: Path,
    presses: int,
    say: Callable[[str], None],
    calamities: Sequence[Sequence[int]] = ((0,), (1,), (2,), (0, 1)),
) -> Verdict:
    """Press a button while nodes are killed and started again.

    Each calamity names the nodes that die together; two of three are the majority.
    """
    verdict = Verdict(cluster.name)
    inbox = Inbox(cluster)
    inbox.start()
    try:
        with Agent(folder / "device", _config(cluster)) as agent:
            until(agent.armed, 60.0, "the agent armed")
            _press(agent, presses)
            for nodes in calamities:
                names = " and ".join(map(str, nodes))
                say(f"{cluster.name}: killed: node {names}")
                cluster.kill(*nodes)
                _press(agent, presses)
                cluster.start(*nodes)
                time.sleep(CALM_S)
                verdict.steps.append(f"node {names} killed and started")
            _press(agent, presses)
            outbox = agent.state / "outbox.db"
            until(lambda: _is_confirmed(outbox), DRAIN_S, "every event confirmed")
            wanted = {row.id for row in history(outbox, 100_000)}
            until(lambda: wanted <= {i for i, _ in inbox.heard} or None, DRAIN_S, "all at the hub")
    finally:
        inbox.stop()
    _judge(verdict, wanted, inbox.heard)
    return verdict


def _judge(verdict: Verdict, wanted: set[str], heard: list[tuple[str, int]]) -> None:
    first = dict(reversed(heard))
    verdict.accepted, verdict.repeated = len(wanted), len(heard) - len(first)
    order = list(dict(heard).values())  # by first coming
    for what, count in (
        ("lost", len(wanted - first.keys())),
        ("never accepted", len(first.keys() - wanted)),
        ("out of order", sum(b <= a for a, b in pairwise(order))),
    ):
        if count:
            verdict.problems.append(f"{count} {what}")


def _config(cluster: Cluster) -> str:
    certificate, key = cluster.authority.issue(DEVICE)
    others = ", ".join(f'"127.0.0.1:{port}"' for port in cluster.ports[1:])
    lines = [
        'protocol = "3.1.1"',
        f"alternatives = [{others}]",
        f'ca = "{cluster.authority.ca}"',
        f'certificate = "{certificate}"',
        f'key = "{key}"',
        "puback_timeout_s = 3.0",
    ]
    return device_toml(PROFILE, port=cluster.ports[0], hub=lines)


def _press(agent: Agent, count: int) -> None:
    for _ in range(count):
        agent.control.set("sos.pressed", 1)
        time.sleep(0.1)
        agent.control.set("sos.pressed", 0)
        time.sleep(0.1)


def _is_confirmed(outbox: Path) -> bool | None:
    return all(row.confirmed_at is not None for row in history(outbox, 100_000)) or None
