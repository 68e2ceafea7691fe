"""What the journal owes the office: told in order, each once, whenever there is a network.

A claim is known by its hash and a revocation by its key in the journal. An answer that was lost
makes the office hear the same again, which changes nothing there. A revocation of what the office
does not know is told once: made since, the device would be withdrawn by telling it again.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.journal import Errand, Journal
from provisioning.office import ClaimRecord, Office
from provisioning.remedy import Failure, ProvisioningError

log = logging.getLogger(__name__)

# the office has understood, and will say the same whenever it is told again
_FINAL = frozenset({"device-unknown", "request-refused"})


@dataclass(frozen=True, slots=True)
class Synced:
    """How many errands were done, and the failures of those that the office refused."""

    done: int
    refused: Sequence[Failure]


def sync(journal: Journal, office: Office, advance: Callable[[int], None]) -> Synced:
    """Tell the office all that it does not know, and take over what it knows of devices.

    Raises:
        ProvisioningError: It cannot be told now; what was told already is noted.
    """
    done, refused = 0, []
    for group in _groups(journal.errands()):
        try:
            about = _tell(office, group)
        except ProvisioningError as error:
            if error.failure.code not in _FINAL:
                raise
            refused.append(error.failure)
            for errand in group:
                journal.refused(errand, error.failure.code)
        else:
            for errand in group:
                journal.done(errand, about)
            done += len(group)
        advance(len(group))
    journal.take_over({each.device: each for each in office.devices()})
    return Synced(done, refused)


def _groups(errands: Sequence[Errand]) -> Sequence[Sequence[Errand]]:
    """Claims that follow each other together, everything else by itself: the order stays."""
    groups: list[list[Errand]] = []
    for errand in errands:
        if groups and errand.kind == groups[-1][0].kind == "claim":
            groups[-1].append(errand)
        else:
            groups.append([errand])
    return groups


def _tell(office: Office, group: Sequence[Errand]) -> Mapping[str, Any]:
    first = group[0]
    log.debug("sync: %s of %d devices, from %s", first.kind, len(group), first.device)
    if first.kind == "claim":
        office.register([_claim(each) for each in group])
        return {}
    return {"certificates": office.revoke(first.device, str(first.body["reason"]))}


def _claim(errand: Errand) -> ClaimRecord:
    return ClaimRecord(
        sha256=str(errand.body["sha256"]),
        device=errand.device,
        site=str(errand.body["site"]),
        expires=datetime.fromisoformat(str(errand.body["expires"])),
    )
