"""The generated files of `provisioning/hub`: `python -m provisioning.hub_files` writes them anew.

Whoever changes an event, the state, a command or its answer does so in the code and runs it; a
test holds the files to it.
"""

import json
from pathlib import Path
from typing import Any

from provisioning import asyncapi, examples
from provisioning.contract import SCHEMAS

FOLDER = Path(__file__).parent / "hub"


def files() -> dict[str, str]:
    """Every generated file by its name below `FOLDER`, with its text."""
    found = {f"{name}.schema.json": _pretty(made()) for name, made in SCHEMAS.items()}
    found["asyncapi.json"] = _pretty(asyncapi.document())
    for name, form in (("binary", examples.binary), ("structured", examples.wrapped)):
        lines = (json.dumps(form(each), ensure_ascii=False) for each in examples.events())
        found[f"examples/events.{name}.jsonl"] = "".join(f"{line}\n" for line in lines)
    return found


def _pretty(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")
