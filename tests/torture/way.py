"""The way from the device to the hub: a network namespace, a router in another, and its failures.

    device  net0 ── below  router  above ── haet..  the machine, where the hub's broker listens

A router that drops all, or what goes one way, leaves both ends with a connection that looks alive.
"""

import contextlib
import itertools
import os

from tests.torture.disk import DiskError, run

FAILURES = ("router dead", "answers lost", "messages lost", "cable pulled")


class Way:
    """Both namespaces and their cables. Needs root.

    Raises:
        DiskError: The machine does not allow it.
    """

    def __init__(self, number: int) -> None:
        name = f"haetae-torture-{os.getpid()}-{number}"
        self._device, self._router = f"{name}-device", f"{name}-router"
        self._outside = f"haet{os.getpid() % 100000}x{number}"
        self._made: list[str] = []
        nets = (f"198.18.{each % 254 + 1}" for each in itertools.count(os.getpid() + 2 * number))
        net = next(filter(_is_free, nets))
        self.hub, self._far = f"{net}.1", f"{net}.6"
        try:
            self._build(net)
        except DiskError:
            self.close()
            raise

    @property
    def around(self) -> list[str]:
        """What goes before a command that is to run at the device's end."""
        return ["nsenter", f"--net=/run/netns/{self._device}", "--"]

    def fail(self, how: str) -> None:
        """Break the way, until `mend`; connections stay open and hear nothing."""
        if how == "cable pulled":
            run("ip", "-n", self._router, "link", "set", "dev", "below", "down")
            return
        lost = {"answers lost": [self._far], "messages lost": [self.hub]}
        for to in lost.get(how, [self._far, self.hub]):
            run("ip", "-n", self._router, "route", "add", "blackhole", to)

    def mend(self) -> None:
        """Let all pass again."""
        for to in (self._far, self.hub):
            with contextlib.suppress(DiskError):  # that way was open
                run("ip", "-n", self._router, "route", "del", "blackhole", to)
        run("ip", "-n", self._router, "link", "set", "dev", "below", "up")

    def close(self) -> None:
        """Take the namespaces away; their cables go with them."""
        for name in self._made:
            with contextlib.suppress(DiskError):
                run("ip", "netns", "del", name)

    def _build(self, net: str) -> None:
        for name in (self._device, self._router):
            run("ip", "netns", "add", name)
            self._made.append(name)
        here = ("ip", "link", "add")
        run(*here, self._outside, "type", "veth", "peer", "name", "above", "netns", self._router)
        inside = ("type", "veth", "peer", "name", "net0", "netns", self._device)
        run("ip", "-n", self._router, "link", "add", "below", *inside)
        ends: tuple[tuple[list[str], str, str], ...] = (
            ([], self._outside, f"{net}.1/30"),
            (["-n", self._router], "above", f"{net}.2/30"),
            (["-n", self._router], "below", f"{net}.5/30"),
            (["-n", self._device], "net0", f"{net}.6/30"),
        )
        for where, link, address in ends:
            run("ip", *where, "address", "add", address, "dev", link)
            run("ip", *where, "link", "set", "dev", link, "up")
        run("ip", "-n", self._device, "link", "set", "lo", "up")
        run("ip", "-n", self._device, "route", "add", "default", "via", f"{net}.5")
        run("ip", "route", "add", f"{net}.4/30", "via", f"{net}.2")
        run("ip", "netns", "exec", self._router, "sysctl", "-qw", "net.ipv4.ip_forward=1")


def _is_free(net: str) -> bool:
    """Whether nobody uses this /24 of the range for measurements (RFC 2544)."""
    return f" {net}." not in run("ip", "-o", "-4", "address")
