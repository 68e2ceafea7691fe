"""Which commands are taken: by signature, age, nonce and number. No clock, no I/O."""

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from agent import jws
from agent.commanders import Commanders, RefusedError
from agent.commands import VERBS, Code, Command, Nonce, Order, Received, Refusal, longest_body
from agent.wallclock import WallTime

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
_NOBODY = Commanders()


class _Named(msgspec.Struct):
    id: Nonce


class Rate:
    """At most `most` in any `within_s`."""

    def __init__(self, most: int, within_s: float = MINUTE_S) -> None:
        self._taken: deque[float] = deque(maxlen=most)
        self._within_s = within_s

    def take(self, now: float) -> bool:
        """Whether one more may be, at `now` (monotonic seconds); it then counts."""
        full = len(self._taken) == self._taken.maxlen
        if full and now - self._taken[0] < self._within_s:
            return False
        self._taken.append(now)
        return True


class Gate:
    """Takes a command or refuses it. `seen` are ids taken before, and when they expire (Unix s).

    The newest `MOST_SEEN` are kept whatever the clock says, since a clock may be set back.
    `forgotten_until` (monotonic seconds): until then an id may have been taken that nobody
    remembers, so only what is harmless is taken. `root` begins the device's topics; `commanders`
    are those whose signatures count.
    """

    def __init__(
        self,
        seen: Mapping[str, float],
        *,
        forgotten_until: float = float("-inf"),
        root: str = "",
        commanders: Commanders = _NOBODY,
    ) -> None:
        self._seen = dict(seen)
        self._forgotten_until = forgotten_until
        self._root, self._commanders = root, commanders
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
        try:
            found = self._understood(received)
            self._check(found, received, wall, now)
        except RefusedError as error:
            return _refusal(received, error.code, str(error), error.signer)
        self._remember(found.command)
        return found

    def _understood(self, received: Received) -> Order:
        """Who says what; a refusal is raised."""
        verb = received.verb
        if received.retained:
            raise RefusedError(Code.RETAINED, "commands are never retained")
        if (kind := VERBS.get(verb)) is None:
            raise RefusedError(Code.UNKNOWN_VERB, f"one of {', '.join(VERBS)}")
        signed = None
        if len(received.body) <= longest_body(verb):
            signed = self._commanders.opened(
                verb, received.body, needs_signature=kind.needs_signature
            )
        if signed is None or len(signed.payload) > kind.longest_bytes:
            raise RefusedError(Code.NOT_UNDERSTOOD, f"longer than {kind.longest_bytes} bytes")
        try:
            command = msgspec.json.decode(signed.payload, type=kind)
        except (ValueError, RecursionError) as error:  # ValueError: msgspec's own, and no UTF-8
            raise RefusedError(Code.NOT_UNDERSTOOD, str(error), signed.signer) from None
        to = f"{self._root}/cmd/{verb}"
        if command.to != to and (command.to or signed.signer):
            reason = f"it is for {command.to or 'nobody'}, not for {to}"
            raise RefusedError(Code.NOT_AUTHORISED, reason, signed.signer)
        return Order(verb, command, signed.signer)

    def _check(self, order: Order, received: Received, wall: WallTime, now: float) -> None:
        """Whether this is its time, and the first; a refusal is raised."""
        command = order.command
        unix_s, doubt_s = _trusted(wall)
        refused = (
            _untimely(command, unix_s, doubt_s)
            if unix_s is not None
            else _undated(command, now - received.at)
        )
        if refused is None and not command.is_harmless and now < self._forgotten_until:
            left_s = self._forgotten_until - now
            refused = Code.NOT_KEPT, f"what came before is forgotten: again in {left_s:.0f} s"
        if refused is None and command.id in self._seen:
            refused = Code.REPLAYED, "a command of this id was taken before"
        if refused is not None:
            raise RefusedError(*refused, order.signer)

    def _remember(self, command: Command) -> None:
        while len(self._seen) >= MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[command.id] = command.expires.timestamp()


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


def _refusal(received: Received, code: Code, reason: str, signer: str = "") -> Refusal:
    """Refuse by the id that the bytes claim, whoever wrote them: it goes back to the hub alone."""
    body = received.body[: longest_body(received.verb)]
    try:
        found = msgspec.json.decode(jws.payload_of(body) or body, type=_Named).id
    except (ValueError, RecursionError):
        found = ""
    verb = received.verb if _VERB.fullmatch(received.verb) else "unknown"
    return Refusal(verb, found, code, _printable(reason), signer)


def _printable(text: Iterable[str]) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_REASON]
