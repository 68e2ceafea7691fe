"""What the agent does about wires that have died: begin anew, then ask for a reboot, then tell.

The rungs below are elsewhere: `agent.sampler` opens a part anew at each poll, and
`drivers.i2c_recovery` frees a bus. Here a whole wire has said nothing for a quarter of an hour,
though it has worked in this device. What was tried is on disk before it is done, so that nothing
is tried for ever; see docs/recovery.md and docs/adr/0024-ladders.md.
"""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.boot_cause import (
    CALM,
    UNDER_VOLTAGE,
    Calm,
    ask_for_reboot,
    publish,
    read_cause,
    withdraw_request,
)
from agent.coverage import covered_by
from agent.envelope import kernel_boot
from agent.ladder import Budget, Ladder, Memory, Rung, Step
from agent.ledger_past import BOOT, RECOVERY
from agent.pipeline import State
from agent.sections import Config
from agent.trial import URGENT
from agent.values import FailureKind
from drivers import kept
from drivers.sensor import NotReadyError, Quantity

__all__ = ["ANEW", "Recovering", "ask_for_reboot"]

log = logging.getLogger(__name__)

ANEW = 76  # the process ends to have its wires opened by another; systemd starts it
FILE = "recovery.json"  # in the state directory
TOLD = "boot-told.json"  # in the run directory: by which boot the cause was recorded, and when
PROCESS, REBOOT = "process", "reboot"
RUNGS = (
    Rung(PROCESS, 900.0, Budget(3, pause_s=3600.0)),
    Rung(REBOOT, 1800.0, Budget(1)),
)
ASKED_S = 300.0  # a reboot that has not come by then was not granted
RECENT_S = 3600.0  # so long the hub is told why the device started
KEPT_S = 6 * 3600.0  # how often what has run is written down, while there is something to count
SAY_S = 5.0  # how often others are told whether something rings; at once where that changes
RETRY_S = 60.0  # a disk that refused is asked again
DOUBTED_S = 86_400.0  # so long a clock may go without anybody who vouches for it
QUIET = frozenset({"quiet", "fault"})  # what siren and lamp may show when something is tried
_ELSEWHERE = frozenset({"perception"})  # a process of its own, with a ladder of its own


class Told(msgspec.Struct, frozen=True):
    """The boot whose cause is in the ledger, and when it got there (seconds of the clock)."""

    boot: str
    at: float


class Recovering:
    """The ladder of the sensors' wires; `look` is for the pipeline's thread, once a second.

    `places` are the state and the run directory, `clock` is the agent's, in monotonic seconds;
    `note` takes what the ledger should know, and `restart` ends the process with an exit code.
    """

    def __init__(
        self,
        config: Config,
        places: tuple[Path, Path],
        clock: Callable[[], float],
        note: Callable[[str, Mapping[str, Any]], None],
        restart: Callable[[int], None],
    ) -> None:
        state, self._run_dir = places
        self._file = state / FILE
        self._clock, self._note, self._restart = clock, note, restart
        self._boot, self._wires = kernel_boot(), _wires(config)
        self._needs_clock = config.hub is not None
        memory = self._load()
        self._lived = memory.lived.moved(self._boot, clock())
        self._ladder = Ladder(RUNGS, memory)
        self._ladder.keep_only(self._wires)
        self._kept_at = self._lived.lived_s
        self._kept = self._memory()
        self._asked: tuple[Step, float] | None = None
        self._vouched_at = self._keep_from = clock()
        self._unkept = self._clockless = ""
        self._said_calm, self._said_at = False, float("-inf")
        withdraw_request(self._run_dir)  # of an agent before this one
        self._cause = read_cause(self._run_dir, self._boot)
        self._told_at = self._tell_cause()

    @property
    def trouble(self) -> Mapping[str, str]:
        """What needs somebody; empty while nothing does."""
        given_up = [
            f"{subject}: no answer; beginning anew and a reboot did not help"
            for subject in sorted(self._ladder.exhausted())
        ]
        said = "; ".join(filter(None, [self._unkept, *given_up]))
        parts = {"recovery": said, "clock": self._clockless}
        return {name: trouble for name, trouble in parts.items() if trouble}

    @property
    def started(self) -> str:
        """Why the device started, where that is news."""
        if self._cause is None or self._cause.is_ordinary:
            return ""
        return str(self._cause) if 0 <= self._clock() - self._told_at < RECENT_S else ""

    @property
    def boot(self) -> str:
        """Why the device started, for `haetae status`; empty where nobody knows."""
        return "" if self._cause is None else str(self._cause)

    def look(self, now: float, status: Mapping[str, Any], *, is_tried: bool) -> None:
        """Take in what the agent says of itself (`Status.whole`), and do what is due.

        A part `is_tried` where there is an inspection, or somebody at the setup page.
        """
        self._doubt(now, status["clock"]["source"])
        sensors, calm = status["sensors"], is_calm(status) and not is_tried
        broken = {each for each, names in self._wires.items() if _are_dead(names, sensors)}
        sound = {
            each
            for each, names in self._wires.items()
            if any(sensors[name]["state"] == State.OK for name in names)
        }
        lived = self._lived.at(self._boot, now)
        self._give_up_asking(now, calm=calm)
        self._say(now, status, calm=calm)
        step = self._ladder.look(lived, broken, sound, is_calm=calm)
        if step is not None:
            if self._keep(now):
                self._take(step, now)
            else:  # nothing is tried that is not remembered
                self._ladder.take_back(step)
            return
        memory = self._memory()
        is_news = (memory.worked, memory.cases) != (self._kept.worked, self._kept.cases)
        is_old = bool(memory.cases or memory.spent) and lived - self._kept_at >= KEPT_S
        if (is_news or is_old) and now >= self._keep_from:
            self._keep(now)

    def _take(self, step: Step, now: float) -> None:
        reason = f"{step.subject}: no answer for {step.broken_s / 60:.0f} min"
        log.error("recovery: %s: %s", step.rung, reason)
        self._note(RECOVERY, {"rung": step.rung, "subject": step.subject, "reason": reason})
        if step.rung == PROCESS:
            self._restart(ANEW)
            return
        try:
            ask_for_reboot(self._run_dir, reason)
        except OSError as error:
            log.error("recovery: no reboot asked for: %s", error)  # noqa: TRY400  # no traceback
        self._asked = step, now

    def _give_up_asking(self, now: float, *, calm: bool) -> None:
        """Want no reboot any more, once there is an alarm, or nobody has granted it."""
        if self._asked is None:
            return
        step, asked_at = self._asked
        if calm and now - asked_at < ASKED_S:
            return
        log.warning("recovery: no reboot: %s", "not granted" if calm else "something rings")
        withdraw_request(self._run_dir)
        self._asked = None
        self._ladder.take_back(step)

    def _say(self, now: float, status: Mapping[str, Any], *, calm: bool) -> None:
        """Tell root and the network's watch what they must know; it lies in memory."""
        if calm is self._said_calm and now - self._said_at < SAY_S:
            return
        self._said_calm, self._said_at = calm, now
        hub_s = status["hubs"][0]["acknowledged_s_ago"] if self._needs_clock else None
        mark = self._run_dir / UNDER_VOLTAGE
        try:
            said = Calm(self._boot, time.monotonic(), calm, hub_s, self._needs_clock)
            publish(self._run_dir / CALM, said)
            if not mark.exists() and any(map(_is_low, status["sensors"].values())):
                mark.touch()
        except OSError as error:
            log.error("recovery: not said: %s", error)  # noqa: TRY400  # no traceback

    def _doubt(self, now: float, source: str) -> None:
        if source == "ntp" or not self._needs_clock:
            self._vouched_at = now
        if (days := int((now - self._vouched_at) / DOUBTED_S)) < 1:
            self._clockless = ""
        else:
            self._clockless = f"nobody has vouched for the time for {days} d"

    def _tell_cause(self) -> float:
        """Have the ledger record why the device started, once a boot; when that was."""
        now = self._clock()
        path = self._run_dir / TOLD
        try:
            told = kept.load(path, Told, what="mark", remedy="it is made anew")
        except NotReadyError:
            told = Told("", now)
        if self._cause is None or told.boot == self._boot:
            return told.at
        self._note(BOOT, msgspec.to_builtins(self._cause))
        try:
            self._run_dir.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.encode(Told(self._boot, now)))
        except OSError as error:  # it is told again by the next start
            log.error("recovery: %s: %s", path, error)  # noqa: TRY400  # no traceback
        return now

    def _memory(self) -> Memory:
        return self._ladder.memory(self._lived.moved(self._boot, self._clock()))

    def _keep(self, now: float) -> bool:
        """Write down what was tried; whether the disk took it."""
        memory = self._ladder.memory(self._lived.moved(self._boot, now))
        try:
            kept.replace(self._file, msgspec.json.encode(memory))
        except OSError as error:
            if not self._unkept:
                log.error("recovery: not kept: %s", error)  # noqa: TRY400  # no traceback
            self._unkept = f"nothing is tried, since the disk does not keep what was: {error}"
            self._keep_from = now + RETRY_S
            return False
        self._kept, self._kept_at, self._unkept = memory, memory.lived.lived_s, ""
        return True

    def _load(self) -> Memory:
        if not self._file.exists():
            return Memory()
        try:
            return kept.load(self._file, Memory, what="memory", remedy="what works is learnt anew")
        except NotReadyError as error:  # as if all had been spent: the next day begins anew
            log.error("recovery: %s", error)  # noqa: TRY400  # no traceback
            return Memory(spent={rung.name: [0.0] * rung.budget.most for rung in RUNGS})


def is_calm(status: Mapping[str, Any]) -> bool:
    """Whether nothing rings and nobody is asked, by what the agent says of itself."""
    urgent = any(event.hazard in URGENT for event in status["active"])
    return status["siren"] in QUIET and not urgent


def _wires(config: Config) -> dict[str, tuple[str, ...]]:
    """The wires on which some hazard's protection stands, by what is on them."""
    found: dict[str, list[str]] = {}
    for each in config.sensors:
        found.setdefault(each.wire(), []).append(each.name)
    return {
        f"{wire} ({', '.join(sorted(names))})": tuple(names)
        for wire, names in found.items()
        if wire not in _ELSEWHERE and any(covered_by(config, name) for name in names)
    }


def _is_low(sensor: Mapping[str, Any]) -> bool:
    """Whether it says that the supply is too low."""
    reading = sensor.get("readings", {}).get(Quantity.UNDER_VOLTAGE)
    return reading is not None and reading["value"] > 0


def _are_dead(names: tuple[str, ...], sensors: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether none of them answers; one that is wrong, cut or muted has answered."""
    return all(
        sensors[name]["state"] == State.SILENT
        or (
            sensors[name]["state"] == State.FAILING
            and sensors[name]["why"].partition(":")[0] == FailureKind.NO_ANSWER
        )
        for name in names
    )
