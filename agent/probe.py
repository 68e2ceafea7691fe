"""`haetae probe`: ask every configured sensor once, through its real driver, and say what came."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agent import life
from agent.coverage import Claim, coverage, covered_by
from agent.plausibility import Health, Plausibility, State, Watched
from agent.sampler import Channel
from agent.sections import Config
from agent.values import Failure, FailureKind, Reading
from agent.wallclock import read_wall_clock
from drivers import calibration, kept
from drivers.board import Board, SensorConfig
from drivers.pace import Pace
from drivers.sensor import Commissioned, NotReadyError, Quantity, Sensor, SensorError
from drivers.trace import Trace

BASELINE_READINGS, CALIBRATION_READINGS = 60, 12
_LEVEL_WITHIN_S, _LOOK_S = 3.0, 0.1
_SHOWN = 240  # characters of a wire on a terminal; JSON has more
REMEDIES = {
    FailureKind.NO_ANSWER: "check plug, wires and the interface's switch in raspi-config",
    FailureKind.WRONG_DEVICE: "another part answers here: check type and address",
    FailureKind.CORRUPTED: "shorten or shield the wire, check the pull-up; try again",
    FailureKind.DISCONNECTED: "a wire is cut, shorted or off its terminal",
    FailureKind.NOT_READY: "wait, or do what it says",
    FailureKind.UNUSABLE: "try again; exchange the part if it stays",
}


class Finding(msgspec.Struct, frozen=True):
    """What came over one sensor's wire, what it means, and what stands on it.

    `raw` is the wire at the last read (see `drivers.trace`), or where it could not be opened, at
    that. `state` is `ok`, `doubted` (no such value can be) or `failing`. `covers` gives the claim
    for each hazard that stands on this sensor: what an agent would claim, once all are warm.
    """

    sensor: str
    driver: str
    wire: str
    library: str
    raw: str
    state: State
    age_s: float
    covers: dict[str, str] = {}
    readings: dict[str, float] = {}
    failure: str = ""
    message: str = ""
    remedy: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One sensor's answer and how it came."""

    config: SensorConfig
    answer: list[Reading | Failure]
    raw: str
    health: Health


class _Record(msgspec.Struct, frozen=True):
    """What calibrations and baselines have in common, and what only the former say."""

    taken_at: str
    reference: str = ""
    floor_db: float = 0.0


class _Watched:
    """A sensor whose opening is forgotten as soon as it can be read."""

    def __init__(self, sensor: Sensor, trace: Trace) -> None:
        self._sensor, self._trace = sensor, trace
        self.open, self.close = sensor.open, sensor.close

    def read(self) -> Mapping[Quantity, float]:
        self._trace.clear()
        return self._sensor.read()


def probe(config: Config, board: Board, *, simulated: bool = False) -> Iterator[Finding]:
    """Read every sensor once. Each is opened and closed for it; nothing else may hold the wires."""
    board.trace = trace = Trace()
    heard = [_hear(each, board, trace) for each in config.sensors]
    health = {each.config.name: each.health for each in heard}
    wall = read_wall_clock()
    worn, ending = life.worn(config, wall), life.ending(config, wall)
    claims = coverage(config, health, {}, now=0.0, simulated=simulated, worn=worn, ending=ending)
    for each in heard:
        name = each.config.name
        notes = [*(aged[name] for aged in (worn, ending) if name in aged)]
        notes += _records(board.state, name)
        covers = {str(hazard): _claim(claims[hazard]) for hazard in covered_by(config, name)}
        yield _finding(each, covers, notes)


def _records(state: Path, name: str) -> Iterator[str]:
    """What was measured of this part when it was put in, and when."""
    for folder in ("calibrations", "baselines"):
        try:
            kept = msgspec.json.decode((state / folder / f"{name}.json").read_bytes(), type=_Record)
        except (OSError, ValueError):  # none, or the driver says what is wrong with it
            continue
        told = f"{folder.removesuffix('s')} of {kept.taken_at}"
        if kept.reference:
            told += f" against {kept.reference}, floor {kept.floor_db:.1f} dB"
        yield told


def _hear(config: SensorConfig, board: Board, trace: Trace) -> _Heard:
    sensor = config.build(board)
    trace.clear()
    channel = Channel(config.name, _Watched(sensor, trace), config.every_s)
    answer = channel.poll(time.monotonic)
    raw = "(withheld: it shows people)" if config.is_private else str(trace)
    sensor.close()
    return _Heard(config, answer, raw, _health(config, answer))


def _health(config: SensorConfig, answer: list[Reading | Failure]) -> Health:
    """Judge by one read, which an agent would not: nobody waits here for a second."""
    doubts = Plausibility(Watched(spans=config.spans, every_s=config.every_s))
    for item in answer:
        if isinstance(item, Failure):
            return Health(State.FAILING, f"{item.kind}: {item.message}", ())
        if not doubts.believe(item):
            return Health(State.DOUBTED, doubts.detail, ())
    return Health(State.OK, "", tuple(doubts.last.values()))


def _claim(claim: Claim) -> str:
    return f"{claim.claim}: {claim.why}" if claim.why else claim.claim


class BaselineError(Exception):
    """No baseline was stored; the message says why and what to do."""


def baseline(  # noqa: PLR0913  # the part, where it is, and what the caller waits and shows with
    config: Config,
    board: Board,
    name: str,
    *,
    heated_h: float,
    wait: Callable[[float], object],
    say: Callable[[str], object],
) -> str:
    """Measure a part as it was put in, once every `every_s`, and have it keep that.

    Args:
        config: Names the part and its wires.
        board: The wires; nothing else may hold them.
        name: The sensor's name.
        heated_h: For how many hours a gas cell has been heated without a break.
        wait: Sleeps so many seconds between two samples.
        say: Shows progress.

    Returns:
        What is kept, in words.

    Raises:
        BaselineError: No part of this name has a baseline, it does not answer, it has not
            settled, or the disk is full.
    """
    each = next((each for each in config.sensors if each.name == name), None)
    sensor = each.build(board) if each is not None else None
    if each is None or not isinstance(sensor, Commissioned):
        raise BaselineError(f"{name}: no part of this name has a baseline to measure")
    samples = []
    try:
        sensor.open()
        for n in range(1, BASELINE_READINGS + 1):
            samples.append(sensor.sample())
            figures = ", ".join(f"{figure:.4g}" for figure in samples[-1])
            say(f"{name}: {n} of {BASELINE_READINGS}: {figures}")
            wait(each.every_s)
        return sensor.commission(samples, taken_at=read_wall_clock().iso, heated_h=heated_h)
    except (OSError, SensorError) as error:
        raise BaselineError(f"{name}: {error}") from error
    finally:
        sensor.close()


def calibrate(  # noqa: PLR0913  # the microphone, the sound, and what the caller asks with
    config: Config,
    board: Board,
    name: str,
    *,
    reference_db: float,
    reference: str,
    ready: Callable[[str], object],
) -> str:
    """Hold a microphone to a known sound and to silence, and keep what it needs to tell the truth.

    Args:
        config: Names the microphone and its wires.
        board: The wires; nothing else may hold them.
        name: The sensor's name.
        reference_db: The level of the known sound, in dB.
        reference: What made it, for people, such as the calibrator's type.
        ready: Told what to do now; returns once it is done.

    Returns:
        What is kept, in words.

    Raises:
        BaselineError: No such microphone, it does not answer, the sound was not steady or not
            loud enough, or the disk is full.
    """
    each = next((each for each in config.sensors if each.name == name), None)
    if each is None or Quantity.SOUND_LEQ_DB not in each.spans:
        raise BaselineError(f"{name}: no microphone of this name in the configuration")
    sensor = each.build(board)
    try:
        sensor.open()
        before = calibration.load(board.state, name)
        offset_db = before.offset_db if before is not None else 0.0
        heard: list[list[float]] = []
        for task in (f"hold the sound of {reference_db:g} dB to it", "now silence"):
            ready(f"{name}: {task}")
            levels = [_level(sensor, board.pace) for _ in range(CALIBRATION_READINGS)]
            heard.append([level - offset_db for level in levels])
        found = calibration.measure(
            *heard,
            reference_db=reference_db,
            reference=reference,
            taken_at=read_wall_clock().iso,
        )
        kept.store(calibration.path(board.state, name), found)
    except (OSError, SensorError) as error:
        raise BaselineError(f"{name}: {error}") from error
    finally:
        sensor.close()
    return f"offset {found.offset_db:+.1f} dB, floor {found.floor_db:.1f} dB"


def _level(sensor: Sensor, pace: Pace) -> float:
    """The next level; perception tells one each second.

    Raises:
        OSError: The wire does not answer.
        SensorError: There is no level.
    """
    for _ in range(round(_LEVEL_WITHIN_S / _LOOK_S)):
        if (level := sensor.read().get(Quantity.SOUND_LEQ_DB)) is not None:
            return level
        pace.wait(_LOOK_S)
    raise NotReadyError(f"no level within {_LEVEL_WITHIN_S:g} s")


def _finding(heard: _Heard, covers: dict[str, str], notes: list[str]) -> Finding:
    config, at = heard.config, max(each.at for each in heard.answer)
    about: dict[str, Any] = {
        "sensor": config.name,
        "driver": str(type(config).__struct_config__.tag),
        "wire": config.wire(),
        "library": config.library,
        "raw": heard.raw,
        "state": heard.health.state,
        "age_s": round(time.monotonic() - at, 3),
        "covers": covers,
    }
    readings = {str(r.quantity): r.value for r in heard.answer if isinstance(r, Reading)}
    for item in heard.answer:
        if isinstance(item, Failure):
            remedy = REMEDIES[item.kind]
            return Finding(**about, failure=item.kind, message=item.message, remedy=remedy)
    if config.warm_up_s:
        notes = [f"counts after {config.warm_up_s:g} s of warm-up", *notes]
    note = "; ".join(notes)
    return Finding(**about, readings=readings, message=heard.health.why, note=note)


def as_text(finding: Finding) -> str:
    """A few lines for a terminal; a failure is one of them."""
    values = "  ".join(f"{name} {value:.6g}" for name, value in finding.readings.items())
    says = f"{values}, {finding.age_s:.1f} s ago" if values else ""
    if finding.failure:
        says = f"{finding.message} ({finding.remedy})"
    elif finding.message or finding.note:
        says += f" ({finding.message or finding.note})"
    raw = finding.raw if len(finding.raw) <= _SHOWN else f"{finding.raw[:_SHOWN]}..."
    covers = "; ".join(f"{hazard}: {claim}" for hazard, claim in finding.covers.items())
    head = f"{finding.sensor}: {finding.failure or finding.state}"
    rows = {
        "part": f"{finding.driver} on {finding.wire} through {finding.library}",
        "wire": raw or "nothing",
        "says": says,
        "covers": covers or "no hazard by itself",
    }
    return "\n".join([head, *(f"  {name:<7} {text}" for name, text in rows.items())])
