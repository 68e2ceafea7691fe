"""Two of each kind that the wires permit, on one device: each is read apart from its twin."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import config
from agent.config import ConfigError
from agent.probe import Finding, probe
from agent.sections import Config
from hw_mocks.bench import Bench
from hw_mocks.life import write_baselines

HEAD = """
profile = "twins"
title = { ko = "시험", en = "Test" }
annunciator = { siren = { gpio = 18 } }
"""
# two pins, two numbers on one bus, two inputs, two addresses, two buses, two ports; and the knob
# that is turned on each, with the quantity in which it shows
TWINS = {
    "dht22": (["gpio = 16", "gpio = 26"], "celsius", "TEMPERATURE_C", (21.5, 40.1)),
    "dht11": (["gpio = 12", "gpio = 13"], "celsius", "TEMPERATURE_C", (20.0, 33.0)),
    "ds18b20": (
        ['id = "28-00000a1b2c3d"', 'id = "28-0000000000ff"'],
        "celsius",
        "TEMPERATURE_C",
        (21.5, 85.0),
    ),
    "mcp3008": (["channel = 0", "channel = 1"], "volts", "ANALOG_V", (0.825, 2.475)),
    "mq2": (
        ['adc = { chip = "mcp3008", channel = 2 }', 'adc = { chip = "mcp3008", channel = 3 }'],
        "rs_over_r0",
        "GAS_RS_R0",
        (1.0, 0.3),
    ),
    "co_cell": (  # the same channel of two converters
        [
            f'adc = {{ chip = "mcp3008", channel = 4, device = {n} }}\nna_per_ppm = 1.8'
            for n in (0, 1)
        ],
        "ppm",
        "CO_PPM",
        (0.0, 200.0),
    ),
    "sht4x": (["address = 0x44", "address = 0x45"], "celsius", "TEMPERATURE_C", (21.5, 40.0)),
    "pmsa003i": (["bus = 1", "bus = 3"], "pm2_5_ug_m3", "PM2_5_UG_M3", (8.0, 300.0)),
    "scd41": (["bus = 1", "bus = 3"], "co2_ppm", "CO2_PPM", (500.0, 2000.0)),
    "ze07_co": (
        ['port = "/dev/serial0"', 'port = "/dev/serial/by-id/usb-A-if00-port0"'],
        "ppm",
        "CO_PPM",
        (0.0, 50.0),
    ),
    "pir": (["gpio = 27", "gpio = 22"], "motion", "MOTION", (0.0, 1.0)),
    "door": (["gpio = 23", "gpio = 24"], "open", "CONTACT_OPEN", (0.0, 1.0)),
    "button": (["gpio = 5", "gpio = 6"], "pressed", "BUTTON", (0.0, 1.0)),
}
STEP = {"ANALOG_V": 0.004, "CO_PPM": 2.0, "GAS_RS_R0": 0.02, "TEMPERATURE_C": 0.05, "CO2_PPM": 1.0}


def device(twins: dict[str, list[str]]) -> str:
    tables = [
        f'[[sensors]]\nname = "{driver}_{n}"\ndriver = "{driver}"\n{place}\n'
        for driver, places in twins.items()
        for n, place in enumerate(places)
    ]
    return HEAD + "\n".join(tables)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = tmp_path_factory.mktemp("twins") / "device.toml"
    path.write_text(device({driver: twin[0] for driver, twin in TWINS.items()}))
    return config.load(path)


@pytest.fixture
def bench(loaded: Config, tmp_path: Path) -> Iterator[Bench]:
    with Bench(loaded, w1_root=tmp_path / "w1", state=tmp_path) as bench:
        write_baselines(loaded, bench, tmp_path, "2026-11-22T00:00:00Z", lambda _: None)
        yield bench


def probed(loaded: Config, bench: Bench) -> dict[str, Finding]:
    return {each.sensor: each for each in probe(loaded, bench.board)}


@pytest.mark.parametrize("crossed", [False, True])
def test_each_twin_says_its_own(loaded: Config, bench: Bench, crossed: bool) -> None:
    wanted = {}
    for driver, (_, knob, quantity, values) in TWINS.items():
        for n, value in enumerate(reversed(values) if crossed else values):
            bench.set(f"{driver}_{n}.{knob}", value)
            wanted[f"{driver}_{n}"] = (quantity, value)
    found = probed(loaded, bench)
    assert {name: each.failure for name, each in found.items() if each.failure} == {}
    for name, (quantity, value) in wanted.items():
        said = found[name].readings[quantity]
        assert said == pytest.approx(value, abs=STEP.get(quantity, 0.0)), name


@pytest.mark.parametrize("driver", ["dht22", "ds18b20", "sht4x", "pmsa003i", "scd41", "ze07_co"])
def test_a_twin_that_is_unplugged_leaves_the_other_alone(
    driver: str, loaded: Config, bench: Bench
) -> None:
    bench.set(f"{driver}_0.fault", "absent")
    found = probed(loaded, bench)
    assert {name for name, each in found.items() if each.failure} == {f"{driver}_0"}


def test_a_contact_on_a_pin_of_the_uart_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text(device({"ze07_co": ['port = "/dev/serial0"'], "door": ["gpio = 15"]}))
    with pytest.raises(ConfigError, match="gpio15 is used by"):
        config.load(path)


@pytest.mark.parametrize("driver", TWINS)
def test_twins_in_one_place_are_refused(driver: str, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text(device({driver: [TWINS[driver][0][0]] * 2}))
    with pytest.raises(ConfigError, match=r"is used by `\$\.sensors\[0\]` too"):
        config.load(path)
