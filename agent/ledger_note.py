"""What is to be recorded in the ledger, before it is given its place and sealed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.inspection import WHY, Outcome
from agent.ledger_file import Record
from agent.ledger_past import CONFIGURATION, EVENT, FIRMWARE, Begun
from agent.signing import Signer
from agent.values import Event
from agent.wallclock import WallTime

_VERSIONS = ("software", "models", "simulated")


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be recorded, with the times at which it happened."""

    kind: str
    body: Mapping[str, Any]
    boot_id: str
    monotonic_s: float
    wall: WallTime


def introduction(signer: Signer) -> dict[str, str]:
    """The body of a record that introduces a key."""
    verifier = signer.verifier
    return {"key_id": verifier.key_id, "algorithm": verifier.algorithm, "public": verifier.pem}


def to_record(note: Note, seq: int, previous: str) -> Record:
    """Put it into its place in the chain, yet unsealed."""
    return Record(
        seq=seq,
        kind=note.kind,
        boot_id=note.boot_id,
        monotonic_s=round(note.monotonic_s, 3),
        wall_time=note.wall.iso,
        wall_uncertainty_s=note.wall.uncertainty_s,
        wall_source=note.wall.source,
        body=dict(note.body),
        previous=previous,
    )


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What a start changed: kind and body of a record for each."""
    found = []
    for kind, keys in ((CONFIGURATION, ("configuration", "profile")), (FIRMWARE, _VERSIONS)):
        if any(before[key] != now[key] for key in keys):
            body = {"from": {k: before[k] for k in keys}, "to": {k: now[k] for k in keys}}
            found.append((kind, body))
    return found


def interrupted(begun: Mapping[str, Begun]) -> list[dict[str, Any]]:
    """The bodies of the records of inspections that a restart cut off, by their nonces."""
    outcome = Outcome.INTERRUPTED
    why = {"ko": WHY[outcome].ko, "en": WHY[outcome].en}
    return [
        {
            "nonce": nonce,
            "sensor": each.sensor,
            "by": each.by,
            "signer": each.signer,
            "ordered": each.wall_time,
            "result": "failed",
            "outcome": outcome.value,
            "why": why,
        }
        for nonce, each in begun.items()
    ]


def of_event(event: Event, body: bytes) -> Note:
    """Tell an event by its name and the SHA-256 of its record, which the hub has."""
    told: dict[str, Any] = {
        "id": event.id,
        "seq": event.seq,
        "hazard": event.hazard,
        "stage": event.stage,
        "subject": event.subject,
        "rule": event.rule,
        "digest": hashlib.sha256(body).hexdigest(),
    }
    if event.revision:
        told["revision"] = event.revision
    if event.inspection:
        told["inspection"] = event.inspection
    wall = WallTime(event.wall_time, event.wall_uncertainty_s, event.wall_source)
    return Note(EVENT, told, event.boot_id, event.monotonic_s, wall)


def in_order(notes: list[Note], events: list[Note]) -> list[Note]:
    """Merge them by their times; events stay as the outbox has them, told again or not."""
    latest, timed = float("-inf"), [(note.monotonic_s, note) for note in notes]
    for event in events:
        latest = max(latest, event.monotonic_s)
        timed.append((latest, event))
    return [note for _, note in sorted(timed, key=lambda each: each[0])]
