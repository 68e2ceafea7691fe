"""Opens and closes inspections, on the pipeline's thread, and marks what they alone provoke.

A marked event sounds and is delivered like any other; it only says of itself that it is a test.
Whatever has other evidence too is a real alarm, and what is still going on when the inspection is
over is told again as one; so is what another sensor joins, or what does not end soon after.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from agent.commands import Code, Inspect, Order
from agent.coverage import Proof, covered_by, floor
from agent.inspection import WHY, Inspection, Outcome
from agent.plausibility import Health
from agent.sections import Config
from agent.values import Detection, Hazard, Reading, Stage
from agent.wallclock import WallTime

log = logging.getLogger(__name__)

RECHECK_S = 2.0  # a contact that bounces is not over at its first edge
LINGERS_S = 120.0  # what still stands so long behind the inspection is not its stimulus
_CUTS = 16  # asked for and not yet looked at

Note = Callable[[str, dict[str, Any]], None]
Refusal = tuple[Code, str]


class Lit(Protocol):
    """What shows people that a sensor is under inspection; `agent.annunciator.Annunciator`."""

    def inspect(self, for_s: float) -> None:
        """Show it for so long at most; 0 ends it."""


class Proving(Protocol):
    """What claims coverage; `agent.status.Status`."""

    def is_active(self, hazard: Hazard, besides: Collection[str] = ()) -> bool:
        """Whether there is such an incident now, other than of these subjects."""

    def prove(self, hazard: Hazard, proof: Proof) -> None:
        """Take note that a hazard was detected from a real stimulus."""


class Inspector:
    """At most one inspection at a time.

    `note` records its result, `done` answers for the order, `lamp` and `status` show it; `health`
    tells whether a sensor can be relied on, `standing` what keeps an incident going.
    """

    def __init__(  # noqa: PLR0913  # all that an inspection touches
        self,
        config: Config,
        *,
        note: Note,
        done: Callable[[Order, Refusal | None, Mapping[str, Any] | None], None],
        lamp: Lit,
        status: Proving,
        health: Callable[[str], Health],
        standing: Callable[[Hazard], Sequence[Reading]],
        wall: Callable[[], WallTime],
    ) -> None:
        self._config, self._note, self._done, self._lamp = config, note, done, lamp
        self._status, self._health, self._wall = status, health, wall
        self._standing = standing
        self._order: Order | None = None
        self._under_way: Inspection | None = None
        self._opened, self._over_at = "", 0.0
        self._returned_at: float | None = None
        self._marked: dict[tuple[Hazard, str], tuple[Detection, str]] = {}  # and by which nonce
        self._cuts: deque[str] = deque(maxlen=_CUTS)
        self._left: list[Detection] = []  # told again at the next step
        self._tried: dict[str, float] = {}  # sensors, and when their inspection was over

    def begin(self, order: Order, command: Inspect, now: float) -> Refusal | None:
        """Open an inspection at `now` (monotonic seconds), or say why not."""
        hazards = frozenset(covered_by(self._config, command.sensor))
        if not hazards:
            return Code.NOT_HERE, f"`{command.sensor}` is no sensor that a hazard stands on"
        self._left += self._end_if_cut(now)
        if self._order is not None:
            return Code.BUSY, "another inspection is under way"
        if active := [hazard for hazard in hazards if self._is_real(hazard)]:
            return Code.BUSY, f"an incident is under way: {', '.join(sorted(active))}"
        health = self._health(command.sensor)
        if not health.is_sound:
            return Code.FAILED, f"`{command.sensor}` cannot be relied on: {health.why}"
        spans = next(e.spans for e in self._config.sensors if e.name == command.sensor)
        quantities = frozenset(q for h in hazards for q in floor(self._config, h) & spans.keys())
        closes = now + command.minutes * 60.0
        self._under_way = Inspection(command.sensor, quantities, hazards, now, closes)
        self._order, self._opened, self._returned_at = order, self._wall().iso, None
        self._tried[command.sensor] = closes
        for reading in health.last:  # a contact that never moves says nothing more before it does
            self._under_way.take(replace(reading, at=now))
        self._lamp.inspect(command.minutes * 60.0)
        log.warning("inspection: %s by %s: opened", command.sensor, command.by)
        return None

    def take(self, reading: Reading) -> None:
        """Look at a reading."""
        if self._under_way is not None:
            self._under_way.take(reading)

    def cut(self, nonce: str) -> None:
        """Have the inspection with this nonce end, before the next one; from any thread."""
        self._cuts.append(nonce)

    def tried(self, now: float) -> frozenset[str]:
        """The sensors that somebody stimulates, or did until `LINGERS_S` ago."""
        self._tried = {name: at for name, at in self._tried.items() if now - at < LINGERS_S}
        return frozenset(self._tried)

    def mark(self, detection: Detection) -> str:
        """The nonce of the inspection that alone provoked this; empty: it is none, but real."""
        incident = detection.hazard, detection.subject
        before = self._marked.get(incident)
        if self._under_way is not None and self._order is not None:
            self._under_way.heed(detection)
            nonce, sensor = self._order.command.id, self._under_way.sensor
            # what began as real stays so, though this sensor alone tells that it grows
            is_real = before is None and self._is_real(detection.hazard)
            if self._is_its(self._under_way, detection) and not is_real:
                if detection.stage is Stage.CLEARED:
                    self._marked.pop(incident, None)
                    return nonce if before is not None else ""
                self._marked[incident] = detection, nonce
                return nonce
        if before is None:
            return ""
        del self._marked[incident]  # over, or no test any more
        told, nonce = before
        sensor = told.evidence[0].sensor
        is_its_end = detection.stage is Stage.CLEARED and self._alone(detection, sensor)
        return nonce if is_its_end else ""

    def step(self, now: float) -> list[Detection]:
        """Close what is over at `now`; give what must be told again, as real."""
        left, self._left = self._left + self._end_if_cut(now), []
        inspection, order = self._under_way, self._order
        if inspection is None or order is None:
            return left + self._joined(now)
        if inspection.alarmed_by is None or not inspection.has_returned:
            self._returned_at = None
        elif self._returned_at is None:
            self._returned_at = now
        is_done = self._returned_at is not None and now - self._returned_at >= RECHECK_S
        if not is_done and now < inspection.closes_at:
            return left + self._joined(now)
        return left + self._end(inspection, order, now)

    def _end_if_cut(self, now: float) -> list[Detection]:
        """End it where that was asked for; give what must be told again."""
        inspection, order = self._under_way, self._order
        if inspection is None or order is None or order.command.id not in self._cuts:
            return []
        return self._end(inspection, order, now)

    def _end(self, inspection: Inspection, order: Order, now: float) -> list[Detection]:
        self._under_way, self._order, self._over_at = None, None, now
        self._tried[inspection.sensor] = now
        self._lamp.inspect(0.0)
        self._close(inspection, order, now)
        return self._joined(now) if inspection.has_returned else self._going_on(now)

    def _close(self, inspection: Inspection, order: Order, now: float) -> None:
        outcome, command, wall = inspection.outcome(), order.command, self._wall()
        proven = outcome is Outcome.PROVEN
        told = {
            "nonce": command.id,
            "sensor": inspection.sensor,
            "hazards": sorted(inspection.hazards),
            "result": "proven" if proven else "failed",
            "outcome": outcome.value,
            "why": {"ko": WHY[outcome].ko, "en": WHY[outcome].en},
        }
        body = told | {
            "by": command.by,
            "signer": order.signer,
            "opened": self._opened,
            "lasted_s": round(now - inspection.opened_at, 1),
            "quantity": str(inspection.quantity),
            "curve": inspection.curve,
        }
        self._note("inspection", body)
        log.warning("inspection: %s: %s", inspection.sensor, WHY[outcome].en)
        if proven:
            proof = Proof(wall.iso, now, inspection.sensor, command.id)
            for hazard in inspection.hazards:
                self._status.prove(hazard, proof)
        self._done(order, None, told)

    def _joined(self, now: float) -> list[Detection]:
        """What another sensor keeps going too, or this one for too long: no test any more.

        A detector that has told an alarm does not tell it again for a second sensor of the kind.
        """
        found = []
        for detection, _ in self._marked.values():
            stands = self._standing(detection.hazard)
            others = [e for e in stands if e.sensor != detection.evidence[0].sensor]
            is_over = self._under_way is None or not self._is_its(self._under_way, detection)
            if others or (is_over and stands and now - self._over_at >= LINGERS_S):
                evidence = tuple(dict.fromkeys([*detection.evidence, *others]))
                found.append(replace(detection, at=now, evidence=evidence))
        return found

    def _going_on(self, now: float) -> list[Detection]:
        """What an inspection provoked, and what goes on behind its end: nobody's test any more."""
        going_on = [replace(detection, at=now) for detection, _ in self._marked.values()]
        self._marked.clear()
        return going_on

    def _is_real(self, hazard: Hazard) -> bool:
        """Whether there is an incident that counts; a call stays open long behind its test."""
        tested = {subject for each, subject in self._marked if each is hazard is Hazard.SOS}
        return self._status.is_active(hazard, tested)

    def _is_its(self, inspection: Inspection, detection: Detection) -> bool:
        """Whether the inspected sensor alone provoked it; test gas is a sign of fire, too."""
        if not self._alone(detection, inspection.sensor):
            return False
        quantities = {each.quantity for each in detection.evidence}
        is_same = bool(quantities) and quantities <= inspection.quantities
        return is_same or detection.hazard in inspection.hazards

    @staticmethod
    def _alone(detection: Detection, sensor: str) -> bool:
        is_told = bool(detection.evidence) or detection.stage is Stage.CLEARED
        return is_told and all(e.sensor == sensor for e in detection.evidence)
