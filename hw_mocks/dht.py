"""The single wire of a DHT part: the host's start signal, then the part's pulses.

Time on this line is virtual (`VirtualTime`), so a read is exact to the microsecond on any machine
and costs almost no processor time: between two edges the host would only see the same level over
and over, so the line goes straight to the host's first look after the next edge.

Not imitated: the 2 s that a part needs between two reads, bounce, and the host being preempted in
the middle of a frame other than by a large `poll_us`.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from hw_mocks.blinka import VirtualTime

_IDLE_S = 1e-3  # one look at a line on which nothing more will happen


class DhtPart(Protocol):
    """What sits at the end of the wire."""

    start_low_s: float
    """The host must hold the line low for this long to be heard."""

    def pulses_us(self) -> Sequence[float]:
        """How long each level lasts after the host lets go, starting high, ending low."""


class DhtLine:
    """A `Line` with one DHT part and a pull-up. `poll_us`: how often the host looks at the pin."""

    def __init__(self, time: VirtualTime, part: DhtPart, *, poll_us: float = 4.0) -> None:
        self.poll_us = poll_us
        self._time, self._part = time, part
        self._driven: bool | None = None
        self._low_since: float | None = None
        self._edges: list[float] = []
        self._passed = 0

    def drive(self, high: bool) -> None:
        """The host holds the line; the part waits."""
        if high:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = self._time.now_s
        self._driven = high
        self._edges, self._passed = [], 0

    def release(self) -> None:
        """The host lets go; after a long enough low, the part answers."""
        start, low_since = self._time.now_s, self._low_since
        self._driven, self._low_since = None, None
        if low_since is not None and start - low_since >= self._part.start_low_s:
            pulses = self._part.pulses_us()
            self._edges = [start + us * 1e-6 for us in accumulate(pulses)]

    def level(self) -> bool:
        """What the host sees at its next look that can differ from its last."""
        if self._driven is not None:
            self._time.sleep(self.poll_us * 1e-6)
            return self._driven
        if self._passed == len(self._edges):
            self._time.sleep(_IDLE_S)
            return True
        poll_s = self.poll_us * 1e-6
        looks = max(1, math.ceil((self._edges[self._passed] - self._time.now_s) / poll_s))
        self._time.sleep(looks * poll_s)
        while self._passed < len(self._edges) and self._edges[self._passed] <= self._time.now_s:
            self._passed += 1
        return self._passed % 2 == 0
