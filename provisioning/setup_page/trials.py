"""Each sensor shows that it senses: somebody does something to it, and its values are judged.

What a hazard stands on is tried under an inspection, anything else is accompanied: whatever it
provokes is marked as a test, so that nobody is sent. One trial at a time.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agent.commands import Code
from agent.coverage import covered_by
from agent.sections import Config
from agent.values import Why
from drivers.board import SensorConfig
from provisioning.setup_page import verdicts
from provisioning.setup_page.agent_link import AgentLink
from provisioning.setup_page.draft import Trial
from provisioning.setup_page.judges import Judge
from provisioning.setup_page.live import Live
from provisioning.setup_page.refusals import NO_PROFILE, NOT_UNDERSTOOD, RefusedError
from provisioning.setup_page.words import Task, label_of, task_of

log = logging.getLogger(__name__)

_OPENINGS, _AGAIN_S = 8, 0.25
_GRACE_S = 10.0  # behind the time that the agent's clock allows
Body = Mapping[str, Any]


@dataclass(slots=True)
class _Running:
    """The trial under way: its judge, and one for each other sensor that may move instead."""

    config: SensorConfig
    task: Task
    judge: Judge
    others: dict[str, Judge]
    is_inspected: bool
    needs_alarm: bool
    ends_at: float  # of the agent's clock
    gives_up_at: float  # of ours
    labels: Mapping[str, Why]  # what people call each sensor
    standing: verdicts.Standing  # what went on before it began
    told: list[Body] = field(default_factory=list)  # what the inspection came to
    openings: int = 0  # so often another one was still under way

    def swapped_with(self, other: str) -> Trial:
        """The verdict that another sensor answered in this one's place."""
        mine, theirs = self.labels[self.config.name], self.labels[other]
        return verdicts.swapped(mine, theirs, self.task, self.judge)


class Trials:
    """Runs them; `keep` is given each one's end. `clock` is monotonic, `stamp` RFC 3339."""

    def __init__(
        self,
        link: AgentLink,
        live: Live,
        keep: Callable[[str, Trial], None],
        *,
        clock: Callable[[], float],
        stamp: Callable[[], str],
    ) -> None:
        self._link, self._live, self._keep = link, live, keep
        self._clock, self._stamp = clock, stamp
        self._lock = threading.RLock()
        self._running: _Running | None = None
        live.watch(self._hear)

    def running(self) -> tuple[str, Trial] | None:
        """The sensor under trial, and how far it is."""
        with self._lock:
            if (now := self._running) is None:
                return None
            quantity = now.task.stimulus.quantity
            return now.config.name, Trial(
                state="running", quantity=quantity, curve=now.judge.points()
            )

    def begin(self, config: Config | None, name: str, status: Body) -> None:
        """Begin one; another that is under way is left as if it had never begun.

        Raises:
            RefusedError: There is no such sensor, or no agent answers.
        """
        if config is None:
            raise RefusedError(NO_PROFILE)
        mine = next((each for each in config.sensors if each.name == name), None)
        if mine is None:
            raise RefusedError(NOT_UNDERSTOOD, 400)
        self.cancel()
        if (fault := verdicts.fault_of(mine, self._live.failure(name), status)) is not None:
            self._keep(name, self._stamped(fault))
            return
        with self._lock:
            self._running = now = self._new(config, mine, status)
        try:
            self._open(now)
        except RefusedError:
            with self._lock:
                self._running = None
            raise

    def _open(self, now: _Running) -> None:
        word = "inspect" if now.is_inspected else "accompany"
        self._link.begin(
            lambda body: self._told(now, body),
            **{word: now.config.name},
            within_s=now.task.stimulus.within_s,
        )

    def _open_again(self, now: _Running) -> None:
        """The inspection before is not over yet: the agent closes it at its next turn."""
        with self._lock:
            is_wanted = self._running is now
        if is_wanted:
            try:
                self._open(now)
            except RefusedError:
                log.info("trial: the agent went away before it began")

    def cancel(self) -> None:
        """End the one under way without a verdict."""
        with self._lock:
            now, self._running = self._running, None
        if now is not None:
            self._end()

    def look(self) -> None:
        """Give up on one whose agent says nothing any more."""
        with self._lock:
            now = self._running
            if now is not None and self._clock() > now.gives_up_at:
                self._finish(now, verdicts.failed("sensor-silent", now.task, now.judge))

    def _new(self, config: Config, mine: SensorConfig, status: Body) -> _Running:
        task, at = task_of(mine), self._live.now
        is_inspected = bool(covered_by(config, mine.name)) and not mine.is_perceived
        within_s = max(30.0, task.stimulus.within_s) if is_inspected else task.stimulus.within_s
        return _Running(
            mine,
            task,
            self._judge(mine, task, at),
            {e.name: self._judge(e, task_of(e), at) for e in config.sensors if e is not mine},
            is_inspected=is_inspected,
            needs_alarm=is_inspected and task.alarm,
            ends_at=at + within_s,
            gives_up_at=self._clock() + within_s + _GRACE_S,
            labels={each.name: label_of(each, config) for each in config.sensors},
            standing=verdicts.standing(config, mine.name, status),
        )

    def _judge(self, each: SensorConfig, task: Task, at: float) -> Judge:
        past = self._live.past(each.name, task.stimulus.quantity)
        return Judge(task.stimulus, at, [value for _, value in past])

    def _hear(self, said: Body) -> None:
        with self._lock:
            now = self._running
            if now is None:
                return
            if "value" in said:
                self._take(now, said)
            if self._running is now and said["at"] > now.ends_at + _GRACE_S * now.needs_alarm:
                self._finish(now, self._failure(now))

    def _take(self, now: _Running, said: Body) -> None:
        name, quantity = said["sensor"], said["quantity"]
        judge = now.judge if name == now.config.name else now.others.get(name)
        if judge is None or quantity != judge.stimulus.quantity:
            return
        judge.take(said["value"], said["at"])
        if judge is now.judge:
            if judge.has_passed and not now.needs_alarm:
                self._finish(now, verdicts.passed(now.task, judge, now.told))
        elif verdicts.answers_instead(now.judge, judge):
            self._finish(now, now.swapped_with(name))

    def _told(self, now: _Running, body: Body) -> None:
        """The inspection's answer: refused at once, or its result when it is over."""
        with self._lock:
            if self._running is not now:
                return
            is_busy = body.get("result") == "refused" and body.get("code") == Code.BUSY
            if is_busy and now.openings < _OPENINGS:
                now.openings += 1
                threading.Timer(_AGAIN_S, self._open_again, [now]).start()
                return
            now.told.append(body)
            if body.get("gone"):
                self._finish(now, verdicts.failed("agent-away", now.task, now.judge))
            elif body.get("result") == "refused":
                self._finish(now, verdicts.refused(now.task, now.judge, body, now.standing))
            elif body.get("result") == "proven":
                self._finish(now, verdicts.passed(now.task, now.judge, now.told))
            elif now.is_inspected and now.needs_alarm:
                self._finish(now, self._failure(now))

    def _failure(self, now: _Running) -> Trial:
        other = verdicts.who_moved(now.judge, now.others)
        if other:
            return now.swapped_with(other)
        return verdicts.not_passed(now.task, now.judge, now.told)

    def _finish(self, now: _Running, trial: Trial) -> None:
        self._running = None
        self._keep(now.config.name, self._stamped(trial))
        self._end()

    def _end(self) -> None:
        """Have the agent close what it has open for it, before it hears of the next one."""
        try:
            self._link.begin(lambda _: None, end=True)
        except RefusedError:
            log.info("trial: the agent went away before its end")

    def _stamped(self, trial: Trial) -> Trial:
        return msgspec.structs.replace(trial, at=self._stamp())


def skipped(reason: str, at: str) -> Trial:
    """One that was left out, and why."""
    why = Why(f"건너뛰었어요: {reason}", f"Skipped: {reason}")
    return Trial(state="skipped", why=why, reason=reason, at=at)
