"""Perception dies, hangs, floods or babbles: coverage says so within 5 s, smoke alarms are unmoved.

In virtual time through the real drivers and the real socket, up to the claim; at the end as a
process of its own.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import config as configuration
from agent.coverage import Claim, coverage
from agent.mute import FILE, Mutes
from agent.pipeline import Pipeline
from agent.sampler import Channel, Sampler
from agent.sections import Config
from agent.values import Detection, Failure, Hazard, Reading, Stage
from agent.watch import detectors, watched
from drivers import record
from drivers.perception_link import PerceptionLink
from drivers.sensor import Quantity
from drivers.view import HINDERED, View
from hw_mocks.bench import Bench
from hw_mocks.faults import Fault
from tests.running import running, until

STEP_S = 0.1
TEXT = """
profile = "eyes"
title = {ko = "시험", en = "Test"}
annunciator = {siren = {gpio = 18}}
[[sensors]]
driver = "camera"
name = "eyes"
mute = "privacy"
[[sensors]]
driver = "SWITCH"
name = "privacy"
gpio = 23
[[sensors]]
driver = "smoke_relay"
name = "smoke_alarm"
gpio = 17
"""
BY_BUTTON, BY_CONTACT = TEXT.replace("SWITCH", "button"), TEXT.replace("SWITCH", "door")


def read(folder: Path, text: str) -> Config:
    path = folder / "device.toml"
    path.write_text(text, "utf-8")
    return configuration.load(path)


class Device:
    """An agent's samplers, pipeline and mutes over simulated wires, its time turned by hand."""

    def __init__(self, folder: Path, text: str = BY_BUTTON) -> None:
        self.config, self.now = read(folder, text), 1000.0
        self.bench = Bench(self.config, w1_root=folder / "w1", state=folder, clock=lambda: self.now)
        self.pipeline = Pipeline(watched(self.config), detectors(self.config))
        self.mutes = Mutes(self.config.sensors, self.bench.board, folder)
        self.active: dict[tuple[Hazard, str], Detection] = {}
        wires: dict[str, list[Channel]] = {}
        for each in self.config.sensors:
            channel = Channel(each.name, each.build(self.bench.board), each.every_s)
            wires.setdefault(each.wire(), []).append(channel)
        self._samplers = [
            Sampler(wire, channels, put=self._take, clock=lambda: self.now)
            for wire, channels in wires.items()
        ]

    def live(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / STEP_S)):
            self.now += STEP_S
            for sampler in self._samplers:
                sampler.step(lambda: None)
            self._tell(self.pipeline.tick(self.now))

    def press(self) -> None:
        """Press the privacy button and let go."""
        for level in (1, 0):
            self.bench.set("privacy.pressed", level)
            self.live(0.1)

    def claim(self, hazard: Hazard = Hazard.FALL) -> Claim:
        """What is claimed now."""
        health = {each.name: self.pipeline.health(each.name) for each in self.config.sensors}
        return coverage(self.config, health, {}, now=self.now, simulated=False)[hazard]

    def close(self) -> None:
        self.bench.close()

    def _take(self, item: Reading | Failure) -> None:
        if isinstance(item, Failure):
            self._tell(self.pipeline.failed(item))
        else:
            self.mutes.take(item)
            self._tell(self.pipeline.handle(item))

    def _tell(self, detections: list[Detection]) -> None:
        for each in detections:
            if each.stage is Stage.CLEARED:
                self.active.pop((each.hazard, each.subject), None)
            else:
                self.active[each.hazard, each.subject] = each


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path)
    yield made
    made.close()


def test_before_the_first_number_nothing_is_claimed(device: Device) -> None:
    device.bench.set("eyes.view", View.STARTING)
    for _ in range(50):
        device.live(STEP_S)
        assert device.claim().claim == "lost"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault.ABSENT, "nothing for"),  # killed, or hung with its socket open
        (Fault.SLOW, "nothing for"),
        (Fault.SATURATED, "floods"),
        (Fault.CORRUPTED, "no record"),
    ],
)
def test_sight_is_lost_within_five_seconds_and_comes_back(
    device: Device, fault: Fault, says: str
) -> None:
    device.live(5.0)
    assert device.claim().claim == "assumed"
    device.bench.set("eyes.fault", str(fault))
    device.live(5.0)
    assert device.claim().claim == "lost"
    assert says in device.claim().why
    assert (Hazard.FAULT, "eyes") in device.active
    device.bench.set("eyes.fault", "none")
    device.live(5.0)
    assert device.claim().claim == "assumed"
    assert not device.active


@pytest.mark.parametrize("view", HINDERED)
def test_falls_are_not_claimed_while_nobody_can_be_seen(device: Device, view: View) -> None:
    device.live(5.0)
    device.bench.set("eyes.view", view)
    device.live(5.0)
    assert device.claim().claim == "lost"
    assert HINDERED[view] in device.claim().why
    device.live(60.0)
    assert not device.active
    device.bench.set("eyes.view", View.CLEAR)
    device.live(1.0)
    assert device.claim().claim == "assumed"


@pytest.mark.parametrize("fault", [Fault.ABSENT, Fault.SATURATED, Fault.CORRUPTED])
def test_the_smoke_alarm_is_unmoved(device: Device, fault: Fault) -> None:
    device.live(5.0)
    device.bench.set("eyes.fault", str(fault))
    device.live(3.0)
    device.bench.set("smoke_alarm.alarm", 1)
    device.live(0.1)  # by its edge: it waits for nobody's poll
    assert device.active[Hazard.FIRE, "place"].stage is Stage.ALARM
    assert device.claim(Hazard.FIRE).claim == "assumed"


def test_starting_is_no_fault_although_the_camera_begins_muted(device: Device) -> None:
    for _ in range(50):
        device.live(STEP_S)
        assert not device.active
    assert device.claim().claim == "assumed"


def test_a_press_mutes_and_a_press_unmutes_and_the_claim_says_so(device: Device) -> None:
    device.live(5.0)
    device.press()
    device.live(1.5)
    assert device.claim().claim == "lost"
    assert "muted by hand" in device.claim().why
    assert device.mutes.names() == ["eyes"]
    assert "switched off by hand" in device.active[Hazard.FAULT, "eyes"].why.en
    assert device.bench.parts["eyes"].is_muted
    device.press()
    device.live(5.0)
    assert device.claim().claim == "assumed"
    assert not device.mutes.names()
    assert not device.active


def test_a_button_that_is_held_as_the_agent_starts_changes_nothing(device: Device) -> None:
    device.bench.set("privacy.pressed", 1)
    device.live(5.0)
    assert not device.mutes.names()


def test_what_was_muted_stays_muted_over_a_restart(tmp_path: Path) -> None:
    before = Device(tmp_path)
    before.live(3.0)
    before.press()
    before.close()
    after = Device(tmp_path)
    after.live(3.0)
    assert after.mutes.names() == ["eyes"]
    assert after.claim().claim == "lost"
    after.press()
    after.close()
    last = Device(tmp_path)
    last.live(3.0)
    assert last.claim().claim == "assumed"
    last.close()


@pytest.mark.parametrize("text", ["", "{", '{"sensors": 3}', '{"sensors": [], "x": 1}', "\0"])
def test_what_cannot_be_read_back_counts_as_muted(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    device = Device(tmp_path)
    device.live(3.0)
    assert device.mutes.names() == ["eyes"]
    assert device.claim().claim == "lost"
    device.close()


def test_a_disk_that_takes_nothing_does_not_keep_people_from_muting(tmp_path: Path) -> None:
    (tmp_path / "muted.new").mkdir()
    device = Device(tmp_path)
    device.live(3.0)
    device.press()
    device.live(1.0)
    assert device.mutes.names() == ["eyes"]
    device.close()


def test_a_contact_mutes_while_it_is_closed(tmp_path: Path) -> None:
    device = Device(tmp_path, BY_CONTACT)
    device.live(3.0)
    assert device.mutes.names() == ["eyes"]
    device.bench.set("privacy.open", 1)
    device.live(5.0)
    assert device.claim().claim == "assumed"
    device.bench.set("privacy.open", 0)
    device.live(1.5)
    assert "muted by hand" in device.claim().why
    device.close()


def test_a_contact_that_was_not_heard_yet_leaves_the_camera_as_it_is(tmp_path: Path) -> None:
    config = read(tmp_path, BY_CONTACT)
    link = FixedBoard(tmp_path / "perception.sock")
    Mutes(config.sensors, link, tmp_path)  # type: ignore[arg-type]  # all that it asks a board for
    assert link.perception().muted("eyes") is None


class FixedBoard:
    """A board that has a link and nothing else."""

    def __init__(self, path: Path) -> None:
        self._link = PerceptionLink(path)

    def perception(self) -> PerceptionLink:
        return self._link


def test_without_a_perceived_sensor_no_socket_is_made(tmp_path: Path) -> None:
    text = BY_BUTTON.replace('driver = "camera"\nname = "eyes"\nmute = "privacy"', RELAY)
    device = Device(tmp_path, text)
    device.live(1.0)
    assert not (tmp_path / "perception.sock").exists()
    assert not device.mutes.names()
    device.close()


SECOND = '[[sensors]]\ndriver = "camera"\nnumber = 1\n'
RELAY = 'driver = "smoke_relay"\nname = "second"\ngpio = 27'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('mute = "privacy"', 'mute = "nobody"', "no button or contact is named `nobody`"),
        ('mute = "privacy"', 'mute = "smoke_alarm"', "no button or contact"),
        ('mute = "privacy"', 'mute = "eyes"', "no button or contact"),
        ("title = {", 'sos = {buttons = ["privacy"]}\ntitle = {', "calls for help"),
        ("siren = {gpio = 18}", 'siren = {gpio = 18}, button = "privacy"', "hushes or tests"),
        (
            '[[sensors]]\ndriver = "button"',
            f'{SECOND}name = "c26z"\n[[sensors]]\ndriver = "button"',
            "not to be told from",
        ),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_work_is_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(configuration.ConfigError, match=says):
        read(tmp_path, BY_BUTTON.replace(old, new, 1))


def test_more_cameras_than_the_budget_carries_are_refused(tmp_path: Path) -> None:
    more = "".join(
        f'[[sensors]]\ndriver = "camera"\nname = "eyes{n}"\nnumber = {n}\n' for n in (1, 2)
    )
    with pytest.raises(configuration.ConfigError, match=r"1296 bytes a second.*fewer cameras"):
        read(tmp_path, BY_BUTTON + more)


def flood(path: Path, stop: threading.Event) -> None:
    """As a process gone mad: every record that the socket takes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mad:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                mad.sendto(record.encode("eyes", Quantity.FIRE_SCORE, 1.0, 1.0), str(path))


def claims(status: dict[str, Any] | None) -> Any:
    return {} if status is None else status["coverage"].get("fall", {})


def test_as_a_process_it_loses_sight_in_a_flood_and_still_sounds_the_siren(tmp_path: Path) -> None:
    stop = threading.Event()
    with running(tmp_path, BY_BUTTON) as agent:
        until(agent.armed, 20, "the agent is armed")
        until(lambda: claims(agent.status()).get("claim") == "simulated", 10, "the camera sees")
        path = agent.run_dir / "perception.sock"
        mad = threading.Thread(target=flood, args=(path, stop), daemon=True)
        mad.start()
        try:
            until(lambda: claims(agent.status()).get("claim") == "lost", 6, "the flood is told")
            agent.set("smoke_alarm.alarm", 1)
            until(lambda: agent.edges("siren"), 2, "the siren sounds")
        finally:
            stop.set()
            mad.join()


def test_as_a_process_it_keeps_what_people_muted_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path, BY_BUTTON) as agent:
        until(agent.armed, 20, "the agent is armed")
        for level in (1, 0):
            agent.set("privacy.pressed", level)
        until(lambda: (agent.status() or {})["muted"] == ["eyes"], 10, "it is muted")
        until(lambda: "muted by hand" in claims(agent.status())["why"], 10, "it is told")
        kept = json.loads((agent.state / FILE).read_bytes())
        assert kept == {"sensors": ["eyes"]}
