"""What makes a sensor feel something on command, to see whether it answers: `stimulus = {...}`."""

from enum import StrEnum
from typing import Annotated, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from drivers.sensor import Sensor


class Reach(StrEnum):
    """How much of a sensor a stimulus goes through; what it does not reach it does not prove."""

    ELECTRONICS = "electronics"  # from where it is fed in: amplifier, converter, wire
    ELEMENT = "element"  # the sensing part too, by something else than the danger
    DANGER = "danger"  # the sensing part, by what the danger itself is: heat at a thermometer


Seconds = Annotated[float, Meta(ge=5, le=60)]  # a part is read each 2 s while it is provoked
Level = Annotated[float, Meta(gt=0, le=100_000)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sensor owes to its stimulus, in the unit of the quantity that it stands for.

    It rises by `rise` at least and, as far as the stimulus explains it, by `most`; a gas cell's
    resistance counts as how many times less it is than in clean air. The stimulus lasts `on_s` at
    most, and `back_s` later the sensor is back. An element that gives back what it took goes on
    for `lingers_s` after the end.
    """

    rise: Level
    most: Level
    on_s: Seconds
    back_s: Seconds
    lingers_s: Annotated[float, Meta(ge=0, le=60)] = 0.0
    reaches: Reach = Reach.ELECTRONICS

    def __post_init__(self) -> None:
        """Refuse what no sensor could pass.

        Raises:
            ValueError: msgspec makes it an error that names the place.
        """
        if self.most <= self.rise:
            raise ValueError("`most` is not above `rise`: raise it")
        if self.lingers_s >= self.back_s:
            raise ValueError("`lingers_s` is not below `back_s`: lower it")


class LineStimulus(Answer, frozen=True, kw_only=True, tag_field="by", tag="line"):
    """A pin that, while it is on, acts on the sensor: by a resistor, a transistor or an LED.

    The pin floats while the board boots, so what it drives needs a pull towards off. One that is
    `audible`, as a smoke alarm's own test input, is moved on no update's word.
    """

    gpio: Annotated[int, Meta(ge=2, le=27)]
    active_high: bool = True
    audible: bool = False


class OwnStimulus(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="by", tag="itself"
):
    """The part has one inside: its driver knows what it owes."""


AnyStimulus = LineStimulus | OwnStimulus


class Provoker(Protocol):
    """Switches one sensor's stimulus, in that sensor's own thread."""

    def provoke(self, *, on: bool) -> None:
        """Begin or end it.

        Raises:
            OSError: The wire did not answer.
            SensorError: The part is not ready for it.
        """


@runtime_checkable
class Provokable(Sensor, Provoker, Protocol):
    """A sensor that has a stimulus inside."""
