"""The trial of a configuration from afar: what is kept of it over restarts. No I/O.

It is written down, tried by one start of the agent, and good once that start has lived for a
minute, is armed, has lost sight of nothing and has heard from the hub. Whatever else happens, a
crash, a kill and a power cut included, the next start is back at the last good one: `settled` lets
none begin twice.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from agent.status import State
from agent.values import Hazard

RESTART = 75  # EX_TEMPFAIL: the process ends to begin anew; systemd starts it again
BEGIN_WITHIN_S = 120.0  # of real time, from being written down to being tried
SOAK_S = 60.0  # of the agent's clock: what crashes at once is never found good
WITHIN_S = 180.0  # of the agent's clock, beside the warm-up of its sensors
# no restart interrupts these, which sound or wait for help; a fault may last for weeks
URGENT = frozenset(
    {Hazard.FIRE, Hazard.CO, Hazard.GAS, Hazard.SOS, Hazard.FALL, Hazard.NEIGHBOUR_ALARM}
)
CHANGED = "the installed file was changed, and wins"
DIED = "it ended before it was found good: a crash, a kill or a power cut"
LATE = "the device was off before it could be tried"


class Remote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A configuration from afar: its text by digest, and the command that brought it."""

    sha256: str
    id: str
    by: str
    signer: str


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One that is to be tried, or is being tried once it `began`.

    `proposed_s` is monotonic seconds of the kernel's boot `boot`; `lost` are the hazards that the
    device could not detect before either.
    """

    remote: Remote
    boot: str
    proposed_s: float
    lost: list[str]
    began: bool = False


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a trial ended, until the hub has the answer; `reason` is empty for a good one."""

    id: str
    sha256: str
    reason: str


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file. `installed` is the digest of the installed file that all of it belongs to."""

    installed: str
    good: Remote | None = None
    trial: Trial | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Signs:
    """How the agent stands: by these a trial is judged. `hub` is true too where there is none."""

    armed: bool
    hub: bool
    lost: Collection[str]
    alarm: bool

    @classmethod
    def of(cls, state: State, playing: str, *, armed: bool, hub: bool) -> "Signs":
        """Take them from what the agent says of itself, and from what its siren plays now."""
        hazards = {what.split()[0] for what in state.active.values()}
        return cls(
            armed=armed,
            hub=hub,
            lost=[hazard for hazard, claim in state.coverage.items() if claim == "lost"],
            alarm=bool(hazards & URGENT) or playing == "ask",  # who fell is being asked
        )


def settled(found: Record, installed: str, boot: str, now: float) -> Record:
    """What a start makes of what it finds; at most one start ever finds a trial to begin.

    `installed` is the digest of the installed file now, `boot` the kernel's boot and `now` its
    monotonic seconds.
    """
    trial = found.trial
    if found.installed != installed:
        fresh = Record(installed, verdict=found.verdict)
        return fresh if trial is None else ended(fresh, trial, CHANGED)
    if trial is None:
        return found
    if trial.began:
        return ended(found, trial, DIED)
    if trial.boot != boot or not 0 <= now - trial.proposed_s <= BEGIN_WITHIN_S:
        return ended(found, trial, LATE)
    began = msgspec.structs.replace(trial, began=True)
    return msgspec.structs.replace(found, trial=began)


def ended(found: Record, trial: Trial, reason: str) -> Record:
    """The record once a trial is over; without a `reason` it was found good."""
    verdict = Verdict(trial.remote.id, trial.remote.sha256, reason)
    good = found.good if reason else trial.remote
    return msgspec.structs.replace(found, good=good, trial=None, verdict=verdict)


def shortcomings(trial: Trial, signs: Signs) -> list[str]:
    """Why it cannot be called good yet; nothing if it can."""
    lost = sorted(set(signs.lost) - set(trial.lost))
    why = [] if signs.armed else ["it was not armed"]
    why += [] if signs.hub else ["the hub did not answer"]
    return [*why, f"it lost sight of {', '.join(lost)}"] if lost else why
