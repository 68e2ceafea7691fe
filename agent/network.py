"""What this device has of a network, as the kernel tells it."""

import contextlib
import fcntl
import socket
import struct
from enum import StrEnum
from pathlib import Path

PROC = Path("/proc/net")
_FLAGS_OF = 0x8913  # SIOCGIFFLAGS, <linux/sockios.h>
_RUNNING = 0x40  # IFF_RUNNING: there is a carrier
_UP, _REJECT = 0x1, 0x200  # RTF_UP, RTF_REJECT, <linux/route.h>
_IFREQ = struct.Struct("16sH22x")


class Network(StrEnum):
    """The first thing that is missing on the way out, or `READY`."""

    NO_LINK = "no_link"  # no cable, and no Wi-Fi joined
    NO_ADDRESS = "no_address"  # no answer from DHCP
    NO_ROUTE = "no_route"
    READY = "ready"


def network(proc: Path = PROC) -> Network:
    """Say what is missing on the way to other machines; `READY` where it cannot be told."""
    try:
        names = {line.split(":")[0].strip() for line in _lines(proc / "dev")[2:]} - {"lo"}
        routes = [line.split() for line in _lines(proc / "route")[1:]]
    except OSError:
        return Network.READY
    if not any(_has_carrier(name) for name in names):
        return Network.NO_LINK
    if any(each[1] == "00000000" and _leads_on(each[3]) for each in routes) or _has_ipv6(proc):
        return Network.READY
    # with an address the kernel adds a route to its network; 169.254/16 is an address of despair
    if any(each[0] in names and not each[1].endswith("FEA9") for each in routes):
        return Network.NO_ROUTE
    return Network.NO_ADDRESS


def _has_carrier(name: str) -> bool:
    request = _IFREQ.pack(name.encode(), 0)
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        _, flags = _IFREQ.unpack(fcntl.ioctl(asking, _FLAGS_OF, request))
        return bool(flags & _RUNNING)
    return False


def _has_ipv6(proc: Path) -> bool:
    """Whether there is a default route of IPv6."""
    try:
        routes = [line.split() for line in _lines(proc / "ipv6_route")]
    except OSError:  # no IPv6
        return False
    return any(each[1] == "00" and each[9] != "lo" and _leads_on(each[8]) for each in routes)


def _leads_on(flags: str) -> bool:
    return int(flags, 16) & (_UP | _REJECT) == _UP


def _lines(path: Path) -> list[str]:
    return path.read_text("ascii").splitlines()
