"""Calls for help: a press is an alarm at once."""

from collections.abc import Sequence

from agent import wording
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

QUIET_S = 60.0  # released for so long: the call is over


class SosDetector:
    """Every press of one of `buttons` is an alarm, the second as much as the first.

    A button found pressed at the start counts as pressed then. The call ends when readings have
    shown the button released for a minute: letting go takes no call for help back.
    """

    def __init__(self, buttons: Sequence[str]) -> None:
        self._pressed = dict.fromkeys(buttons, False)
        self._released_at: dict[str, float] = {}  # of the buttons whose call is not over

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        button = reading.sensor
        if reading.quantity is not Quantity.BUTTON or button not in self._pressed:
            return []
        before, self._pressed[button] = self._pressed[button], reading.value >= 0.5
        if self._pressed[button]:
            self._released_at[button] = reading.at
            return [] if before else [_detection(Stage.ALARM, reading, wording.sos(button))]
        if before:
            self._released_at[button] = reading.at
        elif reading.at - self._released_at.get(button, reading.at) >= QUIET_S:
            del self._released_at[button]
            return [_detection(Stage.CLEARED, reading, wording.sos_over(button))]
        return []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []


def _detection(stage: Stage, reading: Reading, why: Why) -> Detection:
    return Detection(Hazard.SOS, stage, reading.sensor, "button", (reading,), reading.at, why)
