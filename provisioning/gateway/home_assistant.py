"""Home Assistant: one device discovery message a device, and its state on a topic of its own.

By MQTT discovery for devices (`homeassistant/device/{id}/config`, Home Assistant 2024.12 or newer).
A simulated device has entities of its own, so that no automation takes it for a real one.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from agent.hazard_names import hazard_name
from agent.lanes import Lane
from agent.values import Hazard
from provisioning.gateway.told import Parcel, Place, Publisher, Told
from provisioning.gateway.view import View

_CLASSES: Mapping[str, str] = {
    Hazard.FIRE: "smoke",
    Hazard.CO: "carbon_monoxide",
    Hazard.GAS: "gas",
    Hazard.NOISE: "sound",
    Hazard.WATER: "moisture",
    Hazard.TAMPER: "tamper",
    Hazard.FAULT: "problem",
    Hazard.POWER: "problem",
}
_UPKEEP = frozenset({Hazard.TAMPER, Hazard.FAULT, Hazard.POWER})  # of the device, not its place
_CLAIMS = ["proven", "assumed", "lost", "simulated"]  # `agent.coverage.Claim`
_STAGES = ["prealarm", "alarm", "cleared", "unreadable"]


class HomeAssistantOutput:
    """What it needs to show a device; `status` is the topic on which the gateway says it runs.

    `prefix` is Home Assistant's own for discovery, `topic` the one below which the states lie.
    """

    name = "home_assistant"

    def __init__(self, prefix: str, topic: str, status: str, broker: Publisher) -> None:
        self._prefix, self._topic, self._status, self._broker = prefix, topic, status, broker

    def parcels(self, told: Told) -> list[Parcel]:
        """The event itself, once; what is old or a test changes nothing in a home."""
        notice = told.notice
        if notice.historical or notice.inspection:
            return []
        content = {
            "event_type": notice.stage if notice.stage in _STAGES else "alarm",
            "hazard": notice.hazard,
            "subject": notice.subject,
            "id": notice.id,
            "time": told.happened,
            "simulated": notice.simulated,
            "why": {"ko": notice.why.ko, "en": notice.why.en},
        }
        topic = f"{self._topic}/{notice.site}/{notice.device}/event"
        return [Parcel(notice.key, topic, msgspec.json.encode(content), notice.lane)]

    def shown(self, view: View, place: Place) -> list[Parcel]:
        """A device's discovery and state, both retained: the newest alone counts."""
        lane = Lane.ALARM if view.active else Lane.INFORMATION
        config = f"{self._prefix}/device/{identity(view)}/config"
        state = f"{self._topic}/{view.site}/{view.device}/state"
        found = [
            (config, msgspec.json.encode(self.discovery(view, place))),
            (state, msgspec.json.encode(_state(view))),
        ]
        return [
            Parcel(topic, topic, body, lane, retain=True, replaces=True) for topic, body in found
        ]

    def forgotten(self, view: View) -> list[Parcel]:
        """Nothing in place of what was retained: the device was taken away for good."""
        config = f"{self._prefix}/device/{identity(view)}/config"
        state = f"{self._topic}/{view.site}/{view.device}/state"
        return [
            Parcel(topic, topic, b"", Lane.INFORMATION, retain=True, replaces=True)
            for topic in (config, state)
        ]

    def deliver(self, parcel: Parcel) -> None:
        """Publish it.

        Raises:
            UndeliveredError: The broker did not take it.
            RefusedError: It is too long for the broker.
        """
        self._broker.publish(parcel.to, parcel.body, retain=parcel.retain)

    def discovery(self, view: View, place: Place) -> dict[str, Any]:
        """The discovery message: origin, device, and one component an entity."""
        name = place.ko if place.ko == place.en else f"{place.ko} ({place.en})"
        topic = f"{self._topic}/{view.site}/{view.device}"
        return {
            "origin": {"name": "Haetae gateway"},
            "device": {
                "identifiers": [identity(view)],
                "name": f"[훈련/Exercise] {name}" if view.simulated else name,
                "manufacturer": "Haetae",
                "model": "simulated" if view.simulated else "safety device",
            },
            "state_topic": f"{topic}/state",
            "availability": [{"topic": self._status, "value_template": "{{ value_json.status }}"}],
            "qos": 1,
            "components": _components(view, topic),
        }


def identity(view: View) -> str:
    """What Home Assistant knows the device by."""
    kind = "haetae_simulated" if view.simulated else "haetae"
    return f"{kind}_{view.site}_{view.device}"


def _state(view: View) -> dict[str, Any]:
    return {
        "connected": view.connected,
        "simulated": view.simulated,
        "hazards": {hazard: view.stage(hazard) for hazard in view.hazards},
        "coverage": view.coverage,
        "siren": view.siren,
        "pending": view.pending,
    }


def _components(view: View, topic: str) -> dict[str, Any]:
    who = identity(view)
    found: dict[str, Any] = {}
    for hazard in view.hazards:
        found[hazard] = _hazard(hazard, who, topic)
        if hazard in view.coverage:
            found[f"coverage_{hazard}"] = _coverage(hazard, who)
    found["siren"] = {
        "platform": "sensor",
        "unique_id": f"{who}_siren",
        "name": "사이렌 (Siren)",
        "icon": "mdi:bullhorn",
        "value_template": "{{ value_json.siren }}",
    }
    found["connectivity"] = {
        "platform": "binary_sensor",
        "unique_id": f"{who}_connectivity",
        "name": "연결 (Connectivity)",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
        "value_template": "{{ 'ON' if value_json.connected else 'OFF' }}",
    }
    found["event"] = {
        "platform": "event",
        "unique_id": f"{who}_event",
        "name": "알림 (Event)",
        "state_topic": f"{topic}/event",
        "event_types": _STAGES,
    }
    return found


def _hazard(hazard: str, who: str, topic: str) -> dict[str, Any]:
    """On while the hazard has reached any stage; which one is an attribute."""
    name = hazard_name(hazard)
    stage = f"value_json.hazards[{hazard!r}]"
    found = {
        "platform": "binary_sensor",
        "unique_id": f"{who}_{hazard}",
        "name": f"{name.ko} ({name.en})",
        "device_class": _CLASSES.get(hazard, "safety"),
        "value_template": f"{{{{ 'OFF' if {stage} == 'clear' else 'ON' }}}}",
        "json_attributes_topic": f"{topic}/state",
        "json_attributes_template": f"{{{{ {{'stage': {stage}}} | tojson }}}}",
    }
    return found | ({"entity_category": "diagnostic"} if hazard in _UPKEEP else {})


def _coverage(hazard: str, who: str) -> dict[str, Any]:
    name = hazard_name(hazard)
    return {
        "platform": "sensor",
        "unique_id": f"{who}_coverage_{hazard}",
        "name": f"{name.ko} 감시 ({name.en} coverage)",
        "device_class": "enum",
        "options": _CLAIMS,
        "entity_category": "diagnostic",
        "value_template": f"{{{{ value_json.coverage.get({hazard!r}, 'lost') }}}}",
    }
