"""What a device told, as it came over MQTT in either form of CloudEvents.

Read with patience: a device may be of a newer version, so unknown hazards and fields pass, and a
damaged record is a notice of its own.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.envelope import Header, structured, unreadable
from agent.lanes import Lane, lane_of
from agent.values import Evidence, Hazard, Stage, Why

ROOT = "haetae/v1"
UNREADABLE = "unreadable"  # the stage of a record that was damaged on the device's disk
_NO_WORDS = Why(
    ko="기기에 저장된 기록이 손상되어 읽을 수 없습니다.",
    en="A record that the device had stored is damaged and cannot be read.",
)
_TRUE = "true"

Level = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^/+#\x00]+\Z")]


class NotANoticeError(Exception):
    """A message on an event's topic that is no event; says why."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the hub has it: `agent.values.Event` as far as it is needed here.

    `historical`: it was delivered late. `body` is the record, byte for byte.
    """

    id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\w-]+\Z")]
    seq: int
    boot_id: str
    site: Level
    device: Level
    hazard: Level
    stage: Level
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
    except msgspec.DecodeError as error:
        found = _damaged(topic, attributes, error)
    late = attributes.get("historical") == _TRUE or found.revision > 0
    found = msgspec.structs.replace(found, historical=late, body=body)
    if topic != f"{ROOT}/{found.site}/{found.device}/event/{found.hazard}":
        raise NotANoticeError(f"{found.id} is of {found.site}/{found.device}, {found.hazard}")
    return found


def cloud_event(notice: Notice) -> bytes:
    """The event in CloudEvents' JSON format, the record as it is within."""
    header = msgspec.convert(msgspec.to_builtins(notice), Header)
    return structured(notice.body, event=header, historical=notice.historical)


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
    except msgspec.DecodeError:
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
