"""What a command does, by the detectors, annunciator and status that it meets."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent import care, config
from agent.acting import CALLS, act
from agent.cli import PROFILES
from agent.commands import VERBS, Answered, Away, Code, Command, Inspect, Mistaken, Silence
from agent.config import ConfigError
from agent.detectors.calendar import Calendar
from agent.detectors.sos import SosDetector
from agent.errands import SLOW
from agent.eventstore import GENESIS
from agent.pipeline import Pipeline
from agent.values import PLACE, Detection, Event, Hazard, Reading, Stage
from drivers.sensor import Quantity
from tests.agent.events import making
from tests.agent.orders import NOW
from tests.agent.test_annunciator import HUSH_S, Room
from tests.agent.test_status import status, update

COMMON: dict[str, Any] = {
    "id": "nonce-0001",
    "issued": NOW,
    "expires": NOW + timedelta(minutes=5),
    "by": "night desk",
}


class Device:
    """A room, and a status that knows what is under way in it."""

    def __init__(self, folder: Path, *, repeats: bool = False) -> None:
        self.room, self.status, self._seq = Room(repeats=repeats), status(folder), 0

    def alarm(self, hazard: Hazard, stage: Stage = Stage.ALARM, rule: str = "") -> Event:
        """What leaves of a detection at the place."""
        self._seq += 1
        event = making(hazard)(self._seq, GENESIS)
        event = msgspec.structs.replace(event, stage=stage, rule=rule or event.rule)
        detection = Detection(hazard, stage, PLACE, event.rule, (), 1.0, event.why)
        self.room.annunciator.show(detection)
        self.status.note(detection, event)
        return event

    def act(self, command: Command) -> Code | None:
        refused = act(
            command,
            1.0,
            shown=self.room.annunciator,
            told=self.status,
            feed=None,
            take_back=lambda sensor: sensor == "sos",
        )
        return None if refused is None else refused[0]

    def answered(self) -> dict[str, str]:
        """Who sent help to what, as the hub sees it."""
        update(self.status)
        return self.status.state().answered


def answer(event: str) -> Answered:
    return Answered(event=event, **COMMON)


def silence(event: str) -> Silence:
    return Silence(event=event, **COMMON)


@pytest.mark.parametrize("hazard", sorted(CALLS))
def test_a_call_is_answered_once_it_is_an_alarm(hazard: Hazard, tmp_path: Path) -> None:
    device = Device(tmp_path)
    early = device.alarm(hazard, Stage.PREALARM)
    assert device.act(answer(early.id)) is Code.NOT_ACTIVE
    event = device.alarm(hazard)
    assert device.act(answer(early.id)) is Code.NOT_ACTIVE  # overtaken
    assert device.act(answer(event.id)) is None
    assert device.answered() == {event.id: "night desk"}


def test_a_report_is_answered_though_it_is_no_alarm(tmp_path: Path) -> None:
    device = Device(tmp_path)
    report = device.alarm(Hazard.SOS, Stage.PREALARM, "report")
    assert device.room.annunciator.playing() == "reported"
    assert device.act(answer(report.id)) is None
    assert device.room.annunciator.playing() == "taken_up"
    assert device.answered() == {report.id: "night desk"}


@pytest.mark.parametrize("hazard", sorted(set(Hazard) - CALLS))
def test_nobody_is_told_of_help_over_what_calls_for_none(hazard: Hazard, tmp_path: Path) -> None:
    device = Device(tmp_path)
    event = device.alarm(hazard)
    assert device.act(answer(event.id)) is Code.NOT_ACTIVE
    assert device.answered() == {}


def test_an_answer_is_for_one_call_and_ends_with_it(tmp_path: Path) -> None:
    device = Device(tmp_path)
    first = device.alarm(Hazard.SOS)
    assert device.act(answer(first.id)) is None
    assert device.room.annunciator.playing() == "help_coming"
    second = device.alarm(Hazard.SOS)
    assert device.answered() == {}
    assert device.room.annunciator.playing() == "sos"
    assert device.act(answer(second.id)) is None
    device.alarm(Hazard.SOS, Stage.CLEARED)
    assert device.answered() == {}
    assert device.act(answer(second.id)) is Code.NOT_ACTIVE


def test_who_pressed_and_let_go_can_be_answered_twenty_minutes_later(tmp_path: Path) -> None:
    device, detector = Device(tmp_path), SosDetector(["sos"])
    levels = [1.0] + [0.0] * 1200
    events = [
        device.alarm(each.hazard, each.stage)
        for at, level in enumerate(levels)
        for each in detector.update(Reading("sos", Quantity.BUTTON, level, float(at)))
    ]
    (press,) = events
    assert device.act(answer(press.id)) is None
    assert device.room.annunciator.playing() == "help_coming"


def test_where_nobody_is_missed_away_is_refused(tmp_path: Path) -> None:
    assert Device(tmp_path).act(Away(hours=1.0, **COMMON)) is Code.NOT_HERE


@pytest.mark.parametrize(("hours", "missed"), [(0.0, True), (40.0, False)])
def test_who_is_away_by_the_hubs_word_is_not_missed(
    hours: float, missed: bool, tmp_path: Path
) -> None:
    found = config.load(PROFILES / "elder-home.toml")
    pipeline = Pipeline({}, care.detectors(found, Calendar(), None))
    told: list[Detection] = []

    def feed(reading: Reading) -> None:
        told.extend(pipeline.handle(reading))

    room, away = Room().annunciator, Away(hours=hours, **COMMON)
    assert act(away, 1.0, shown=room, told=status(tmp_path), feed=feed, take_back=bool) is None
    for n in range(36 * 60):
        for name in ("motion", "motion_kitchen"):
            feed(Reading(name, Quantity.MOTION, 0.0, 60.0 * n))
        told += pipeline.tick(60.0 * n)
    assert (Hazard.INACTIVITY in {each.hazard for each in told}) is missed


def test_every_verb_has_its_deed(tmp_path: Path) -> None:
    own: dict[type[Command], dict[str, Any]] = {
        Answered: {"event": "none-1"},
        Away: {"hours": 0.0},
        Silence: {"event": "none-1"},
    }
    for kind in VERBS.values():
        if kind not in {*SLOW, Inspect}:  # those: test_errands.py, test_inspector.py
            Device(tmp_path).act(kind(**COMMON, **own.get(kind, {})))  # raises without a case


@pytest.mark.parametrize("hazard", [Hazard.FIRE, Hazard.CO, Hazard.GAS])
def test_nobody_far_away_silences_fire_or_gas(hazard: Hazard, tmp_path: Path) -> None:
    device = Device(tmp_path)
    event = device.alarm(hazard)
    before = device.room.annunciator.playing()
    assert device.act(silence(event.id)) is Code.NOT_FROM_AFAR
    assert device.room.annunciator.playing() == before
    assert not device.room.annunciator.silence(hazard, PLACE)  # nor by any other way


def test_an_alarm_next_door_is_silenced_until_it_is_heard_anew(tmp_path: Path) -> None:
    device = Device(tmp_path, repeats=True)
    event = device.alarm(Hazard.NEIGHBOUR_ALARM)
    assert device.room.annunciator.playing() == "neighbour"
    assert device.act(silence(event.id)) is None
    assert device.room.annunciator.playing() == "hushed"
    device.alarm(Hazard.NEIGHBOUR_ALARM)
    assert device.room.annunciator.playing() == "neighbour"


def test_a_silence_lasts_as_long_as_a_hush_and_the_siren_sounds_again(tmp_path: Path) -> None:
    device = Device(tmp_path, repeats=True)
    device.room.live(0.1)
    event = device.alarm(Hazard.NEIGHBOUR_ALARM)
    assert device.act(silence(event.id)) is None
    device.room.siren.edges.clear()
    device.room.live(HUSH_S - 1.0)
    assert device.room.siren.ons() == []
    assert device.room.annunciator.playing() == "hushed"
    device.room.live(2.0)
    assert device.room.annunciator.playing() == "neighbour"


def test_a_fire_is_heard_over_what_was_silenced(tmp_path: Path) -> None:
    device = Device(tmp_path, repeats=True)
    assert device.act(silence(device.alarm(Hazard.NEIGHBOUR_ALARM).id)) is None
    device.alarm(Hazard.FIRE)
    assert device.room.annunciator.playing() == "t3"


@pytest.mark.parametrize("hazard", [Hazard.INACTIVITY, Hazard.FAULT, Hazard.CLIMATE])
def test_what_makes_no_sound_is_not_silenced(hazard: Hazard, tmp_path: Path) -> None:
    device = Device(tmp_path)
    assert device.act(silence(device.alarm(hazard).id)) is Code.NOT_ACTIVE
    assert device.act(silence("none-1")) is Code.NOT_ACTIVE


def test_no_sensor_takes_the_hubs_name(tmp_path: Path) -> None:
    text = (PROFILES / "market-stall.toml").read_text("utf-8")
    path = tmp_path / "device.toml"
    path.write_text(text.replace('name = "motion"', 'name = "hub"'), "utf-8")
    with pytest.raises(ConfigError, match="hub's own name"):
        config.load(path)


@pytest.mark.parametrize(("sensor", "code"), [("sos", None), ("sos_bed", Code.NOT_ACTIVE)])
def test_only_a_call_that_is_open_is_taken_back(
    tmp_path: Path, sensor: str, code: Code | None
) -> None:
    found = Device(tmp_path).act(
        Mistaken(id="nonce-0001", issued=NOW, expires=NOW, by="setup page", sensor=sensor)
    )
    assert found is code


def test_no_hub_can_take_a_call_back() -> None:
    assert Mistaken not in VERBS.values()
