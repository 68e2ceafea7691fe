"""Commands for the tests of the way in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent.commands import Received
from agent.wallclock import WallTime

NOW = datetime(2026, 11, 21, 9, 0, 30, tzinfo=UTC)
SET = WallTime("2026-11-21T09:00:30.000Z", 0.02, "ntp")
UNSET = WallTime("2026-11-21T09:00:30.000Z", None, "unsynchronised")


def body(
    number: int = 1, *, age_s: float = 10.0, life_s: float = 300.0, now: datetime = NOW, **own: Any
) -> bytes:
    """The bytes of a command; `own` are the verb's fields, or replace the others."""
    issued = now - timedelta(seconds=age_s)
    fields = {
        "id": f"nonce-{number:04d}",
        "issued": issued.isoformat(),
        "expires": (issued + timedelta(seconds=life_s)).isoformat(),
        "by": "night desk",
    }
    return msgspec.json.encode(fields | own)


def received(verb: str, content: bytes, *, retained: bool = False, at: float = 0.0) -> Received:
    return Received(verb, content, retained, at)
