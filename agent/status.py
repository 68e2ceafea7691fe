"""What the agent knows of itself: a file for `haetae status` and the hub's heartbeat."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

import msgspec

from agent import life
from agent.coverage import UNTRIED, Claim, Proof, coverage, covered_by
from agent.detectors.supply import SUPPLY_LOST
from agent.envelope import Identity
from agent.hub_cause import Cause
from agent.ledger_file import Head
from agent.pipeline import Health
from agent.sections import Config
from agent.tested import Tested
from agent.updates import installed
from agent.values import Detection, Event, Hazard, Stage
from agent.wallclock import WallTime, read_wall_clock

log = logging.getLogger(__name__)

_UNDATED = "before the clock was set"

LAST_WORDS = "last gasp: supply lost"


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The hub's view of a device: coverage always, everything else only when there is something.

    `coverage` gives a claim per hazard; `why` what is missing or when it was proven (an assumed
    hazard without one is untried since start), per hazard; `faults` the
    sensors that cannot be relied on; `active` the incidents under way, hazard by event id; `muted`
    the cameras and microphones that people have switched off by hand; `answered` who sent help to
    which of the `active`, by event id; `configuration` the one from afar by which the device runs,
    as `remote` or `trial` and the first 16 hex digits of its SHA-256; `update` is what became of
    the last update of the software, while there is something to tell; `started` is why the device
    began anew, told for an hour where it was not in order; `ledger` is the
    newest record of the ledger that is on flash, its number and the first 96 bits of its digest;
    `last_words` are there once the supply is lost, while there is power left to say so.
    """

    status: Literal["online", "offline"] = msgspec.field(default_factory=lambda: "online")
    coverage: dict[str, str]
    simulated: bool = False
    why: dict[str, str] = {}
    faults: dict[str, str] = {}
    active: dict[str, str] = {}
    answered: dict[str, str] = {}
    trouble: dict[str, str] = {}
    muted: list[str] = []
    siren: str = "quiet"
    pending: int = 0
    configuration: str = ""
    update: str = ""
    started: str = ""
    ledger: str = ""
    last_words: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> "State":
        """Take from the whole status what the hub needs."""
        claims: Mapping[str, Claim] = found["coverage"]
        return cls(
            coverage={hazard: claim.claim for hazard, claim in claims.items()},
            simulated=found["simulated"],
            why={name: c.why for name, c in claims.items() if c.why not in {"", UNTRIED}},
            faults={n: each["why"] for n, each in found["sensors"].items() if each["why"]},
            active={event.id: f"{event.hazard} {event.stage}" for event in found["active"]},
            answered=found["answered"],
            trouble=found["trouble"],
            muted=found["muted"],
            siren=found["siren"],
            pending=found["outbox"]["pending"],
            configuration=found["configuration"]["from_afar"],
            update=found["update"],
            started=found["started"],
            ledger=found["ledger"],
        )


class Troubled(Protocol):
    """A part that says in words what is wrong with it; none, or empty, while all is well."""

    @property
    def trouble(self) -> str | None:
        """What is wrong."""


def troubles(parts: Mapping[str, Troubled | None]) -> dict[str, str]:
    """What is wrong, by the part's name; a part that is not there has no trouble."""
    found = {name: part.trouble for name, part in parts.items() if part is not None}
    return {name: why for name, why in found.items() if why}


class Status:
    """Collects the state on the pipeline's thread; writes and sends it from others.

    The file lies in a directory that need not survive a power cut, so it costs no flash.
    """

    def __init__(
        self,
        config: Config,
        identity: Identity,
        path: Path,
        *,
        wall: Callable[[], WallTime] = read_wall_clock,
    ) -> None:
        self._config, self._identity, self._path, self._wall = config, identity, path, wall
        self._active: dict[tuple[Hazard, str], Event] = {}
        self._answered: dict[tuple[Hazard, str], str] = {}
        self._proven: dict[Hazard, Proof] = {}
        self._lock = threading.Lock()
        self._now: dict[str, Any] = {}
        self._last_seq = 0
        self._unsupplied: set[str] = set()  # the sensors that say so
        self._unwritten = False
        self._in_force = {"origin": "installed", "sha256": "", "from_afar": ""}
        self._installed = installed()

    def configuration(self, origin: str, sha256: str) -> None:
        """Note by which configuration the agent runs: `installed`, `remote` or on `trial`."""
        from_afar = "" if origin == "installed" else f"{origin} {sha256[:16]}"
        self._in_force = {"origin": origin, "sha256": sha256, "from_afar": from_afar}

    def note(self, detection: Detection, event: Event) -> None:
        """Take in what has just been decided."""
        incident = detection.hazard, detection.subject
        self._last_seq = event.seq
        self._answered.pop(incident, None)  # over, or a new call
        if detection.stage is Stage.CLEARED:
            self._active.pop(incident, None)
            return
        self._active[incident] = event
        if detection.stage is Stage.ALARM and not event.inspection:  # its result counts, later
            when = _UNDATED if event.wall_source == "unset" else event.wall_time
            self._proven[detection.hazard] = Proof(when, detection.at)

    def prove(self, hazard: Hazard, proof: Proof) -> None:
        """Take note that a hazard was detected from a real stimulus; the stronger proof stays."""
        if not proof.own or self._proven.get(hazard, proof).own:
            self._proven[hazard] = proof

    def recall(self, proofs: Mapping[Hazard, Proof]) -> None:
        """Take in what was proven before this start."""
        self._proven = {**proofs, **self._proven}

    def is_active(self, hazard: Hazard, besides: Collection[str] = ()) -> bool:
        """Whether there is such an incident now, other than of these subjects."""
        return any(each is hazard and subject not in besides for each, subject in self._active)

    def brace(self, detection: Detection) -> None:
        """Take in a supply that is gone or back, before the event that tells of it goes out."""
        if detection.rule != SUPPLY_LOST:
            return
        with self._lock:
            if detection.stage is Stage.ALARM:
                self._unsupplied.add(detection.subject)
            else:
                self._unsupplied.discard(detection.subject)

    def active(self, event: str) -> Event | None:
        """The incident under way whose last event has this id."""
        return next((each for each in self._active.values() if each.id == event), None)

    def answered(self, event: str, by: str) -> None:
        """Note who answered for the incident under way whose last event this is."""
        for incident, each in self._active.items():
            if each.id == event:
                self._answered[incident] = by

    def update(  # noqa: PLR0913  # one argument for each part that reports
        self,
        now: float,
        *,
        health: Mapping[str, Health],
        armed: bool,
        siren: str,
        trouble: Mapping[str, str],
        pending: int,
        hub: tuple[str, Cause],
        hubs: Sequence[Mapping[str, object]] = (),
        muted: Sequence[str] = (),
        tried: Sequence[str] = (),
        update: str = "",
        ledger: Head | None = None,
        started: str = "",
        boot: str = "",
        tested: Mapping[str, Tested] = MappingProxyType({}),
    ) -> None:
        """Take the state of every part at `now` (seconds of the agent's clock)."""
        wall = self._wall()
        worn, ending = life.worn(self._config, wall), life.ending(self._config, wall)
        aged = {n: why for n, why in (worn | ending).items() if not covered_by(self._config, n)}
        claims = coverage(
            self._config,
            health,
            self._proven,
            now=now,
            simulated=self._identity.simulated,
            worn=worn,
            ending=ending,
            tested=tested,
        )
        found = {
            "at": now,
            "device": self._identity.device,
            "site": self._identity.site,
            "profile": self._config.profile,
            "software": self._identity.software,
            "boot_id": self._identity.boot_id,
            "simulated": self._identity.simulated,
            "armed": armed,
            "siren": siren,
            "coverage": claims,
            "active": list(self._active.values()),
            "answered": {self._active[each].id: by for each, by in self._answered.items()},
            "sensors": {
                each.name: _sensor(str(type(each).__struct_config__.tag), health[each.name], now)
                | {"covers": covered_by(self._config, each.name)}
                for each in self._config.sensors
            },
            "trouble": aged | dict(trouble),
            "muted": list(muted),
            "tried": list(tried),
            "update": update,
            "installed": self._installed,
            "clock": _clock(wall),
            "ledger": "" if ledger is None else str(ledger),
            "outbox": {"pending": pending, "last_seq": self._last_seq},
            "hub": hub[0],
            "hub_cause": hub[1],
            "hubs": list(hubs),
            "configuration": self._in_force,
            "started": started,
            "boot": boot,
        }
        with self._lock:
            self._now = found

    def state(self) -> State:
        """The last update as the hub sees it."""
        with self._lock:
            found, last_words = self._now, LAST_WORDS if self._unsupplied else ""
        if not found:
            return State(coverage={}, simulated=self._identity.simulated, last_words=last_words)
        return msgspec.structs.replace(State.of(found), last_words=last_words)

    def whole(self) -> Mapping[str, Any]:
        """The last update, as the file has it; empty before the first."""
        with self._lock:
            return self._now

    def for_hub(self) -> bytes:
        """The retained `state` message. What is as it should be is left out: a beat costs money."""
        return msgspec.json.encode(self.state())

    def remove(self) -> None:
        """Take the file away: nobody runs any more."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def write(self, late: list[str]) -> None:
        """Put the state into the file, whole or not at all; `late` are the silent workers."""
        with self._lock:
            written = {"pid": os.getpid(), "written_at": time.monotonic()}
            found = self._now | {"late": late} | written
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(msgspec.json.encode(found))
            os.replace(new, self._path)  # noqa: PTH105  # atomic, and says so
        except OSError as error:
            if not self._unwritten:
                log.error("status: not written: %s", error)  # noqa: TRY400  # no traceback
            self._unwritten = True
        else:
            self._unwritten = False


def _clock(wall: WallTime) -> dict[str, Any]:
    return {"shows": wall.iso, "uncertainty_s": wall.uncertainty_s, "source": wall.source}


def _sensor(driver: str, health: Health, now: float) -> dict[str, Any]:
    readings = {
        str(reading.quantity): {"value": reading.value, "age_s": round(now - reading.at, 3)}
        for reading in health.last
    }
    return {"driver": driver, "state": health.state, "why": health.why, "readings": readings}
