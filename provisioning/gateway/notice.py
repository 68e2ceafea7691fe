"""What a device told, as it came over MQTT in either form of CloudEvents.

Read with patience: a device may be of a newer version, so unknown hazards and fields pass, and a
damaged record is a notice of its own.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.envelope import Header, structured, unreadable
from agent.lanes import Lane, lane_of
from agent.sections import Identifier
from agent.values import Evidence, Hazard, Stage, Why

ROOT = "haetae/v1"
UNREADABLE = "unreadable"  # the stage of a record that was damaged on the device's disk
_NO_WORDS = Why(
    ko="기기에 저장된 기록이 손상되어 읽을 수 없습니다.",
    en="A record that the device had stored is damaged and cannot be read.",
)
_TRUE = "true"

Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]  # of a hazard or a stage


class NotANoticeError(Exception):
    """A message on an event's topic that is no event; says why."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the hub has it: `agent.values.Event` as far as it is needed here.

    `historical`: it was delivered late. `body` is the record, byte for byte.
    """

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}\Z")]
    seq: int
    boot_id: str
    site: Identifier
    device: Identifier
    hazard: Word
    stage: Word
    subject: str
    rule: str = ""
    monotonic_s: float = 0.0
    wall_time: str = ""
    wall_uncertainty_s: float | None = None
    wall_source: str = "unset"
    evidence: tuple[Evidence, ...] = ()
    why: Why = _NO_WORDS
    software: str = ""
    simulated: bool = False
    revision: Annotated[int, Meta(ge=0)] = 0
    inspection: str = ""
    historical: bool = False
    body: bytes = b""

    @property
    def key(self) -> str:
        """What names this telling: the event's id, and which revision of it."""
        return f"{self.id}-r{self.revision}" if self.revision else self.id

    @property
    def lane(self) -> Lane:
        """How urgent it is; a hazard that is not known counts as an alarm if it is one."""
        return lane_of(self.hazard, alarm=self.stage in {Stage.ALARM, Stage.PREALARM})

    @property
    def is_dated(self) -> bool:
        """Whether its time of day can be told to others.

        A doubtful one only of what is old: of news the hub's own clock says more.
        """
        if not self.wall_time or self.wall_source == "unset":
            return False
        return self.wall_uncertainty_s is not None or self.historical

    @property
    def is_real(self) -> bool:
        """Whether it may be acted on: neither simulated nor an inspection."""
        return not (self.simulated or self.inspection)


def read_notice(topic: str, body: bytes, attributes: Mapping[str, str]) -> Notice:
    """Take a message on `haetae/v1/{site}/{device}/event/{hazard}`.

    `attributes` are the user properties of MQTT 5: with them it is in binary mode. Without, it is
    a structured CloudEvent, or a bare record whose attributes a broker of MQTT 3.1.1 took away.

    Raises:
        NotANoticeError: It cannot be read, or says that it comes from somebody else.
    """
    if "specversion" not in attributes:
        attributes, body = _unwrapped(body)
    try:
        found = msgspec.json.decode(body, type=Notice)
    except ValueError as error:  # no JSON, or no UTF-8
        found = _damaged(topic, attributes, error)
    late = attributes.get("historical") == _TRUE or found.revision > 0
    time = found.wall_time if _is_moment(found.wall_time) else ""
    found = msgspec.structs.replace(found, historical=late, body=body, wall_time=time)
    if topic != f"{ROOT}/{found.site}/{found.device}/event/{found.hazard}":
        raise NotANoticeError(f"{found.id} is of {found.site}/{found.device}, {found.hazard}")
    return found


def is_identifier(text: str) -> bool:
    """Whether it can be the id of a site or device."""
    return _is(text, Identifier)


def is_word(text: str) -> bool:
    """Whether it can be the name of a hazard or stage."""
    return _is(text, Word)


def _is(text: str, kind: Any) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


def cloud_event(notice: Notice) -> bytes:
    """The event in CloudEvents' JSON format, the record as it is within."""
    header = msgspec.convert(msgspec.to_builtins(notice), Header)
    return structured(notice.body, event=header, historical=notice.historical)


def _is_moment(text: str) -> bool:
    """Whether it is RFC 3339 with an offset, of a year that can be reckoned with."""
    try:
        at = datetime.fromisoformat(text)
        return at.tzinfo is not None and at.astimezone(UTC).year > 1
    except (ValueError, OverflowError):
        return False


class _Wrapped(msgspec.Struct, frozen=True):
    """A structured CloudEvent as far as it is needed."""

    specversion: str
    id: str
    data: msgspec.Raw = msgspec.Raw()
    data_base64: bytes | None = None
    sequence: str = "0"
    subject: str = ""
    historical: bool = False


def _unwrapped(body: bytes) -> tuple[dict[str, str], bytes]:
    try:
        found = msgspec.json.decode(body, type=_Wrapped)
    except ValueError:
        return {}, body
    attributes = {"id": found.id, "sequence": found.sequence, "subject": found.subject}
    if found.historical:
        attributes["historical"] = _TRUE
    content = bytes(found.data) if found.data_base64 is None else found.data_base64
    return attributes, content


def _damaged(topic: str, attributes: Mapping[str, str], error: Exception) -> Notice:
    """Stand in for a record that cannot be read, if the device says that it is one.

    Raises:
        NotANoticeError: It does not.
    """
    levels = topic.split("/")
    if len(levels) != 6 or levels[5] != Hazard.FAULT or not attributes.get("id"):
        raise NotANoticeError(f"not understood: {error}")
    try:
        seq = int(attributes.get("sequence", "0"))
        header = unreadable(attributes["id"], seq, site=levels[2], device=levels[3])
        return msgspec.convert(msgspec.to_builtins(header), Notice)
    except (ValueError, msgspec.ValidationError) as wrong:
        raise NotANoticeError(f"not understood: {wrong}") from None
