"""CAP 1.2 (OASIS, 2010): one alert message for each event, in Korean and English.

Status `Exercise` where the wires are simulated, `Test` where an inspection provoked it. An incident
begins with an `Alert`, goes on by `Update` and ends by `Cancel`, each naming those before it.
`sent` is when it was told, `effective` when it happened, `onset` when the incident began.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.hazard_names import hazard_name
from agent.values import Hazard, Stage
from provisioning.gateway.cap_folder import CapFolder
from provisioning.gateway.told import Parcel, Publisher, Told, UndeliveredError
from provisioning.gateway.wording import headline

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MOST_REFERENCES = 32  # of one message: an incident that goes on for days must not grow it for ever
_RADIUS_KM = 0.05  # of a stall or a room, with its surroundings
_UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a hazard is to CAP (§3.2.2): category, what to do, and how bad its alarm is."""

    category: str
    response: str
    severity: str = "Severe"


_KINDS: Mapping[str, _Kind] = {
    Hazard.FIRE: _Kind("Fire", "Evacuate", "Extreme"),
    Hazard.CO: _Kind("CBRNE", "Evacuate", "Extreme"),
    Hazard.GAS: _Kind("CBRNE", "Evacuate", "Extreme"),
    Hazard.FALL: _Kind("Rescue", "Execute"),
    Hazard.SOS: _Kind("Rescue", "Execute"),
    Hazard.INACTIVITY: _Kind("Health", "Execute"),
    Hazard.WANDERING: _Kind("Rescue", "Execute"),
    Hazard.NOISE: _Kind("Env", "Monitor", "Minor"),
    Hazard.NEIGHBOUR_ALARM: _Kind("Fire", "Assess"),
    Hazard.INTRUSION: _Kind("Security", "Execute", "Moderate"),
    Hazard.CLIMATE: _Kind("Health", "Assess", "Moderate"),
    Hazard.AIR: _Kind("Env", "Assess", "Minor"),
    Hazard.WATER: _Kind("Infra", "Assess", "Moderate"),
    Hazard.TAMPER: _Kind("Security", "Assess", "Moderate"),
    Hazard.FAULT: _Kind("Infra", "Assess", "Minor"),
    Hazard.POWER: _Kind("Infra", "Assess", "Minor"),
}
_OTHER = _Kind("Other", "Assess", _UNKNOWN)


def alert(told: Told, sender: str) -> bytes:
    """The message as XML; its elements stand in the order of the schema."""
    notice = told.notice
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", notice.key)
    _add(root, "sender", sender)
    _add(root, "sent", moment(told.sent))
    _add(root, "status", told.status)
    kind = _message_type(told)
    _add(root, "msgType", kind)
    _add(root, "source", f"haetae/v1/{notice.site}/{notice.device}")
    _add(root, "scope", "Restricted")
    _add(root, "restriction", "City safety services")  # §3.2.1: needed where it is Restricted
    _add(root, "code", f"haetae:{notice.hazard}.{notice.stage}")
    if notice.historical:
        _add(root, "note", "Told late: it happened when `effective` says, not now.")
    if kind != "Alert":
        before = told.incident.before[-MOST_REFERENCES:]
        _add(root, "references", " ".join(f"{sender},{key},{moment(at)}" for key, at in before))
    _add(root, "incidents", told.incident.id)
    for language in ("ko-KR", "en-US"):
        _add_info(root, told, language)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def moment(iso: str) -> str:
    """RFC 3339 as CAP has it: whole seconds, and UTC as -00:00, never Z (§3.3.2)."""
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def _message_type(told: Told) -> str:
    if told.is_begin:
        return "Alert"  # an end of which nothing was told before names nothing, either
    return "Cancel" if told.is_end and not told.notice.revision else "Update"


def _add_info(root: ET.Element, told: Told, language: str) -> None:
    notice, kind = told.notice, _KINDS.get(told.notice.hazard, _OTHER)
    korean = language.startswith("ko")
    line = headline(
        notice.hazard,
        notice.stage,
        simulated=notice.simulated,
        inspection=bool(notice.inspection),
    )
    name = hazard_name(notice.hazard)
    info = _add(root, "info", None)
    _add(info, "language", language)
    _add(info, "category", kind.category)
    _add(info, "event", name.ko if korean else name.en)
    _add(info, "responseType", "AllClear" if told.is_end else kind.response)
    _add(info, "urgency", _urgency(told))
    _add(info, "severity", _severity(told, kind))
    _add(info, "certainty", _certainty(told))
    _add_pair(info, "eventCode", "haetae", f"{notice.hazard}.{notice.stage}")
    _add(info, "effective", moment(told.happened))
    _add(info, "onset", moment(told.incident.began))
    _add(info, "senderName", f"{notice.site}/{notice.device}")
    _add(info, "headline", line.ko if korean else line.en)
    _add(info, "description", notice.why.ko if korean else notice.why.en)
    for key, value in (
        ("rule", notice.rule),
        ("subject", notice.subject),
        ("wallUncertaintyS", _number(notice.wall_uncertainty_s)),
        ("wallSource", notice.wall_source),
    ):
        _add_pair(info, "parameter", key, value)
    for each in notice.evidence:
        _add_pair(info, "parameter", f"{each.sensor}.{each.quantity}", _number(each.value))
    _add_area(info, told, korean=korean)


def _urgency(told: Told) -> str:
    if told.is_end or told.notice.historical:
        return "Past"
    return "Immediate" if told.notice.stage == Stage.ALARM else "Expected"


def _severity(told: Told, kind: _Kind) -> str:
    if told.is_end:
        return "Minor"
    return kind.severity if told.notice.stage == Stage.ALARM else "Moderate"


def _certainty(told: Told) -> str:
    if told.notice.stage in {Stage.ALARM, Stage.CLEARED}:
        return "Observed"
    return "Possible" if told.notice.stage == Stage.PREALARM else _UNKNOWN


def _add_area(info: ET.Element, told: Told, *, korean: bool) -> None:
    area = _add(info, "area", None)
    _add(area, "areaDesc", told.place.ko if korean else told.place.en)
    if told.place.latitude is not None and told.place.longitude is not None:
        _add(area, "circle", f"{told.place.latitude},{told.place.longitude} {_RADIUS_KM}")


def _add(parent: ET.Element, name: str, text: str | None) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = None if text is None else _legal(text)
    return element


def _add_pair(parent: ET.Element, name: str, key: str, value: str) -> None:
    pair = _add(parent, name, None)
    _add(pair, "valueName", key)
    _add(pair, "value", value)


def _legal(text: str) -> str:
    """Without what XML 1.0 cannot carry (§2.2): a sensor's words may hold anything."""
    return "".join(each if each.isprintable() else " " for each in text)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


class CapOutput:
    """Each message on a topic, and in a folder as a file of its own where one is given."""

    name = "cap"

    def __init__(
        self, sender: str, topic: str, folder: CapFolder | None, broker: Publisher
    ) -> None:
        self._sender, self._topic, self._folder, self._broker = sender, topic, folder, broker

    def parcels(self, told: Told) -> list[Parcel]:
        """One alert; what an hour was is none."""
        notice = told.notice
        if notice.is_summary:
            return []
        body = alert(told, self._sender)
        topic = f"{self._topic}/{notice.site}/{notice.device}/{notice.hazard}"
        return [Parcel(notice.key, topic, body, notice.lane)]

    def deliver(self, parcel: Parcel) -> None:
        """File first, under the message's own identifier, then the topic.

        Raises:
            UndeliveredError: One of the two was not taken.
            RefusedError: It is too long for the broker.
        """
        if self._folder is not None:
            try:
                self._folder.write(parcel.key, parcel.body)
            except OSError as error:
                raise UndeliveredError(str(error)) from None
        self._broker.publish(parcel.to, parcel.body, retain=False)
