"""The hub's contract as an AsyncAPI 3.0 document, made from the structs that are at work.

The application that it describes is a device: it sends events, its state, answers and recordings,
and receives commands.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

from agent.commands import VERBS
from agent.orders import Answer
from agent.status import State
from agent.values import Event, Hazard
from provisioning import examples

VERSION = "1.0.0"  # of the contract: its first number is that of the topics and types, v1
ROOT = "haetae/v1/{site}/{device}"
BINDING = "0.2.0"  # of AsyncAPI's MQTT bindings
_TEMPLATE = "#/components/schemas/{name}"
_FLAG = {"type": "string", "const": "true"}


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {
            "mqtt5": _server("5.0", "Events come in binary mode: attributes as user properties."),
            "mqtt311": _server("3.1.1", "Events come in structured mode; see the README."),
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "schemas": _schemas(),
            "messages": _messages(),
            "parameters": _parameters(),
            "securitySchemes": {
                "deviceCertificate": {
                    "type": "X509",
                    "description": "A client certificate whose CN is the device's id; the broker "
                    "gives each CN its own topics (acl.conf).",
                }
            },
        },
    }


def _info() -> dict[str, Any]:
    return {
        "title": "Haetae device",
        "version": VERSION,
        "description": "What a Haetae safety device says to the hub and hears from it. Delivery is "
        "at least once: take each event id once, and each of its revisions once.",
        "license": {"name": "Apache-2.0"},
    }


def _server(version: str, description: str) -> dict[str, Any]:
    return {
        "host": "{hub}:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": version,
        "description": f"TLS 1.2 or newer. {description}",
        "variables": {"hub": {"description": "The hub's broker", "default": "hub.example"}},
        "security": [{"$ref": "#/components/securitySchemes/deviceCertificate"}],
    }


def _parameters() -> dict[str, Any]:
    return {
        "site": {"description": "Where the device stands: a market, an alley, a house"},
        "device": {
            "description": "The device's id, and the CN of its certificate; in quarantine both "
            "begin with `quarantine_`"
        },
        "hazard": {"description": "What people are warned of", "enum": [str(h) for h in Hazard]},
        "verb": {"description": "What is asked of the device", "enum": sorted(VERBS)},
        "id": {"description": "The id of the command that asked for it"},
        "number": {"description": "The number of the piece, from 0"},
    }


def _channels() -> dict[str, Any]:
    commands = [f"command.{verb}" for verb in sorted(VERBS)]
    return {
        "event": _channel(
            "event/{hazard}", ["event.binary", "event.structured", "event.damaged"], "hazard"
        ),
        "state": _channel("state", ["state", "offline"]),
        "cmd": _channel("cmd/{verb}", [*commands, "command.signed"], "verb"),
        "ack": _channel("ack/{verb}", ["ack"], "verb"),
        "recording": _channel("recording/{id}/{number}", ["piece"], "id", "number"),
    }


def _channel(below: str, messages: list[str], *parameters: str) -> dict[str, Any]:
    named = ("site", "device", *parameters)
    return {
        "address": f"{ROOT}/{below}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in named},
    }


def _operations() -> dict[str, Any]:
    return {
        "tellEvent": _operation("send", "event", "Tell of a hazard; never retained."),
        "tellState": _operation(
            "send", "state", "Say what is covered; `offline` is the last will.", retain=True
        ),
        "takeCommand": _operation("receive", "cmd", "Take one command; a retained one is refused."),
        "answerCommand": _operation("send", "ack", "Answer each command, once judged."),
        "sendRecording": _operation("send", "recording", "Send the numbers that were asked for."),
    }


def _operation(action: str, channel: str, summary: str, *, retain: bool = False) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": {"mqtt": {"qos": 1, "retain": retain, "bindingVersion": BINDING}},
    }


def _messages() -> dict[str, Any]:
    made = {
        "event.binary": _message("An event over MQTT 5", "Event")
        | {"headers": _ref("CloudEventAttributes"), "examples": list(_examples("userProperties"))},
        "event.structured": _message("An event over MQTT 3.1.1", "StructuredEvent")
        | {"contentType": "application/cloudevents+json", "examples": list(_examples(None))},
        "event.damaged": {
            "title": "A record that was damaged on the device's disk",
            "summary": "Over MQTT 5: type `io.github.haetae.fault.unreadable.v1`, on event/fault.",
            "contentType": "application/octet-stream",
            "headers": _ref("CloudEventAttributes"),
            "payload": {"type": "string", "format": "binary"},
        },
        "state": _message("What the device is and covers", "State"),
        "offline": {
            "title": "The last will, and the last word of a device that ends in order",
            "contentType": "text/plain",
            "payload": {"type": "string", "const": "offline"},
        },
        "command.signed": {
            "title": "Any command, signed",
            "summary": "A compact JWS (RFC 7515, ES256 or EdDSA) around one of the commands.",
            "contentType": "application/jose",
            "payload": {"type": "string", "pattern": r"^[\w-]+\.[\w-]+\.[\w-]+$"},
        },
        "ack": _message("The answer to a command", "Answer"),
        "piece": {
            "title": "A piece of `readings.csv.gz`, which is whole when put together",
            "contentType": "application/gzip",
            "payload": {"type": "string", "format": "binary"},
        },
    }
    for verb, kind in VERBS.items():
        made[f"command.{verb}"] = _message(f"Command {verb}", kind.__name__)
    return made


def _message(title: str, schema: str) -> dict[str, Any]:
    return {"title": title, "contentType": "application/json", "payload": _ref(schema)}


def _examples(headers: str | None) -> Iterator[dict[str, Any]]:
    """Each hazard's alarm, in one of the two forms."""
    for event in examples.events():
        if event.stage == "alarm":
            made = examples.wrapped(event) if headers is None else examples.binary(event)
            found = {"name": f"{event.hazard}-alarm", "payload": made["payload"]}
            yield found if headers is None else found | {"headers": made[headers]}


def _schemas() -> dict[str, Any]:
    kinds = (Event, State, Answer, *VERBS.values())
    _, parts = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
    for part in parts.values():
        if "description" in part:  # a docstring, which Python before 3.13 leaves indented
            part["description"] = inspect.cleandoc(part["description"])
    return {**parts, "CloudEventAttributes": _attributes(), "StructuredEvent": _structured()}


def _attributes() -> dict[str, Any]:
    """CloudEvents 1.0 attributes as user properties, where all are text."""
    return {
        "type": "object",
        "properties": _common()
        | {
            "simulated": {"type": "string", "enum": ["true", "false"]},
            "historical": _FLAG,
            "test": _FLAG,
            "revision": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        },
        "required": ["specversion", "id", "source", "type", "sequence", "simulated"],
    }


def _structured() -> dict[str, Any]:
    """The JSON event format, with the record as `data`, or damaged as `data_base64`."""
    return {
        "type": "object",
        "properties": _common()
        | {
            "simulated": {"type": "boolean"},
            "historical": {"const": True},
            "test": {"const": True},
            "revision": {"type": "integer", "minimum": 1},
            "datacontenttype": {"enum": ["application/json", "application/octet-stream"]},
            "data": _ref("Event"),
            "data_base64": {"type": "string"},
        },
        "required": ["specversion", "id", "source", "type", "sequence", "simulated"],
        "oneOf": [{"required": ["data"]}, {"required": ["data_base64"]}],
    }


def _common() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "specversion": {"const": "1.0"},
        "id": text | {"description": "Take each once, and each revision of it once."},
        "source": {"type": "string", "pattern": "^/haetae/v1/[^/]+/[^/]+$"},
        "type": {"type": "string", "pattern": r"^io\.github\.haetae\.[a-z_]+\.[a-z]+\.v1$"},
        "subject": text,
        "time": {"type": "string", "format": "date-time"},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{20}$",
            "description": "Rises for the life of a device's storage; sorts as text.",
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _TEMPLATE.format(name=name)}
