import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.sections import AnnunciatorConfig, Config, LampConfig, SirenConfig
from agent.values import Why
from drivers import baseline, catalog
from drivers.sensor import Quantity, SensorError
from drivers.siren import Siren
from hw_mocks.bench import Bench
from hw_mocks.clock import FastClock
from hw_mocks.life import Life, write_baselines
from hw_mocks.scenario import load

SENSORS = [
    {"driver": "dht22", "name": "ceiling", "gpio": 16},
    {"driver": "dht11", "name": "shelf", "gpio": 26},
    {"driver": "ds18b20", "name": "box_heat", "id": "28-00000a1b2c3d"},
    {"driver": "mq2", "name": "gas", "adc": {"chip": "mcp3008", "channel": 0}},
    {
        "driver": "co_cell",
        "name": "co",
        "adc": {"chip": "mcp3008", "channel": 1},
        "na_per_ppm": 2.0,
    },
    {"driver": "mcp3008", "name": "supply", "channel": 2, "device": 1},
    {"driver": "pmsa003i", "name": "particles"},
    {"driver": "smoke_relay", "name": "smoke_alarm", "gpio": 17},
    {"driver": "pir", "name": "motion", "gpio": 27},
    {"driver": "door", "name": "shutter", "gpio": 22},
    {"driver": "button", "name": "sos", "gpio": 23},
]
CONFIG = Config(
    profile="bench",
    title=Why(ko="시험", en="Test"),
    annunciator=AnnunciatorConfig(siren=SirenConfig(gpio=18), lamp=LampConfig(gpio=25)),
    sensors=[catalog.decode(each) for each in SENSORS],
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(CONFIG, w1_root=tmp_path / "w1", state=tmp_path) as bench:
        write_baselines(CONFIG, bench, tmp_path, "2026-01-01T00:00:00Z", lambda _: None)
        yield bench


def read(bench: Bench, name: str) -> Mapping[Quantity, float]:
    config = next(each for each in CONFIG.sensors if each.name == name)
    sensor = config.build(bench.board)
    sensor.open()
    try:
        return sensor.read()
    finally:
        sensor.close()


@pytest.mark.parametrize(
    ("knob", "value", "quantity", "within"),
    [
        ("ceiling.celsius", 57.3, Quantity.TEMPERATURE_C, 0.05),
        ("ceiling.humidity_pct", 61.0, Quantity.RELATIVE_HUMIDITY_PCT, 0.05),
        ("shelf.celsius", 31.0, Quantity.TEMPERATURE_C, 0.5),
        ("box_heat.celsius", 85.0, Quantity.TEMPERATURE_C, 0.04),
        ("gas.rs_over_r0", 0.4, Quantity.GAS_RS_R0, 0.01),
        ("co.ppm", 150.0, Quantity.CO_PPM, 2.0),
        ("supply.volts", 2.5, Quantity.ANALOG_V, 0.004),
        ("particles.pm2_5_ug_m3", 400.0, Quantity.PM2_5_UG_M3, 0.5),
        ("smoke_alarm.alarm", 1, Quantity.SMOKE_ALARM_CONTACT, 0),
        ("motion.motion", 1, Quantity.MOTION, 0),
        ("shutter.open", 1, Quantity.CONTACT_OPEN, 0),
        ("sos.pressed", 1, Quantity.BUTTON, 0),
    ],
)
def test_a_knob_is_seen_through_the_real_driver(
    bench: Bench, knob: str, value: float, quantity: Quantity, within: float
) -> None:
    bench.set(knob, value)
    assert read(bench, knob.partition(".")[0])[quantity] == pytest.approx(value, abs=within)


@pytest.mark.parametrize("name", ["ceiling", "box_heat", "gas", "co", "supply", "particles"])
def test_an_absent_part_is_an_expected_failure_and_comes_back(bench: Bench, name: str) -> None:
    bench.set(f"{name}.fault", "absent")
    with pytest.raises((OSError, SensorError)):
        read(bench, name)
    bench.set(f"{name}.fault", "none")
    assert read(bench, name)


def test_a_fault_that_a_part_cannot_show_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="cannot show"):
        bench.set("sos.fault", "corrupted")
    with pytest.raises(ValueError, match="sad"):
        bench.set("sos.fault", "sad")
    assert bench.knobs()["sos.fault"] == "none"


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("sos.pressed", 2),
        ("sos.pressed", "1"),
        ("sos.pressed", None),
        ("sos.fault", 1),
        ("ceiling.celsius", float("nan")),
        ("ceiling.celsius", 10**400),
        ("ceiling.celsius", [20]),
        ("ceiling.kelvin", 300),
        ("ceiling", 300),
        ("cellar.celsius", 20),
        ("", 1),
    ],
)
def test_a_turn_that_makes_no_sense_is_a_value_error(
    bench: Bench, knob: str, value: object
) -> None:
    with pytest.raises(ValueError, match=r"no knob|neither|finite|write its name"):
        bench.set(knob, value)


def test_set_says_when_the_wire_moved(bench: Bench) -> None:
    before = time.monotonic()
    at = bench.set("sos.pressed", 1)
    assert before <= at <= time.monotonic()


def test_a_knob_set_by_hand_is_held_against_the_scenario_until_released(bench: Bench) -> None:
    bench.set("co.ppm", 300)
    bench.follow("co.ppm", 0.0)
    assert bench.knobs()["co.ppm"] == 300
    bench.release("co.ppm")
    bench.follow("co.ppm", 0.0)
    assert bench.knobs()["co.ppm"] == 0


def test_the_edges_of_siren_and_lamp_are_recorded_with_their_times(bench: Bench) -> None:
    siren = Siren(bench.board, gpio=18)
    siren.on()
    siren.off()
    siren.close()
    levels = [level for _, level in bench.edges("siren")]
    assert levels == [True, False]
    times = [at for at, _ in bench.edges("siren")]
    assert times == sorted(times)
    assert bench.outputs() == ["siren", "lamp"]
    assert bench.edges("lamp") == []


def test_two_benches_in_a_row_do_not_disturb_each_other(tmp_path: Path) -> None:
    for celsius in (10.0, 30.0):
        with Bench(CONFIG, w1_root=tmp_path / "w1", state=tmp_path) as bench:
            bench.set("ceiling.celsius", celsius)
            assert read(bench, "ceiling")[Quantity.TEMPERATURE_C] == celsius


def test_a_scenario_turns_the_knobs_and_tells_its_times(bench: Bench) -> None:
    now = [0.0]
    clock = FastClock(10.0, base=lambda: now[0])
    life = Life("flaming_stall", load("flaming_stall"), bench, clock)
    assert read(bench, "ceiling")[Quantity.TEMPERATURE_C] == pytest.approx(18.0, abs=0.3)
    now[0] = 12.0
    assert life.facts() | {} == {
        "name": "flaming_stall",
        "t_s": 120.0,
        "ignition_s": 30.0,
        "began_at": 0.0,
        "now": 120.0,
        "rate": 10.0,
        "clock_set_at": 0.0,
    }
    life.catch_up()
    assert read(bench, "ceiling")[Quantity.TEMPERATURE_C] > 60


def test_the_installers_baseline_is_written_once_and_never_over_a_real_one(
    bench: Bench, tmp_path: Path
) -> None:
    measured = baseline.Baseline(r0_kohm=33.0, taken_at="2026-02-02T00:00:00Z", burn_in_h=100.0)
    baseline.store(tmp_path, "gas", measured)
    said: list[str] = []
    write_baselines(CONFIG, bench, tmp_path, "2026-03-03T00:00:00Z", said.append)
    assert baseline.load(tmp_path, "gas") == measured
    assert said == []
