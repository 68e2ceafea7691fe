"""What simulated parts with one wire and two states share."""

from typing import Any, Protocol

from hw_mocks.faults import Fault, FaultKnob
from hw_mocks.gpio import SimPin


class TwoStateSim(Protocol):
    """A part that can move its wire."""

    def show(self) -> None:
        """Move the wire to where knob and fault put it."""


class Flag:
    """A knob with two positions, at 0.5 and above true; the wire moves as soon as it is set."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, part: Any, owner: type | None = None) -> bool:
        flag: bool = vars(part).get(self._name, False)
        return flag

    def __set__(self, part: TwoStateSim, value: float) -> None:
        vars(part)[self._name] = value >= 0.5
        part.show()


def wire_fault() -> FaultKnob:
    """Absent: the wire is cut, and the pull decides. Stuck: the wire stays as it is."""
    return FaultKnob(Fault.ABSENT, Fault.STUCK, then=lambda part: part.show())


def put(pin: SimPin, fault: Fault, level: bool | None) -> None:
    """Put the level on the wire, None for open, as far as the fault lets it."""
    if fault is Fault.ABSENT:
        pin.drive(None)
    elif fault is not Fault.STUCK:
        pin.drive(level)
