"""Feed a recording through the real pipeline as fast as it can, bit for bit the same each time."""

import heapq
import logging
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import fire_model, recording, watch
from agent.detectors.calendar import Calendar
from agent.detectors.derived import Deriving
from agent.detectors.detector import Detector, Waiting
from agent.pipeline import Pipeline
from agent.sections import Config
from agent.values import Detection, Reading

if TYPE_CHECKING:
    from agent.media import Medium

log = logging.getLogger(__name__)

TICK_S = 1.0  # as the running agent lets time pass where nothing is heard
LONGEST_SILENCE = 20_000  # such ticks: by then every sensor has been told to be silent
LONGEST_WAIT = 120  # such ticks: nobody is asked for longer, and waited for


def replay(recording_dir: Path, config: Config, *, readings: bool) -> Iterator[dict[str, Any]]:
    """Give the events of a recording, and with `readings` every derived reading, in order.

    Sensors of a recording that a device wrote itself are held to what `config` says of them and
    must not fall silent; others are named freely, so only what any transducer can report is known.
    After the last row time runs on for a detector that waits for an answer.

    Raises:
        RecordingError: The recording cannot be used, or not all that it holds.
    """
    found = recording.load(recording_dir)
    detectors = watch.detectors(config, calendar_of(found, config))
    own = found.source == recording.RECORDER
    watched = _watched(found, config) if own else {}
    pipeline = Pipeline(watched, detectors, fire_model.load(config.outdoors), config.hand_over)
    seen = media_of(found, config)
    made = {each.name for each in seen} if readings else set()
    heard = found.readings()
    if seen:
        heard = heapq.merge(heard, *(each.readings() for each in seen), key=_time)
    now: float | None = None
    for at, rows in groupby(heard, key=_time):
        if now is not None:
            yield from _silence(pipeline, now, at) if own else _wait(detectors, now, at)
        now = at
        for reading in rows:
            if reading.sensor in made:
                yield _row(reading)
            for detection in pipeline.handle(reading):
                yield _event(detection)
        for detection in pipeline.tick(now):
            yield _event(detection)
        if readings:
            yield from _derived([*detectors, *seen], now)
    if now is not None:
        yield from _wait(detectors, now, math.inf)


def as_text(found: dict[str, Any]) -> str:
    """Give one line of `replay` for people."""
    if "hazard" not in found:
        return f"{found['t_s']:9.1f} s  {found['sensor']} {found['quantity']} {found['value']:.3f}"
    head = f"{found['t_s']:9.1f} s  {found['hazard']} {found['stage']} ({found['rule']})"
    return f"{head}: {found['why']['ko']} {found['why']['en']}"


def calendar_of(found: recording.Recording, config: Config) -> Calendar:
    """The time of day by the recording's `start`; without a time and zone it is not known."""
    calendar = Calendar(config.calendar.utc_offset_h)
    try:
        start = datetime.fromisoformat(found.start or "")
    except ValueError:
        return calendar
    if start.tzinfo is not None:
        calendar.set(0.0, start.timestamp(), 0.0)
    return calendar


def media_of(found: recording.Recording, config: Config) -> "list[Medium]":
    """Pictures and sound; what they need is loaded only where there are some."""
    if found.camera is None and found.microphone is None:
        return []
    from agent.media import media  # noqa: PLC0415  # as the docstring says

    return media(found, config)


def _watched(found: recording.Recording, config: Config) -> dict[str, Any]:
    """What the configuration knows of the sensors that the recording holds."""
    held = {reading.sensor for reading in found.readings()}
    return {name: each for name, each in watch.watched(config).items() if name in held}


def _silence(pipeline: Pipeline, since: float, until: float) -> Iterator[dict[str, Any]]:
    """Let the time between two rows pass as it did on the device."""
    for step in range(1, int(min((until - since) / TICK_S, LONGEST_SILENCE)) + 1):
        if (now := since + step * TICK_S) < until:
            for detection in pipeline.tick(now):
                yield _event(detection)


def _wait(detectors: Sequence[Detector], since: float, until: float) -> Iterator[dict[str, Any]]:
    """Let time pass for those that wait for an answer, and for nothing else."""
    for step in range(1, LONGEST_WAIT + 1):
        now = since + step * TICK_S
        waiting = [each for each in detectors if isinstance(each, Waiting) and each.is_waiting]
        if now >= until or not waiting:
            return
        for detector in waiting:
            for detection in detector.tick(now):
                yield _event(detection)


def _time(reading: Reading) -> float:
    return reading.at


def _row(reading: Reading) -> dict[str, Any]:
    return {
        "t_s": reading.at,
        "sensor": reading.sensor,
        "quantity": str(reading.quantity),
        "value": reading.value,
    }


def _derived(makers: Sequence[object], now: float) -> Iterator[dict[str, Any]]:
    for maker in makers:
        if isinstance(maker, Deriving):
            for sensor, quantity, value, at in maker.derived():
                if at == now:
                    yield {"t_s": at, "sensor": sensor, "quantity": quantity, "value": value}


def _event(detection: Detection) -> dict[str, Any]:
    return {
        "t_s": detection.at,
        "hazard": str(detection.hazard),
        "stage": str(detection.stage),
        "rule": detection.rule,
        "subject": detection.subject,
        "evidence": [
            {"sensor": r.sensor, "quantity": str(r.quantity), "value": r.value, "t_s": r.at}
            for r in detection.evidence
        ],
        "why": {"ko": detection.why.ko, "en": detection.why.en},
    } | ({"local": True} if detection.is_local else {})  # for people on site; never leaves
