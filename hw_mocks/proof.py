"""What demonstrations hold against the device's word: siren pattern, and outbox against hub.

Written from the standards and from what the hub heard, not from the agent's own code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

Edge = tuple[float, float]  # monotonic seconds, and the level from then on

ON_S, PAUSE_S = (0.45, 0.55), (1.35, 1.65)  # ISO 8201 §4.1: 0.5 s ± 10 %; 1.5 s ± 10 %


def temporal_three(edges: Sequence[Edge]) -> int:
    """How many whole groups of the evacuation signal there were, from the first edge on.

    A group is three pulses; between two groups is the longer pause. Counting ends at the first
    interval that is not as ISO 8201 asks.
    """
    rises = [n for n, (_, level) in enumerate(edges) if level]
    if not rises:
        return 0
    sounding = edges[rises[0] :]
    groups = 0
    for n, ((start, _), (end, _)) in enumerate(pairwise(sounding)):
        low, high = PAUSE_S if n % 6 == 5 else ON_S
        if not low <= end - start <= high:
            break
        groups += n % 6 == 4
    return groups


def drawn(edges: Sequence[Edge], start: float, end: float, columns: int) -> str:
    """The level of an output from `start` to `end`, one sign a slice: █ on, ░ off."""
    step = (end - start) / columns
    signs = []
    for column in range(columns):
        middle = start + (column + 0.5) * step
        before = [level for at, level in edges if at <= middle]
        signs.append("█" if before and before[-1] else "░")
    return "".join(signs)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the events of an outbox fared on their way to the hub.

    `lost` never came; `foreign` came but were never accepted; `disordered` came for the first
    time after a later one; `again` were delivered more than once under the same id, which a hub
    drops, so they are not repeated in effect.
    """

    accepted: int
    lost: tuple[str, ...]
    foreign: tuple[str, ...]
    disordered: tuple[str, ...]
    again: int

    @property
    def failed(self) -> int:
        """How many were lost, or had an effect that they should not have had."""
        return len({*self.lost, *self.foreign, *self.disordered})


def compare(
    accepted: Sequence[str],
    heard: Iterable[str],
    lanes: Mapping[str, int] = MappingProxyType({}),
) -> Delivery:
    """Hold the ids that an outbox accepted, in its order, against those the hub heard.

    Order is promised within a lane (ADR 11): `lanes` says which is whose.
    """
    heard = list(heard)
    first_heard = list(dict.fromkeys(heard))
    place = {each: n for n, each in enumerate(accepted)}
    latest: dict[int | None, int] = {}
    disordered = []
    for each in (each for each in first_heard if each in place):
        lane = lanes.get(each)
        if place[each] < latest.get(lane, -1):
            disordered.append(each)
        latest[lane] = max(latest.get(lane, -1), place[each])
    return Delivery(
        accepted=len(accepted),
        lost=tuple(each for each in accepted if each not in first_heard),
        foreign=tuple(each for each in first_heard if each not in place),
        disordered=tuple(disordered),
        again=len(heard) - len(first_heard),
    )
