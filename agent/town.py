"""The sections of what towns watch: what is wrong with them, and their detectors."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.care import sources
from agent.detectors.calendar import Calendar
from agent.detectors.detector import Detector
from agent.detectors.fill import FillDetector
from agent.detectors.flood import FloodDetector
from agent.detectors.flow import FlowDetector
from agent.detectors.gas import GasDetector
from agent.detectors.hourly import HourlyDetector
from agent.detectors.structure import StructureDetector
from agent.detectors.unused import UnusedDetector

if TYPE_CHECKING:
    from agent.sections import Config


def problems(config: "Config") -> Iterator[tuple[str, str]]:
    """What no single key of these sections shows: (problem with its place, remedy)."""
    found = sources(config)
    sections = (config.flow, config.unused, config.fill, config.structure, config.gas)
    for section in (*sections, config.hourly):
        if section is not None:
            yield from section.problems(found)
    for name in config.outdoors:
        if name not in found:
            yield f"no sensor is named `{name}` - at `$.outdoors`", "name one of the sensors"


def detectors(config: "Config", calendar: Calendar) -> list[Detector]:
    """A detector for each section that is there; water where it must be dry is always told."""
    found: list[Detector] = [FloodDetector(config.flood)]
    if config.flow is not None:
        found.append(FlowDetector(config.flow, calendar))
    if config.unused is not None:
        found.append(UnusedDetector(config.unused, calendar))
    if config.fill is not None:
        found.append(FillDetector(config.fill))
    if config.structure is not None:
        found.append(StructureDetector(config.structure))
    if config.gas is not None:
        found.append(GasDetector(config.gas))
    if config.hourly is not None:
        found.append(HourlyDetector(config.hourly, calendar))
    return found
