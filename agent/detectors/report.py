"""Reports: labelled buttons with which people tell the town of something that is not their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from agent import public_wording as wording
from agent.care_wording import joined
from agent.detectors.presence import Source
from agent.detectors.press import Presses
from agent.values import Detection, Hazard, Reading, Stage, Why
from drivers.sensor import Quantity

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
RULE = "report"


class ReportButton(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a button stands for: its label, as it is printed beside it.

    An `urgent` report is an alarm, any other a prealarm: somebody shall look, nobody is in danger.
    """

    button: Name
    label: Why
    urgent: bool = False


class ReportConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[report]`. Presses within `again_s` of the last that was told are one report.

    A report stays open for `open_s` after its last press, for whoever answers it. `tell` ends the
    sentence of each.
    """

    buttons: Annotated[list[ReportButton], Meta(min_length=1, max_length=16)]
    again_s: Annotated[float, Meta(ge=10, le=3600)] = 60.0
    open_s: Annotated[float, Meta(ge=60, le=86_400)] = 1800.0
    tell: Why | None = None

    def problems(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """What no single key shows: (problem with its place, remedy)."""
        seen: set[str] = set()
        for n, each in enumerate(self.buttons):
            place = f"`$.report.buttons[{n}].button`"
            source = sources.get(each.button)
            if source is None or Quantity.BUTTON not in source.quantities:
                yield f"no button is named `{each.button}` - at {place}", "name a button"
            if each.button in seen:
                yield f"`{each.button}` is there twice - at {place}", "one label for each button"
            seen.add(each.button)
        if self.open_s < self.again_s:
            yield "`open_s` is below `again_s` - at `$.report`", "raise `open_s`"

    def urgent(self) -> list[str]:
        """The buttons whose reports are alarms."""
        return [each.button for each in self.buttons if each.urgent]


@dataclass(slots=True, eq=False)
class _Report:
    """One that is open: when it was told and last pressed (monotonic s), presses not yet told."""

    told_at: float
    pressed_at: float
    untold: int = 0


class ReportDetector:
    """Every press is acknowledged on site; what leaves is one event a button in `again_s`.

    Presses in between are local, so that children who play flood nobody; the next event counts
    them. A button that is found pressed at the start reports nothing: it is stuck, or was told.
    """

    def __init__(self, config: ReportConfig) -> None:
        self._config = config
        self._buttons = {each.button: each for each in config.buttons}
        self._presses = Presses()
        self._open: dict[str, _Report] = {}

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""
        button = self._buttons.get(reading.sensor)
        if button is None or reading.quantity is not Quantity.BUTTON:
            return []
        if self._presses.update(reading):
            return [self._press(button, reading)]
        return self._rest(button, reading) if reading.value < 0.5 else []

    def tick(self, now: float) -> list[Detection]:  # noqa: ARG002  # the shape of a detector
        """Time alone begins and ends nothing here."""
        return []

    def _press(self, button: ReportButton, reading: Reading) -> Detection:
        stage = Stage.ALARM if button.urgent else Stage.PREALARM
        told = wording.reported(button.label, button.button)
        report = self._open.get(button.button)
        if report is not None and reading.at - report.told_at < self._config.again_s:
            report.pressed_at, report.untold = reading.at, report.untold + 1
            return _detection(stage, reading, told, is_local=True)
        untold = 0 if report is None else report.untold
        self._open[button.button] = _Report(reading.at, reading.at)
        times = wording.reported_again(untold + 1) if untold else None
        return _detection(stage, reading, joined(told, times, self._config.tell))

    def _rest(self, button: ReportButton, reading: Reading) -> list[Detection]:
        """The button is released."""
        report = self._open.get(button.button)
        if report is None or reading.at - report.pressed_at < self._config.open_s:
            return []
        del self._open[button.button]
        why = wording.report_over(button.label, self._config.open_s)
        return [_detection(Stage.CLEARED, reading, why)]


def _detection(stage: Stage, reading: Reading, why: Why, *, is_local: bool = False) -> Detection:
    return Detection(
        Hazard.SOS, stage, reading.sensor, RULE, (reading,), reading.at, why, is_local=is_local
    )
