"""The profiles for towns, through the wires: what each part says, and what comes of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agent import config as configuration
from agent.cli import PROFILES
from agent.coverage import FLOOR, covered_by, standing_for
from agent.inspection import Inspection, Outcome
from agent.pipeline import Pipeline
from agent.sections import Config
from agent.values import Detection, Failure, FailureKind, Hazard, Reading, Stage
from agent.watch import detectors, watched
from drivers.sensor import Quantity, SensorError
from hw_mocks.bench import Bench
from hw_mocks.life import write_baselines

TOWN = ("water-meter", "smart-bin", "facility", "street-node")


def profile(name: str) -> Config:
    return configuration.load(PROFILES / f"{name}.toml")


class Place:
    """A profile on simulated wires, each of its sensors read through its real driver."""

    def __init__(self, config: Config, bench: Bench) -> None:
        self.bench = bench
        self.pipeline = Pipeline(watched(config), detectors(config))
        self.sensors = {
            each.name: each.build(bench.board) for each in config.sensors if not each.is_perceived
        }
        for sensor in self.sensors.values():
            sensor.open()
        self.now = 1000.0

    def live(self, seconds: float, every_s: float = 5.0) -> list[Detection]:
        found, until = [], self.now + seconds
        while self.now < until:
            self.now += every_s
            for name, sensor in self.sensors.items():
                try:
                    values = sensor.read()
                except (OSError, SensorError) as error:
                    failure = Failure(name, FailureKind.NO_ANSWER, str(error), self.now)
                    found += self.pipeline.failed(failure)
                else:
                    for quantity, value in values.items():
                        found += self.pipeline.handle(Reading(name, quantity, value, self.now))
            found += self.pipeline.tick(self.now)
        return found


@contextmanager
def place(name: str, folder: Path) -> Iterator[Place]:
    config = profile(name)
    with ExitStack() as stack:
        bench = stack.enter_context(Bench(config, w1_root=folder / "w1", state=folder))
        write_baselines(config, bench, folder, "2026-01-01T00:00:00Z", lambda _: None)
        found = Place(config, bench)
        for each in found.sensors.values():
            stack.callback(each.close)
        yield found


def told(found: list[Detection]) -> list[tuple[Hazard, Stage, str]]:
    return [(each.hazard, each.stage, each.subject) for each in found]


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("water-meter", {Hazard.SOS, Hazard.WATER}),
        ("smart-bin", {Hazard.FIRE, Hazard.TAMPER}),
        ("facility", {Hazard.FIRE, Hazard.SOS, Hazard.WATER, Hazard.GAS, Hazard.TAMPER}),
        ("street-node", set()),
    ],
)
def test_a_profile_claims_what_its_sections_watch_and_no_more(
    name: str, claims: set[Hazard]
) -> None:
    config = profile(name)
    assert {hazard for hazard in FLOOR if standing_for(config, hazard)} == claims
    stall = profile("market-stall")
    assert Hazard.GAS not in covered_by(stall, "gas"), "a sign of fire; nobody watches for leaks"


@pytest.mark.parametrize("name", TOWN[:3])
def test_all_that_hangs_on_the_wires_is_read_and_an_hour_of_calm_says_nothing(
    name: str, tmp_path: Path
) -> None:
    with place(name, tmp_path) as found:
        assert found.live(3600.0, every_s=60.0) == []


def test_a_float_whose_wire_is_cut_tells_of_water(tmp_path: Path) -> None:
    with place("water-meter", tmp_path) as home:
        home.live(60.0)
        home.bench.set("floor.fault", "absent")
        assert (Hazard.WATER, Stage.ALARM, "floor") in told(home.live(60.0))


def test_the_pulses_of_a_burst_reach_the_alarm(tmp_path: Path) -> None:
    with place("water-meter", tmp_path) as home:
        found = home.live(60.0)
        for n in range(200):
            home.bench.set("meter.litres", 3.0 * n)
            found += home.live(5.0)
        assert told(found) == [(Hazard.WATER, Stage.ALARM, "meter burst")]


def test_an_accelerometer_that_is_unplugged_keeps_the_alarm_and_is_a_fault(tmp_path: Path) -> None:
    with place("smart-bin", tmp_path) as bin_:
        bin_.bench.set("body.roll_deg", 85.0)
        assert (Hazard.TAMPER, Stage.ALARM, "body tilt") in told(bin_.live(300.0))
        bin_.bench.set("body.fault", "absent")
        assert told(bin_.live(3600.0)) == [(Hazard.FAULT, Stage.ALARM, "body")]


def test_a_silent_ultrasound_is_a_fault_and_no_full_bin(tmp_path: Path) -> None:
    with place("smart-bin", tmp_path) as bin_:
        bin_.bench.set("level.fault", "absent")
        assert told(bin_.live(240.0, every_s=30.0)) == [(Hazard.FAULT, Stage.ALARM, "level")]


def test_gas_reaches_the_alarm_through_the_converter(tmp_path: Path) -> None:
    with place("facility", tmp_path) as store:
        store.live(600.0)
        store.bench.set("gas.rs_over_r0", 0.06)
        found = told(store.live(120.0))
        assert (Hazard.GAS, Stage.ALARM, "gas") in found
        assert not [each for each in found if each[0] is Hazard.FIRE and each[1] is Stage.ALARM]


def test_an_inspection_sees_a_cell_rise_as_its_resistance_falls() -> None:
    quantity = Quantity.GAS_RS_R0
    inspection = Inspection("gas", frozenset({quantity}), frozenset({Hazard.GAS}), 0.0, 120.0)
    ratios = [1.0, 0.98, 1.0, 0.6, 0.3, 0.15, 0.1, 0.12, 0.2, 0.35, 0.6, 0.9, 0.97]
    for n, ratio in enumerate(ratios):
        inspection.take(Reading("gas", quantity, ratio, 5.0 * n))
    assert inspection.outcome() is Outcome.NO_ALARM  # all else is as it must be
    assert max(value for _, value in inspection.curve) == pytest.approx(10.0)
