"""The sections of public places: what is wrong with them, and their detectors."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agent.detectors.bay import BayDetector
from agent.detectors.calendar import Calendar
from agent.detectors.detector import Detector
from agent.detectors.presence import Source
from agent.detectors.report import ReportDetector
from agent.detectors.trespass import TrespassDetector
from agent.detectors.zone import ZoneDetector

if TYPE_CHECKING:
    from agent.sections import Config


def problems(config: "Config", sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
    """What no single key of these sections shows: (problem with its place, remedy)."""
    for section in (config.zone, config.bay, config.trespass, config.report):
        if section is not None:
            yield from section.problems(sources)
    labelled = {each.button for each in config.report.buttons} if config.report else set()
    for name in sorted(labelled.intersection(config.sos.buttons)):
        yield f"`{name}` calls for help, too - at `$.report.buttons`", "name it in one of the two"


def detectors(
    config: "Config", sources: Mapping[str, Source], calendar: Calendar
) -> list[Detector]:
    """A detector for each section that is there."""
    found: list[Detector] = []
    if config.zone is not None:
        found.append(ZoneDetector(config.zone, sources, calendar))
    if config.bay is not None:
        found.append(BayDetector(config.bay, sources))
    if config.trespass is not None:
        found.append(TrespassDetector(config.trespass, calendar))
    if config.report is not None:
        found.append(ReportDetector(config.report))
    return found


def goes_by_clock(config: "Config") -> bool:
    """Whether anything here is watched at some hours only."""
    by_hours = config.zone is not None and config.zone.begins != config.zone.ends
    return by_hours or config.trespass is not None
