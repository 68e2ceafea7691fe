"""Commands in: what the hub may ask of a device, and which of it is taken. No clock, no I/O.

A command is one JSON object on `cmd/{verb}`. A new verb is one more struct in `VERBS` and one more
case in `agent.acting.act`; everything here then holds for it too. No verb touches the outbox,
silences a fire or weakens a detector, with one exception: `away` suspends `inactivity`, for 744 h
at most.
"""

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from agent.wallclock import WallTime

LONGEST_BYTES = 4096
LONGEST_LIFE_S = 600.0  # from `issued` to `expires`: nothing is kept for a device that is away
SKEW_S = 60.0  # so far the hub's clock may be ahead; a clock that is less sure than this is none
WAIT_S = 30.0  # from its coming to its being judged, where no clock tells its age
PER_MINUTE = 12  # commands that are judged, and so many again that are told "too many"
MINUTE_S = 60.0
# ids remembered: at PER_MINUTE more than any life, so none is forgotten while it could be valid
MOST_SEEN = 256
FORGOTTEN_S = LONGEST_LIFE_S + 2 * SKEW_S  # so long after a start what was taken before may live
_LONGEST_REASON = 200
_VERB = re.compile(r"[a-z][a-z_]{0,31}")

Nonce = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]  # no \Z in ECMA
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339")]


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every command says: a nonce of its own, its life, and who gives it, for people to read.

    One that `is_harmless` may be taken where no clock tells its age, and where no disk can
    remember it over a restart.
    """

    is_harmless: ClassVar[bool] = False

    id: Nonce
    issued: Instant
    expires: Instant
    by: Annotated[str, Meta(min_length=1, max_length=64)]

    def __post_init__(self) -> None:
        if not (self.by.isprintable() and self.id.isprintable()):
            raise ValueError("`by` and `id` must be printable text")


class Answered(Command, frozen=True, kw_only=True):
    """Somebody is on the way to the alarm that began, or was last renewed, with this event.

    Harmless: an event's id never comes again, and the call itself goes on.
    """

    is_harmless: ClassVar[bool] = True

    event: Annotated[str, Meta(min_length=1, max_length=64)]


class Away(Command, frozen=True, kw_only=True):
    """Nobody is at home for so many hours from now; 0: somebody is. Longer than a month: say again.

    Not harmless: an old one would keep a watch from somebody who is back.
    """

    hours: Annotated[float, Meta(ge=0, le=744)]


class Identify(Command, frozen=True, kw_only=True):
    """Blink for half a minute, so that an installer finds the device."""

    is_harmless: ClassVar[bool] = True


VERBS: Mapping[str, type[Command]] = {"answered": Answered, "away": Away, "identify": Identify}


class Code(StrEnum):
    """Why a command was refused, for machines."""

    UNKNOWN_VERB = "unknown_verb"
    NOT_UNDERSTOOD = "not_understood"
    RETAINED = "retained"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    NO_CLOCK = "no_clock"
    REPLAYED = "replayed"
    TOO_MANY = "too_many"
    NOT_KEPT = "not_kept"  # the id cannot be remembered over a restart
    BUSY = "busy"
    NOT_ACTIVE = "not_active"
    NOT_HERE = "not_here"  # this device has nothing that could do it


@dataclass(frozen=True, slots=True)
class Received:
    """A message on `cmd/{verb}` as it came; `at` is monotonic seconds."""

    verb: str
    body: bytes
    retained: bool
    at: float


@dataclass(frozen=True, slots=True)
class Order:
    """A command that was taken."""

    verb: str
    command: Command


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is done; `id` is the command's, empty where it has none that can be read."""

    verb: str
    id: str
    code: Code
    reason: str


class _Named(msgspec.Struct):
    id: Nonce


class Rate:
    """At most `most` in any minute."""

    def __init__(self, most: int) -> None:
        self._taken: deque[float] = deque(maxlen=most)

    def take(self, now: float) -> bool:
        """Whether one more may be, at `now` (monotonic seconds); it then counts."""
        full = len(self._taken) == self._taken.maxlen
        if full and now - self._taken[0] < MINUTE_S:
            return False
        self._taken.append(now)
        return True


class Gate:
    """Takes a command or refuses it. `seen` are ids taken before, and when they expire (Unix s).

    `forgotten_until` (monotonic seconds): until then an id may have been taken that nobody
    remembers, so only what is harmless is taken.
    """

    def __init__(
        self, seen: Mapping[str, float], *, forgotten_until: float = float("-inf")
    ) -> None:
        self._seen = dict(seen)
        self._forgotten_until = forgotten_until
        self._judged, self._told = Rate(PER_MINUTE), Rate(PER_MINUTE)

    @property
    def seen(self) -> dict[str, float]:
        """The ids that must outlive a restart, oldest first, and when each expires (Unix s)."""
        return dict(self._seen)

    def judge(self, received: Received, wall: WallTime, now: float) -> Order | Refusal | None:
        """Take it or refuse it at `now` (monotonic seconds); None: too many even to be answered.

        Whatever the bytes are, nothing is raised.
        """
        if not self._judged.take(now):
            if not self._told.take(now):
                return None
            return _refusal(received, Code.TOO_MANY, f"more than {PER_MINUTE} in a minute")
        found = _understood(received)
        if isinstance(found, Refusal):
            return found
        unix_s, doubt_s = _trusted(wall)
        refused = (
            _untimely(found, unix_s, doubt_s)
            if unix_s is not None
            else _undated(found, now - received.at)
        )
        if refused is None and not found.is_harmless and now < self._forgotten_until:
            left_s = self._forgotten_until - now
            refused = Code.NOT_KEPT, f"what came before is forgotten: again in {left_s:.0f} s"
        if refused is None and found.id in self._seen:
            refused = Code.REPLAYED, "a command of this id was taken before"
        if refused is not None:
            return _refusal(received, *refused)
        self._remember(found, None if unix_s is None else unix_s - doubt_s)
        return Order(received.verb, found)

    def _remember(self, command: Command, surely_past: float | None) -> None:
        """Keep its id; let go of those whose life is `surely_past` (Unix s, None: not known)."""
        if surely_past is not None:
            self._seen = {i: ends for i, ends in self._seen.items() if ends >= surely_past}
        while len(self._seen) >= MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[command.id] = command.expires.timestamp()


def _understood(received: Received) -> Command | Refusal:
    if received.retained:
        return _refusal(received, Code.RETAINED, "commands are never retained")
    if (kind := VERBS.get(received.verb)) is None:
        return _refusal(received, Code.UNKNOWN_VERB, f"one of {', '.join(VERBS)}")
    if len(received.body) > LONGEST_BYTES:
        return _refusal(received, Code.NOT_UNDERSTOOD, f"longer than {LONGEST_BYTES} bytes")
    try:
        return msgspec.json.decode(received.body, type=kind)
    except (ValueError, RecursionError) as error:  # ValueError: msgspec's own, and no UTF-8
        return _refusal(received, Code.NOT_UNDERSTOOD, str(error))


def _untimely(command: Command, unix_s: float, doubt_s: float) -> tuple[Code, str] | None:
    """Why now, which is `unix_s` give or take `doubt_s`, is not within its life."""
    issued, expires = command.issued.timestamp(), command.expires.timestamp()
    if unix_s + doubt_s >= expires:
        return Code.EXPIRED, f"by {unix_s + doubt_s - expires:.0f} s"
    if issued > unix_s + doubt_s + SKEW_S:
        return Code.NOT_YET, f"issued {issued - unix_s:.0f} s in the future"
    return _unbounded(command)


def _undated(command: Command, waited_s: float) -> tuple[Code, str] | None:
    """Why it is not taken where nobody knows the time, `waited_s` after it came."""
    if not command.is_harmless:
        return Code.NO_CLOCK, "the device does not know the time"
    if waited_s > WAIT_S:
        return Code.EXPIRED, f"it waited for {waited_s:.0f} s, and the device knows no time"
    return _unbounded(command)


def _unbounded(command: Command) -> tuple[Code, str] | None:
    life_s = (command.expires - command.issued).total_seconds()
    if 0 < life_s <= LONGEST_LIFE_S:
        return None
    return Code.NOT_UNDERSTOOD, f"`expires` must be within {LONGEST_LIFE_S:.0f} s after `issued`"


def _trusted(wall: WallTime) -> tuple[float | None, float]:
    """Now in Unix seconds, None where nobody vouches for it; and by how much it may be wrong."""
    doubt_s = math.inf if wall.uncertainty_s is None else wall.uncertainty_s
    if wall.source != "ntp" or doubt_s > SKEW_S:
        return None, doubt_s
    return datetime.fromisoformat(wall.iso).timestamp(), doubt_s


def _refusal(received: Received, code: Code, reason: str) -> Refusal:
    try:
        found = msgspec.json.decode(received.body[:LONGEST_BYTES], type=_Named).id
    except (ValueError, RecursionError):
        found = ""
    verb = received.verb if _VERB.fullmatch(received.verb) else "unknown"
    return Refusal(verb, found, code, _printable(reason))


def _printable(text: Iterable[str]) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_REASON]
