"""An event in its incident: what every mapping starts from, and what it makes."""

from dataclasses import dataclass, field
from typing import Protocol

from agent.lanes import Lane
from agent.values import Stage
from provisioning.gateway.notice import Notice


@dataclass(frozen=True, slots=True)
class Incident:
    """What the gateway knows of one danger from its beginning to its end.

    `id` is its first event's name; `stage` the last one reached, `began` and `ended` are RFC 3339
    (`ended` empty while it lasts); `before` are the tellings of it that came before, oldest
    first: key and `sent` of each.
    """

    id: str
    stage: str
    began: str
    ended: str = ""
    before: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is: words for people, and WGS 84 degrees if they are known."""

    ko: str
    en: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that was never told before, and its incident as it is with it.

    `happened` is the device's time of it (RFC 3339), or when it came where the device did not know;
    `sent` is when the gateway took it, never before an earlier telling of the same incident.
    `is_latest` is false for a revision of an event that others have followed.
    """

    notice: Notice
    incident: Incident
    place: Place
    happened: str
    sent: str
    is_latest: bool = True

    @property
    def status(self) -> str:
        """Whether it may be acted on, in CAP's words."""
        if self.notice.simulated:
            return "Exercise"
        return "Test" if self.notice.inspection else "Actual"

    @property
    def is_begin(self) -> bool:
        """Whether nothing was told of this incident before."""
        return not self.incident.before

    @property
    def is_end(self) -> bool:
        """Whether the danger it tells of is over."""
        return self.notice.stage == Stage.CLEARED


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message for one output, complete: delivering it again changes nothing there.

    `to` is a topic, a file's name or empty, as the output needs it. One that `replaces` takes the
    place of an earlier one with the same `key`; else a second one with its key is the same.
    """

    key: str
    to: str
    body: bytes = field(repr=False)
    lane: Lane
    retain: bool = False
    replaces: bool = False


class Publisher(Protocol):
    """What publishes at the broker and waits for its answer."""

    def publish(self, topic: str, body: bytes, *, retain: bool) -> None:
        """Return once the broker has it.

        Raises:
            RefusedError: It will never be taken.
            UndeliveredError: It was not taken.
        """


class UndeliveredError(Exception):
    """The other side did not take a parcel now; says why. It is tried again."""


class RefusedError(Exception):
    """The other side will never take this parcel; says why. It is set aside."""


class Output(Protocol):
    """One system that hears of events. `parcels` is pure; `deliver` may take its time."""

    name: str

    def parcels(self, told: Told) -> list[Parcel]:
        """What this event is to that system; nothing if it has no use for it."""

    def deliver(self, parcel: Parcel) -> None:
        """Hand a parcel over.

        Raises:
            UndeliveredError: It was not taken now.
            RefusedError: It will never be taken.
        """
