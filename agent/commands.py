"""Commands in: what the hub may ask of a device. Whether it is taken: `agent.gate`.

A command is one JSON object on `cmd/{verb}`, signed where `[[commanders]]` are configured. A new
verb is one more struct in `VERBS` and one more case in `agent.acting.act`; everything in
`agent.gate` then holds for it too. No verb touches the outbox, silences a fire or weakens a
detector, with two exceptions: `away` suspends `inactivity`, for 744 h at most, and `configuration`
changes what `agent.trial` lets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

LONGEST_BYTES = 4096
LONGEST_TOML = 12 * 1024  # bytes; a shipped profile has 3,000
_JWS_BYTES = 1024  # a header and a signature in base64url

Nonce = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]  # no \Z in ECMA
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339")]
EventId = Annotated[str, Meta(min_length=1, max_length=64)]


class Command(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """What every command says: a nonce of its own, its life, and who gives it, for people to read.

    `to` is the topic on which it is published, so that it is good for one device and one verb; in
    a signed command it must be there. One that `is_harmless` may be taken where no clock tells its
    age, and where no disk can remember it over a restart. One that `needs_signature` is refused
    where no `[[commanders]]` are configured.
    """

    is_harmless: ClassVar[bool] = False
    needs_signature: ClassVar[bool] = True
    longest_bytes: ClassVar[int] = LONGEST_BYTES

    id: Nonce
    issued: Instant
    expires: Instant
    by: Annotated[str, Meta(min_length=1, max_length=64)]
    to: Annotated[str, Meta(max_length=160)] = ""

    def __post_init__(self) -> None:
        if not (self.by.isprintable() and self.id.isprintable()):
            raise ValueError("`by` and `id` must be printable text")


class Answered(Command, frozen=True, kw_only=True):
    """Somebody is on the way to the alarm that began, or was last renewed, with this event.

    Harmless: an event's id never comes again, and the call itself goes on.
    """

    is_harmless: ClassVar[bool] = True
    needs_signature: ClassVar[bool] = False

    event: EventId


class Away(Command, frozen=True, kw_only=True):
    """Nobody is at home for so many hours from now; 0: somebody is. Longer than a month: say again.

    Not harmless: an old one would keep a watch from somebody who is back.
    """

    needs_signature: ClassVar[bool] = False

    hours: Annotated[float, Meta(ge=0, le=744)]


class Mistaken(Command, frozen=True, kw_only=True):
    """A call by this button was none, says who sets the device up. No verb: never from afar."""

    sensor: str


class Identify(Command, frozen=True, kw_only=True):
    """Blink for half a minute, so that an installer finds the device."""

    is_harmless: ClassVar[bool] = True
    needs_signature: ClassVar[bool] = False


class Silence(Command, frozen=True, kw_only=True):
    """Hush the sounder of the call for help whose last event this is, until it calls anew.

    As the button does, for `annunciator.hush_s`. A fire, CO or gas alarm is not hushed from afar.
    """

    event: EventId


class Selftest(Command, frozen=True, kw_only=True):
    """Prove the way from reading to alarm and outbox; the answer has the result in short."""


class LocalSelftest(Selftest, frozen=True, kw_only=True):
    """The same, told part by part to who asks on this machine. No verb: never from afar."""


class Recording(Command, frozen=True, kw_only=True):
    """Send the numbers frozen with this event, or without one those of the last minutes.

    What people have switched off by hand is left out.
    """

    event: Annotated[str, Meta(max_length=64)] = ""


class Inspect(Command, frozen=True, kw_only=True):
    """Open an inspection of one sensor: its `id` is the nonce, without which none is recorded.

    Somebody then brings a physical stimulus to the sensor within `minutes`. The answer comes once
    it is over, with the result.
    """

    sensor: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    minutes: Annotated[float, Meta(ge=0.5, le=15)] = 5.0


class Configuration(Command, frozen=True, kw_only=True):
    """Try this configuration: a whole file but for what cannot be changed from afar.

    `sha256` is of its UTF-8 bytes. With `accept_less_coverage` it may give up what the device now
    claims to detect.
    """

    longest_bytes: ClassVar[int] = 2 * LONGEST_TOML + 1024  # JSON's escapes, and all else

    toml: Annotated[str, Meta(min_length=1, max_length=LONGEST_TOML)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    accept_less_coverage: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.toml.encode()) > LONGEST_TOML:
            raise ValueError(f"`toml` is longer than {LONGEST_TOML} bytes")


VERBS: Mapping[str, type[Command]] = {
    "answered": Answered,
    "away": Away,
    "identify": Identify,
    "silence": Silence,
    "selftest": Selftest,
    "inspect": Inspect,
    "recording": Recording,
    "configuration": Configuration,
}


def longest_body(verb: str) -> int:
    """The most bytes that a message on `cmd/{verb}` may have, signature and base64url included."""
    return VERBS.get(verb, Command).longest_bytes * 4 // 3 + _JWS_BYTES


class Code(StrEnum):
    """Why a command was refused, for machines."""

    UNKNOWN_VERB = "unknown_verb"
    NOT_UNDERSTOOD = "not_understood"
    NOT_AUTHENTIC = "not_authentic"  # nobody whom the device knows has signed it
    NOT_AUTHORISED = "not_authorised"  # who signed it may not, or it is for another device
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
    NOT_FROM_AFAR = "not_from_afar"  # only somebody at the device may
    BAD_CONFIGURATION = "bad_configuration"
    LESS_COVERAGE = "less_coverage"
    ROLLED_BACK = "rolled_back"  # the configuration was tried, and the last good one is back
    FAILED = "failed"  # the device could not, though it tried


@dataclass(frozen=True, slots=True)
class Received:
    """A message on `cmd/{verb}` as it came; `at` is monotonic seconds."""

    verb: str
    body: bytes
    retained: bool
    at: float


@dataclass(frozen=True, slots=True)
class Order:
    """A command that was taken; `signer` is the commander's name, empty where none signed."""

    verb: str
    command: Command
    signer: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is done; `id` is the command's, empty where it has none that can be read."""

    verb: str
    id: str
    code: Code
    reason: str
    signer: str = ""
