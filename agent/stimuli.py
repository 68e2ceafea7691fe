"""Provokes one sensor after the other and tells what came of it; on the pipeline's thread.

Nobody is alarmed by it: what the sensor says meanwhile goes to a twin of the detectors alone. All
other sensors guard as ever, and a danger at this one is seen as soon as it says more than its
stimulus explains, or `agent.provocation.longest_s` after the begin at the latest.
"""

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from agent.coverage import Proof
from agent.detectors.calendar import Calendar
from agent.errands import Part
from agent.hearing import Verdict
from agent.ledger_past import SELFTEST
from agent.plausibility import Health
from agent.provocation import UNDECIDED, Outcome, Provocation, calm_before, longest_s
from agent.sections import Config
from agent.siren_test import LISTENS_S, SirenTest, Sounding
from agent.siren_test import NAME as SIREN
from agent.stimuli_wording import OUTCOMES, failed, passed_again
from agent.stimulus_rules import every_s, is_audible, owed, stands_on, stimulus_of
from agent.stimulus_schedule import Schedule
from agent.tested import Tested, TestedStore
from agent.twin import Twin
from agent.values import Detection, Hazard, Reading, Stage
from agent.wallclock import WallTime
from drivers.board import SensorConfig
from drivers.stimulus import Reach

log = logging.getLogger(__name__)

SUBJECT, RULE = "{} self-test", "selftest"  # a subject of its own: it may have another fault
PAST = 300  # readings of each, for the detectors that go by what was before
AFTER_START_S = 900.0  # an update, a configuration or an installer may be at work
MOST_BEYOND = 2  # in a row: then the stimulus or the sensor is wrong
ORDER_WITHIN_S = 600.0  # real seconds, for all of them


class Wire(Protocol):
    """Where sensors hang; `agent.sampler.Sampler`."""

    def provoke(self, name: str, until: float) -> None:
        """Have a sensor of this name provoked until then (monotonic seconds)."""

    def leave(self, name: str) -> None:
        """Leave it alone again."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a test touches, on the pipeline's thread.

    `wires` provoke, `feed` shows a reading to the detectors that guard, `busy` says whether nobody
    is to be provoked now, `prove` takes note that a hazard was detected; `siren` sounds.
    """

    wires: Sequence[Wire]
    feed: Callable[[Reading], None]
    busy: Callable[[float], bool]
    health: Callable[[str], Health]
    note: Callable[[str, dict[str, Any]], None]
    prove: Callable[[Hazard, Proof], None]
    siren: Sounding
    wall: Callable[[], WallTime]


@dataclass(slots=True)
class _Trial:
    """One sensor's test: the provocation, and what its twin decides."""

    sensor: SensorConfig
    hazards: frozenset[Hazard]
    provocation: Provocation
    twin: Twin
    is_ordered: bool
    deciding: Iterator[bool] | None = None

    def has_decided(self) -> bool:
        """Let the twin decide a while; False: it needs more of it, at the next step."""
        provocation = self.provocation
        if self.deciding is None:
            self.twin.show(each for each in provocation.held if each.at <= provocation.until)
            self.deciding = self.twin.decide(provocation.felt[-1])
        return next(self.deciding, True)


@dataclass(slots=True)
class _Order:
    """Somebody waits for the results of all that can be tried at once."""

    todo: list[str]
    parts: list[Part]
    answer: "queue.SimpleQueue[list[Part]]"
    again: set[str]


class Stimuli:
    """Tries each sensor that has a stimulus and on which a hazard stands, by its schedule."""

    def __init__(
        self, config: Config, state: Path, around: Around, calendar: Calendar, *, began: float
    ) -> None:
        self._config, self._around = config, around
        self._siren = SirenTest(config, around.siren, time.monotonic)
        self._store = TestedStore(state)
        able = {each.name: each for each in config.sensors if each.stimulus is not None}
        standing = {name: stands_on(config, each) for name, each in able.items()}
        self._standing = {name: each for name, each in standing.items() if each is not None}
        self._sensors = {name: able[name] for name in self._standing}
        longest = {n: longest_s(owed(e), every_s(e)) for n, e in self._sensors.items()}
        last = {n: t.day for n, t in self._store.sensors.items() if t.day is not None}
        if config.selftest.siren and self._siren.is_possible:
            longest[SIREN] = LISTENS_S
        self._schedule = Schedule(config.selftest, calendar, longest, last)
        self._past = {name: deque[Reading](maxlen=PAST) for name in self._sensors}
        self._rests_until = began + AFTER_START_S
        self._trial: _Trial | None = None
        self._orders: queue.SimpleQueue[queue.SimpleQueue[list[Part]]] = queue.SimpleQueue()
        self._order: _Order | None = None
        self._told = [self._fault(n, began, is_local=True) for n in sorted(self._failed())]

    @property
    def verdicts(self) -> Mapping[str, Tested]:
        """What the siren and each sensor that still has a stimulus showed the last time."""
        return {n: e for n, e in self._store.sensors.items() if n in self._schedule.longest_s}

    def withheld(self) -> Collection[str]:
        """Whose readings are held back now: they are not silent."""
        if self._siren.is_under_way:
            return (self._siren.hears,)
        trial = self._trial
        return () if trial is None or trial.provocation.is_over else (trial.sensor.name,)

    def holds(self, reading: Reading) -> bool:
        """Whether this reading is of a provoked sensor, and nothing to be alarmed by."""
        if reading.sensor not in self._past:
            return self._siren.holds(reading)
        trial = self._trial
        is_its = trial is not None and reading.sensor == trial.sensor.name
        if trial is None or not is_its or not trial.provocation.concerns(reading):
            self._past[reading.sensor].append(reading)
            return False
        provocation = trial.provocation
        until = provocation.until
        provocation.take(reading)
        if provocation.until != until:
            self._provoke(reading.sensor, provocation.until)
        if provocation.outcome is Outcome.BEYOND:
            log.warning("self-test: %s: %s", reading.sensor, OUTCOMES[Outcome.BEYOND].en)
            for each in provocation.held:
                self._around.feed(each)
        return True

    def step(self, now: float) -> list[Detection]:
        """Go on at `now` (monotonic seconds); give the faults that began or ended."""
        if self._trial is not None:
            self._go_on(self._trial, now)
        elif self._siren.is_under_way:
            self._listen(now)
        elif (name := self._next(now)) is not None:
            if name == SIREN:
                self._siren.begin(now)
            else:
                self._begin(self._sensors[name], now)
        told, self._told = self._told, []
        return told

    def try_all(self, beat: Callable[[], None], is_over: Callable[[], bool]) -> list[Part]:
        """Have all tried that are silent, now; from another thread, which waits for it."""
        answer: queue.SimpleQueue[list[Part]] = queue.SimpleQueue()
        self._orders.put(answer)
        for _ in range(round(ORDER_WITHIN_S / 0.5)):
            beat()
            try:
                return answer.get(timeout=0.5)
            except queue.Empty:
                if is_over():
                    break
        return [Part("stimuli", passed=False, detail="not done in time", by="stimulus")]

    def write(self) -> None:
        """Keep what is new; may wait for the disk. Never raises."""
        self._store.write()

    def _provoke(self, name: str, until: float) -> None:
        for each in self._around.wires:
            each.provoke(name, until)

    def _failed(self) -> set[str]:
        return {name for name, each in self.verdicts.items() if not each.passed}

    def _too_strong(self) -> set[str]:
        """Whose stimulus may alarm each time: they are not tried again on the next day."""
        return {name for name, times in self._store.beyond.items() if times >= MOST_BEYOND}

    def _next(self, now: float) -> str | None:
        if self._order is None:
            self._take_order()
        if self._order is not None:
            return self._next_ordered(self._order, now)
        if now < self._rests_until:
            return None
        name = self._schedule.due(now, self._failed() - self._too_strong())
        if name is None or self._around.busy(now) or not self._can(name):
            return None
        return name

    def _take_order(self) -> None:
        try:
            answer = self._orders.get_nowait()
        except queue.Empty:
            return
        silent = [name for name, each in self._sensors.items() if not is_audible(each)]
        self._order = _Order(silent, [], answer, set(silent))

    def _next_ordered(self, order: _Order, now: float) -> str | None:
        while order.todo:
            name = order.todo.pop(0)
            if not self._around.busy(now) and self._can(name):
                return name
        self._order = None
        order.answer.put(order.parts)
        return None

    def _can(self, name: str) -> bool:
        """Whether it is well: what is faulty anyway is told already."""
        return self._around.health(self._siren.hears if name == SIREN else name).is_sound

    def _listen(self, now: float) -> None:
        siren = self._siren
        if self._around.busy(now):
            siren.break_off()
        heard = siren.step(now)
        if siren.is_under_way:
            return
        self._schedule.rest(now)
        if heard is None:
            return
        passed = heard.verdict is Verdict.PROVEN
        log.warning("self-test: siren: %s: %s", heard.verdict, heard.why)
        result = "passed" if passed else "failed"
        told = {"by": "stimulus", "sensor": SIREN, "result": result, "why": heard.why}
        self._around.note(SELFTEST, told | {"microphone": siren.hears})
        outcome = Outcome.ANSWERED if passed else Outcome.NO_ANSWER
        self._keep(SIREN, outcome, Reach.DANGER, now, heard.why)

    def _begin(self, sensor: SensorConfig, now: float) -> None:
        quantity, hazards = self._standing[sensor.name]
        past = list(self._past[sensor.name])
        before = calm_before(sensor.name, quantity, owed(sensor), past)
        twin = Twin(self._config, sensor, hazards)
        twin.show(past)
        if before is None or twin.alarm is not None:
            log.warning("self-test: %s: not now: it is not calm", sensor.name)
            self._schedule.rest(now)
            return
        provocation = Provocation(sensor.name, quantity, owed(sensor), every_s(sensor), before, now)
        ordered = self._order is not None
        self._trial = _Trial(sensor, hazards, provocation, twin, ordered)
        self._provoke(sensor.name, provocation.until)
        log.warning("self-test: %s: provoked", sensor.name)

    def _go_on(self, trial: _Trial, now: float) -> None:
        provocation = trial.provocation
        if not provocation.is_over and self._around.busy(now):
            provocation.break_off(now)
            self._provoke(trial.sensor.name, now)
        provocation.step(now)
        if (outcome := provocation.outcome) is None:
            return
        if outcome is Outcome.NOT_BACK:  # it may be real: nobody waits for the next reading
            self._around.feed(provocation.held[-1])
            provocation.held.clear()
        if outcome is not Outcome.ANSWERED:
            self._end(trial, outcome, now)
        elif trial.has_decided():
            is_alarm = trial.twin.alarm is not None
            self._end(trial, outcome if is_alarm else Outcome.NO_ALARM, now)

    def _end(self, trial: _Trial, outcome: Outcome, now: float) -> None:
        self._trial = None
        for each in self._around.wires:
            each.leave(trial.sensor.name)
        self._schedule.rest(now)
        name, wall, owes = trial.sensor.name, self._around.wall(), trial.provocation.owes
        passed = outcome is Outcome.ANSWERED
        proves = passed and owes.reaches is Reach.DANGER
        detail = self._record(trial, outcome, now, proves=proves)
        log.warning("self-test: %s: %s", name, detail)
        if outcome is Outcome.BEYOND:
            self._store.count_beyond(name)
        order = self._order
        if outcome in UNDECIDED and order is not None and name in order.again:
            order.again.discard(name)
            order.todo.append(name)
            return
        if order is not None:
            order.parts.append(Part(f"{name} by stimulus", passed, detail, "stimulus"))
        if outcome is Outcome.BEYOND:  # its stimulus may be too strong, and would alarm each time
            self._schedule.tried(name, now)
        if outcome in UNDECIDED and name not in self._too_strong():
            return
        self._keep(name, outcome, owes.reaches, now, OUTCOMES[outcome].en)
        if proves:
            for hazard in trial.hazards:
                self._around.prove(hazard, Proof(wall.iso, now, name, own=True))

    def _keep(self, name: str, outcome: Outcome, reach: Reach, now: float, why: str) -> None:
        """Remember what came of it, and tell a fault that began or ended."""
        before, passed = self.verdicts.get(name), outcome is Outcome.ANSWERED
        self._schedule.tried(name, now)
        if outcome is not Outcome.BEYOND:
            self._store.forget_beyond(name)
        tested = Tested(self._around.wall().iso, self._schedule.day(now), passed, reach, why)
        self._store.put(name, tested)
        if not passed:
            self._told.append(self._fault(name, now, outcome=outcome))
        elif before is not None and not before.passed:
            why_over = passed_again(name)
            subject = SUBJECT.format(name)
            self._told.append(
                Detection(Hazard.FAULT, Stage.CLEARED, subject, RULE, (), now, why_over)
            )

    def _fault(
        self, name: str, now: float, *, outcome: Outcome = Outcome.NO_ANSWER, is_local: bool = False
    ) -> Detection:
        subject, why = SUBJECT.format(name), failed(name, outcome)
        return Detection(Hazard.FAULT, Stage.ALARM, subject, RULE, (), now, why, is_local)

    def _record(self, trial: _Trial, outcome: Outcome, now: float, *, proves: bool) -> str:
        """Have the ledger keep it; say it in a line."""
        provocation, alarm = trial.provocation, trial.twin.alarm
        after = provocation.before if provocation.after is None else provocation.after
        said = [round(each, 3) for each in (provocation.before, provocation.peak, after)]
        rule = "" if alarm is None else alarm.rule
        if proves:
            result = "proven"
        elif outcome in UNDECIDED:
            result = "undecided"
        else:
            result = "passed" if outcome is Outcome.ANSWERED else "failed"
        body = {
            "by": "stimulus",
            "sensor": trial.sensor.name,
            "hazards": sorted(trial.hazards),
            "result": result,
            "outcome": str(outcome),
            "stimulus": stimulus_of(trial.sensor),
            "reaches": str(provocation.owes.reaches),
            "quantity": str(provocation.quantity),
            **dict(zip(("before", "during", "after"), said, strict=True)),
            "alarm": rule,
            "lasted_s": round(now - provocation.began, 1),
            "ordered": trial.is_ordered,
        }
        self._around.note(SELFTEST, body)
        words = OUTCOMES[outcome].en
        by = f", alarm by {rule}" if rule else ""
        return f"{words}: {provocation.quantity} {said[0]:g}, {said[1]:g}, {said[2]:g}{by}"
