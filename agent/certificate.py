"""A certificate of a device: what its ledger proves, on one sheet of paper, with a code.

The code is a line of text, signed by the device, that says which ledger this was; whoever has the
device's public key can check it, and the hub can compare it with what it was told.
"""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.certificate_page import page
from agent.ledger_file import Head, Record
from agent.ledger_past import INSPECTION, START
from agent.signing import Signer, Verifier

_FORM = "HAETAE1"  # form;site/device;head;last record's time;key id;signature
_NOTHING = Head(0, "")


@dataclass(frozen=True, slots=True)
class Certificate:
    """All that stands on the sheet.

    `head` is the verified one of the ledger; `status` what the agent says now, None if none runs.
    """

    head: Head
    status: dict[str, Any] | None = None
    site: str = ""
    device: str = ""
    software: str = ""
    models: dict[str, str] = field(default_factory=dict)
    configuration: str = ""
    profile: str = ""
    simulated: bool = False
    last_at: str = ""
    inspections: tuple[Record, ...] = ()  # the newest of each sensor

    @classmethod
    def of(
        cls, records: Iterable[Record], head: Head, status: dict[str, Any] | None = None
    ) -> "Certificate":
        """Collect it from a ledger, oldest record first."""
        started: dict[str, Any] = {}
        inspections: dict[str, Record] = {}
        last_at = ""
        for record in records:
            last_at = record.wall_time
            if record.kind == START:
                started = record.body
            elif record.kind == INSPECTION:
                inspections[str(record.body.get("sensor"))] = record
        return cls(
            head,
            status,
            site=str(started.get("site", "")),
            device=str(started.get("device", "")),
            software=str(started.get("software", "")),
            models=dict(started.get("models", {})),
            configuration=str(started.get("configuration", "")),
            profile=str(started.get("profile", "")),
            simulated=bool(started.get("simulated")),
            last_at=last_at,
            inspections=tuple(inspections.values()),
        )


@dataclass(frozen=True, slots=True)
class Seal:
    """What a code says; `fault` is empty if a known key signed it."""

    who: str
    head: Head
    at: str
    fault: str


def certificate(found: Certificate, signer: Signer | None) -> str:
    """The sheet as a page of HTML that needs nothing else. Without a key the code is unsigned."""
    return page(found, seal_text(found, signer), is_signed=signer is not None)


def seal_text(found: Certificate, signer: Signer | None) -> str:
    """What the code says."""
    who = f"{found.site}/{found.device}"
    key = "" if signer is None else signer.key_id
    said = ";".join((_FORM, who, str(found.head), found.last_at, key))
    signature = b"" if signer is None else signer.sign(said.encode())
    return f"{said};{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def read_seal(text: str, keys: Sequence[Verifier]) -> Seal:
    """Read a code, and say whether one of `keys` signed it."""
    parts = text.strip().split(";") if text.strip().startswith(_FORM + ";") else []
    try:
        _, who, head, at, signed_by, signature = parts
        seal = Seal(who, Head.parse(head), at, "")
        proof = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:  # binascii's, too
        return Seal("", _NOTHING, "", "it is not of a certificate of this kind")
    if not signed_by:
        return replace(seal, fault="nobody signed it: it was printed away from the device")
    known = next((key for key in keys if key.key_id == signed_by), None)
    if known is None:
        return replace(seal, fault=f"key {signed_by} signed it, which is not known: --certificate")
    if not known.verify(";".join(parts[:-1]).encode(), proof):
        return replace(seal, fault="its signature is not of what it says")
    return seal
