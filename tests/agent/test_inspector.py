"""Inspections on the pipeline's thread: one sensor, one nonce, and nothing real is a test."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent import config
from agent.commands import Code, Inspect, Order
from agent.coverage import Proof
from agent.inspector import LINGERS_S, Inspector
from agent.plausibility import Health, State
from agent.sections import Config
from agent.values import PLACE, Detection, Hazard, Reading, Stage, Why
from agent.wallclock import WallTime
from drivers.sensor import Quantity
from tests.agent.test_inspection import puff

SMOKE = Quantity.SMOKE_OBSCURATION_PCT_PER_M
NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
TOML = """
profile = "test"
title = { ko = "시험", en = "test" }
[annunciator]
siren = { gpio = 17 }
button = "hush"
[sos]
buttons = ["sos", "sos_bed"]
[[sensors]]
driver = "adpd188bi"
name = "smoke"
[[sensors]]
driver = "ds18b20"
name = "heat"
id = "28-0000000000aa"
[[sensors]]
driver = "button"
name = "sos"
gpio = 22
[[sensors]]
driver = "button"
name = "sos_bed"
gpio = 24
[[sensors]]
driver = "button"
name = "hush"
gpio = 23
"""


@dataclass
class Room:
    """An inspector and what it touches."""

    config: Config
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: list[tuple[object, Mapping[str, Any] | None]] = field(default_factory=list)
    proofs: dict[Hazard, Proof] = field(default_factory=dict)
    lit: list[float] = field(default_factory=list)
    active: set[tuple[Hazard, str]] = field(default_factory=set)
    healthy: bool = True
    told_again: list[Detection] = field(default_factory=list)
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.inspector = Inspector(
            self.config,
            note=lambda kind, body: self.notes.append((kind, body)),
            done=lambda _order, refusal, told: self.answers.append((refusal, told)),
            lamp=self,
            status=self,
            health=self.health,
            standing=lambda _hazard: [],
            wall=lambda: WallTime("2026-11-22T05:00:00.000Z", 0.01, "ntp"),
        )

    def inspect(self, for_s: float) -> None:
        self.lit.append(for_s)

    def is_active(self, hazard: Hazard, besides: Collection[str] = ()) -> bool:
        return any(each is hazard and subject not in besides for each, subject in self.active)

    def prove(self, hazard: Hazard, proof: Proof) -> None:
        self.proofs[hazard] = proof

    def health(self, _sensor: str) -> Health:
        return Health(State.OK, "", ()) if self.healthy else Health(State.FAILING, "cut", ())

    def press(self, button: str = "sos") -> str:
        """Press and let go of a button, whose call then stays open; the mark of the call."""
        mark = ""
        for value in (0.0, 1.0, 0.0):
            self.now += 1.0
            reading = Reading(button, Quantity.BUTTON, value, self.now)
            self.inspector.take(reading)
            if value:
                why = Why("도움", "help")
                stage = Stage.ALARM
                mark = self.inspector.mark(
                    Detection(Hazard.SOS, stage, button, "button", (reading,), self.now, why)
                )
                self.active.add((Hazard.SOS, button))
            self.told_again += self.inspector.step(self.now)
        for _ in range(5):
            self.now += 1.0
            self.told_again += self.inspector.step(self.now)
        return mark

    def begin(
        self, sensor: str = "smoke", minutes: float = 2.0, nonce: str = "n0nce-123"
    ) -> tuple[Code, str] | None:
        command = Inspect(
            id=nonce,
            issued=NOW,
            expires=NOW + timedelta(minutes=2),
            by="fire office",
            sensor=sensor,
            minutes=minutes,
        )
        return self.inspector.begin(Order("inspect", command, "office"), command, self.now)

    def feel(self, values: list[float], *, alarm_at: float = 5.0, other: str = "") -> list[str]:
        """Let the sensor feel them, a second each; the marks of the alarm, if one came."""
        marks = []
        for value in values:
            self.now += 1.0
            reading = Reading("smoke", SMOKE, value, self.now)
            self.inspector.take(reading)
            if value >= alarm_at:
                alarm_at = float("inf")
                marks.append(self.inspector.mark(self.alarm(reading, other)))
            self.told_again += self.inspector.step(self.now)
        return marks

    def alarm(self, reading: Reading, other: str = "", stage: Stage = Stage.ALARM) -> Detection:
        evidence = [reading]
        if other:
            evidence.append(Reading(other, Quantity.TEMPERATURE_C, 80.0, self.now))
        why = Why("연기", "smoke")
        return Detection(Hazard.FIRE, stage, PLACE, "smoke_density", tuple(evidence), self.now, why)

    @property
    def result(self) -> dict[str, Any]:
        (found,) = [body for kind, body in self.notes if kind == "inspection"]
        return found


@pytest.fixture
def room(tmp_path: Path) -> Room:
    path = tmp_path / "device.toml"
    path.write_text(TOML, "utf-8")
    return Room(config.load(path))


def test_a_puff_of_smoke_proves_the_sensor_and_the_hazard(room: Room) -> None:
    assert room.begin() is None
    assert room.feel(puff()) == ["n0nce-123"]
    assert room.result["result"] == "proven"
    assert room.result["nonce"] == "n0nce-123"
    assert (room.result["by"], room.result["signer"]) == ("fire office", "office")
    assert 10 < len(room.result["curve"]) <= 64
    assert room.proofs[Hazard.FIRE].nonce == "n0nce-123"
    assert str(room.proofs[Hazard.FIRE]) == "2026-11-22T05:00:00.000Z by inspection of smoke"
    ((refusal, told),) = room.answers
    assert refusal is None
    assert told is not None
    assert told["result"] == "proven"
    assert set(told["why"]) == {"ko", "en"}
    assert room.lit == [120.0, 0.0]
    assert room.told_again == []


def test_nothing_within_the_time_is_a_failure_with_a_reason(room: Room) -> None:
    assert room.begin() is None
    assert room.feel([0.1] * 130) == []
    assert (room.result["result"], room.result["outcome"]) == ("failed", "no_stimulus")
    assert room.proofs == {}
    assert len(room.answers) == 1


def test_an_alarm_with_other_evidence_is_real(room: Room) -> None:
    room.begin()
    assert room.feel(puff(), other="heat") == [""]
    assert room.result["result"] == "proven"  # the sensor did feel it


def test_an_alarm_that_others_join_is_real_from_then_on(room: Room) -> None:
    room.begin()
    values = puff()
    assert room.feel(values[:18]) == ["n0nce-123"]
    reading = Reading("smoke", SMOKE, 12.0, room.now)
    assert room.inspector.mark(room.alarm(reading, "heat")) == ""
    cleared = room.alarm(reading, stage=Stage.CLEARED)
    assert room.inspector.mark(cleared) == ""  # the end of a real one is no test's


def test_a_real_alarm_that_grows_by_the_inspected_sensor_alone_stays_real(room: Room) -> None:
    room.begin()
    assert room.feel(puff()[:18], other="heat") == [""]
    room.active.add((Hazard.FIRE, PLACE))
    reading = Reading("smoke", SMOKE, 14.0, room.now)
    assert room.inspector.mark(room.alarm(reading)) == ""
    assert room.inspector.mark(room.alarm(reading, stage=Stage.CLEARED)) == ""


def test_another_hazard_is_real_whatever_is_inspected(room: Room) -> None:
    room.begin()
    co = Reading("co", Quantity.CO_PPM, 400.0, room.now)
    found = Detection(Hazard.CO, Stage.ALARM, PLACE, "co_dose", (co,), room.now, Why("가", "a"))
    assert room.inspector.mark(found) == ""


def test_what_still_goes_on_at_the_end_is_told_again_as_real(room: Room) -> None:
    room.begin(minutes=1.0)
    assert room.feel(puff()[:18] + [12.0] * 60) == ["n0nce-123"]
    (again,) = room.told_again
    assert (again.hazard, again.stage, again.at) == (Hazard.FIRE, Stage.ALARM, 1060.0)
    assert room.inspector.mark(again) == ""
    assert room.result["outcome"] == "not_returned"
    assert room.proofs == {}


def test_the_end_of_a_tested_alarm_is_a_test_after_the_inspection_too(room: Room) -> None:
    room.begin()
    room.feel(puff())
    assert room.answers
    reading = Reading("smoke", SMOKE, 0.1, room.now)
    assert room.inspector.mark(room.alarm(reading, stage=Stage.CLEARED)) == "n0nce-123"
    assert room.inspector.mark(room.alarm(reading)) == ""  # what comes then is no test


def test_an_alarm_after_the_inspection_is_real(room: Room) -> None:
    room.begin()
    room.feel(puff())
    assert room.inspector.mark(room.alarm(Reading("smoke", SMOKE, 9.0, room.now))) == ""


@pytest.mark.parametrize(
    ("sensor", "code"),
    [("nothing", Code.NOT_HERE), ("hush", Code.NOT_HERE)],
)
def test_what_no_hazard_stands_on_is_not_inspected(room: Room, sensor: str, code: Code) -> None:
    refusal = room.begin(sensor)
    assert refusal is not None
    assert refusal[0] is code


def test_one_inspection_at_a_time(room: Room) -> None:
    assert room.begin("smoke") is None
    refusal = room.begin("heat")
    assert refusal is not None
    assert refusal[0] is Code.BUSY


def test_no_inspection_covers_an_incident_that_is_there_already(room: Room) -> None:
    room.active.add((Hazard.FIRE, PLACE))
    refusal = room.begin()
    assert refusal is not None
    assert refusal[0] is Code.BUSY


@pytest.mark.parametrize("second", ["sos", "sos_bed"])
def test_a_call_that_an_inspection_left_open_keeps_no_button_from_being_inspected(
    room: Room, second: str
) -> None:
    for button in ("sos", second):
        assert room.begin(button) is None
        assert room.press(button) == "n0nce-123"
    assert [body["result"] for _, body in room.notes] == ["proven", "proven"]
    assert room.told_again == []


def test_a_real_call_beside_a_tested_one_keeps_inspections_waiting(room: Room) -> None:
    room.begin("sos")
    room.press()
    assert room.press("sos_bed") == ""
    refusal = room.begin("sos")
    assert refusal == (Code.BUSY, "an incident is under way: sos")


def test_a_fire_alarm_that_an_inspection_left_open_is_waited_for(room: Room) -> None:
    room.begin()
    assert room.feel(puff()) == ["n0nce-123"]
    room.active.add((Hazard.FIRE, PLACE))
    assert room.begin() == (Code.BUSY, "an incident is under way: fire")


def test_a_sensor_that_cannot_be_relied_on_is_not_inspected(room: Room) -> None:
    room.healthy = False
    refusal = room.begin()
    assert refusal == (Code.FAILED, "`smoke` cannot be relied on: cut")


def test_an_inspection_that_is_cut_makes_room_for_the_next_at_once(room: Room) -> None:
    assert room.begin("heat", nonce="before-it") is None
    room.inspector.cut("another-1")
    room.inspector.cut("before-it")
    room.inspector.cut("another-2")
    assert room.begin() is None
    assert room.feel(puff()) == ["n0nce-123"]
    assert [body["sensor"] for _, body in room.notes] == ["heat", "smoke"]


def test_a_sign_of_another_hazard_in_the_same_quantity_is_a_test_too(room: Room) -> None:
    """Test gas held to a cell is a sign of a smouldering fire, as well as of the gas."""
    room.begin()
    reading = Reading("smoke", SMOKE, 4.0, room.now)
    why = Why("가", "a")
    found = Detection(Hazard.CO, Stage.PREALARM, PLACE, "sign", (reading,), room.now, why)
    assert room.inspector.mark(found) == "n0nce-123"
    other = Reading("smoke", Quantity.PM2_5_UG_M3, 900.0, room.now)
    found = Detection(Hazard.CO, Stage.ALARM, PLACE, "sign", (reading, other), room.now, why)
    assert room.inspector.mark(found) == ""


def test_what_was_stimulated_is_known_until_it_can_have_worn_off(room: Room) -> None:
    room.begin()
    assert room.inspector.tried(room.now) == {"smoke"}
    room.feel(puff())
    assert room.answers
    assert room.inspector.tried(room.now) == {"smoke"}
    assert room.inspector.tried(room.now + LINGERS_S) == frozenset()


def test_without_an_inspection_nothing_is_marked_or_recorded(room: Room) -> None:
    assert room.feel(puff()) == [""]
    assert room.notes == []
    assert room.answers == []
