"""Whether the agent may be disturbed now: asked of itself, over its local socket.

Nothing is begun while an alarm or prealarm for which somebody may need help is under way, while the
siren is heard or a person is asked, while somebody tries a sensor, sets the device up, or another
change is on trial. Who cannot be asked is not calm: it may be in an alarm.
"""

import contextlib
import logging
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agent.local_link import FILE
from agent.trial import URGENT
from agent.values import Hazard
from provisioning.places import ON_TRIAL, SETUP_USED

log = logging.getLogger(__name__)

ANSWER_S = 5.0
SETUP_LASTS_S = 15 * 60.0
DEAD_AFTER_S = 15.0  # an agent that neither answers nor makes progress for so long is dead
# what the annunciator shows while nobody needs it (agent.showings)
CALM_SHOWINGS = frozenset({"quiet", "fault", "alarm", "watched", "prealarm"})
_LONGEST_ANSWER = 1 << 20
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): process, user, group

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent answered, and the number of the process that did."""

    body: Body
    pid: int


def ask(run: Path, request: Body, within_s: float = ANSWER_S) -> Answer | None:
    """Ask the agent that runs in `run`, and wait so many seconds; None where none answers."""
    ends = time.monotonic() + within_s
    came = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.settimeout(within_s)
            channel.connect(str(run / FILE))
            found = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            channel.sendall(msgspec.json.encode(request) + b"\n")
            while b"\n" not in came and len(came) < _LONGEST_ANSWER:
                channel.settimeout(max(0.01, ends - time.monotonic()))
                if not (chunk := channel.recv(65536)):
                    return None
                came += chunk
            body = msgspec.json.decode(came.partition(b"\n")[0], type=dict[str, Any])
        except (OSError, ValueError):
            return None
    return Answer(body, _CREDENTIALS.unpack(found)[0])


def status(run: Path) -> Answer | None:
    """How the agent stands, as its status file has it; None where none answers, or not yet."""
    answer = ask(run, {"status": True})
    if answer is None or not isinstance(told := answer.body.get("status"), dict) or not told:
        return None
    return Answer(told, answer.pid)


def disturbances(found: Body, run: Path) -> list[str]:
    """Why the agent of this status should be left alone now; nothing if it need not."""
    why = []
    hazards = {str(each.get("hazard")) for each in found.get("active", [])}
    if urgent := sorted(hazards & URGENT):
        why.append(f"{', '.join(urgent)} under way")
    if Hazard.POWER in hazards:
        why.append("the supply is lost")
    if (playing := found.get("siren")) not in CALM_SHOWINGS:
        why.append(f"it shows {playing}")
    if tried := found.get("tried"):
        why.append(f"somebody tries {', '.join(tried)}")
    if found.get("configuration", {}).get("origin") == "trial":
        why.append("a configuration is on trial")
    if ON_TRIAL.exists():
        why.append("a system is on trial")
    if _is_set_up(run):
        why.append("somebody sets the device up")
    return why


def holds(before: Answer | None, now: Answer | None, run: Path) -> bool:
    """Whether the calm that was waited for lasts: `before` is what `await_calm` gave.

    An agent that was taken for dead may still say nothing; one that answers must be calm.
    """
    if now is None:
        return before is None
    return not disturbances(now.body, run)


def is_alarm(found: Body) -> bool:
    """Whether somebody may need this very agent: its alarm must not be interrupted."""
    hazards = {str(each.get("hazard")) for each in found.get("active", [])}
    return bool(hazards & URGENT) or found.get("siren") not in CALM_SHOWINGS


@dataclass(frozen=True, slots=True)
class Patience:
    """How often is looked, and from when on an agent that never answers is taken for dead."""

    every_s: float = 5.0
    dead_after_s: float = 600.0
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def await_calm(
    run: Path, patience: Patience, said: Callable[[Sequence[str]], None] = lambda _why: None
) -> Answer | None:
    """Wait until the agent may be disturbed, forever if need be; its status then.

    None: no agent has answered for so long that there is none that could be disturbed. `said` is
    told each new reason to wait.
    """
    silent_since, last = patience.clock(), list[str]()
    while True:
        now, answer = patience.clock(), status(run)
        if answer is not None:
            silent_since = now
            why = disturbances(answer.body, run)
        elif now - silent_since >= patience.dead_after_s:
            return None
        else:
            why = ["the agent does not answer"]
        if not why and answer is not None:
            return answer
        if why != last:
            last = why
            said(why)
        patience.wait(patience.every_s)


def await_end_of_alarm(run: Path, patience: Patience) -> None:
    """Wait while the agent that failed is in an alarm, unless it is dead or hangs."""
    alive_at, at = patience.clock(), float("-inf")
    while True:
        now, found = patience.clock(), status(run)
        if found is not None and not is_alarm(found.body):
            return
        if found is not None and float(found.body.get("at", 0.0)) != at:
            alive_at, at = now, float(found.body.get("at", 0.0))
        if now - alive_at > min(DEAD_AFTER_S, patience.dead_after_s):
            return
        patience.wait(min(1.0, patience.every_s))


def _is_set_up(run: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        used_s = float((run / SETUP_USED).read_text("ascii"))
        return abs(time.monotonic() - used_s) < SETUP_LASTS_S
    return False
