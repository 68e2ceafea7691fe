"""Install a system bundle: into the other slot while all goes on, then a restart on trial, in calm.

    install(path, hands) -> Report       state `trying`: the restart is under way

What becomes of the trial is told after the restart, by `update.confirm`.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from provisioning.recovery import reboots
from provisioning.remedy import ProvisioningError
from provisioning.update import calm, facts, outcome, selection, slots, trial
from provisioning.update.device import Hands
from provisioning.update.manifest import SYSTEM
from provisioning.update.outcome import Report
from provisioning.update.system_signer import check_system_signer

SUFFIX = ".raucb"


def install(path: Path, hands: Hands) -> Report:
    """Write it, wait for calm, and restart into it.

    Raises:
        ProvisioningError: It is refused, or the card does not take it; nothing is switched.
    """
    places = hands.places
    chosen = selection.read(places.installed)
    found = facts.roots(places, chosen.current)
    roots = next((each for each in found if each.is_file()), places.release_roots)
    floor = selection.read_floor(places.installed).get(SYSTEM, "")
    version = slots.read_bundle(path, roots).version
    if hands.by_hand:  # no catalogue says that its signer is good still
        check_system_signer(path, roots, facts.now())

    def say(why: Sequence[str]) -> None:
        hands.tell(outcome.report(SYSTEM, version, "waiting", "; ".join(why)))

    calm.await_calm(places.agent_run, hands.patience, say)  # the card is busy for a while
    slots.install(path, roots, floor, by_hand=hands.by_hand)
    answer = calm.await_calm(places.agent_run, hands.patience, say)
    told = hands.tell(outcome.report(SYSTEM, version, "trying"))
    with contextlib.suppress(OSError):  # then the next start does not know why; it comes, though
        reboots.note("update", f"system {version}, on trial")
    try:
        slots.start({} if answer is None else trial.claims(answer.body))
    except (ProvisioningError, OSError) as error:  # else it would be told as tried for ever
        why = error.failure.what.en if isinstance(error, ProvisioningError) else str(error)
        return hands.tell(outcome.report(SYSTEM, version, "refused", why))
    return told
