"""The composition root: everything the agent is made of, and its threads, in one place.

One thread a wire (sampler), one for the middle (pipeline), one for siren and lamp (annunciator),
one for the hub (uplink), one for recordings, one for the time; the caller's thread supervises.
"""

import logging
import queue
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from agent import __version__, fire_model, sdnotify
from agent.acting import act
from agent.commanders import Commanders
from agent.commands import Code, Inspect, Order
from agent.daily import Daily
from agent.envelope import Identity, boot_id, stamper
from agent.errands import SLOW, Errand, Errands, selftest_command
from agent.hubs import Hubs
from agent.in_force import InForce
from agent.inspector import Inspector
from agent.ledger_past import SELFTEST
from agent.local_link import LocalLink, Powers
from agent.long_press import LongPress
from agent.mute import Mutes
from agent.orders import Orders
from agent.outbox import Outbox
from agent.outputs import annunciator, speaker
from agent.perceived import outline_of
from agent.pipeline import Pipeline
from agent.recorder import Recorder
from agent.records import device_ledger, proofs
from agent.recovering import Recovering
from agent.status import Status, Troubled, troubles
from agent.stimuli import Around, Stimuli
from agent.timekeeping import DOUBTED_S, Timekeeping
from agent.trial import RESTART, Signs
from agent.updates import Updates
from agent.values import Detection, Failure, Reading
from agent.wallclock import WallTime, read_wall_clock
from agent.watch import detectors, watched
from agent.wires import samplers
from agent.workers import Stoppable, Worker, Workers, always
from drivers.board import Board
from drivers.sensor import Quantity

log = logging.getLogger(__name__)

TICK_S = 1.0  # silence is looked for, and the status written, this often
ARM_WITHIN_S = 15.0  # a hung sensor may not keep the others from being armed
QUEUE, BEHIND = 1000, 4  # readings between the samplers and the pipeline: at most; too many


class App:
    """The whole agent on one board, by the configuration `in_force`.

    `clock` is monotonic seconds and runs `pace` times as fast as life (1.0 but for simulations);
    `wall` tells the time of day; `state` holds what must survive a power cut, `run_dir` what need
    not. `simulated` is said in every message that leaves.
    """

    def __init__(  # noqa: PLR0913  # the outer world, each piece named
        self,
        in_force: InForce,
        board: Board,
        *,
        state: Path,
        run_dir: Path,
        clock: Callable[[], float] = time.monotonic,
        pace: float = 1.0,
        wall: Callable[[], WallTime] = read_wall_clock,
        simulated: bool = False,
    ) -> None:
        self._in_force, config = in_force, in_force.config
        self._config, self._board, self._clock, self._pace = config, board, clock, pace
        self._ends_with = 0
        self._workers = Workers(lambda: self._annunciator.is_alarming)
        self._stop = self._workers.stopping
        self._queue: queue.Queue[Reading | Failure | Order] = queue.Queue(QUEUE)
        self._outbox = Outbox(state / "outbox.db")
        self._time = Timekeeping(
            state,
            self._outbox,
            wall=wall,
            clock=clock,
            note=lambda *noted: self._ledger.note(*noted),  # noqa: PLW0108  # there is none yet
            doubted_s=0.0 if simulated else DOUBTED_S,  # a scenario begins on any day it likes
        )
        self._daily = Daily(config, state, self._time.read)
        found = detectors(config, self._daily.calendar, self._daily.rhythm)
        self._daily.keep(found)
        self._pipeline = Pipeline(
            watched(config), found, fire_model.load(config.outdoors), config.hand_over
        )
        self._speaker = speaker(config.annunciator.voice)
        self._annunciator = annunciator(config, board, self._speaker)
        self._identity = Identity(
            site=config.device.site,
            device=config.device.id,
            boot_id=boot_id(),
            software=f"haetae {__version__}",
            models=fire_model.versions(),
            simulated=simulated,
        )
        self._ledger = device_ledger(
            state,
            config,
            self._identity,
            sha256=in_force.sha256,
            outbox=self._outbox,
            clock=clock,
            wall=self._time.read,
        )
        in_force.note_by(self._ledger.note)
        self._updates = Updates(state, run_dir, self._ledger.note)
        self._recorder = Recorder(state / "recordings", config.recorder)
        self._status = Status(config, self._identity, run_dir / "status.json", wall=self._time.read)
        self._mutes = Mutes(config.sensors, board, state)
        self._orders = Orders(
            state,
            put=self._queue.put_nowait,
            wake=self._outbox.wake,
            state=self._status.state,
            wall=self._time.read,
            root=f"haetae/v1/{config.device.site}/{config.device.id}",
            commanders=Commanders(config.commanders),
            note=self._ledger.note,
            waiting=self._outbox.pending,
            confirmed=in_force.told,
        )
        self._errands = Errands(
            self._orders,
            in_force,
            recordings=state / "recordings",
            test=selftest_command(in_force.path, state),
            signs=self._signs,
            clock=clock,
            restart=self._restart,
            note=self._ledger.note,
            done=self._done,
            stimuli=lambda *asked: self._stimuli.try_all(*asked),  # noqa: PLW0108  # made below
        )
        self._inspector = Inspector(
            config,
            note=self._ledger.note,
            done=self._done,
            lamp=self._annunciator,
            status=self._status,
            health=self._pipeline.health,
            standing=self._pipeline.standing,
            wall=self._time.read,
        )
        self._hubs = Hubs(
            config,
            self._outbox,
            identity=self._identity,
            orders=self._orders,
            state=self._status.for_hub,
            wall=self._time.read,
            clock=clock,
        )
        self._samplers = samplers(
            config.sensors, board, put=self._queue.put, clock=clock, pace=pace
        )
        powers = Powers(
            put=self._queue.put,
            status=self._status.whole,
            note=self._ledger.note,
            cut=self._inspector.cut,
            outline=lambda name: outline_of(config, board, name),
            baseline=lambda *asked: any(each.measure(*asked) for each in self._samplers),
        )
        self._link = LocalLink(run_dir, powers, clock=clock)
        around = Around(
            wires=self._samplers,
            feed=self._believe,
            busy=lambda now: self._signs().alarm or bool(self._tried(now)),
            health=self._pipeline.health,
            note=self._ledger.note,
            prove=self._status.prove,
            siren=self._annunciator,
            wall=self._time.read,
        )
        self._stimuli = Stimuli(config, state, around, self._daily.calendar, began=clock())
        self._setup = LongPress(run_dir / "setup-requested")
        note, places = self._ledger.note, (state, run_dir)
        self._ladder = Recovering(config, places, clock, note, self._restart)
        self._troubled: dict[str, Troubled | None] = {
            "outbox": self._outbox, "voice": self._speaker, "commands": self._orders,
            "time": self._time, "ledger": self._ledger, "hub": self._hubs,
            "configuration": in_force,
        }  # fmt: skip
        self._unheard = {sensor.name for sensor in config.sensors}
        self._pressed = self._armed = self._recalled = False

    def run(self) -> int:
        """Arm, then supervise until `stop`; return the exit code."""
        code = self._workers.run(self._work(), stop=self.stop, report=self._status.write)
        self._daily.close()
        self._outbox.close()
        self._board.close()
        self._status.remove()
        return code or self._ends_with

    def stop(self) -> None:
        """End `run`; from any thread or a signal handler."""
        self._stop.set()
        parts: list[Stoppable | None] = [*self._samplers, self._annunciator, self._speaker]
        parts += [self._recorder, self._time, self._errands, self._ledger, self._link]
        for each in filter(None, parts):
            each.stop()
        self._outbox.wake()

    def _restart(self, code: int = RESTART) -> None:
        """End `run` to begin anew: by another configuration, or to open the wires anew."""
        self._ends_with = code
        self.stop()

    @property
    def due(self) -> float:
        """When the next poll is due, in the agent's seconds; long ago while readings wait."""
        waits = self._queue.qsize() > BEHIND
        return float("-inf") if waits else min(each.due for each in self._samplers)

    def _work(self) -> list[Worker]:
        behind = self._queue.full  # who waits then, waits for what the pipeline waits for
        workers = [
            Worker("annunciator", self._annunciator.run, 20.0),
            Worker("pipeline", self._middle, 20.0, always),
            Worker("recorder", self._recorder.run, 60.0, always),
            Worker("time", self._time.run, 60.0, always),
            Worker("errands", self._errands.run, 60.0, always),
            Worker("ledger", self._ledger.run, 60.0, always),
            Worker("keeper", self._keep, 60.0, always),
            Worker("setup", self._link.run, 60.0, behind),
        ]
        workers += [Worker(s.wire, s.run, s.within_s(self._pace), behind) for s in self._samplers]
        if self._speaker is not None:
            workers.append(Worker("voice", self._speaker.run, 60.0, always))
        return workers + self._hubs.work(self._stop)

    def _middle(self, beat: Callable[[], None]) -> None:
        """The pipeline's thread: readings in, detections to siren, outbox and recorder."""
        started = due = self._clock()
        self._decide(self._outbox.found(started))
        while not self._stop.is_set():
            try:
                item = self._queue.get(timeout=max(0.0, due - self._clock()) / self._pace)
            except queue.Empty:
                pass
            else:
                self._take(item)
            now = self._clock()
            if now >= due:
                due = now + TICK_S
                self._outbox.flush()
                self._daily.look(now)
                self._decide(self._pipeline.tick(now))
                self._decide(self._inspector.step(now))
                self._decide(self._stimuli.step(now))
                self._pipeline.withhold(self._stimuli.withheld())
                self._pipeline.spare(tried := self._tried(now))
                self._setup.look(now)
                self._recall(now)
                self._report(now)
                self._ladder.look(now, self._status.whole(), is_tried=bool(tried))
                beat()
            if not self._armed and (not self._unheard or now - started > ARM_WITHIN_S * self._pace):
                self._armed = True
                self._report(now)
                sdnotify.notify("READY=1")
                log.warning("armed; not heard from yet: %s", ", ".join(self._unheard) or "none")

    def _tried(self, now: float) -> frozenset[str]:
        """The sensors that somebody inspects or tries out."""
        return self._inspector.tried(now) | self._link.tried(now)

    def _recall(self, now: float) -> None:
        """Take in, once it is read, what was proven before this start and what it cut off."""
        if not self._recalled and (proven := self._ledger.proven) is not None:
            self._recalled = True
            self._status.recall(proofs(proven, now=now, wall=self._time.read()))
            for told in self._ledger.interrupted:
                self._orders.interrupted(told["nonce"], told)

    def _keep(self, beat: Callable[[], None]) -> None:
        """Write what may wait for the disk: whoever feeds the watchdog does not wait for it."""
        while not self._stop.wait(TICK_S):
            self._updates.look(self._clock())
            self._daily.write()
            self._stimuli.write()
            beat()

    def _take(self, item: Reading | Failure | Order) -> None:
        if isinstance(item, Order):
            self._obey(item)
            return
        self._unheard.discard(item.sensor)
        self._link.tell(item)
        if isinstance(item, Failure):
            self._decide(self._pipeline.failed(item))
        elif not self._stimuli.holds(item):
            self._believe(item)

    def _believe(self, item: Reading) -> None:
        self._recorder.remember(item)
        self._mutes.take(item)
        self._inspector.take(item)
        if item.sensor == self._config.annunciator.button and item.quantity is Quantity.BUTTON:
            if item.value and not self._pressed:
                self._press()
            self._pressed = bool(item.value)
            self._setup.take(item)
        self._decide(self._pipeline.handle(item))

    def _press(self) -> None:
        did = self._annunciator.press()
        log.warning("button: %s", did)
        if did == "test":
            self._ledger.note(SELFTEST, {"by": "button"})

    def _obey(self, order: Order) -> None:
        now = self._clock()
        if isinstance(order.command, SLOW):
            errand = Errand(order, self._recorder.remembered(), self._mutes.names())
            if (refusal := self._errands.begin(errand)) is None:
                return  # answered once it is done
        elif isinstance(order.command, Inspect):
            if (refusal := self._inspector.begin(order, order.command, now)) is None:
                return  # answered once it is over
        else:
            refusal = act(
                order.command,
                now,
                shown=self._annunciator,
                told=self._status,
                feed=self._take if self._config.inactivity or self._config.unused else None,
                take_back=lambda sensor: self._decide(self._pipeline.take_back(sensor, now)),
            )
        self._report(now)
        self._done(order, refusal)

    def _done(
        self,
        order: Order,
        refusal: tuple[Code, str] | None,
        told: Mapping[str, object] | None = None,
    ) -> None:
        """Answer whoever gave the order: the setup page, or the hub."""
        if not self._link.done(order, refusal, told):
            self._orders.done(order, refusal, told)

    def _signs(self) -> Signs:
        """How the agent stands: whether a configuration that is on trial is good."""
        return Signs.of(
            self._status.state(),
            self._annunciator.playing(),
            armed=self._armed,
            hub=self._hubs.has_answered,
        )

    def _decide(self, detections: list[Detection]) -> bool:
        """Have all that was found shown, told and kept; whether there was any."""
        for detection in detections:  # all of them first: the siren waits for no disk
            self._annunciator.show(detection)
        for detection in detections:
            if detection.is_local:
                log.warning("%s %s: %s", detection.hazard, detection.stage, detection.why.en)
                continue
            self._status.brace(detection)
            inspection = self._inspector.mark(detection) or self._link.mark(detection)
            wall = self._time.at(detection.at)
            event = self._outbox.put(stamper(detection, self._identity, wall, inspection))
            self._ledger.wake()
            self._recorder.freeze(event)
            self._status.note(detection, event)
            log.warning("%s %s %s: %s", event.id, event.hazard, event.stage, event.why.en)
        return bool(detections)

    def _report(self, now: float) -> None:
        health = {each.name: self._pipeline.health(each.name) for each in self._config.sensors}
        self._status.configuration(self._in_force.origin, self._in_force.sha256)
        self._status.update(
            now,
            health=health,
            armed=not self._unheard,
            siren=self._annunciator.playing(),
            muted=self._mutes.names(),
            tried=sorted(self._inspector.tried(now) | self._link.tried(now)),
            update=self._updates.text,
            trouble=self._annunciator.trouble | troubles(self._troubled) | {**self._ladder.trouble},
            pending=self._outbox.pending(),
            ledger=self._ledger.head,
            hub=self._hubs.status,
            hubs=self._hubs.report(),
            tested=self._stimuli.verdicts,
            started=self._ladder.started,
            boot=self._ladder.boot,
        )
