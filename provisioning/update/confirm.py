"""After a start with a slot on trial: keep it if its detection works, else go back, and say why.

    haetae-confirm.service, root: python -m provisioning.update.confirm

Runs on either slot, wherever a trial was begun. On the slot on trial it judges; the other one finds
out that it was started again, and tells what the slot on trial has said of itself, or that it said
nothing. A slot that does not even come so far is restarted by haetae-trial-deadline.timer, a kernel
that panics by itself: the next start is the other slot's already.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from agent import sdnotify
from provisioning.places import ON_TRIAL, RUN, UPDATE_RUN, UPDATES
from provisioning.recovery import reboots
from provisioning.remedy import ProvisioningError
from provisioning.update import calm, outcome, selection, slots, trial
from provisioning.update.boot_slot import BootSlots, Slot
from provisioning.update.facts import Places
from provisioning.update.lock import alone
from provisioning.update.slot_record import SlotRecord, SlotTrial

KIND = "system"
CAME_NOT_UP = (
    "it was started and not confirmed: it did not come up, hung, or its power was cut before"
)
# the whole start of a slow board lies within; each look costs it a process
_TERMS = trial.Terms(within_s=300.0, every_s=5.0)
_RESTARTS = ("/bin/systemctl", "show", "--property=NRestarts", "--value", "haetae-agent.service")
_FAILED = 1
LONGER_S = 90 * 60  # from each look at an alarm on: the unit's own TimeoutStartSec

# why what runs is not good enough to be kept, by the claims of what ran before; empty if it is
Judge = Callable[[Mapping[str, str]], str]
Mark = Callable[[Slot, bool], None]
Tell = Callable[[outcome.Report], None]
Remember = Callable[[str, str], None]  # a bundle's SHA-256, and why nobody fetches it again


@dataclass(frozen=True, slots=True)
class Hands:
    """What a trial is judged with, and what is done about it."""

    judged: Judge
    mark: Mark
    tell: Tell
    remember: Remember


def settle(booted: Slot, record: SlotRecord, hands: Hands) -> bool:
    """See to the trial that was begun, if one was; whether this start may go on.

    Raises:
        ProvisioningError: The card cannot be written.
        OSError: The data partition takes nothing.
    """
    going = record.trial
    if going is None:
        return True
    if booted is not going.slot:
        _tell_of_return(going, record, hands)
        return True
    hands.tell(outcome.report(KIND, going.version, "trying"))
    if why := hands.judged(going.claims):
        record.begin(msgspec.structs.replace(going, why=why))
        with contextlib.suppress(ProvisioningError):  # the next start is the other slot's anyway
            hands.mark(booted, False)
        return False
    hands.mark(booted, True)
    record.end()
    hands.tell(outcome.report(KIND, going.version, "good"))
    return True


def _tell_of_return(going: SlotTrial, record: SlotRecord, hands: Hands) -> None:
    """In this order: what is cut off is done again at the next start, and nothing is lost."""
    why = going.why or CAME_NOT_UP
    hands.mark(going.slot, False)
    record.note_failed(going.version)
    hands.remember(going.sha256, why)
    hands.tell(outcome.report(KIND, going.version, "rolled-back", why))
    record.end()


def main() -> int:
    """Settle it; a slot that is not good is restarted from here, into the other one."""
    boot, record = BootSlots(), SlotRecord()
    try:
        may_stay = settle(boot.booted, record, Hands(judge, _mark, _tell, remember))
    except (ProvisioningError, OSError) as error:
        sys.stderr.write(f"confirm: {error}\n")
        if ON_TRIAL.exists():  # systemd restarts the device for that
            calm.await_end_of_alarm(RUN, calm.Patience(wait=_wait_in_alarm))
        return _FAILED
    if may_stay:
        ON_TRIAL.unlink(missing_ok=True)
        return 0
    # who failed the trial may still be heard
    calm.await_end_of_alarm(RUN, calm.Patience(wait=_wait_in_alarm))
    with contextlib.suppress(OSError):
        reboots.note("update", f"back to system {boot.booted.other}")
    return subprocess.run(("/bin/systemctl", "reboot"), check=False).returncode


def remember(sha256: str, why: str, places: Places | None = None) -> None:
    """Have nobody fetch a bundle again unasked; root refuses its version in any case."""
    found = Places() if places is None else places
    if not sha256:
        return
    try:
        with alone(found):
            chosen = selection.read(found.installed)
            selection.write(found.installed, chosen.without(sha256, why))
    except (ProvisioningError, OSError) as error:
        sys.stderr.write(f"confirm: it may be fetched again: {error}\n")


def judge(before: Mapping[str, str]) -> str:
    """Why what was just booted is not good enough; `before` is what was claimed per hazard."""
    look = alarms_take_no_time(trial.look_at(RUN))
    watched = trial.Watched(look, _agents_restarts, trial.selftest_by(RUN))
    return trial.judge(trial.Expected(), before, watched, _TERMS)


def alarms_take_no_time(
    look: Callable[[], trial.Standing | None],
) -> Callable[[], trial.Standing | None]:
    """Look at the agent, and have systemd give this unit its whole time anew after an alarm.

    Else its end of time would restart the device in the middle of one (systemd.service(5),
    TimeoutStartSec=).
    """

    def look_and_ask() -> trial.Standing | None:
        found = look()
        if found is not None and found.alarm:
            _ask_for_longer()
        return found

    return look_and_ask


def _wait_in_alarm(seconds: float) -> None:
    _ask_for_longer()
    time.sleep(seconds)


def _ask_for_longer() -> None:
    sdnotify.notify(f"EXTEND_TIMEOUT_USEC={LONGER_S * 1_000_000}")


def _agents_restarts() -> int:
    done = subprocess.run(  # noqa: S603  # every word is ours
        _RESTARTS, capture_output=True, text=True, check=False
    )
    return int(done.stdout.strip() or 0)


def _mark(slot: Slot, good: bool) -> None:  # RAUC's two words
    slots.mark(slot, good=good)


def _tell(what: outcome.Report) -> None:
    outcome.tell(what, UPDATE_RUN, UPDATES)


if __name__ == "__main__":
    sys.exit(main())
