"""A device's file, its state directory, and starts of the agent on them."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.commands import Code, Configuration
from agent.in_force import InForce
from agent.trial import SOAK_S, Signs
from tests.agent.orders import NOW
from tests.running import STALL

GOOD = Signs(armed=True, hub=True, lost=[], alarm=False)
DEVICE = '[device]\nid = "stall-17"\nsite = "test"\n'
INSTALLED = f"{STALL}\n{DEVICE}"
CHANGED = STALL + "\n[recorder]\nminutes = 7\n"


class Place:
    """A device's file and state directory; `start` is one start of the agent."""

    def __init__(self, folder: Path, text: str = INSTALLED) -> None:
        self.file, self.state = folder / "device.toml", folder / "state"
        self.file.write_text(text, "utf-8")
        self.boot, self.now = "boot-1", 1000.0
        self.notes: list[dict[str, Any]] = []

    def look(self) -> InForce:
        return InForce(self.file, self.state, boot=lambda: self.boot, clock=lambda: self.now)

    def start(self) -> InForce:
        found = self.look()
        found.decide()
        found.note_by(lambda _kind, body: self.notes.append(body))
        return found

    def tried(self) -> InForce:
        """One start, by which it is found good."""
        found = self.start()
        found.tend(GOOD, 0.0)
        found.tend(GOOD, SOAK_S)
        assert found.origin == "remote"
        return found

    def told(self) -> list[str]:
        return [each["what"] for each in self.notes]

    def proposed(self, text: str = CHANGED) -> None:
        """Propose it, and have the process end."""
        assert self.start().propose(command(text), "city", GOOD) is None


def command(text: str, number: int = 1, **own: Any) -> Configuration:
    fields: dict[str, Any] = {
        "id": f"nonce-{number:04d}",
        "issued": NOW,
        "expires": NOW + timedelta(minutes=5),
        "by": "Kim",
        "toml": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return Configuration(**(fields | own))


def refused(found: tuple[Code, str] | None) -> Code:
    assert found is not None
    return found[0]
