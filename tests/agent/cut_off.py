"""One attempt to reach a hub in a network namespace of its own; run by `unshare -n -m`.

`python -m tests.agent.cut_off SCENARIO FOLDER` prints one JSON object: the causes, one a call.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.hub import Hub
from agent.sections import HubConfig
from hw_mocks.authority import Authority
from tests.agent.events import row_of
from tests.brokers import DEVICE, SITE, Mosquitto

NAME, FAR = "hub.city.example", "192.0.2.1"
_LINK = ["ip link add near type veth peer name far", "ip link set near up", "ip link set far up"]
_ADDRESS = [*_LINK, "ip addr add 10.9.9.2/24 dev near"]
_ROUTE = [*_ADDRESS, "ip route add default via 10.9.9.1"]
_SWALLOWED = "ip neigh add 10.9.9.1 lladdr 02:00:00:00:00:01 dev near nud permanent"
_RCODE = {"servfail": 2, "nxdomain": 3}

# what is done to the network, the hub's host, and how the name server answers
SCENARIOS: dict[str, tuple[list[str], str, str]] = {
    "no_link": ([], NAME, "absent"),
    "no_address": (_LINK, NAME, "absent"),
    "no_route": (_ADDRESS, FAR, "absent"),
    "unreachable": ([*_ROUTE, f"ip route add unreachable {FAR}"], FAR, "absent"),
    "no_answer": ([*_ROUTE, _SWALLOWED], FAR, "absent"),
    "dns_refuses": (_ROUTE, NAME, "absent"),
    "dns_fails": (_ROUTE, NAME, "servfail"),
    "dns_silent": (_ROUTE, NAME, "silent"),
    "no_such_name": (_ROUTE, NAME, "nxdomain"),
}


def sh(command: str) -> None:
    """Run one command of `ip` or `mount`."""
    subprocess.run(command.split(), check=True)


def serve_names(how: str) -> None:
    """Answer each question with the code for `how`, or never."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def answer() -> None:
        while True:
            question, whose = server.recvfrom(512)
            if how in _RCODE:
                flags = 0x8180 | _RCODE[how]
                server.sendto(question[:2] + flags.to_bytes(2, "big") + question[4:], whose)

    threading.Thread(target=answer, daemon=True).start()


def attempt(scenario: str, folder: Path) -> list[str]:
    """Set the network up as told, and try twice."""
    commands, host, names = SCENARIOS[scenario]
    for command in ["ip link set lo up", *commands]:
        sh(command)
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    sh(f"mount --bind {resolver} /etc/resolv.conf")
    if names != "absent":
        serve_names(names)
    authority = Authority(folder)
    certificate, key = authority.issue(DEVICE)
    config = HubConfig(host=host, ca=str(authority.ca), certificate=str(certificate), key=str(key))
    hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", connect_s=0.7)
    return [hub.cause for _ in range(2) if not hub.send(row_of())]


def swallow(protocol: str, folder: Path) -> list[str]:
    """Deliver, let the link swallow everything, and mend it; a cause after each step."""
    sh("ip link set lo up")
    with Mosquitto(folder / "hub") as broker:
        config = broker.config(
            host="127.0.0.1", protocol=protocol, puback_timeout_s=0.5, heartbeat_s=1.0
        )
        hub = Hub(config, device=DEVICE, site=SITE, state=lambda: b"{}", connect_s=1.0)
        found: list[str] = []

        def step(do: Callable[[], bool]) -> None:
            while not do():
                pass
            found.append(hub.cause)

        step(lambda: hub.send(row_of()))
        sh("ip link set lo down")
        step(lambda: not hub.send(row_of()))
        sh("ip link set lo up")
        step(lambda: hub.send(row_of()))
        sh("ip link set lo down")
        began = time.monotonic()
        step(lambda: not hub.heartbeat_if_due())  # nothing waits: the heartbeat is the probe
        if time.monotonic() - began > 1.0 + 0.5 + 1.0:
            found.append("late")
        sh("ip link set lo up")
        step(lambda: hub.send(row_of()))
        hub.close()
    return found


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    causes = attempt(what, where) if what in SCENARIOS else swallow(what, where)
    sys.stdout.write(json.dumps(causes))
