"""Install a system bundle: into the other slot while all goes on, then a restart on trial, in calm.

    install(path, hands) -> Report       state `trying`: the restart is under way

What becomes of the trial is told after the restart, by `update.confirm`.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from provisioning.places import SLOTS_RUN
from provisioning.recovery import reboots
from provisioning.remedy import ProvisioningError
from provisioning.update import calm, facts, outcome, selection, slots, trial
from provisioning.update.device import Hands
from provisioning.update.device_words import error
from provisioning.update.manifest import SYSTEM
from provisioning.update.outcome import Report
from provisioning.update.slots import OneStart
from provisioning.update.system_signer import check_system_signer

SUFFIX = ".raucb"
MOST_REFUSALS = 3  # of one file that was fetched: the next one would be a day later


def install(path: Path, hands: Hands) -> Report:
    """Write it, wait for calm, and restart into it.

    Raises:
        ProvisioningError: It is refused, or the card does not take it; nothing is switched.
    """
    with pinned(path, is_trusted=hands.by_hand) as same:
        return _install(same, hands)


@contextlib.contextmanager
def pinned(path: Path, *, is_trusted: bool, folder: Path = SLOTS_RUN) -> Iterator[Path]:
    """Another path of a file, in `folder`, that leads to this very one whatever takes its place.

    What was fetched lies in another user's folder, who could change or exchange it between the
    check and the installation: no link is followed to it, and it becomes root's, whom alone it may
    be open for. Where its path `is_trusted`, a person at the device has named it.

    Raises:
        ProvisioningError: `release-damaged`: it cannot be opened, or somebody writes to it.
    """
    follow = 0 if is_trusted else os.O_NOFOLLOW
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | follow
    link = folder / path.name
    with contextlib.ExitStack() as stack:
        try:
            parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | follow)
            stack.callback(os.close, parent)
            file = os.open(path.name, flags, dir_fd=parent)
            stack.callback(os.close, file)
            if not is_trusted:
                _take(file)
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(f"/proc/{os.getpid()}/fd/{file}")
        except OSError as problem:
            raise error("release-damaged", f"{path}: {problem.strerror}") from None
        stack.callback(link.unlink, missing_ok=True)
        yield link


def _take(file: int) -> None:
    """Make an open file this user's, and see that nobody has it open for writing (fcntl(2))."""
    os.fchown(file, os.geteuid(), -1)
    os.fchmod(file, 0o444)  # who has fetched it may still look whether it is whole
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _install(path: Path, hands: Hands) -> Report:
    places = hands.places
    chosen = selection.read(places.installed)
    found = facts.roots(places, chosen.current)
    roots = next((each for each in found if each.is_file()), places.release_roots)
    version = slots.read_bundle(path, roots).version
    if hands.by_hand:  # no catalogue says that its signer is good still
        check_system_signer(path, roots, facts.now())
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def say(why: Sequence[str]) -> None:
        hands.tell(outcome.report(SYSTEM, version, "waiting", "; ".join(why)))

    calm.await_calm(places.agent_run, hands.patience, say)  # the card is busy for a while
    with not_for_ever(sha256, hands):
        slots.install(path, roots, by_hand=hands.by_hand)

    def about_to() -> None:
        hands.tell(outcome.report(SYSTEM, version, "trying"))
        # else the next start does not know why it came
        with contextlib.suppress(OSError):
            reboots.note("update", f"system {version}, on trial")

    try:
        with not_for_ever(sha256, hands):
            restart_in_calm(hands, lambda claims: slots.one_start(claims, sha256), say, about_to)
    except (ProvisioningError, OSError) as wrong:  # else it would be told as tried for ever
        return hands.tell(outcome.report(SYSTEM, version, "refused", _why(wrong)))
    return outcome.report(SYSTEM, version, "trying")


@contextlib.contextmanager
def not_for_ever(sha256: str, hands: Hands) -> Iterator[None]:
    """Count how often a file that was fetched could not be installed; in the end it is given up.

    Else it would be fetched and written anew each day. Newer ones are taken as ever.

    Raises:
        ProvisioningError: `update-given-up`: nobody fetches it again; else what was wrong.
        OSError: What was wrong.
    """
    try:
        yield
    except (ProvisioningError, OSError) as wrong:
        if hands.by_hand or not _is_last(sha256, _why(wrong), hands.places.installed):
            raise
        raise error("update-given-up", _why(wrong)) from None


def _is_last(sha256: str, why: str, installed: Path) -> bool:
    with contextlib.suppress(OSError):  # where the disk takes nothing, nothing is fetched either
        if selection.count_refusal(installed, sha256) >= MOST_REFUSALS:
            selection.write(installed, selection.read(installed).without(sha256, why))
            return True
    return False


def _why(wrong: ProvisioningError | OSError) -> str:
    if isinstance(wrong, OSError):
        return str(wrong)
    return ": ".join(filter(None, (wrong.failure.code, wrong.failure.detail)))


def restart_in_calm(
    hands: Hands,
    one_start: Callable[[Mapping[str, str]], OneStart],
    say: Callable[[Sequence[str]], None],
    about_to: Callable[[], None],
) -> None:
    """Begin a trial and restart into it, once nobody needs the agent.

    It is asked again once the card is written, which takes its time: an alarm that has come
    meanwhile calls the trial off, and is waited for. `one_start` is given the agent's claims, `say`
    why is waited, and `about_to` is called just before the restart.

    Raises:
        ProvisioningError: The card cannot be written, or there is no restart.
        OSError: The data partition takes nothing.
    """
    run = hands.places.agent_run
    while True:
        answer = calm.await_calm(run, hands.patience, say)
        start = one_start({} if answer is None else trial.claims(answer.body))
        start.begin()
        if calm.holds(answer, calm.status(run), run):
            about_to()
            start.go()
            return
        start.call_off()
