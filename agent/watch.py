"""What watches whom: every detector that a configuration asks for, and what each sensor owes."""

from agent import care, town
from agent.detectors.calendar import Calendar
from agent.detectors.co import CoDetector
from agent.detectors.detector import Detector
from agent.detectors.fall import FallDetector
from agent.detectors.fire import FireDetector
from agent.detectors.rhythm import RhythmState
from agent.detectors.sos import SosDetector
from agent.detectors.supply import SupplyDetector
from agent.detectors.view_watch import ViewWatch
from agent.pipeline import Watched
from agent.sections import Config


def detectors(
    config: Config, calendar: Calendar | None = None, rhythm: RhythmState | None = None
) -> list[Detector]:
    """Every detector the configuration asks for, each fresh.

    Without a `calendar` the time of day is not known; `rhythm` is what was kept of a resident's.
    """
    if calendar is None:
        calendar = Calendar(config.calendar.utc_offset_h)
    ends = {
        (each.name, quantity): span.saturates
        for each in config.sensors
        for quantity, span in each.spans.items()
        if span.saturates is not None
    }
    mutes = [name for each in config.sensors if (name := each.muted_by()) is not None]
    return [
        FireDetector(config.fire, ends, config.outdoors),
        CoDetector(config.co),
        SosDetector(config.sos.buttons, config.sos),
        FallDetector(config.fall, sos=config.sos.buttons, mute=mutes),
        ViewWatch(),
        SupplyDetector(config.supply),
        *care.detectors(config, calendar, rhythm),
        *town.detectors(config, calendar),
    ]


def watched(config: Config) -> dict[str, Watched]:
    """What each configured sensor may report and how often it must, by its name."""
    return {
        each.name: Watched(
            spans=each.spans,
            every_s=each.every_s,
            warm_up_s=each.warm_up_s,
            ready_within_s=each.ready_within_s,
        )
        for each in config.sensors
    }
