"""The faults that simulated parts show. They belong to the fake: the driver above never knows."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What is wrong with a part or its wire."""

    NONE = "none"
    ABSENT = "absent"  # unplugged, or its wire cut
    WRONG_CHIP = "wrong_chip"  # another chip answers in its place
    CORRUPTED = "corrupted"  # bits flip on the wire
    STUCK = "stuck"  # it goes on saying what it said when it stuck
    SLOW = "slow"  # it answers later than its datasheet allows
    SATURATED = "saturated"  # the transducer or its amplifier is at its end


class FaultKnob:
    """A chip's `fault`: starts as `none`, takes only those that the part can show.

    Declare it in the chip's class, `fault = FaultKnob(Fault.ABSENT, Fault.STUCK)`; a fault's name
    does as well as its member. `then`, if given, is called with the chip after each change, for
    chips that must move their wire at once.

    Raises:
        ValueError: On setting a fault that the part cannot show, or no fault at all.
    """

    def __init__(self, *can_show: Fault, then: Callable[[Any], None] | None = None) -> None:
        self.can_show = frozenset({Fault.NONE, *can_show})
        self._then = then
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, chip: object, owner: type | None = None) -> Fault:
        fault: Fault = vars(chip).get(self._name, Fault.NONE)
        return fault

    def __set__(self, chip: object, value: Fault | str) -> None:
        if (fault := Fault(value)) not in self.can_show:
            can = ", ".join(sorted(self.can_show))
            raise ValueError(f"{type(chip).__name__} cannot show {fault}; it can show: {can}")
        vars(chip)[self._name] = fault
        if self._then is not None:
            self._then(chip)
