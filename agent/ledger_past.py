"""What of the ledger the agent itself goes by: its tip, and what was so at the last start."""

import contextlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from agent.ledger_file import GENESIS, Record, Sealed, digest
from agent.signing import SigningError, Verifier

EVENT: Final = "event"
SELFTEST: Final = "selftest"
INSPECTION: Final = "inspection"
COMMISSIONING: Final = "commissioning"  # handed over, with the record that says so
CONFIGURATION: Final = "configuration"
FIRMWARE: Final = "firmware"
COMMAND: Final = "command"
UPDATE: Final = "update"  # of the software, models, rules or keys: kept, taken back, refused
CLOCK: Final = "clock"
START: Final = "start"
STOP: Final = "stop"
KEY: Final = "key"  # introduces the key that signs from here on
TRIM: Final = "trim"  # the oldest segments go
TORN: Final = "torn"  # a power cut left a piece of a record, which was put aside
BOOT: Final = "boot"  # why the device started, as root has found out
RECOVERY: Final = "recovery"  # a rung of a ladder that interrupted the watch
GAP: Final = "gap"  # what was not written, since the disk took nothing for too long
KINDS = (
    EVENT, SELFTEST, INSPECTION, COMMISSIONING, CONFIGURATION, FIRMWARE, COMMAND, UPDATE, CLOCK,
    START, STOP, KEY, TRIM, TORN, BOOT, RECOVERY, GAP,
)  # fmt: skip


class Proven(msgspec.Struct, frozen=True, omit_defaults=True):
    """That a hazard was detected from a real stimulus: when (RFC 3339), and in which inspection.

    `sensor` is empty where it was no inspection but an alarm. By the device's `own` self-test less
    is proven: it never takes the place of another proof. It is `unverified` where no known key
    signed the record that says so.
    """

    wall_time: str
    sensor: str = ""
    nonce: str = ""
    unverified: bool = False
    own: bool = False


class Told(msgspec.Struct, frozen=True):
    """An event of the outbox that the ledger has: its id, and its record's number there."""

    id: str
    seq: int


class Begun(msgspec.Struct, frozen=True):
    """An inspection that was ordered: when (RFC 3339), of which sensor, by whom and whose key."""

    wall_time: str
    sensor: str
    by: str
    signer: str


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A start of the agent. `configuration` is the SHA-256 of the one in use, defaults included.

    `proven` and `event` repeat what held before it, so that nobody needs to read further back:
    which hazards were proven, and the last event in the ledger.
    """

    site: str
    device: str
    software: str
    models: dict[str, str]
    configuration: str
    profile: str
    simulated: bool
    proven: dict[str, Proven] = {}
    event: Told | None = None


class Past:
    """Everything up to the newest record.

    `begun` are the inspections that were ordered since the last start and have no result, by nonce.
    """

    def __init__(self) -> None:
        self.seq, self.digest, self.key = 0, GENESIS, ""
        self.start: Start | None = None
        self.event: Told | None = None
        self.proven: dict[str, Proven] = {}
        self.begun: dict[str, Begun] = {}

    def learn(self, sealed: Sealed) -> None:
        """Go on by one record."""
        record = sealed.record
        self.seq, self.digest = record.seq, digest(sealed.line)
        self.key = record.key or self.key
        with contextlib.suppress(TypeError, ValueError):  # damaged: no reason not to start
            self._learn_body(record)
        for hazard, each in proofs_in(record).items():  # what is read back `past` judges
            if not each.own or self.proven.get(hazard, each).own:
                self.proven[hazard] = each

    def _learn_body(self, record: Record) -> None:
        body = record.body
        if record.kind == KEY:
            self.key = str(body.get("key_id", ""))
        elif record.kind == EVENT:
            self.event = Told(str(body.get("id", "")), int(body.get("seq", 0)))
        elif record.kind == COMMAND:
            self._order(record)
        elif record.kind == INSPECTION:
            self.begun.pop(str(body.get("nonce")), None)
        elif record.kind == START:
            self._begin(body)

    def _order(self, record: Record) -> None:
        body = record.body
        nonce, sensor = str(body.get("id", "")), str(body.get("sensor", ""))
        if body.get("result") == "refused":
            self.begun.pop(nonce, None)
        elif body.get("verb") == "inspect" and sensor:
            by, signer = str(body.get("by", "")), str(body.get("signer", ""))
            self.begun[nonce] = Begun(record.wall_time, sensor, by, signer)

    def _begin(self, body: dict[str, Any]) -> None:
        """Of a start of another version what it says of the events is good all the same."""
        with contextlib.suppress(msgspec.ValidationError):
            self.event = self.event or msgspec.convert(body.get("event"), Told | None)
        with contextlib.suppress(msgspec.ValidationError):
            self.start = msgspec.convert(body, Start)


def past(newest_first: Iterable[Sealed], known: Verifier | None = None) -> Past:
    """Read back as far as the last start; `known` is the device's own key."""
    read: list[Sealed] = []
    for sealed in newest_first:
        read.append(sealed)
        if sealed.record.kind == START:
            break
    found = Past()
    for sealed in reversed(read):
        found.learn(sealed)
    found.proven = _believed(read, known)
    return found


def _believed(newest_first: Iterable[Sealed], known: Verifier | None) -> dict[str, Proven]:
    """The newest proof of each hazard that the device signed, else one that nobody can check.

    Only records that prove something are looked at; one whose seal is broken proves nothing.
    """
    believed: dict[str, Proven] = {}
    doubted: dict[str, Proven] = {}
    own: dict[str, Proven] = {}
    for sealed in newest_first:
        proofs = proofs_in(sealed.record)
        proofs = {hazard: each for hazard, each in proofs.items() if hazard not in believed}
        if not proofs or (is_genuine := _is_genuine(sealed, known)) is False:
            continue
        for hazard, each in proofs.items():
            if each.own:
                unverified = each.unverified or not is_genuine
                own.setdefault(hazard, msgspec.structs.replace(each, unverified=unverified))
            elif is_genuine and not each.unverified:
                believed[hazard] = each
            else:
                doubted.setdefault(hazard, msgspec.structs.replace(each, unverified=True))
    return {**own, **doubted, **believed}


def _is_genuine(sealed: Sealed, known: Verifier | None) -> bool | None:
    """Whether the device signed it; None where that cannot be told."""
    if not sealed.record.key:
        return None if sealed.is_whole else False
    if known is None or sealed.record.key != known.key_id:
        return None
    try:
        return known.verify(sealed.covered, sealed.signature)
    except SigningError:  # OpenSSL does not want to
        return None


def proofs_in(record: Record) -> dict[str, Proven]:
    """What a record proves, by hazard."""
    body = record.body
    if record.kind == EVENT:
        is_test = bool(body.get("inspection"))
        if body.get("stage") == "alarm" and not is_test and not body.get("revision"):
            return {str(body.get("hazard")): Proven(record.wall_time)}
    elif record.kind == SELFTEST and body.get("result") == "proven":
        hazards = body.get("hazards")
        proof = Proven(record.wall_time, str(body.get("sensor")), own=True)
        return {str(each): proof for each in hazards} if isinstance(hazards, list) else {}
    elif record.kind == INSPECTION and body.get("result") == "proven":
        hazards = body.get("hazards")
        proof = Proven(record.wall_time, str(body.get("sensor")), str(body.get("nonce")))
        return {str(each): proof for each in hazards} if isinstance(hazards, list) else {}
    elif record.kind == START and isinstance(proven := body.get("proven"), dict):
        return {hazard: each for hazard, told in proven.items() if (each := _proven(told))}
    return {}


def _proven(told: object) -> Proven | None:
    try:
        return msgspec.convert(told, Proven)
    except msgspec.ValidationError:  # of another version
        return None
