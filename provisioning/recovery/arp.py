"""Whether a machine answers on this link now, whatever the kernel remembers: an ARP request."""

import contextlib
import errno
import fcntl
import socket
import struct
import time
from pathlib import Path

_ETH_ARP, _ETH_IP = 0x0806, 0x0800
_REQUEST, _REPLY = 1, 2
_FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")  # Ethernet (IEEE 802.3) and ARP (RFC 826)
_EVERYBODY, _NOBODY = b"\xff" * 6, b"\x00" * 6
_ADDRESS_OF = 0x8915  # SIOCGIFADDR, <linux/sockios.h>
_IFREQ = struct.Struct("16sH2x4s16x")
TRIES, WAIT_S = 3, 1.0
ROUTES = Path("/proc/self/net/route")  # /proc/net is not there under ProcSubset=pid


def answers(interface: str, address: str, *, tries: int = TRIES, wait_s: float = WAIT_S) -> bool:
    """Ask who has `address` on `interface`, so often and so many seconds each.

    Raises:
        OSError: There is no such interface, it is down, or asking is not allowed.
    """
    asked = socket.inet_aton(address)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_ARP)) as channel:
        channel.bind((interface, _ETH_ARP))
        own = channel.getsockname()[4]
        # without an address of our own it is a probe as of RFC 5227, which is answered all the same
        frame = _FRAME.pack(
            _EVERYBODY, own, _ETH_ARP, 1, _ETH_IP, 6, 4,
            _REQUEST, own, _address(channel, interface), _NOBODY, asked,
        )  # fmt: skip
        for _ in range(tries):
            _send(channel, frame)
            if _is_answered(channel, asked, time.monotonic() + wait_s):
                return True
    return False


def gateway(interface: str, routes: Path = ROUTES) -> str | None:
    """The IPv4 address of the default route over `interface`; None where there is none."""
    with contextlib.suppress(OSError, ValueError):
        for line in routes.read_text("ascii").splitlines()[1:]:
            name, destination, via, *_ = line.split()
            if name == interface and destination == "00000000" and via != "00000000":
                return socket.inet_ntoa(struct.pack("<I", int(via, 16)))
    return None


def _send(channel: socket.socket, frame: bytes) -> None:
    """Ask; what the kernel drops before a link without a carrier is a question nobody hears."""
    try:
        channel.send(frame)
    except OSError as error:
        if error.errno != errno.ENOBUFS:  # packet(7)
            raise


def _is_answered(channel: socket.socket, asked: bytes, ends: float) -> bool:
    while (left := ends - time.monotonic()) > 0:
        channel.settimeout(left)
        try:
            came = channel.recv(1514)
        except TimeoutError:
            return False
        if len(came) >= _FRAME.size:
            *_, operation, _, sender, _, _ = _FRAME.unpack_from(came)
            if operation == _REPLY and sender == asked:
                return True
    return False


def _address(channel: socket.socket, interface: str) -> bytes:
    """Our own address there, or none: packets' sockets pass this on to IP's, and need no other."""
    request = _IFREQ.pack(interface.encode(), socket.AF_INET, b"")
    with contextlib.suppress(OSError):
        _, _, found = _IFREQ.unpack(fcntl.ioctl(channel, _ADDRESS_OF, request))
        return bytes(found)
    return bytes(4)
