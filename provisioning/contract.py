"""The hub's contract, machine-readable: `python -m provisioning.contract` prints the schema."""

import inspect
import json
import sys
from typing import Any

import msgspec

from agent.values import Event


def event_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's record."""
    schema = msgspec.json.schema(Event)
    for part in schema["$defs"].values():
        if "description" in part:  # a docstring, which Python before 3.13 leaves indented
            part["description"] = inspect.cleandoc(part["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


if __name__ == "__main__":
    sys.stdout.write(json.dumps(event_schema(), indent=2, ensure_ascii=False) + "\n")
