"""Which release a device takes: the newest that is for it, once its turn has come.

A release begins with a few devices. Which ones is decided by the release's own digest and the
device's name, so that they are others each time, and nobody has to be asked or remembered; who is
in at 10 % is in at 20 %.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning.remedy import Failure
from provisioning.update.catalogue import WHOLE, Catalogue, Release
from provisioning.update.manifest import APPLICATION, KINDS, Terms
from provisioning.update.signing import Moment
from provisioning.update.versions import is_newer, order
from provisioning.update.words import failure

BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What a device knows of itself. `versions` and `floor` are by kind.

    `versions` are those that are installed; below `floor` nothing is taken. `lock` is the SHA-256
    of the device.lock of its system. `failed` are the digests of files that failed their trial.
    """

    device: str
    board: str
    profile: str
    lock: str
    versions: Mapping[str, str] = field(default_factory=dict)
    floor: Mapping[str, str] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()


def bucket(sha256: str, device: str) -> int:
    """A device's place in a release's queue, 0 to 9999."""
    digest = hashlib.sha256(bytes.fromhex(sha256) + device.encode()).digest()
    return int.from_bytes(digest[:8]) % BUCKETS


def is_in(release: Release, device: str) -> bool:
    """Whether a device's turn has come."""
    return bucket(release.sha256, device) < round(release.percent * BUCKETS / WHOLE)


def unfit(terms: Terms, facts: Facts, at: Moment) -> Failure | None:
    """Why a release or a bundle is none for this device now, whoever offers it; None if it is."""
    return _elsewhere(terms, facts) or _out_of_turn(terms, facts, at)


def _elsewhere(terms: Terms, facts: Facts) -> Failure | None:
    """It is for another device."""
    if terms.boards and facts.board not in terms.boards:
        return failure("update-other-board", f"for {', '.join(terms.boards)}; this: {facts.board}")
    if terms.profiles and facts.profile not in terms.profiles:
        named = ", ".join(terms.profiles)
        return failure("update-other-profile", f"for {named}; this: {facts.profile}")
    if terms.lock != facts.lock and (terms.lock or terms.kind == APPLICATION):
        return failure("update-other-base", f"lock {terms.lock[:12]}; this: {facts.lock[:12]}")
    return None


def _out_of_turn(terms: Terms, facts: Facts, at: Moment) -> Failure | None:
    """It is for this device, and not after what is installed, or not yet."""
    installed = facts.versions.get(terms.kind, "")
    if not is_newer(terms.version, installed):
        return failure("update-not-newer", f"{terms.version}; installed: {installed}")
    if (floor := facts.floor.get(terms.kind, "")) and is_newer(floor, terms.version):
        return failure("update-not-newer", f"{terms.version}; nothing below {floor}")
    for kind, least in terms.needs.items():
        if is_newer(least, facts.versions.get(kind, "")):
            return failure("update-needs-another", f"{kind} {least}")
    if terms.not_before is not None and terms.not_before > at.at:
        return failure("update-too-early", f"not before {terms.not_before:%Y-%m-%d %H:%M %Z}")
    return None


def choose(catalogue: Catalogue, facts: Facts, at: Moment) -> Release | None:
    """The release to take next: keys first, then the system; of a kind the newest that fits."""
    for kind in KINDS:
        fit = [
            each
            for each in catalogue.releases
            if each.kind == kind
            and each.sha256 not in facts.failed
            and is_in(each, facts.device)
            and unfit(each, facts, at) is None
        ]
        if fit:
            return max(fit, key=lambda each: order(each.version))
    return None
