"""NGSI-LD: an incident as one entity of FIWARE's smart data model Alert, normalised.

The model has words for fire, falls and some others, and none for smoke, noise or inactivity: such
hazards carry no `subCategory`, and every entity says the project's own word in `data`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.values import Hazard, Stage
from provisioning.gateway.post import Poster
from provisioning.gateway.told import Parcel, Publisher, Told
from provisioning.gateway.wording import headline

CONTEXT = [
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Alert/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
]
MEDIA_TYPE = "application/ld+json"
UPSERT = "/ngsi-ld/v1/entityOperations/upsert?options=update"  # ETSI GS CIM 009 §6.15


@dataclass(frozen=True, slots=True)
class _Kind:
    """Category and subcategory of the data model, and how bad an alarm of it is."""

    category: str
    sub: str = ""
    severity: str = "high"


_KINDS: Mapping[str, _Kind] = {
    Hazard.FIRE: _Kind("security", "buildingFire", "critical"),
    Hazard.CO: _Kind("environment", "airPollution", "critical"),
    Hazard.GAS: _Kind("environment", "fireRisk", "critical"),
    Hazard.FALL: _Kind("health", "fallenPatient"),
    Hazard.SOS: _Kind("health"),
    Hazard.INACTIVITY: _Kind("health"),
    Hazard.WANDERING: _Kind("health"),
    Hazard.NOISE: _Kind("environment", severity="low"),
    Hazard.NEIGHBOUR_ALARM: _Kind("security", "fireRisk"),
    Hazard.INTRUSION: _Kind("security", "suspiciousAction", "medium"),
    Hazard.CLIMATE: _Kind("environment", severity="medium"),
    Hazard.AIR: _Kind("environment", "airPollution", "low"),
    Hazard.WATER: _Kind("environment", severity="medium"),
    Hazard.TAMPER: _Kind("security", "suspiciousAction", "medium"),
    Hazard.FAULT: _Kind("security", severity="low"),
    Hazard.POWER: _Kind("security", severity="low"),
}
_OTHER = _Kind("security", severity="medium")


def entity(told: Told) -> dict[str, Any]:
    """The Alert: one for an incident, so that its end takes the place of its beginning.

    An earlier event that is told again leaves what later ones said.
    """
    notice, incident = told.notice, told.incident
    kind = _KINDS.get(notice.hazard, _OTHER)
    who = f"{notice.site}:{notice.device}"
    found: dict[str, Any] = {
        "id": f"urn:ngsi-ld:Alert:haetae:{incident.id}",
        "type": "Alert",
        "category": _property(kind.category),
        "severity": _property(_severity(told, kind)),
        "alertSource": {"type": "Relationship", "object": f"urn:ngsi-ld:Device:haetae:{who}"},
        "dateIssued": _moment(told.happened if told.is_latest else incident.began),
        "validFrom": _moment(incident.began),
    }
    if kind.sub:
        found["subCategory"] = _property(kind.sub)
    if incident.ended:
        found["validTo"] = _moment(incident.ended)
    if told.is_latest:
        found |= _words(told)
    if told.place.latitude is not None and told.place.longitude is not None:
        point = {"type": "Point", "coordinates": [told.place.longitude, told.place.latitude]}
        found["location"] = {"type": "GeoProperty", "value": point}
    return found | {"@context": CONTEXT}


def _words(told: Told) -> dict[str, Any]:
    notice = told.notice
    line = headline(
        notice.hazard,
        notice.stage,
        simulated=notice.simulated,
        inspection=bool(notice.inspection),
    )
    data = {
        "hazard": notice.hazard,
        "stage": notice.stage,
        "status": told.status,
        "event": notice.id,
        "revision": notice.revision,
        "rule": notice.rule,
        "subject": notice.subject,
        "why": {"ko": notice.why.ko, "en": notice.why.en},
    }
    return {
        "name": _property(f"{line.ko} / {line.en}"),
        "description": _property(f"{notice.why.ko} / {notice.why.en}"),
        "address": _property({"streetAddress": told.place.ko}),
        "data": _property(data),
    }


def _severity(told: Told, kind: _Kind) -> str:
    if not told.notice.is_real or told.incident.ended:
        return "informational"
    return kind.severity if told.incident.stage == Stage.ALARM else "medium"


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def _moment(iso: str) -> dict[str, Any]:
    return _property({"@type": "DateTime", "@value": iso})


class NgsiLdOutput:
    """Upserts the entity at a context broker; publishes it on a topic where there is none."""

    name = "ngsi_ld"

    def __init__(self, poster: Poster | None, topic: str, broker: Publisher) -> None:
        self._poster, self._topic, self._broker = poster, topic, broker

    def parcels(self, told: Told) -> list[Parcel]:
        """One entity, as the array of one that the upsert takes; what an hour was is no Alert."""
        notice = told.notice
        if notice.is_summary:
            return []
        body = msgspec.json.encode([entity(told)])
        topic = f"{self._topic}/{notice.site}/{notice.device}/{notice.hazard}"
        return [Parcel(notice.key, topic, body, notice.lane)]

    def deliver(self, parcel: Parcel) -> None:
        """Post or publish it.

        Raises:
            UndeliveredError: It was not taken now.
            RefusedError: The context broker will never take it.
        """
        if self._poster is None:
            self._broker.publish(parcel.to, parcel.body, retain=False)
        else:
            self._poster.post(parcel.body, {"Content-Type": MEDIA_TYPE})
