"""The router is asked over a real link: a pair of virtual cables between two network namespaces."""

import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.recovery import arp
from provisioning.recovery.arp import gateway
from tests.running import REPOSITORY, needs

# the other end of the cable belongs to a namespace of its own, which answers or does not
ROOM = """
set -e
ip link set lo up
unshare -n sleep 60 & other=$!
trap "kill $other" EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add wlan0 type veth peer name far netns $other
ip addr add 192.0.2.2/24 dev wlan0
ip link set wlan0 up
nsenter -t $other -n ip addr add 192.0.2.1/24 dev far
nsenter -t $other -n ip link set far up
ip route add default via 192.0.2.1
ask() { "$PYTHON" -c "
from provisioning.recovery.arp import answers, gateway
try:
    print(gateway('wlan0'), answers('wlan0', '$1', tries=$2, wait_s=0.3))
except OSError as error:
    print(gateway('wlan0'), error.strerror)
"; }
ask 192.0.2.1 10
ask 192.0.2.9 2
ip addr flush dev wlan0
ask 192.0.2.1 10
nsenter -t $other -n ip link set far down
ask 192.0.2.1 2
ip link set wlan0 down
ask 192.0.2.1 2
"""


def test_a_router_answers_or_does_not_and_the_kernels_memory_is_not_asked() -> None:
    needs("ip")
    needs("unshare", "-rn", "true")
    done = subprocess.run(
        ("unshare", "-rnm", "--propagation", "private", "bash", "-c", ROOM),
        capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=50,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHON": sys.executable},
    )  # fmt: skip
    if "veth" in done.stderr or "not supported" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout.splitlines() == [
        "192.0.2.1 True",
        "192.0.2.1 False",
        "None True",  # without an address: the link works all the same
        "None False",
        "None Network is down",
    ], done.stderr


ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
wlan0\t0002A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
"""


def test_the_router_is_that_of_the_wireless_link(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    routes.write_text(ROUTES)
    assert gateway("wlan0", routes) == "192.168.2.1"
    assert gateway("eth0", routes) == "192.168.1.1"
    assert gateway("wlan1", routes) is None
    routes.write_text("garbage\nwlan0 00000000\n")
    assert gateway("wlan0", routes) is None
    assert gateway("wlan0", tmp_path / "missing") is None


def test_the_routes_are_read_where_the_unit_sees_them() -> None:
    unit = REPOSITORY / "systemd" / "image" / "haetae-network-watch.service"
    assert "ProcSubset=pid" in unit.read_text("utf-8")
    assert arp.ROUTES.is_relative_to("/proc/self")  # of /proc the unit sees processes alone
    assert arp.ROUTES.read_text("ascii").startswith("Iface")
