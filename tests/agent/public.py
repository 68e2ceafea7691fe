"""Days in public places, for their detectors: made-up habits, fixed seeds."""

from collections.abc import Iterable
from datetime import datetime

from agent.detectors.calendar import Calendar
from agent.detectors.detector import Detector
from agent.values import Detection, Reading, Stage
from drivers.sensor import Quantity

KST_MIDNIGHT = datetime.fromisoformat("2026-11-23T00:00+09:00").timestamp()  # a Monday
DAY_S = 86_400.0
Row = tuple[float, str, Quantity, float]


def calendar() -> Calendar:
    """Monotonic 0 is midnight in Seoul."""
    found = Calendar()
    found.set(0.0, KST_MIDNIGHT, 0.05)
    return found


def press(sensor: str, at: float) -> list[Row]:
    """A button that was let go, pressed for a second."""
    return [
        (at + s, sensor, Quantity.BUTTON, value) for s, value in ((-1, 0.0), (0, 1.0), (1, 0.0))
    ]


def feed(detector: Detector, rows: Iterable[Row]) -> list[Detection]:
    """Show it each row, and let time pass to it."""
    found: list[Detection] = []
    for at, sensor, quantity, value in rows:
        found += detector.tick(at)
        found += detector.update(Reading(sensor, quantity, value, at))
    assert all(each.why.ko and each.why.en for each in found)
    return found


def told(found: Iterable[Detection]) -> list[tuple[Stage, str]]:
    """The stages and rules of what was found."""
    return [(each.stage, each.rule) for each in found]
