"""What can be read and written at any place: a card, a file, or changes laid over either."""

from collections.abc import Callable, Mapping
from typing import Protocol

SECTOR = 512


class Medium(Protocol):
    """Bytes with places."""

    def read(self, at: int, count: int) -> bytes:
        """So many bytes from that place on; fewer only at the end."""

    def write(self, at: int, content: bytes) -> None:
        """Put bytes there."""


class Overlay:
    """A medium whose changes are kept apart, by sectors, until somebody writes them.

    `read` reads the medium below.
    """

    def __init__(self, read: Callable[[int, int], bytes]) -> None:
        self._below = read
        self._old: dict[int, bytes] = {}
        self._new: dict[int, bytes] = {}

    @property
    def old(self) -> Mapping[int, bytes]:
        """What lies below each changed sector, by its place in bytes."""
        return self._old

    @property
    def new(self) -> Mapping[int, bytes]:
        """Each changed sector, by its place in bytes."""
        return self._new

    def read(self, at: int, count: int) -> bytes:
        """As changed."""
        found = bytearray(self._below(at, count))
        for place in range(at - at % SECTOR, at + count, SECTOR):
            if (sector := self._new.get(place)) is not None:
                first, last = max(at, place), min(at + count, place + SECTOR)
                found[first - at : last - at] = sector[first - place : last - place]
        return bytes(found)

    def write(self, at: int, content: bytes) -> None:
        """Change sectors; what was below them is read and kept."""
        for place in range(at - at % SECTOR, at + len(content), SECTOR):
            if place not in self._new:
                self._old[place] = self._new[place] = self._below(place, SECTOR)
            first, last = max(at, place), min(at + len(content), place + SECTOR)
            sector = bytearray(self._new[place])
            sector[first - place : last - place] = content[first - at : last - at]
            self._new[place] = bytes(sector)
