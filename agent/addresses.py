"""Addresses of hubs: how they are written, and which of them go together."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.sections import Config, HubConfig

_HOME = "home"  # the outbox keeps home's cursor under this name
_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to dial."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def read_address(text: str) -> Address:
    """Read `host:port` or `[IPv6]:port`.

    Raises:
        ValueError: It is neither.
    """
    host, _, port = text.rpartition(":")
    if int(port) not in _PORTS:
        raise ValueError(f"no port: {port}")
    return Address(host.strip("[]"), int(port))


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, so that plain text stays inside it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hub_problems(config: "Config") -> Iterator[tuple[str, str]]:
    """What no single key of a hub shows: (problem with its place, remedy)."""
    if config.hub is not None:
        yield from _of_one(config.hub, "hub")
    elif config.neighbours:
        yield "neighbours, but no home - at `$.neighbours`", "add `[hub]`"
    names = {_HOME}
    taken = set() if config.hub is None else {_place(config.hub)}
    for n, each in enumerate(config.neighbours):
        where = f"neighbours[{n}]"
        yield from _of_one(each, where)
        if each.name in names:
            taken_by = "home's cursor" if each.name == _HOME else "another neighbour"
            yield f"`{each.name}` names {taken_by} - at `$.{where}.name`", "name it otherwise"
        if _place(each) in taken:
            problem = f"{each.host}:{each.port} is a hub of this file already - at `$.{where}.host`"
            yield problem, "remove one: each hub is told once"
        names.add(each.name)
        taken.add(_place(each))


def _place(hub: "HubConfig") -> tuple[str, int]:
    return hub.host.lower().rstrip("."), hub.port


def _of_one(hub: "HubConfig", where: str) -> Iterator[tuple[str, str]]:
    hosts = [hub.host]
    for n, text in enumerate(hub.alternatives):
        try:
            hosts.append(read_address(text).host)
        except ValueError:
            yield f"no port in `{text}` - at `$.{where}.alternatives[{n}]`", "`host:port`"
    if not hub.tls and not all(map(is_loopback, hosts)):
        yield f"plain text to another machine - at `$.{where}.tls`", "remove `tls = false`"
