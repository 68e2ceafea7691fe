"""`haetae probe`: ask every configured sensor once, through its real driver, and say what came."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from agent.config import Config
from agent.sampler import Channel
from agent.values import Failure, FailureKind, Reading
from drivers.board import Board, SensorConfig

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
