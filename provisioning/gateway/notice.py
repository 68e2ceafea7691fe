"""What a device told, as it came over MQTT in either form of CloudEvents.

Read with patience: a device may be of another version, so unknown hazards and fields pass, a part
that is not understood is left out, and a damaged record is a notice of its own. An alarm is not
lost over one of its words.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agent.envelope import Header, structured, unreadable
from agent.lanes import Lane, lane_of
from agent.sections import Identifier
from agent.values import HOURLY, PLACE, Evidence, Hazard, Stage, Why

ROOT = "haetae/v1"
UNREADABLE = "unreadable"  # the stage of a record that was damaged on the device's disk
_TRUE = "true"
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class Words(Why, frozen=True, forbid_unknown_fields=False):
    """What a device says for people; other languages pass."""


_NO_WORDS = Words(ko="기기가 설명을 보내지 않았습니다.", en="The device gave no words for it.")
_DAMAGED = Words(
    ko="기기에 저장된 기록이 손상되어 읽을 수 없습니다.",
    en="A record that the device had stored is damaged and cannot be read.",
)

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
    why: Words = _NO_WORDS
    software: str = ""
    simulated: bool = False
    revision: Annotated[int, Meta(ge=0)] = 0
    inspection: str = ""
    historical: bool = False
    body: bytes = b""

    @property
    def name(self) -> str:
        """What names the event among those of all devices: an id is its device's own (CloudEvents).

        Neither a site nor a device has `_` in it, so that no two events have one name.
        """
        return f"{self.site}_{self.device}_{self.id}"

    @property
    def key(self) -> str:
        """What names this telling: the event, and which revision of it."""
        return f"{self.name}-r{self.revision}" if self.revision else self.name

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
    def is_summary(self) -> bool:
        """Whether it tells what an hour was, and is of no incident."""
        return self.rule == HOURLY and self.stage == Stage.CLEARED

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
        found = _in_part(body) or _damaged(topic, attributes, error)
    found = msgspec.structs.replace(
        found,
        body=body,
        wall_time=_moment(found.wall_time),
        historical=attributes.get("historical") == _TRUE or found.revision > 0,
        simulated=found.simulated or attributes.get("simulated") == _TRUE,
        inspection=found.inspection or ("unnamed" if attributes.get("test") == _TRUE else ""),
    )
    if topic != f"{ROOT}/{found.site}/{found.device}/event/{found.hazard}":
        raise NotANoticeError(f"{found.id} is of {found.site}/{found.device}, {found.hazard}")
    return found


def is_identifier(text: str) -> bool:
    """Whether it can be the id of a site or device."""
    return _is(text, Identifier)


def is_word(text: str) -> bool:
    """Whether it can be the name of a hazard or stage."""
    return _is(text, Word)


def _is(said: Any, kind: Any) -> bool:
    try:
        msgspec.convert(said, kind)
    except msgspec.ValidationError:
        return False
    return True


def cloud_event(notice: Notice) -> bytes:
    """The event in CloudEvents' JSON format, the record as it is within."""
    header = msgspec.convert(msgspec.to_builtins(notice), Header)
    return structured(notice.body, event=header, historical=notice.historical)


def _moment(text: str) -> str:
    """As RFC 3339 in UTC; empty where it is no time, or of a year that cannot be reckoned with."""
    try:
        at = datetime.fromisoformat(text)
        utc = at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return ""
    if utc is None or utc.year <= 1:
        return ""
    if _UTC.fullmatch(text):
        return text
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_part(body: bytes) -> Notice | None:
    """A record without those parts that are not understood; None if its core is not, either."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
        for field in msgspec.structs.fields(Notice):
            if field.name in said and not _is(said[field.name], field.type):
                del said[field.name]
        return msgspec.convert({"seq": 0, "boot_id": "", "subject": PLACE} | said, Notice)
    except ValueError:
        return None


class _Wrapped(msgspec.Struct, frozen=True):
    """A structured CloudEvent as far as it is needed."""

    specversion: str
    id: str
    data: msgspec.Raw = msgspec.Raw()
    data_base64: bytes | None = None
    sequence: str = "0"
    subject: str = ""
    historical: bool = False
    simulated: bool = False
    test: bool = False


def _unwrapped(body: bytes) -> tuple[dict[str, str], bytes]:
    try:
        found = msgspec.json.decode(body, type=_Wrapped)
    except ValueError:
        return {}, body
    attributes = {"id": found.id, "sequence": found.sequence, "subject": found.subject}
    flags = {name: _TRUE for name in ("historical", "simulated", "test") if getattr(found, name)}
    content = bytes(found.data) if found.data_base64 is None else found.data_base64
    return attributes | flags, content


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
        found = msgspec.convert(msgspec.to_builtins(header), Notice)
    except ValueError as wrong:
        raise NotANoticeError(f"not understood: {wrong}") from None
    return msgspec.structs.replace(found, why=_DAMAGED)
