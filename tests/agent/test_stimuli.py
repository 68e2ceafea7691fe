"""Sensors that are provoked, through their wires: who answers, who does not, and who guards."""

from pathlib import Path

import pytest

import provisioning
from agent.coverage import UNTRIED, coverage
from agent.stimulus_rules import owed
from agent.values import Detection, Hazard, Stage
from tests.agent.provoked import (
    CEILING,
    CHAMBER,
    CO,
    DAY_S,
    GAS,
    NOON,
    ROOM,
    SMOKE,
    WARM_S,
    House,
    faults,
    house,
    ordered,
    warmed,
)

EACH = {"gas": GAS, "co": CO, "smoke_alarm": SMOKE, "room": ROOM, "chamber": CHAMBER}
LINES = {"gas": 5, "co": 6, "smoke_alarm": 13}


def line(found: House, name: str) -> bool:
    return found.bench._wiring.pins.wire(LINES[name]).level


@pytest.mark.parametrize("name", EACH)
def test_a_sensor_that_is_well_answers_to_its_stimulus_and_nobody_is_alarmed(
    tmp_path: Path, name: str
) -> None:
    with house(tmp_path, EACH[name], CEILING) as found:
        warmed(found)
        told = found.until_over(name)
        assert told["outcome"] == "answered", told
        assert told["alarm"], "the detectors would have alarmed"
        assert told["during"] > told["before"]
        found.live(120.0)
        assert found.told == []
        assert found.faults == []
        assert found.stimuli.verdicts[name].passed


@pytest.mark.parametrize("name", EACH)
def test_what_the_stimulus_did_is_seen_by_no_detector_that_guards(
    tmp_path: Path, name: str
) -> None:
    with house(tmp_path, EACH[name], CEILING) as found:
        warmed(found)
        calm = {(each.quantity, each.value) for each in found.seen if each.sensor == name}
        found.until_over(name)
        found.live(30.0)
        after = {(each.quantity, each.value) for each in found.seen if each.sensor == name}
        if name not in {"co", "chamber"}:  # which come back by degrees
            assert after == calm
        assert found.pipeline.health(name).is_sound, "held back is not silent"


@pytest.mark.parametrize("name", EACH)
def test_a_stuck_sensor_fails_and_is_told_until_it_passes(tmp_path: Path, name: str) -> None:
    with house(tmp_path, EACH[name], CEILING) as found:
        warmed(found)
        found.bench.parts[name].fault = "stuck"
        assert found.until_over(name)["outcome"] == "no_answer"
        found.live(60.0)
        assert faults(found, name) == [Stage.ALARM]
        found.bench.parts[name].fault = "none"
        found.live(5.0)
        found.know_the_time(NOON + DAY_S)
        assert found.until_over(name)["outcome"] == "answered", "tried again on the next day"
        found.live(1.0)
        assert faults(found, name) == [Stage.ALARM, Stage.CLEARED]


@pytest.mark.parametrize("name", LINES)
def test_a_stimulus_whose_own_wire_is_cut_is_told_too(tmp_path: Path, name: str) -> None:
    with house(tmp_path, EACH[name]) as found:
        found.bench._wiring.pins.wire(LINES[name]).on_level.clear()
        warmed(found)
        assert found.until_over(name)["outcome"] == "no_answer"


def test_a_heater_that_is_dead_fails(tmp_path: Path) -> None:
    with house(tmp_path, ROOM) as found:
        found.bench.parts["room"].heater_c = 1.0
        warmed(found)
        assert found.until_over("room")["outcome"] == "no_answer"


def test_a_dried_out_cell_fails_though_its_amplifier_answers(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        found.bench.parts["co"].dry = True
        warmed(found)
        assert found.until_over("co")["outcome"] == "dry"


def test_a_welded_contact_fails_and_one_that_stays_in_alarm_alarms(tmp_path: Path) -> None:
    with house(tmp_path, SMOKE) as found:
        warmed(found)
        found.until_provoked("smoke_alarm")
        found.live(1.0)
        found.bench.parts["smoke_alarm"].fault = "stuck"  # as it is now: open
        assert found.until_over("smoke_alarm")["outcome"] == "not_back"
        found.live(5.0)
        assert [each.hazard for each in found.told] == [Hazard.FIRE]


@pytest.mark.parametrize("name", EACH)
def test_a_fire_at_another_sensor_alarms_at_once_while_one_is_provoked(
    tmp_path: Path, name: str
) -> None:
    with house(tmp_path, EACH[name], CEILING) as found:
        warmed(found)
        found.until_provoked(name)
        found.bench.parts["ceiling"].celsius = 90.0
        found.live(12.0)
        alarms = [each for each in found.told if each.stage is Stage.ALARM]
        assert [each.hazard for each in alarms] == [Hazard.FIRE]
        assert {each.sensor for each in alarms[0].evidence} == {"ceiling"}


@pytest.mark.parametrize(
    ("name", "knob", "value", "within_s"),
    [
        ("gas", "rs_over_r0", 0.0001, 30.0),
        ("room", "celsius", 120.0, 15.0),
        ("chamber", "smoke_pct_per_m", 60.0, 20.0),
    ],
)
def test_more_than_the_stimulus_explains_alarms_while_it_lasts(
    tmp_path: Path, name: str, knob: str, value: float, within_s: float
) -> None:
    with house(tmp_path, EACH[name]) as found:
        warmed(found)
        found.until_provoked(name)
        setattr(found.bench.parts[name], knob, value)
        found.live(within_s)
        assert Stage.ALARM in {each.stage for each in found.told}
        assert name in {each.sensor for told in found.told for each in told.evidence}


@pytest.mark.parametrize(
    ("name", "knob", "value", "alarms_within_s"),
    [
        ("gas", "rs_over_r0", 0.05, 30.0),
        ("room", "celsius", 75.0, 30.0),
        ("smoke_alarm", "alarm", 1.0, 10.0),
        ("chamber", "smoke_pct_per_m", 20.0, 30.0),
    ],
)
def test_a_danger_at_the_provoked_sensor_itself_is_hidden_for_no_longer_than_said(
    tmp_path: Path, name: str, knob: str, value: float, alarms_within_s: float
) -> None:
    with house(tmp_path, EACH[name]) as found:
        warmed(found)
        found.until_provoked(name)
        setattr(found.bench.parts[name], knob, value)
        found.live(found.longest_s(name))
        assert found.stimuli.withheld() == ()
        found.live(alarms_within_s)
        assert Stage.ALARM in {each.stage for each in found.told}


def test_a_test_is_broken_off_when_something_comes_up_and_is_no_verdict(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        warmed(found)
        found.until_provoked("co")
        found.live(1.0)
        found.busy = True
        found.live(1.0)
        assert not line(found, "co")
        found.live(found.longest_s("co"))
        assert found.notes[-1]["result"] == "undecided"
        assert found.stimuli.verdicts == {}
        assert found.faults == []
        found.live(3600.0)
        assert len(found.notes) == 1, "and nobody is provoked while it goes on"
        found.busy = False
        assert found.until_over("co")["outcome"] == "answered"


def test_nobody_is_provoked_by_night_or_while_nobody_knows_the_time(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        found.live(1000.0)
        assert found.notes == []
        found.know_the_time(NOON - 2.5 * 3600.0)
        found.live(1700.0)
        assert found.notes == []
        assert found.until_over("co")["result"] == "passed"


def test_a_sensor_that_is_already_faulty_is_left_alone(tmp_path: Path) -> None:
    with house(tmp_path, CO, CEILING) as found:
        found.bench.parts["co"].fault = "absent"
        warmed(found)
        found.live(7200.0)
        assert found.notes == []


def test_one_that_is_not_calm_waits(tmp_path: Path) -> None:
    with house(tmp_path, GAS) as found:
        found.live(WARM_S + 10.0)
        part, turns = found.bench.parts["gas"], iter(range(100_000))

        def flicker() -> None:
            part.rs_over_r0 = 1.0 if next(turns) // 4 % 2 else 0.3

        found.live(60.0, flicker)
        found.know_the_time()
        found.live(1200.0, flicker)
        assert found.notes == []


@pytest.mark.parametrize("name", LINES)
def test_a_line_is_off_from_the_start_and_ends_by_itself(tmp_path: Path, name: str) -> None:
    with house(tmp_path, EACH[name]) as found:
        pin = found.bench._wiring.pins.wire(LINES[name])
        pin.drive(True)  # as a killed agent may have left it
        for wire in found.wires:
            wire.step(lambda: None)
        assert not pin.level
        sensor = next(each for each in found.config.sensors if each.name == name)
        for wire in found.wires:
            wire.provoke(name, found.now + owed(sensor).on_s)
        levels = set()
        for _ in range(20):  # whoever asked is gone
            for wire in found.wires:
                wire.step(lambda: None)
            levels.add(pin.level)
            found.now += 1.0
        assert levels == {True, False}
        assert not pin.level


def test_who_orders_it_is_told_of_each_at_any_time_of_day(tmp_path: Path) -> None:
    with house(tmp_path, CO, ROOM, CEILING) as found:
        found.live(90.0)
        parts = ordered(found)
        assert [(each.part, each.passed, each.by) for each in parts] == [
            ("co by stimulus", True, "stimulus"),
            ("room by stimulus", True, "stimulus"),
        ]
        assert found.told == []
        assert [each["ordered"] for each in found.notes] == [True, True]


def test_who_orders_it_is_told_of_a_failure(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        found.live(90.0)
        found.bench.parts["co"].fault = "stuck"
        parts = ordered(found)
        assert [each.passed for each in parts] == [False]
        assert "does not answer" in parts[0].detail


def test_an_audible_one_is_tried_by_its_schedule_alone(tmp_path: Path) -> None:
    loud = SMOKE.replace("gpio = 13", "gpio = 13, audible = true")
    with house(tmp_path, loud) as found:
        found.live(90.0)
        assert ordered(found) == []
        warmed(found)
        assert found.until_over("smoke_alarm")["outcome"] == "answered"


def claims(found: House, hazard: Hazard) -> tuple[str, str]:
    health = {each.name: found.pipeline.health(each.name) for each in found.config.sensors}
    claim = coverage(
        found.config,
        health,
        found.proofs,
        now=found.now,
        simulated=False,
        tested=found.stimuli.verdicts,
    )[str(hazard)]
    return claim.claim, claim.why


def test_electronics_that_answer_prove_no_cell(tmp_path: Path) -> None:
    with house(tmp_path, GAS) as found:
        warmed(found)
        assert claims(found, Hazard.GAS) == ("assumed", UNTRIED)
        found.until_over("gas")
        claim, why = claims(found, Hazard.GAS)
        assert claim == "assumed"
        assert why.startswith(f"{UNTRIED}; gas: electronics tested 2026-11-22T03:")


def test_a_thermometer_that_felt_heat_proves_its_hazard(tmp_path: Path) -> None:
    with house(tmp_path, ROOM) as found:
        warmed(found)
        found.until_over("room")
        assert found.notes[-1]["result"] == "proven"
        claim, why = claims(found, Hazard.FIRE)
        assert claim == "proven"
        assert why.endswith("by self-test of room")


def test_a_hazard_whose_only_sensor_failed_is_lost_and_comes_back(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        warmed(found)
        found.bench.parts["co"].fault = "stuck"
        found.until_over("co")
        claim, why = claims(found, Hazard.CO)
        assert claim == "lost"
        assert "failed its self-test 2026-11-22T03:" in why
        found.bench.parts["co"].fault = "none"
        found.know_the_time(NOON + DAY_S)
        found.until_over("co")
        assert claims(found, Hazard.CO)[0] == "assumed"


PROFILES = Path(provisioning.__file__).parent / "profiles"
SHIPPED = [each.stem for each in PROFILES.glob("*.toml") if "stimulus" in each.read_text("utf-8")]


@pytest.mark.parametrize("profile", SHIPPED)
def test_each_stimulus_of_a_shipped_profile_is_answered_within_its_figures(
    tmp_path: Path, profile: str
) -> None:
    with house(tmp_path, (PROFILES / f"{profile}.toml").read_text("utf-8")) as found:
        found.live(WARM_S)
        parts = ordered(found)
        assert parts
        assert all(each.passed for each in parts), parts
        assert all(each["alarm"] for each in found.notes)
        assert not [each for each in found.told if each.hazard is not Hazard.FAULT]


def test_what_failed_is_known_after_a_restart_and_is_not_told_again(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        warmed(found)
        found.bench.parts["co"].fault = "stuck"
        found.until_over("co")
        found.stimuli.write()
        found.stimuli = found.begun()
        assert claims(found, Hazard.CO)[0] == "lost"
        shown: list[Detection] = found.stimuli.step(found.now)
        assert [(each.subject, each.is_local) for each in shown] == [("co self-test", True)]
        assert found.stimuli.step(found.now) == []


def test_a_garbled_record_is_no_reason_not_to_start(tmp_path: Path) -> None:
    with house(tmp_path, CO) as found:
        (found.state / "stimuli.json").write_text("{")
        assert found.begun().verdicts == {}


def test_nothing_is_written_to_a_part_before_it_is_known_to_be_one(tmp_path: Path) -> None:
    with house(tmp_path, CHAMBER) as found:
        found.bench.parts["chamber"].fault = "wrong_chip"
        found.live(60.0)
        assert found.bench.parts["chamber"].words == {}
