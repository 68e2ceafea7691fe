"""Home and its neighbours: each hub has a connection, a cursor in the outbox and a thread."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from agent.envelope import Identity
from agent.hub import Hub
from agent.hub_cause import Cause
from agent.hub_wording import standing
from agent.orders import Orders
from agent.outbox import Outbox
from agent.reader import HOME, Reader
from agent.sections import Config
from agent.status import State
from agent.uplink import forward
from agent.wallclock import WallTime
from agent.workers import Beat, Worker, always

_SPARE_S = 30.0  # of a thread's patience, beside the longest call to its hub


@dataclass(frozen=True, slots=True)
class _Uplink:
    """One hub and what waits for it."""

    name: str
    hub: Hub
    reader: Reader


class Hubs:
    """Every hub of a configuration; none that is away delays another.

    `state` gives what home is told of the device; a neighbour learns only that it is there, gets
    the hazards that it is named for, and commands nothing.
    """

    def __init__(  # noqa: PLR0913  # what lies on both sides, each injected
        self,
        config: Config,
        outbox: Outbox,
        *,
        identity: Identity,
        orders: Orders,
        state: Callable[[], bytes],
        wall: Callable[[], WallTime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._uplinks: list[_Uplink] = []
        named = partial(Hub, device=identity.device, site=identity.site, clock=clock, wall=wall)
        if config.hub is not None:
            reader = outbox.reader(HOME)
            home = named(config.hub, state=state, orders=orders, urgent=reader.is_urgent)
            self._uplinks.append(_Uplink("uplink", home, reader))
        here = msgspec.json.encode(State(coverage={}, simulated=identity.simulated))
        for each in config.neighbours:
            reader = outbox.reader(each.name, each.hazards)
            hub = named(each, name=each.name, state=lambda: here, urgent=reader.is_urgent)
            self._uplinks.append(_Uplink(f"uplink-{each.name}", hub, reader))

    def work(self, stop: threading.Event) -> list[Worker]:
        """Each hub's thread."""
        return [_worker(each, stop, self._clock) for each in self._uplinks]

    def report(self) -> list[Mapping[str, object]]:
        """How each stands, for `status.json`; home first, if there is one."""
        return [each.hub.report() | {"pending": each.reader.pending()} for each in self._uplinks]

    @property
    def status(self) -> tuple[str, Cause]:
        """How it stands with home: a sentence in English, and its code."""
        if (home := self._home()) is None:
            none = standing(Cause.NO_HUB)
            return none.why.en, none.cause
        found = home.standing
        return found.why.en, found.cause

    @property
    def has_answered(self) -> bool:
        """Whether home has answered since the start, or there is none."""
        return (home := self._home()) is None or home.acknowledged_s_ago is not None

    @property
    def trouble(self) -> str:
        """What home should know of the way to it; empty while all is well."""
        home = self._home()
        return home.trouble if home is not None else ""

    def _home(self) -> Hub | None:
        return next((each.hub for each in self._uplinks if each.hub.name == HOME), None)


def _worker(uplink: _Uplink, stop: threading.Event, clock: Callable[[], float]) -> Worker:
    def work(beat: Beat) -> None:
        forward(uplink.reader, uplink.hub, stop=stop, beat=beat, clock=clock)

    return Worker(uplink.name, work, uplink.hub.patience_s + _SPARE_S, always)  # for the outbox
