"""Water where it must be dry: a float switch or leak relay that says so."""

from typing import Annotated

import msgspec
from msgspec import Meta

from agent import town_wording as wording
from agent.detectors.threshold import HeldThreshold
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

_WET = 0.5


class FloodConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[flood]`. A contact that is wet for `hold_s` is an alarm; dry for `clear_s` it is over."""

    hold_s: Annotated[float, Meta(ge=0, le=600)] = 5.0
    clear_s: Annotated[float, Meta(ge=10, le=86_400)] = 600.0
    tell: Why | None = None


class FloodDetector:
    """One incident for each contact, an alarm at once; a contact that is not heard ends nothing."""

    def __init__(self, config: FloodConfig) -> None:
        self._config = config
        self._places: dict[str, HeldThreshold] = {}
        self._wet: dict[str, Reading] = {}  # the last of each that is wet now

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        if reading.quantity is not Quantity.WATER_PRESENT:
            return []
        config = self._config
        held = self._places.get(reading.sensor)
        if held is None:
            # a contact cannot be corrupted on the wire: with a hold of 0 one reading is enough
            held = HeldThreshold(_WET, _WET, config.hold_s, config.clear_s, config.hold_s > 0)
            self._places[reading.sensor] = held
        self._wet.pop(reading.sensor, None)
        if reading.value >= _WET:
            self._wet[reading.sensor] = reading
        if not held.update(reading.value, reading.at):
            return []
        if held.active:
            why = wording.joined(wording.flood(reading.sensor), wording.mind_the_mains())
            return [_told(Stage.ALARM, reading, wording.joined(why, config.tell))]
        return [_told(Stage.CLEARED, reading, wording.dry_again(reading.sensor))]

    def standing(self, hazard: Hazard) -> tuple[Reading, ...]:
        """The contacts that were told and are wet now."""
        if hazard is not Hazard.WATER:
            return ()
        return tuple(each for name, each in self._wet.items() if self._places[name].active)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []


def _told(stage: Stage, reading: Reading, why: Why) -> Detection:
    subject, found = reading.sensor, (reading,)
    return Detection(Hazard.WATER, stage, subject, "flood", found, reading.at, why)
