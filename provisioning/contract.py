"""The hub's contract, machine-readable.

`python -m provisioning.contract [event|state|command|ack]` prints a schema; `event` if none is
named. `python -m provisioning.hub_files` writes them all, and what stands on them.
"""

import inspect
import json
import sys
from typing import Any

import msgspec

from agent.commands import VERBS
from agent.orders import Answer
from agent.status import State
from agent.values import Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's record."""
    return _written(msgspec.json.schema(Event))


def command_schema() -> dict[str, Any]:
    """The JSON Schema of commands: one of `$defs` for each verb, by its name."""
    kinds, parts = msgspec.json.schema_components(VERBS.values())
    return _written({"anyOf": list(kinds), "$defs": parts})


def ack_schema() -> dict[str, Any]:
    """The JSON Schema of the answer to a command."""
    return _written(msgspec.json.schema(Answer))


def state_schema() -> dict[str, Any]:
    """The JSON Schema of the retained state; the last will is the bare word `offline` instead."""
    return _written(msgspec.json.schema(State))


def _written(schema: dict[str, Any]) -> dict[str, Any]:
    for part in schema["$defs"].values():
        if "description" in part:  # a docstring, which Python before 3.13 leaves indented
            part["description"] = inspect.cleandoc(part["description"])
    return {"$schema": DIALECT} | schema


SCHEMAS = {
    "event": event_schema,
    "state": state_schema,
    "command": command_schema,
    "ack": ack_schema,
}


if __name__ == "__main__":
    made = SCHEMAS[sys.argv[1] if len(sys.argv) > 1 else "event"]()
    sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
