"""At every start, before the agent: what is installed is checked again, and laid over what shipped.

    haetae-app.service, root: haetae-update lay-out

A trial that is still written down was not found good before the device was started anew, whether
its power was cut, it hung, or somebody pulled the plug: it is taken back here. What is damaged or
was half written is left aside; what was before it runs, and in the end what was shipped.
"""

import contextlib
import logging
from dataclasses import dataclass

from cryptography import x509

from agent.wallclock import BUILD_FLOOR
from provisioning.remedy import ProvisioningError
from provisioning.update import facts, outcome, selection, trees, view
from provisioning.update.facts import Places
from provisioning.update.lock import UNDER_WAY, alone
from provisioning.update.manifest import KEYS, ROOTS_FILE, VOUCHERS_FILE
from provisioning.update.outcome import Report
from provisioning.update.roots import trusted_through
from provisioning.update.selection import Layers, Selection
from provisioning.update.signing import Moment, read_roots
from provisioning.update.words import error

log = logging.getLogger(__name__)

CUT_OFF = "the device was started anew before it was found good"
# another system may trust who has signed it: it is left aside, and kept for when that one is back
_OF_THE_SYSTEM = frozenset({"release-untrusted", "roots-unusable"})


@dataclass(frozen=True, slots=True)
class Damage:
    """What of the installed bundles cannot be used; where it is lasting, it may be forgotten."""

    report: Report
    is_lasting: bool


def lay_out(places: Places) -> Layers:
    """Settle what a power cut has left, and have the agent start from what is whole; what that is.

    Whatever is wrong, something is in force when this returns: a disk that takes nothing leaves
    the choice as it is, and a tree that cannot be used is not used.

    Raises:
        ProvisioningError: `update-under-way`: somebody installs, and nothing is touched.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(alone(places))
        except ProvisioningError as error:
            if error.failure.code == UNDER_WAY:
                raise
            log.error("%s", error)  # noqa: TRY400  # no traceback
        return _lay_out(places)


def _lay_out(places: Places) -> Layers:
    outcome.recall(places.update_run, places.updates)
    last = outcome.read(places.updates)
    chosen, told = settled(selection.read(places.installed))
    shown, wrong = usable(places, chosen)
    if wrong is not None:
        told = wrong.report
        chosen = _without(chosen, shown) if wrong.is_lasting else chosen
    if told is not None and not told.is_same(last):  # first: what is done is not told any more
        outcome.tell(told, places.update_run, places.updates)
    try:
        _keep(places, chosen)
    except OSError as error:
        log.error("%s: %s", places.installed, error)  # noqa: TRY400  # no traceback
    try:
        view.switch(places.ground, view.prepare(places.ground, shown))
    except OSError as error:
        log.error("%s: %s: what was shipped runs", places.run, error)  # noqa: TRY400
        view.switch(places.ground, None)
        return {}
    return shown


def settled(found: Selection) -> tuple[Selection, Report | None]:
    """The choice without the trial that was cut off, and what there is to tell of it."""
    if (trial := found.trial) is None:
        return found, None
    told = outcome.report(trial.kind, trial.version, "rolled-back", CUT_OFF)
    return found.taken_back(CUT_OFF), told


def usable(places: Places, chosen: Selection) -> tuple[dict[str, selection.Layer], Damage | None]:
    """The bundles that are in force and whole; what was before, where one of them is damaged."""
    told: Damage | None = None
    for layers in (chosen.current, chosen.previous or {}):
        shown, aside = facts.in_force(places, layers)
        for kind, why in aside.items():
            log.warning("%s: left aside: %s", kind, why)
        damaged = _damaged(places, shown)
        if damaged is None:
            return shown, told
        told = told or damaged
    return {}, told


def check(places: Places, layers: Layers) -> None:
    """Check signature and every file of these bundles again.

    Raises:
        ProvisioningError: One of them cannot be used; its `detail` begins with its kind.
    """
    trusted = _trusted(places, layers)
    for kind, layer in layers.items():
        trees.whole(places.installed / layer.sha256, kind, trusted)


def _trusted(places: Places, layers: Layers) -> list[x509.Certificate]:
    """By which roots something that was installed may have been signed, from those shipped on."""
    shipped = read_roots((places.release_roots,))
    if (keys := layers.get(KEYS)) is None:
        return shipped
    folder = places.installed / keys.sha256 / trees.FILES
    try:
        names = [each for each in (ROOTS_FILE, VOUCHERS_FILE) if (folder / each).exists()]
        files = {name: (folder / name).read_bytes() for name in names}
    except OSError as problem:
        raise error("release-damaged", f"{keys.sha256}: {problem.strerror}") from None
    if ROOTS_FILE not in files:
        raise error("release-damaged", f"{keys.sha256}: no {ROOTS_FILE}")
    # a root that has ended since still vouches for what was tried while it was good
    return trusted_through(shipped, files, Moment(BUILD_FLOOR, is_known=False))


def _damaged(places: Places, layers: Layers) -> Damage | None:
    for kind, layer in layers.items():
        try:
            check(places, {k: e for k, e in layers.items() if k in {kind, KEYS}})
        except ProvisioningError as error:
            why = f"{error.failure.code}: {error.failure.detail}"
            told = outcome.report(kind, layer.version, "rolled-back", why)
            return Damage(told, is_lasting=error.failure.code not in _OF_THE_SYSTEM)
    return None


def _without(chosen: Selection, shown: Layers) -> Selection:
    """Choose what is whole; what is damaged may be fetched again, for it did not fail a trial."""
    return Selection(dict(shown), None, None, chosen.failed)


def _keep(places: Places, chosen: Selection) -> None:
    """Write down what has changed, and clear up."""
    if chosen != selection.read(places.installed):
        floor = selection.read_floor(places.installed)
        selection.write_floor(places.installed, floor)  # first: the choice may be a lower one
        selection.write(places.installed, chosen)
    trees.prune(places.installed, chosen.used)
