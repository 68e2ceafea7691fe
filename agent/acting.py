"""What each command does, on the pipeline's thread.

A command shows something, or is one more reading. None ends an alarm; `silence` hushes what is no
alarm of fire or gas. What takes long is left to `agent.errands`.
"""

from collections.abc import Callable
from typing import Protocol

from agent.annunciator import NEVER_FROM_AFAR
from agent.commands import Answered, Away, Code, Command, Identify, Mistaken, Silence
from agent.detectors.report import RULE as REPORT
from agent.values import HUB, Event, Hazard, Reading, Stage
from drivers.sensor import Quantity

# what people wait for help with: nobody is told of help over a dead sensor, and no burglar is
CALLS = frozenset(
    {
        Hazard.FIRE, Hazard.CO, Hazard.GAS, Hazard.FALL, Hazard.SOS, Hazard.INACTIVITY,
        Hazard.WANDERING, Hazard.CLIMATE, Hazard.WATER, Hazard.NEIGHBOUR_ALARM,
    }
)  # fmt: skip
_NO_INCIDENT = "no incident under way has this as its last event: see `active`"


class Shown(Protocol):
    """What people see and hear; `agent.annunciator.Annunciator`."""

    def identify(self) -> None:
        """Blink, to be found."""

    def promise(self, hazard: Hazard, subject: str) -> None:
        """Show that help is coming."""

    def silence(self, hazard: Hazard, subject: str) -> bool:
        """Hush one alarm for a while; False where it makes no sound."""


class Told(Protocol):
    """What the agent knows of itself; `agent.status.Status`."""

    def active(self, event: str) -> Event | None:
        """The incident under way whose last event this is."""

    def answered(self, event: str, by: str) -> None:
        """Note who answered for it."""


def act(  # noqa: PLR0913  # all that a command touches
    command: Command,
    now: float,
    *,
    shown: Shown,
    told: Told,
    feed: Callable[[Reading], None] | None,
    take_back: Callable[[str], bool],
) -> tuple[Code, str] | None:
    """Do what the command asks at `now` (seconds of the agent's clock); else say why not.

    `feed` takes a reading as if a sensor had said it; None where nothing watches who is at home.
    `take_back` ends a button's call; False: there is none.
    """
    if isinstance(command, Identify):
        shown.identify()
    elif isinstance(command, Answered):
        return _answer(command, shown, told)
    elif isinstance(command, Silence):
        return _silence(command, shown, told)
    elif isinstance(command, Mistaken):
        if not take_back(command.sensor):
            return Code.NOT_ACTIVE, f"no call by `{command.sensor}` is open, or it is pressed now"
    elif isinstance(command, Away):
        if feed is None:
            why = "the profile has neither `[inactivity]` nor `[unused]`: nobody is missed here"
            return Code.NOT_HERE, why
        feed(Reading(HUB, Quantity.AWAY_H, command.hours, now))
    else:  # a verb without a case is a bug, and no silent success
        raise TypeError(f"nothing acts on {type(command).__name__}")
    return None


def _answer(command: Answered, shown: Shown, told: Told) -> tuple[Code, str] | None:
    event = told.active(command.event)
    if event is None:
        return Code.NOT_ACTIVE, _NO_INCIDENT
    is_call = event.stage is Stage.ALARM and event.hazard in CALLS
    if not is_call and event.rule != REPORT:  # one that is not urgent is no alarm, and is answered
        return Code.NOT_ACTIVE, f"{event.hazard} {event.stage} is no call for help"
    told.answered(event.id, command.by)
    shown.promise(event.hazard, event.subject)
    return None


def _silence(command: Silence, shown: Shown, told: Told) -> tuple[Code, str] | None:
    event = told.active(command.event)
    if event is None:
        return Code.NOT_ACTIVE, _NO_INCIDENT
    if event.hazard in NEVER_FROM_AFAR:
        why = "nobody far away can see the room: the button on the device hushes it"
        return Code.NOT_FROM_AFAR, f"{event.hazard} is not silenced from afar: {why}"
    if not shown.silence(event.hazard, event.subject):
        return Code.NOT_ACTIVE, f"{event.hazard} {event.stage} makes no sound"
    return None
