"""What a hub heard beside what was in the file: lost, repeated, out of order."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from tests.torture.life import Happened, decode

ALARM, TROUBLE = "alarm", "trouble"
LANES = {"sos": ALARM, "fault": TROUBLE}  # all that these lives bring about; docs/adr/0011


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it came to a hub."""

    id: str
    revision: int
    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it; `lost` are rows that never came, of either lane."""

    lost: list[Happened]
    delivered: int
    again: int  # messages that had come before, under the same id
    repeated: int
    disorder: int
    problems: list[str]

    @property
    def alarms_lost(self) -> int:
        """How many of them are alarms."""
        return sum(lane(each) == ALARM for each in self.lost)


def lane(event: Happened) -> str:
    """The lane of an event."""
    return LANES[event.hazard]


def compare(
    kept: Mapping[tuple[str, int], bytes],
    heard: Sequence[Heard],
    full: Sequence[tuple[float, float]],
    *,
    excused: AbstractSet[tuple[str, int]] = frozenset(),
    of: str = "",
) -> Comparison:
    """Hold each id and revision of the file against what came, in the order of its coming.

    `full` are the times (monotonic s) in which the disk was: what happened then may have gone out
    of RAM. `excused` may be missing. `of` begins each problem.
    """
    first: dict[tuple[str, int], Heard] = {}
    for each in heard:
        first.setdefault((each.id, each.revision), each)
    lost = [decode(kept[key]) for key in kept.keys() - first.keys() - excused]
    unknown = [each for key, each in first.items() if key not in kept and not _in(full, each)]
    changed = [each for each in heard if kept.get((each.id, each.revision), each.body) != each.body]
    disorder = _disorder(list(first.values()))
    problems = [
        *(f"{of}alarm lost: {each.id}" for each in lost if lane(each) == ALARM),
        *(f"{of}never in the file: {each.id}" for each in unknown),
        *(f"{of}changed on its way: {each.id}" for each in changed),
        *(f"{of}{each}" for each in disorder),
    ]
    again = len(heard) - len(first)
    repeated = len(unknown) + len(changed)
    return Comparison(lost, len(first), again, repeated, len(disorder), problems)


def _in(full: Sequence[tuple[float, float]], heard: Heard) -> bool:
    at = decode(heard.body).monotonic_s
    return any(begun <= at <= ended for begun, ended in full)


def _disorder(first: Sequence[Heard]) -> list[str]:
    """Lane by lane: what came earlier happened no later, and has the lower number."""
    problems = []
    told = [decode(each.body) for each in first if each.revision == 0]
    for each_lane in (ALARM, TROUBLE):
        problems += [
            f"out of order: {after.id} came behind {before.id}"
            for before, after in pairwise(each for each in told if lane(each) == each_lane)
            if after.monotonic_s < before.monotonic_s
            or (after.boot_id == before.boot_id and after.seq <= before.seq)
        ]
    originals = {each.id for each in told}
    revised = [each.id for each in first if each.revision > 0 and each.id not in originals]
    return problems + [f"a revision of nothing: {id_}" for id_ in revised]
