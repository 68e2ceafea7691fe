"""Calls for help: a press is an alarm at once; so is shaking the device, where it says so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import care_wording, wording
from agent.detectors.presence import Source
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

OPEN_S = 1800.0  # from the last press: so long a call stays open for whoever answers it
APART_S = 60.0  # released for so long: what is pressed next is counted anew
SHORT_S = 3.0  # who calls on purpose presses shorter than this, who lies on the button longer
LONGEST_S = 15.0  # a press longer than this takes nothing back: it is a body or a stuck button
SURE_S = 5.0  # after the long press nothing may press again: a body that rolls does
SHAKES = 3  # readings in a row; a slammed door or a drop is one or two

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]


class ShakeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Shaking as a call: vibration at or above `rise` (RMS, m/s²) for `hold_s`, three times read.

    9.8 is 1 g: a handheld device swung hard gives 15 and more, a bag on a bus below 3.
    """

    sensor: Name
    rise: Annotated[float, Meta(ge=3, le=100)] = 10.0
    hold_s: Annotated[float, Meta(ge=1, le=10)] = 2.0


class SosConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[sos]`: the buttons with which people call for help, and how a call is taken back.

    With `cancel_hold_s` a call by a short press is taken back by one long press, that long or
    longer, within `cancel_within_s`. Without it nothing takes a call back.
    """

    buttons: list[Name] = []
    cancel_hold_s: Annotated[float, Meta(ge=3, le=10)] | None = None
    cancel_within_s: Annotated[float, Meta(ge=10, le=600)] = 120.0
    shake: ShakeConfig | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        if self.shake is None:
            return
        found = sources.get(self.shake.sensor)
        if found is None or Quantity.VIBRATION_M_S2 not in found.quantities:
            problem = f"no accelerometer is named `{self.shake.sensor}` - at `$.sos.shake.sensor`"
            yield problem, "add a `[[sensors]]` with driver `adxl345`"
        elif found.every_s > 1.0:
            problem = f"{found.every_s:g} s is too slow for shaking - at `$.sos.shake`"
            yield problem, f"`every_s = 0.6` for `{self.shake.sensor}`"


@dataclass(slots=True, eq=False)
class _Call:
    """A call that is not over: when these presses began, and what they were, in monotonic s."""

    begun: float
    released: float
    is_short: bool | None = None  # the first press; None while it lasts
    taken_back: float | None = None  # when the long press ended


class SosDetector:
    """Every press of one of `buttons` is an alarm, the second as much as the first.

    A button found pressed at the start counts as pressed then. Letting go takes no call for help
    back: it stays open, for whoever answers it, until a reading of the released button comes half
    an hour after the last press. A long press takes it back where `config` says so, and the hub is
    told that it was done by hand. A stuck button or a body on it cannot do it: a short press, one
    long press, then five seconds of peace.
    """

    def __init__(self, buttons: Sequence[str], config: SosConfig | None = None) -> None:
        self._config = config if config is not None else SosConfig()
        self._pressed = dict.fromkeys(buttons, False)
        self._pressed_at: dict[str, float] = {}
        self._calls: dict[str, _Call] = {}
        self._shake_from: float | None = None
        self._shakes = 0
        self._shaken: float | None = None  # when it was last shaken, while that call stands

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        shake = self._config.shake
        if shake is not None and reading.sensor == shake.sensor:
            return self._shake(shake, reading)
        button = reading.sensor
        if reading.quantity is not Quantity.BUTTON or button not in self._pressed:
            return []
        before, self._pressed[button] = self._pressed[button], reading.value >= 0.5
        if self._pressed[button]:
            return [] if before else self._press(reading)
        if button not in self._calls:
            return []
        return self._release(reading) if before else self._rest(reading)

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def take_back(self, sensor: str, now: float) -> list[Detection]:
        """End the call of a button that is released: somebody says it was pressed by mistake."""
        if sensor not in self._calls or self._pressed[sensor]:
            return []
        del self._calls[sensor]
        reading = Reading(sensor, Quantity.BUTTON, 0.0, now)
        why = care_wording.mistaken(sensor)
        return [_detection(Stage.CLEARED, "cancelled_by_hand", reading, why)]

    def _press(self, reading: Reading) -> list[Detection]:
        button = reading.sensor
        self._pressed_at[button] = reading.at
        call = self._calls.get(button)
        if call is None or reading.at - call.released >= APART_S:
            call = self._calls[button] = _Call(reading.at, reading.at)
        call.taken_back = None
        return [_detection(Stage.ALARM, "button", reading, wording.sos(button))]

    def _release(self, reading: Reading) -> list[Detection]:
        call, held_s = self._calls[reading.sensor], reading.at - self._pressed_at[reading.sensor]
        call.released = reading.at
        if call.is_short is None:
            call.is_short = held_s < SHORT_S
        elif self._takes_back(call, held_s, reading.at):
            call.taken_back = reading.at
        return []

    def _takes_back(self, call: _Call, held_s: float, at: float) -> bool:
        hold_s = self._config.cancel_hold_s
        if hold_s is None or not call.is_short or not hold_s <= held_s <= LONGEST_S:
            return False
        return at - call.begun <= self._config.cancel_within_s

    def _rest(self, reading: Reading) -> list[Detection]:
        """The button is released, as before."""
        button, call = reading.sensor, self._calls[reading.sensor]
        if call.taken_back is not None and reading.at - call.taken_back >= SURE_S:
            del self._calls[button]
            why = care_wording.cancelled(button)
            return [_detection(Stage.CLEARED, "cancelled_by_hand", reading, why)]
        if reading.at - call.released < OPEN_S:
            return []
        del self._calls[button]
        why = care_wording.call_over(button, OPEN_S)
        return [_detection(Stage.CLEARED, "button", reading, why)]

    def _shake(self, shake: ShakeConfig, reading: Reading) -> list[Detection]:
        if reading.quantity is not Quantity.VIBRATION_M_S2:
            return []
        if reading.value < shake.rise:
            self._shake_from, self._shakes = None, 0
            if self._shaken is None or reading.at - self._shaken < OPEN_S:
                return []
            self._shaken = None
            why = care_wording.call_over(reading.sensor, OPEN_S)
            return [_detection(Stage.CLEARED, "shake", reading, why)]
        if self._shake_from is None:
            self._shake_from = reading.at
        self._shakes += 1
        if self._shakes < SHAKES or reading.at - self._shake_from < shake.hold_s:
            return []
        is_new = self._shaken is None or reading.at - self._shaken >= APART_S
        self._shaken = reading.at
        why = care_wording.shaken(reading.sensor)
        return [_detection(Stage.ALARM, "shake", reading, why)] if is_new else []


def _detection(stage: Stage, rule: str, reading: Reading, why: Why) -> Detection:
    return Detection(Hazard.SOS, stage, reading.sensor, rule, (reading,), reading.at, why)
