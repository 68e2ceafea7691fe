"""`haetae probe`: ask every configured sensor once, through its real driver, and say what came."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import msgspec

from agent.config import Config
from agent.sampler import Channel
from agent.values import Failure, FailureKind, Reading
from agent.wallclock import read_wall_clock
from drivers import baseline as clean_air
from drivers.board import Board, SensorConfig
from drivers.sensor import Sensor, SensorError

BASELINE_READINGS = 60
REMEDIES = {
    FailureKind.NO_ANSWER: "check plug, wires and the interface's switch in raspi-config",
    FailureKind.WRONG_DEVICE: "another part answers here: check type and address",
    FailureKind.CORRUPTED: "shorten or shield the wire, check the pull-up; try again",
    FailureKind.DISCONNECTED: "a wire is cut, shorted or off its terminal",
    FailureKind.NOT_READY: "wait, or do what it says",
    FailureKind.UNUSABLE: "try again; exchange the part if it stays",
}


class Finding(msgspec.Struct, frozen=True):
    """What one sensor answered: readings by quantity, or a failure with its remedy."""

    sensor: str
    driver: str
    wire: str
    library: str
    readings: dict[str, float] = {}
    failure: str = ""
    message: str = ""
    remedy: str = ""
    note: str = ""


def probe(config: Config, board: Board) -> Iterator[Finding]:
    """Read every sensor once. Each is opened and closed for it; nothing else may hold the wires."""
    for each in config.sensors:
        sensor = each.build(board)
        channel = Channel(each.name, sensor, each.every_s)
        answer = channel.poll(time.monotonic)
        yield _finding(each, answer)
        sensor.close()


@runtime_checkable
class GasCell(Sensor, Protocol):
    """A sensor that needs a clean-air baseline."""

    def rs_kohm(self) -> float:
        """The cell's resistance now, in kΩ."""


class BaselineError(Exception):
    """No baseline was stored; the message says why and what to do."""


def baseline(  # noqa: PLR0913  # the cell, where it is, and what the caller waits and shows with
    config: Config,
    board: Board,
    name: str,
    *,
    heated_h: float,
    wait: Callable[[float], object],
    say: Callable[[str], object],
) -> clean_air.Baseline:
    """Measure the gas cell `name` in clean air, once every `every_s`, and store its baseline.

    Args:
        config: Names the cell and its wires.
        board: The wires; nothing else may hold them.
        name: The sensor's name.
        heated_h: For how many hours the cell has been heated without a break.
        wait: Sleeps so many seconds between two readings.
        say: Shows progress.

    Raises:
        BaselineError: No such gas cell, it does not answer, it still drifts, or the disk is full.
    """
    each = next((each for each in config.sensors if each.name == name), None)
    sensor = each.build(board) if each is not None else None
    if each is None or not isinstance(sensor, GasCell):
        raise BaselineError(f"{name}: no gas cell of this name in the configuration")
    resistances = []
    try:
        sensor.open()
        for n in range(1, BASELINE_READINGS + 1):
            resistances.append(sensor.rs_kohm())
            say(f"{name}: {n} of {BASELINE_READINGS}: {resistances[-1]:.1f} kΩ")
            wait(each.every_s)
        found = clean_air.measure_r0(
            resistances, taken_at=read_wall_clock().iso, burn_in_h=heated_h
        )
        clean_air.store(board.state, name, found)
    except (OSError, SensorError) as error:
        raise BaselineError(f"{name}: {error}") from error
    finally:
        sensor.close()
    return found


def _finding(each: SensorConfig, answer: list[Reading | Failure]) -> Finding:
    about: dict[str, Any] = {
        "sensor": each.name,
        "driver": str(type(each).__struct_config__.tag),
        "wire": each.wire(),
        "library": each.library,
    }
    readings = {str(r.quantity): r.value for r in answer if isinstance(r, Reading)}
    for item in answer:
        if isinstance(item, Failure):
            remedy = REMEDIES[item.kind]
            return Finding(**about, failure=item.kind, message=item.message, remedy=remedy)
    note = f"counts after {each.warm_up_s:g} s of warm-up" if each.warm_up_s else ""
    return Finding(**about, readings=readings, note=note)


def as_text(finding: Finding) -> str:
    """One line for a terminal."""
    head = f"{finding.sensor:<16} {finding.driver:<12} {finding.wire:<8} "
    if finding.failure:
        return f"{head}{finding.failure}: {finding.message} ({finding.remedy})"
    values = "  ".join(f"{name} {value:.6g}" for name, value in finding.readings.items())
    return head + values + (f"  ({finding.note})" if finding.note else "")
