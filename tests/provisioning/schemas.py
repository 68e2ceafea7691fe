"""What other systems take, as JSON Schemas of our own: transcribed from their documents.

`ALERT` has the words of FIWARE's smart data model Alert 0.0.3, `NGSI_LD` the normalised form of
ETSI GS CIM 009 §4.5, `ONEM2M_CREATE` the short names of TS-0004 §8.2, `HOME_ASSISTANT_DEVICE` the
page "MQTT discovery" and those of the platforms, `CLOUD_EVENT` the JSON event format 1.0.2.
"""

from typing import Any

from agent.lanes import LANES, Lane

ALARMS = frozenset(hazard for hazard, lane in LANES.items() if lane is Lane.ALARM)
TEXT = {"type": "string", "minLength": 1}
MOMENT = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$",
}

ALERT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": r"^urn:ngsi-ld:Alert:[\w\-.:]+$"},
        "type": {"const": "Alert"},
        "category": {
            "enum": [
                "traffic", "naturalDisaster", "weather", "environment", "health", "security",
                "agriculture",
            ]
        },
        "subCategory": {
            "enum": [
                "trafficJam", "carAccident", "carWrongDirection", "carStopped", "pothole",
                "roadClosed", "roadWorks", "hazardOnRoad", "injuredBiker", "pedestrianOnRoad",
                "bikerOnRoad", "tramApproaching", "crowdRisk", "flood", "tsunami", "coastalEvent",
                "earthquake", "rainfall", "highTemperature", "lowTemperature", "lowHumidity",
                "highHumidity", "heatWave", "coldWave", "ice", "snow", "wind", "fog", "tornado",
                "thunderstorms", "fireRisk", "avalancheRisk", "floodRisk", "airPollution",
                "waterPollution", "pollenConcentration", "asthmaAttack", "bumpedPatient",
                "fallenPatient", "heartAttack", "suspiciousAction", "robbery", "assault",
                "civilDisorder", "buildingFire", "forestFire",
            ]
        },
        "severity": {"enum": ["informational", "low", "medium", "high", "critical"]},
        "dateIssued": MOMENT,
        "validFrom": MOMENT,
        "validTo": MOMENT,
        "alertSource": {"type": "string", "pattern": r"^urn:ngsi-ld:Device:[\w\-.:]+$"},
        "name": TEXT,
        "description": TEXT,
        "data": {"type": "object"},
        "address": {"type": "object", "properties": {"streetAddress": TEXT}},
        "location": {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {
                "type": {"const": "Point"},
                "coordinates": {"type": "array", "items": {"type": "number"}, "minItems": 2},
            },
        },
    },
    "additionalProperties": False,
    "required": ["id", "type", "category", "dateIssued", "alertSource"],
}  # fmt: skip

NGSI_LD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "@context": {"type": "array", "items": {"type": "string", "format": "uri"}},
        "id": {"type": "string", "format": "uri", "pattern": "^urn:"},
        "type": TEXT,
    },
    "additionalProperties": {
        "oneOf": [
            {
                "type": "object",
                "properties": {
                    "type": {"enum": ["Property", "GeoProperty"]},
                    "value": {"not": {"type": "null"}},
                },
                "required": ["type", "value"],
                "additionalProperties": False,
            },
            {
                "type": "object",
                "properties": {
                    "type": {"const": "Relationship"},
                    "object": {"type": "string", "pattern": "^urn:"},
                },
                "required": ["type", "object"],
                "additionalProperties": False,
            },
        ]
    },
    "required": ["@context", "id", "type"],
}


def simplified(entity: dict[str, Any]) -> dict[str, Any]:
    """The entity without NGSI-LD's wrapping, as the data model describes it."""
    return {name: _value(each) for name, each in entity.items() if name != "@context"}


def _value(attribute: Any) -> Any:
    if not isinstance(attribute, dict):
        return attribute
    value = attribute["object"] if attribute["type"] == "Relationship" else attribute["value"]
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


ONEM2M_CREATE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "op": {"const": 1},
        "ty": {"const": 4},
        "to": TEXT,
        "fr": TEXT,
        "rqi": {"type": "string", "pattern": r"^[\w-]+$"},
        "rvi": {"enum": ["1", "2", "2a", "3", "4", "5"]},
        "pc": {
            "type": "object",
            "properties": {
                "m2m:cin": {
                    "type": "object",
                    "properties": {
                        # TS-0001 §9.6.7 and TS-0004 §7.4.7; "/" would end a name
                        "rn": {"type": "string", "pattern": r"^[\w.~-]+$"},
                        "lbl": {"type": "array", "items": TEXT, "uniqueItems": True},
                        "cnf": {"type": "string", "pattern": r"^[\w.+-]+/[\w.+-]+:[012](:[0-5])?$"},
                        "con": TEXT,
                    },
                    "required": ["con"],
                    "additionalProperties": False,
                }
            },
            "required": ["m2m:cin"],
            "additionalProperties": False,
        },
    },
    "required": ["op", "to", "fr", "rqi", "rvi", "ty", "pc"],
    "additionalProperties": False,
}

CLOUD_EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": TEXT,
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "type": {"type": "string", "pattern": r"^io\.github\.haetae\.[a-z_]+\.[a-z]+\.v1$"},
        "subject": TEXT,
        "time": MOMENT,
        "sequence": {"type": "string", "pattern": r"^\d{20}$"},
        "simulated": {"type": "boolean"},
        "historical": {"const": True},
        "test": {"const": True},
        "revision": {"type": "integer", "minimum": 1},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
    "required": ["specversion", "id", "source", "type", "data"],
    "additionalProperties": False,
}

_SHARED = {"unique_id": TEXT, "name": TEXT, "entity_category": {"enum": ["diagnostic", "config"]}}
_TEMPLATE = {"type": "string", "pattern": r"^\{\{ .+ \}\}$"}
_COMPONENTS = [
    {
        "properties": _SHARED
        | {
            "platform": {"const": "binary_sensor"},
            "device_class": {
                "enum": [
                    "smoke", "carbon_monoxide", "gas", "sound", "moisture", "tamper", "problem",
                    "safety", "connectivity",
                ]
            },
            "value_template": _TEMPLATE,
            "json_attributes_topic": TEXT,
            "json_attributes_template": _TEMPLATE,
        },
        "required": ["platform", "unique_id", "value_template"],
        "additionalProperties": False,
    },
    {
        "properties": _SHARED
        | {
            "platform": {"const": "sensor"},
            "device_class": {"const": "enum"},
            "options": {"type": "array", "items": TEXT, "minItems": 1},
            "icon": {"type": "string", "pattern": "^mdi:"},
            "value_template": _TEMPLATE,
        },
        "required": ["platform", "unique_id", "value_template"],
        "additionalProperties": False,
    },
    {
        "properties": _SHARED
        | {
            "platform": {"const": "event"},
            "state_topic": TEXT,
            "event_types": {"type": "array", "items": TEXT, "minItems": 1},
        },
        "required": ["platform", "unique_id", "state_topic", "event_types"],
        "additionalProperties": False,
    },
]  # fmt: skip

HOME_ASSISTANT_DEVICE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "origin": {"type": "object", "properties": {"name": TEXT}, "required": ["name"]},
        "device": {
            "type": "object",
            "properties": {
                "identifiers": {"type": "array", "items": TEXT, "minItems": 1},
                "name": TEXT,
                "manufacturer": TEXT,
                "model": TEXT,
            },
            "required": ["identifiers"],
            "additionalProperties": False,
        },
        "state_topic": TEXT,
        "availability": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"topic": TEXT, "value_template": _TEMPLATE},
                "required": ["topic"],
            },
        },
        "qos": {"enum": [0, 1, 2]},
        "components": {
            "type": "object",
            "propertyNames": {"pattern": r"^\w+$"},
            "additionalProperties": {"type": "object", "oneOf": _COMPONENTS},
        },
    },
    "required": ["origin", "device", "components"],
    "additionalProperties": False,
}

HOME_ASSISTANT_EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {"event_type": {"enum": ["prealarm", "alarm", "cleared", "unreadable"]}},
    "required": ["event_type"],
}
