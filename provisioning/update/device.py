"""Install a bundle on this device: tried beside what runs, and kept only if it detects as well.

    install(path, hands) -> Report       fetched, or brought by hand
    roll_back(hands) -> Report           to what was before, by hand

Nothing that runs is touched until everything is on flash and the agent may be disturbed. The switch
is one rename; the agent that comes up then is on trial, and what was before is in force again at
the next start, whatever happens, until the trial was found good and that is written down.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.envelope import kernel_boot
from provisioning.remedy import Failure, ProvisioningError
from provisioning.update import boot, calm, facts, outcome, rollout, selection, trees, trial, view
from provisioning.update.bundle import Bundle, opened
from provisioning.update.calm import Patience
from provisioning.update.device_words import error
from provisioning.update.facts import Places
from provisioning.update.lock import alone
from provisioning.update.manifest import APPLICATION, KEYS
from provisioning.update.outcome import Report
from provisioning.update.selection import Layer, Selection, Trial
from provisioning.update.trial import Expected, Terms, Watched
from provisioning.update.units import Units

log = logging.getLogger(__name__)

BY_HAND = "taken back by hand"


@dataclass(frozen=True, slots=True)
class Hands:
    """What an installation works with: where all lies, what restarts the agent, how long it waits.

    `by_hand` says that somebody at the device asks for it: then what failed before may be tried.
    """

    places: Places = field(default_factory=Places)
    units: Units = field(default_factory=Units)
    terms: Terms = field(default_factory=Terms)
    patience: Patience = field(default_factory=Patience)
    by_hand: bool = False
    boot: Callable[[], str] = kernel_boot

    def tell(self, what: Report) -> Report:
        """Leave it where it is read."""
        outcome.tell(what, self.places.update_run, self.places.updates)
        return what


@dataclass(frozen=True, slots=True)
class Change:
    """What is about to be in force: `layers`, of which those of `kind` are new."""

    kind: str
    version: str
    sha256: str
    layers: Mapping[str, Layer]


def install(path: Path, hands: Hands) -> Report:
    """Install a bundle, try it, and keep it or go back; how it ended.

    Raises:
        ProvisioningError: It is refused, or there is no room; nothing has changed.
    """
    places = hands.places
    with alone(places):
        settle(hands)
        chosen = selection.read(places.installed)
        change = _staged(path, hands, chosen)
        try:
            boot.check(places, {**_keys(chosen), change.kind: change.layers[change.kind]})
            ended = _keep_keys(change, hands) if change.kind == KEYS else _try(change, hands)
        finally:
            trees.prune(places.installed, selection.read(places.installed).used)
    return ended


def roll_back(hands: Hands) -> Report:
    """Go back to what was before the last update, and mark that one as not to be taken again.

    Raises:
        ProvisioningError: There is nothing to go back to, or it is damaged; nothing has changed.
    """
    places = hands.places
    with alone(places):
        settle(hands)
        chosen = selection.read(places.installed)
        if chosen.previous is None or chosen.previous == chosen.current:
            raise error("update-nothing-before", "")
        shown, _aside = facts.in_force(places, chosen.previous)
        boot.check(places, shown)
        left = [layer for kind, layer in chosen.current.items() if layer not in shown.values()]
        kind, version = _gone(chosen)
        ended = _try(Change(kind, version, "", chosen.previous), hands)
        if ended.state == "good":
            after = selection.read(places.installed)
            for layer in left:
                after = after.without(layer.sha256, BY_HAND)
            selection.write(places.installed, after)
    return ended


def refuse(kind: str, version: str, why: Failure, hands: Hands) -> Report:
    """Tell the agent that something that was fetched is not taken, and why."""
    detail = f": {why.detail}" if why.detail else ""
    return hands.tell(outcome.report(kind, version, "refused", f"{why.code}{detail}"))


def settle(hands: Hands) -> None:
    """Take back a trial that was left over: whoever tried it was killed before it ended."""
    places = hands.places
    found = selection.read(places.installed)
    if found.trial is None:
        return
    _go_back(found, hands, "the installation was cut off before it was found good")


def _staged(path: Path, hands: Hands, chosen: Selection) -> Change:
    """Unpack it beside what runs; of its memory nothing is held while an alarm is waited for.

    Raises:
        ProvisioningError: It is refused, or there is no room.
    """
    bundle = _accepted(path, hands, chosen)
    about = bundle.manifest
    trees.stage(bundle, hands.places.installed)
    layer = Layer(bundle.sha256, about.version, hands.places.system.version, about.lock)
    return Change(about.kind, about.version, bundle.sha256, {**chosen.current, about.kind: layer})


def _accepted(path: Path, hands: Hands, chosen: Selection) -> Bundle:
    """The bundle, if it is whole, signed by who may, and for this device now.

    Raises:
        ProvisioningError: It is not.
    """
    places, now = hands.places, facts.now()
    trusted = facts.roots(places, chosen.current)
    bundle = opened(path, trusted, at=now if hands.by_hand else None)
    known = facts.facts(places)
    if (unfit := rollout.unfit(bundle.manifest, known, now)) is not None:
        raise ProvisioningError(unfit)
    if not hands.by_hand and (why := chosen.failed.get(bundle.sha256)):
        raise error("update-failed-before", why)
    return bundle


def _keys(chosen: Selection) -> dict[str, Layer]:
    return {KEYS: chosen.current[KEYS]} if KEYS in chosen.current else {}


def _keep_keys(change: Change, hands: Hands) -> Report:
    """Have other release roots in force; nothing runs by them, so there is nothing to try."""
    chosen = selection.read(hands.places.installed)
    try:
        _commit(Selection(dict(change.layers), chosen.current, None, chosen.failed), hands)
    except OSError as problem:
        raise error("update-no-room", str(problem)) from None
    return hands.tell(outcome.report(change.kind, change.version, "good"))


def _try(change: Change, hands: Hands) -> Report:
    """Switch to what is installed, judge it, and keep it or go back."""
    places = hands.places
    shown, _aside = facts.in_force(places, change.layers)
    try:
        prepared = view.prepare(places.ground, shown)
        answer = _begin(change, hands)
        view.switch(places.ground, prepared)
    except OSError as problem:
        with contextlib.suppress(OSError):
            _forget(hands)
        raise error("update-no-room", str(problem)) from None
    hands.units.restart()
    hands.tell(outcome.report(change.kind, change.version, "trying"))
    expected = _expected(shown, 0 if answer is None else answer.pid)
    before = {} if answer is None else trial.claims(answer.body)
    why = trial.judge(expected, before, _watched(hands), hands.terms)
    found = selection.read(places.installed)
    if not why:
        try:
            _commit(found.found_good(), hands)
        except OSError as problem:
            why = f"that it is good could not be written down: {problem}"
    if why:
        return _go_back(found, hands, why)
    view.prune(places.ground)
    return hands.tell(outcome.report(change.kind, change.version, "good"))


def _begin(change: Change, hands: Hands) -> calm.Answer | None:
    """Wait until the agent may be disturbed, and write down what is tried; the agent's status.

    It is asked again once that is on flash, just before the switch.
    """
    places, installed = hands.places, hands.places.installed

    def say(why: Sequence[str]) -> None:
        told = outcome.report(change.kind, change.version, "waiting", "; ".join(why))
        hands.tell(told)

    while True:
        answer = calm.await_calm(places.agent_run, hands.patience, say)
        going = Trial(change.kind, change.version, change.sha256, hands.boot(), dict(change.layers))
        selection.write(installed, selection.read(installed).on_trial(going))
        last = calm.status(places.agent_run)
        if calm.holds(answer, last, places.agent_run):
            return last
        _forget(hands)


def _forget(hands: Hands) -> None:
    """Nothing is tried yet after all."""
    found = selection.read(hands.places.installed)
    if found.trial is not None:
        kept = Selection(found.current, found.previous, None, found.failed)
        selection.write(hands.places.installed, kept)


def _expected(shown: Mapping[str, Layer], old_pid: int) -> Expected:
    application = shown.get(APPLICATION)
    version = facts.shipped_version() if application is None else application.version
    layers = {kind: layer.version for kind, layer in shown.items() if kind != KEYS}
    return Expected(software=f"haetae {version}", layers=layers, instead_of=old_pid)


def _watched(hands: Hands) -> Watched:
    run = hands.places.agent_run
    return Watched(
        look=trial.look_at(run),
        again=hands.units.again,
        selftest=trial.selftest_by(run),
        clock=hands.patience.clock,
        wait=hands.patience.wait,
    )


def _go_back(found: Selection, hands: Hands, why: str) -> Report:
    """Have what was before run again; a living agent that is in an alarm is not interrupted."""
    places, going = hands.places, found.trial
    calm.await_end_of_alarm(places.agent_run, hands.patience)
    shown, _damaged = boot.usable(places, found.taken_back(""))
    try:
        view.switch(places.ground, view.prepare(places.ground, shown))
    except OSError as problem:
        log.error("%s: %s: what was shipped runs", places.run, problem)  # noqa: TRY400
        view.switch(places.ground, None)
    hands.units.restart()
    with contextlib.suppress(OSError):  # the next start takes it back, too
        selection.write(places.installed, found.taken_back(why))
    kind, version = (going.kind, going.version) if going is not None else ("", "")
    return hands.tell(outcome.report(kind, version, "rolled-back", why))


def _commit(chosen: Selection, hands: Hands) -> None:
    """Write down what is in force from now on, and that nothing below it is taken any more.

    Raises:
        OSError: The disk takes nothing; what was in force stays so.
    """
    installed = hands.places.installed
    selection.write(installed, chosen)
    with contextlib.suppress(OSError):  # what is in force counts as the floor, too
        floor = selection.raised(selection.read_floor(installed), chosen.current)
        selection.write_floor(installed, floor)


def _gone(chosen: Selection) -> tuple[str, str]:
    """What a way back changes, as kind and version: of the application, if it is among it."""
    before = chosen.previous or {}
    kinds = {*before, *chosen.current}
    changed = sorted(k for k in kinds if before.get(k) != chosen.current.get(k))
    kind = APPLICATION if APPLICATION in changed or not changed else changed[0]
    shipped = facts.shipped_version() if kind == APPLICATION else "0.0"
    return kind, before[kind].version if kind in before else shipped
