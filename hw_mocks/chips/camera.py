"""A simulated camera: the numbers that perception would make of its pictures."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from drivers.outline import COLUMNS, ROWS, packed
from drivers.sensor import Quantity
from drivers.view import View
from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.perception import Faltering, SaidKnob, SimPerception
from hw_mocks.senses import Sense

if TYPE_CHECKING:
    from hw_mocks.wiring import Wiring

_KNOBS = {
    "fire_score": Quantity.FIRE_SCORE,
    "smoke_score": Quantity.SMOKE_SCORE,
    "flame_area_pct": Quantity.FLAME_AREA_PCT,
    "fall_score": Quantity.FALL_SCORE,
    "lying_score": Quantity.LYING_SCORE,
    "body_motion": Quantity.BODY_MOTION,
    "person_count": Quantity.PERSON_COUNT,
    "pose_lost": Quantity.POSE_LOST,
    "view": Quantity.VIEW,
}
KNOBS = tuple(_KNOBS)
# what lies in the air is seen; flames, which the room does not know, are told by their heat
SENSES = (
    Sense("fire_score", 2.0, high=1.0, of=lambda room: (room.temperature_c - 40.0) / 30.0),
    Sense("flame_area_pct", 2.0, high=100.0, of=lambda room: (room.temperature_c - 40.0) / 10.0),
    Sense("smoke_score", 2.0, high=1.0, of=lambda room: room.obscuration_pct_per_m / 30.0),
)


# what its room looks like, where a bed stands before a wall with a door: edges from the top
ROOM = (
    *(["......#.........#..............."] * 10),
    "......#.........################",
    *(["......#.........#..............#"] * 2),
    "################################",
    *(["...............#...............#"] * 8),
    "...............#################",
    "................................",
)


def plug(wiring: "Wiring", config: Any) -> "CameraSim":
    """Have the simulated perception process speak for it."""
    part = CameraSim(
        config.name,
        wiring.perception,
        said=frozenset(config.spans),
        is_muted=config.mute is not None,
    )
    wiring.perception.add(part)
    return part


class CameraSim:
    """Knobs: each score from 0 to 1, `flame_area_pct`, `person_count`, and `view` as in `View`.

    Faults: absent (the process is dead or hung: not a word), corrupted (garbage of all lengths),
    stuck (the same numbers for ever), slow (2.8 s late), saturated (a flood: as much as the socket
    takes).
    Muted, it says so and nothing else. Not imitated: anything that pictures would show.
    """

    def __init__(
        self,
        name: str,
        process: SimPerception,
        *,
        said: frozenset[Quantity],
        is_muted: bool = False,
    ) -> None:
        self.name, self.process, self.is_muted, self._said = name, process, is_muted, said
        self._stuck: dict[Quantity, float] | None = None
        self._draws, self._row = False, 0
        self._faltering = Faltering(name)

    fire_score, smoke_score, flame_area_pct = SaidKnob(), SaidKnob(), SaidKnob()
    fall_score, lying_score, body_motion = SaidKnob(), SaidKnob(), SaidKnob()
    person_count, pose_lost, view = SaidKnob(), SaidKnob(), SaidKnob()

    def _failed(self) -> None:
        self._stuck = self._numbers() if self.fault is Fault.STUCK else None
        self.process.turned()

    fault = FaultKnob(
        Fault.ABSENT, Fault.CORRUPTED, Fault.STUCK, Fault.SLOW, Fault.SATURATED, then=_failed
    )

    def datagrams(self, at: float) -> Iterator[bytes]:
        """Its records at this time, by its fault."""
        return self._faltering.datagrams(self._stuck or self._shown(), self.fault, at)

    def is_flooding(self) -> bool:
        """Whether it never stops."""
        return self.fault is Fault.SATURATED

    def obey(self, *, is_muted: bool) -> None:
        """Be off, or on again."""
        self.is_muted = is_muted

    def draw(self, *, is_wanted: bool) -> None:
        """Send the outline of the room, too, or no more."""
        self._draws = is_wanted

    def _shown(self) -> dict[Quantity, float]:
        numbers = self._numbers()
        if self._draws and not self.is_muted:
            cells = [cell == "#" for cell in ROOM[self._row][:COLUMNS]]
            numbers[Quantity.VIEW_OUTLINE_ROW] = packed(self._row, cells)
            self._row = (self._row + 1) % ROWS
        return numbers

    def _numbers(self) -> dict[Quantity, float]:
        if self.is_muted:
            return {Quantity.VIEW: float(View.MUTED)}
        numbers = {quantity: float(getattr(self, knob)) for knob, quantity in _KNOBS.items()}
        return {quantity: value for quantity, value in numbers.items() if quantity in self._said}
