"""The sections of care: which sensors they look at, what is wrong with them, their detectors."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agent import public_places
from agent.detectors.air import AirDetector
from agent.detectors.calendar import Calendar
from agent.detectors.climate import ClimateDetector
from agent.detectors.clock_watch import ClockWatch
from agent.detectors.detector import Detector
from agent.detectors.inactivity import InactivityDetector
from agent.detectors.intrusion import IntrusionDetector
from agent.detectors.neighbour import NeighbourDetector
from agent.detectors.noise import NoiseDetector
from agent.detectors.presence import Presence, PresenceDetector, Source
from agent.detectors.rhythm import RhythmState
from agent.detectors.wandering import WanderingDetector
from agent.instruments import instruments

if TYPE_CHECKING:
    from agent.sections import Config


def sources(config: "Config") -> dict[str, Source]:
    """What each configured sensor reports, and every how many seconds, by its name."""
    switches = {each.muted_by() for each in config.sensors} | set(config.presence.inner_doors)
    return {
        each.name: Source(frozenset(each.spans), each.every_s, each.name not in switches)
        for each in config.sensors
    }


def problems(config: "Config") -> Iterator[tuple[str, str]]:
    """What no single key of care's sections shows: (problem with its place, remedy)."""
    found = sources(config)
    sections = (config.inactivity, config.wandering, config.intrusion, config.climate, config.air)
    for section in (config.sos, config.presence, *sections):
        if section is not None:
            yield from section.problems(found)
    yield from public_places.problems(config, found)


def detectors(
    config: "Config", calendar: Calendar, rhythm: RhythmState | None = None
) -> list[Detector]:
    """A detector for each section that is there, and occupancy if any of them asks for it."""
    seen: Mapping[str, Source] = sources(config)
    found: list[Detector] = []
    if config.inactivity is not None:
        found.append(InactivityDetector(config.inactivity, seen, calendar, rhythm))
    if config.wandering is not None:
        found.append(WanderingDetector(config.wandering, seen, calendar))
    if config.intrusion is not None:
        found.append(IntrusionDetector(config.intrusion, calendar))
    if found:
        found.append(PresenceDetector(Presence(seen)))
    if found or public_places.goes_by_clock(config):
        found.append(ClockWatch(calendar))
    found += public_places.detectors(config, seen, calendar)
    if config.climate is not None:
        found.append(ClimateDetector(config.climate))
    if config.air is not None:
        found.append(AirDetector(config.air, calendar))
    if config.noise is not None:
        found.append(NoiseDetector(config.noise, calendar, instruments(config)))
    found.append(NeighbourDetector(config.neighbour))
    return found
