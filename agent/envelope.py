"""From a detection to an event, and from an event to a CloudEvents 1.0 message.

The body of a message is the record's exact bytes, so that whoever has it can check the hash
chain. Attributes follow the MQTT Protocol Binding 1.0.2: in binary mode (MQTT 5) each is a user
property and the body is the payload; in structured mode (MQTT 3.1.1) they wrap the body.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.values import Detection, Event, Evidence, Hazard
from agent.wallclock import WallTime

CONTENT_TYPE = "application/json"
DAMAGED_TYPE = "application/octet-stream"
LATE_S = 60.0  # delivered later than this after the event, it says so: act with care
KERNEL_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_TYPE = "io.github.haetae"  # reverse DNS, as CloudEvents asks (§3.1.1 type)
_Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]  # fit for a topic


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: the same for every event of one start of the agent."""

    site: str
    device: str
    boot_id: str
    software: str
    models: dict[str, str]
    simulated: bool


class Header(msgspec.Struct, frozen=True):
    """What delivery needs to know of a record.

    Less than `Event`: a record may have been written by an older or newer version.
    """

    id: str
    seq: int
    boot_id: str
    site: str
    device: str
    hazard: _Word
    stage: _Word
    subject: str
    monotonic_s: float
    wall_time: str
    simulated: bool
    revision: int = 0
    inspection: str = ""


def kernel_boot(path: Path = KERNEL_BOOT_ID) -> str:
    """Eight hexadecimal digits that stay the same until the next boot of the kernel.

    Events of one boot share one monotonic clock, across restarts of the agent.
    """
    try:
        return path.read_text("ascii")[:8]
    except OSError:
        return "00000000"  # no kernel gives this one: nothing is then taken for the same boot


def boot_id() -> str:
    """Name this start of the agent.

    The kernel's boot and eight random digits: a `seq` that was only in RAM when the process died
    may be given again, but never under the same id.
    """
    return f"{kernel_boot()}-{secrets.token_hex(4)}"


def stamp(  # noqa: PLR0913  # all that an event says beside what was detected
    detection: Detection,
    *,
    seq: int,
    previous: str,
    identity: Identity,
    wall: WallTime,
    inspection: str = "",
) -> Event:
    """Make the event that reports `detection` as record `seq` after the one hashed `previous`.

    `inspection` is the nonce of the one that provoked it, if it is a test.
    """
    return Event(
        id=f"{identity.boot_id}-{seq}",
        seq=seq,
        boot_id=identity.boot_id,
        site=identity.site,
        device=identity.device,
        hazard=detection.hazard,
        stage=detection.stage,
        subject=detection.subject,
        rule=detection.rule,
        monotonic_s=detection.at,
        wall_time=wall.iso,
        wall_uncertainty_s=wall.uncertainty_s,
        wall_source=wall.source,
        evidence=tuple(
            Evidence(each.sensor, each.quantity, each.value, round(detection.at - each.at, 3))
            for each in detection.evidence
        ),
        why=detection.why,
        software=identity.software,
        models=identity.models,
        simulated=identity.simulated,
        previous=previous,
        inspection=inspection,
        cameras=list(detection.cameras),
    )


def stamper(
    detection: Detection, identity: Identity, wall: WallTime, inspection: str = ""
) -> Callable[[int, str], Event]:
    """The same, as the outbox asks for it once it has a place for it."""
    return lambda seq, previous: stamp(
        detection,
        seq=seq,
        previous=previous,
        identity=identity,
        wall=wall,
        inspection=inspection,
    )


def retold(event: Event, *, seq: int, previous: str, wall: WallTime) -> Event:
    """Tell `event` again as record `seq`: the same in all but what is known of its time."""
    return msgspec.structs.replace(
        event,
        seq=seq,
        previous=previous,
        revision=event.revision + 1,
        wall_time=wall.iso,
        wall_uncertainty_s=wall.uncertainty_s,
        wall_source=wall.source,
    )


def header(body: bytes) -> Header | None:
    """What delivery needs of a record's bytes; None where they cannot be understood."""
    try:
        return msgspec.json.decode(body, type=Header)
    except ValueError:  # no JSON, or no UTF-8
        return None


def is_late(event: Event | Header, *, boot: str, now: float) -> bool:
    """Whether `event` is old news at `now` (monotonic seconds of the kernel's boot `boot`)."""
    return not event.boot_id.startswith(boot) or now - event.monotonic_s > LATE_S


def unreadable(id_: str, seq: int, *, site: str, device: str) -> Header:
    """Stand in for the header of a damaged record: it is delivered as a fault, never withheld."""
    return Header(
        id=id_,
        seq=seq,
        boot_id="",
        site=site,
        device=device,
        hazard=Hazard.FAULT,
        stage="unreadable",
        subject="outbox",
        monotonic_s=0.0,
        wall_time="",
        simulated=False,
    )


def properties(event: Event | Header, *, historical: bool = False) -> dict[str, str]:
    """Every CloudEvents attribute but `datacontenttype`, in its canonical string form.

    `sequence` is the extension of that name: padded, since it must sort as text. `historical` is
    there only on an event that is delivered late or told again, `revision` on one told again, and
    `test` on one that an inspection provoked.
    """
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/haetae/v1/{event.site}/{event.device}",
        "type": f"{_TYPE}.{event.hazard}.{event.stage}.v1",
        "subject": event.subject,
        "sequence": f"{event.seq:020d}",
        "simulated": "true" if event.simulated else "false",
    }
    if event.wall_time:
        attributes["time"] = event.wall_time
    if historical or event.revision:
        attributes["historical"] = "true"
    if event.revision:
        attributes["revision"] = str(event.revision)
    if event.inspection:
        attributes["test"] = "true"
    return attributes


def structured(body: bytes, *, event: Event | Header, historical: bool = False) -> bytes:
    """Wrap a record's bytes for MQTT 3.1.1 in the JSON event format 1.0.2.

    `data` is the record byte for byte; a damaged record, which is no JSON, goes as `data_base64`
    (§3.1.1).
    """
    attributes: dict[str, object] = dict(properties(event, historical=historical))
    for flag in ("simulated", "historical", "test"):  # a boolean in JSON as well (§2.2)
        if flag in attributes:
            attributes[flag] = attributes[flag] == "true"
    if event.revision:
        attributes["revision"] = event.revision  # a number (§2.2)
    if header(body) is None:
        data = base64.b64encode(body).decode()
        return msgspec.json.encode(
            attributes | {"datacontenttype": DAMAGED_TYPE, "data_base64": data}
        )
    return msgspec.json.encode(
        attributes | {"datacontenttype": CONTENT_TYPE, "data": msgspec.Raw(body)}
    )
