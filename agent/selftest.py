"""`haetae selftest`: would this configuration still turn a danger into an alarm and keep it?

It proves the way through plausibility, detectors and outbox with stimuli made here. It does not
prove that a sensor feels: that takes a stimulus on the sensor itself, such as its test button.
That the siren sounds is proven by the device's own microphone, and only on request.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from agent import life, storage
from agent.commanders import Commanders
from agent.coverage import FLOOR, floor, standing_for
from agent.dangers import DANGER
from agent.envelope import Identity, stamp
from agent.hearing import Verdict, hear
from agent.outbox import HOME, Outbox
from agent.pipeline import Pipeline
from agent.sections import Config, HubConfig, VoiceConfig
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from agent.wallclock import read_wall_clock
from agent.watch import detectors, watched
from drivers.board import Board, SensorConfig
from drivers.sensor import Quantity

CALM_S = 600.0


CALM: Mapping[Quantity, float] = {
    Quantity.TEMPERATURE_C: 21.0,
    Quantity.RELATIVE_HUMIDITY_PCT: 45.0,
    Quantity.GAS_RS_R0: 1.0,
    Quantity.PM1_0_UG_M3: 8.0,
    Quantity.PM2_5_UG_M3: 10.0,
    Quantity.PM10_UG_M3: 12.0,
}
STILL = frozenset(
    {
        Quantity.SMOKE_ALARM_CONTACT,
        Quantity.BUTTON,
        Quantity.MOTION,
        Quantity.CONTACT_OPEN,
        Quantity.FALL_SCORE,
        Quantity.POSE_LOST,
        Quantity.PERSON_COUNT,
        Quantity.VIEW,
        Quantity.GAS_RS_R0,
        Quantity.WATER_PRESENT,
        Quantity.WATER_L,
    }
)


class Result(msgspec.Struct, frozen=True):
    """One part of the self-test."""

    part: str
    passed: bool
    detail: str


def selftest(config: Config, state: Path) -> Iterator[Result]:
    """Try every channel of every hazard's floor, then storage and outbox in `state`."""
    for hazard in FLOOR:
        for sensor in config.sensors:
            if hazard is Hazard.SOS and sensor.name not in standing_for(config, hazard):
                continue
            if hazard is Hazard.FIRE and sensor.name in config.outdoors:
                continue
            for quantity in sorted(floor(config, hazard) & sensor.spans.keys()):
                yield _detects(config, hazard, sensor, quantity)
    yield _stores(state)
    yield _keeps(state)


def sounds(config: Config, board: Board) -> Result:
    """Sound one group of tones, which people hear, and listen to it with the microphone."""
    try:
        found = hear(config, board)
    finally:
        board.close()
    return Result("siren", found.verdict is Verdict.PROVEN, f"{found.verdict}: {found.why}")


def notes(config: Config, state: Path) -> list[str]:
    """What would keep this machine from doing its work, though the file itself is good."""
    found = [each.text for each in storage.problems(state) if not each.is_fatal]
    outputs = {"relay": config.annunciator.relay, "deterrent": config.annunciator.deterrent}
    for name, output in outputs.items():
        if output is not None and not output.armed:
            found.append(f"annunciator.{name} will not move: it is not `armed`")
    for hub in filter(None, (config.hub, *config.neighbours)):
        found += [each for each in _of_hub(hub) if each not in found]
    found += filter(None, [Commanders(config.commanders).trouble])
    wall = read_wall_clock()
    found += [f"{name}: {why}" for name, why in life.worn(config, wall).items()]
    found += [f"{name}: {why}" for name, why in life.ending(config, wall).items()]
    found += life.undated(config)
    if config.annunciator.voice is not None:
        found += _mute(config.annunciator.voice)
    elif any(Quantity.FALL_SCORE in each.spans for each in config.sensors):
        found.append("falls: no annunciator.voice: who fell is asked by tones and lamp only")
    return found


def _of_hub(hub: HubConfig) -> Iterator[str]:
    """What keeps a hub from being reached as it should."""
    if hub.protocol == "3.1.1":
        yield "MQTT 3.1.1 cannot tell a denied event from an accepted one: better `5`"
    if not hub.tls:
        return
    for name in (hub.ca, hub.certificate, hub.key):
        if not os.access(name, os.R_OK):
            yield f"{name} cannot be read"
    key = Path(hub.key)
    if key.exists() and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield f"{key} can be read by others: chmod 0600"


def _mute(voice: VoiceConfig, cards: Path = Path("/proc/asound")) -> Iterator[str]:
    """Why no words would be heard."""
    if shutil.which("aplay") is None:
        yield "voice: no aplay: sudo apt install alsa-utils"
    if not (cards / voice.card).exists():  # the kernel links each card's folder by its name
        yield f"voice: no sound card is called {voice.card}: see {cards}/cards"
    for language in voice.languages:
        if not any(Path(voice.folder).glob(f"fire-{language}-*.wav")):
            yield f"voice: no prompts in {voice.folder} ({language}): run scripts/make_prompts.py"


def as_text(result: Result) -> str:
    """One line for a terminal."""
    return f"{'ok  ' if result.passed else 'FAIL'} {result.part}: {result.detail}"


def _detects(config: Config, hazard: Hazard, sensor: SensorConfig, quantity: Quantity) -> Result:
    part = f"{hazard} by {sensor.name} {quantity}"
    pipeline, danger = Pipeline(watched(config), detectors(config)), DANGER[quantity]
    begins = CALM_S + max(each.warm_up_s for each in config.sensors)
    steps = int((begins + danger.within_s) / sensor.every_s) + 1
    for n in range(steps):
        now = n * sensor.every_s
        shown = danger.at(now - begins) if now >= begins else None
        for each, value in _values(sensor, quantity, shown, n):
            for found in pipeline.handle(Reading(sensor.name, each, value, now)):
                if found.hazard is hazard and found.stage is Stage.ALARM:
                    if now < begins:
                        return Result(part, False, f"alarms at {value:g} without a danger")
                    return Result(part, True, f"alarm after {now - begins:g} s ({found.rule})")
    return Result(part, False, f"no alarm within {danger.within_s:g} s")


def _values(
    sensor: SensorConfig, quantity: Quantity, danger: float | None, n: int
) -> Iterator[tuple[Quantity, float]]:
    for each in sensor.spans:
        wiggle = 0.0 if each in STILL else 0.1 * (n % 2)  # a living sensor is never quite still
        if each is quantity and danger is not None:
            yield each, danger + wiggle if each not in STILL else danger
        else:
            yield each, CALM.get(each, 0.0) + wiggle


def _stores(state: Path) -> Result:
    """Write a block through to the medium and read it back."""
    try:
        took_s = storage.try_out(state)
    except OSError as error:
        return Result("storage", False, f"{state}: {error}")
    lies = f"{storage.described(state)}: {storage.TRIAL_BYTES} bytes were on it after"
    return Result("storage", True, f"{state} is on {lies} {1e3 * took_s:.1f} ms")


def _keeps(state: Path) -> Result:
    """Put one event into an outbox on the same file system and read it back."""
    who = Identity("nowhere", "selftest", "selftest", "selftest", {}, simulated=True)
    why = Why("자체 점검입니다.", "This is a self-test.")
    try:
        with tempfile.TemporaryDirectory(dir=state, prefix="selftest-") as folder:
            outbox = Outbox(Path(folder) / "outbox.db", reserve_bytes=0)
            event = outbox.put(
                lambda seq, previous: stamp(
                    Detection(Hazard.FAULT, Stage.CLEARED, PLACE, "selftest", (), 0.0, why),
                    seq=seq,
                    previous=previous,
                    identity=who,
                    wall=read_wall_clock(),
                )
            )
            outbox.flush()
            oldest, trouble = outbox.reader(HOME).oldest(), outbox.trouble
            outbox.close()
    except OSError as error:
        return Result("outbox", False, f"{state}: {error}")
    if trouble is not None or oldest is None or oldest.id != event.id:
        return Result("outbox", False, f"{state}: {trouble or 'the event did not come back'}")
    return Result("outbox", True, f"an event written to {state} came back")
