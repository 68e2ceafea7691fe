"""What a detector is."""

from typing import Protocol, runtime_checkable

from agent.values import Detection, Hazard, Reading


class Detector(Protocol):
    """Turns readings into detections; keeps its own state.

    A pure function of the readings and ticks it was given: no clock, file or network, so a
    recorded day replays in seconds. It is shown every believed reading and picks its quantities.
    Doubted and missing readings are never shown: they can neither raise nor clear an alarm.
    """

    def update(self, reading: Reading) -> list[Detection]:
        """Take one believed reading in."""

    def tick(self, now: float) -> list[Detection]:
        """Let time pass to `now` (monotonic seconds, never before the last reading)."""


@runtime_checkable
class Heeding(Protocol):
    """A detector to which it matters what the others found."""

    def heed(self, detection: Detection) -> None:
        """Take in a detection of any detector, just found."""


@runtime_checkable
class Revocable(Protocol):
    """A detector whose calls somebody at the device may take back."""

    def take_back(self, sensor: str, now: float) -> list[Detection]:
        """End what this sensor called for; nothing where it did not, or does so now."""


@runtime_checkable
class Waiting(Protocol):
    """A detector that will decide by time alone, such as when nobody answers."""

    @property
    def is_waiting(self) -> bool:
        """Whether it does so now."""


@runtime_checkable
class Joint(Protocol):
    """A detector of one incident on which several sensors may stand, not each of them told."""

    def standing(self, hazard: Hazard) -> tuple[Reading, ...]:
        """The last readings of all that keep such an incident going now."""
