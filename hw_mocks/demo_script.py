"""How the demonstration of a profile goes, as data. One TOML file a profile in `demos/`."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.values import Hazard, Stage
from hw_mocks.scenario import SCENARIOS, ScenarioError, Seconds, Section
from hw_mocks.scenario import names as scenario_names

DEMOS = Path(__file__).parent / "demos"
Words = Annotated[str, Meta(min_length=1)]


class Telling(Section, frozen=True, kw_only=True):
    """Something that happens in the scenario at `at_s` seconds of its time, in words."""

    at_s: Seconds
    text: Words


class Moment(Telling, frozen=True, kw_only=True):
    """The instant from which the summary counts; `name` as in "49 s after ignition"."""

    name: Words


class Expected(Section, frozen=True, kw_only=True):
    """An event that must reach the hub; an empty rule is any."""

    hazard: Hazard
    stage: Stage
    rule: str = ""


class Turn(Section, frozen=True, kw_only=True):
    """A knob that is turned while the network is gone, and how long it then stays."""

    knob: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*\.[a-z0-9_]+\Z")]
    value: float | str
    stays_s: Annotated[float, Meta(gt=0, le=60)] = 0.5


class Outage(Section, frozen=True, kw_only=True):
    """What happens on site while the network is pulled out, for `lasts_s` real seconds."""

    text: Words
    hazard: Hazard
    turns: Annotated[list[Turn], Meta(min_length=1)]
    lasts_s: Annotated[float, Meta(ge=1, le=60)] = 6.0


class Script(Section, frozen=True, kw_only=True):
    """One file. Times of tellings and of the moment are the scenario's, all others real seconds."""

    title: Words
    world: Words  # what is simulated, and by what
    scenario: str
    rate: Annotated[float, Meta(gt=0, le=10_000)]  # how many times faster than life
    starts: str | None = None  # what the clock on the wall says then, RFC 3339
    moment: Moment
    tellings: tuple[Telling, ...] = ()
    expects: Annotated[list[Expected], Meta(min_length=1)]  # the last is the summary's
    siren: Literal["t3", ""] = ""
    groups: Annotated[int, Meta(ge=1, le=10)] = 2  # of the siren's pattern that must be heard
    outage: Outage
    whole_s: Annotated[float, Meta(gt=0, le=600)] = 110.0  # it ends by then, whatever happens


def names() -> list[str]:
    """The profiles that have a demonstration."""
    return sorted(path.stem for path in DEMOS.glob("*.toml"))


def load(profile: str) -> Script:
    """The demonstration of a profile.

    Raises:
        ScenarioError: There is none, or something in it is not as it must be.
    """
    path = DEMOS / f"{profile}.toml"
    try:
        script = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Script)
    except OSError:
        known = ", ".join(names())
        raise ScenarioError(f"{profile}: no such demonstration; there are: {known}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path.name}: {error}") from None
    if not (SCENARIOS / f"{script.scenario}.toml").exists():
        known = ", ".join(scenario_names())
        raise ScenarioError(f"{path.name}: no scenario {script.scenario}; there are: {known}")
    return script
