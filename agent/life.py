"""Parts that wear out: a cell dries, a laser and a fan tire, a chamber gathers dust.

The end of a part's life is counted in years by its maker, so it is the one thing here that needs
the date. A clock that nobody vouches for never makes a fault of it: then the end is named, and
whether it has come is left open.
"""

from collections.abc import Iterator
from datetime import date

from agent.sections import Config
from agent.wallclock import WallTime
from drivers.board import SensorConfig

AHEAD_DAYS = 30  # BS 5839-1 gives a low battery as much
_YEAR_DAYS = 365.25


def end_of_life(sensor: SensorConfig) -> date | None:
    """The day on which a part's life ends; None where it has no end, or nobody wrote its begin."""
    if sensor.life_years is None or sensor.installed is None:
        return None
    last = sensor.installed.toordinal() + round(sensor.life_years * _YEAR_DAYS)
    return date.fromordinal(min(last, date.max.toordinal()))


def worn(config: Config, wall: WallTime) -> dict[str, str]:
    """The sensors past their life by a clock that is right: why no claim can stand on them."""
    if wall.source != "ntp":
        return {}
    today = _day(wall)
    ends = {each.name: end_of_life(each) for each in config.sensors}
    return {
        name: f"past its life since {end}"
        for name, end in ends.items()
        if end is not None and end <= today
    }


def ending(config: Config, wall: WallTime) -> dict[str, str]:
    """The sensors whose life ends within 30 days, or perhaps has ended: what to do when."""
    found = {}
    for each in config.sensors:
        if (end := end_of_life(each)) is None:
            continue
        if wall.source == "ntp":
            if 0 < (end - _day(wall)).days <= AHEAD_DAYS:
                found[each.name] = f"its life ends on {end}: exchange it by then"
        elif wall.source == "unset":
            found[each.name] = f"its life ends on {end}; the clock is not set, so not known whether"
        elif (end - _day(wall)).days <= AHEAD_DAYS:
            found[each.name] = f"its life ends on {end}, and today is {_day(wall)} if that is right"
    return found


def undated(config: Config) -> Iterator[str]:
    """The sensors that wear out, and nobody wrote when they were put in."""
    for each in config.sensors:
        if each.life_years is not None and each.installed is None:
            years = f"{each.life_years:g} years"
            yield f"{each.name}: lasts {years}: write when it was put in: installed = 2026-01-31"


def _day(wall: WallTime) -> date:
    return date.fromisoformat(wall.iso[:10])
