"""Says when a camera has looked at something else, or at nothing, for too long."""

from dataclasses import dataclass

from agent import wording
from agent.values import Detection, Hazard, Reading, Stage
from drivers.sensor import Quantity
from drivers.view import HINDERED, View

HOLD_S = 120.0  # a hand, a cloth, somebody who stands before it
CLEAR_S = 10.0
SUBJECT = "{} view"  # of its own: the sensor itself may have another fault


@dataclass(slots=True, eq=False)
class _Sight:
    """What one camera says of its view: since when it is hindered, or is not; times in s."""

    is_hindered: bool
    since: float
    told: Reading | None = None


class ViewWatch:
    """A fault while a camera is covered, blurred or moved; the dark of night is none."""

    def __init__(self) -> None:
        self._sights: dict[str, _Sight] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is not Quantity.VIEW:
            return []
        is_hindered = reading.value in HINDERED and reading.value != View.DARK
        sight = self._sights.setdefault(reading.sensor, _Sight(is_hindered, reading.at))
        if sight.is_hindered is not is_hindered:
            sight.is_hindered, sight.since = is_hindered, reading.at
        lasted_s = reading.at - sight.since
        if is_hindered and sight.told is None and lasted_s >= HOLD_S:
            sight.told = reading
            return [_detection(Stage.ALARM, reading, reading)]
        if not is_hindered and sight.told is not None and lasted_s >= CLEAR_S:
            told, sight.told = sight.told, None
            return [_detection(Stage.CLEARED, told, reading)]
        return []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here: a silent camera is a fault of its own."""
        return []


def _detection(stage: Stage, told: Reading, reading: Reading) -> Detection:
    view, name = View(int(told.value)), reading.sensor
    why = wording.view_clear(name) if stage is Stage.CLEARED else wording.view_hindered(name, view)
    rule = f"view_{view.name.lower()}"
    subject = SUBJECT.format(name)
    return Detection(Hazard.FAULT, stage, subject, rule, (reading,), reading.at, why)
