"""Wiring: what a profile's parts are joined to, and what is refused before anybody solders it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import config
from agent.sections import Config
from drivers import catalog
from provisioning.book import book
from provisioning.remedy import Failure
from provisioning.setup_page.profiles import profiles
from provisioning.setup_page.wiring import name_at, picture_of, place_of
from provisioning.wiring import HEADER, Box, config_lines, flat, physical, plan
from provisioning.wiring_check import MOST_MA, MOST_V, currents_ma, problems

PROFILES = sorted(Path("provisioning/profiles").glob("*.toml"))
NAMES = [path.stem for path in PROFILES]
# drivers of one pin of their own, by their key `gpio`
ON_A_PIN = sorted(
    driver
    for driver, part in book().parts.items()
    if [wire.key for wire in part.wires if wire.to == "pin"] == ["gpio"]
)
MORE = {"water_meter": {"litres_per_pulse": 1.0}}
MCP = {"chip": "mcp3008", "channel": 0}


def profile(name: str) -> Config:
    return config.load(Path(f"provisioning/profiles/{name}.toml"))


def made(*sensors: dict[str, Any], **annunciator: Any) -> Config:
    """A configuration of these sensors, not yet held against itself."""
    decoded = [
        catalog.decode({"name": f"s{n}", **MORE.get(each["driver"], {}), **each})
        for n, each in enumerate(sensors)
    ]
    outputs = {"siren": {"gpio": 12}, **annunciator}
    table = {"profile": "p", "title": {"ko": "가", "en": "a"}, "annunciator": outputs}
    found = msgspec.convert({**table, "sensors": [{}]}, Config)
    return msgspec.structs.replace(found, sensors=decoded)


def codes(found: list[Failure]) -> set[str]:
    return {each.code for each in found}


def box(boxes: tuple[Box, ...], key: str) -> Box:
    return next(each for each in flat(boxes) if each.key == key)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_can_be_wired_as_it_stands(name: str) -> None:
    found = problems(profile(name))
    assert not found, [each.lines() for each in found]


@pytest.mark.parametrize("name", NAMES)
def test_every_sensor_and_output_of_a_profile_is_in_its_plan_once(name: str) -> None:
    conf = profile(name)
    keys = [each.key for each in flat(plan(conf))]
    assert len(keys) == len(set(keys))
    assert {each.name for each in conf.sensors} <= set(keys)
    assert {"siren"} <= set(keys)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_sensor_claims_of_the_header_is_what_its_wires_take(name: str) -> None:
    conf, boxes = profile(name), plan(profile(name))
    for sensor in conf.sensors:
        claimed = {each for each in sensor.claims() if each.startswith("gpio")}
        found = box(boxes, sensor.name)
        wired = {each.net for each in found.terminals if each.net.startswith("gpio")}
        if claimed:
            assert claimed == wired | set(found.takes)


def test_the_header_is_that_of_a_raspberry_pi() -> None:
    assert len(HEADER) == 40
    assert sorted(each for each in HEADER if each.startswith("gpio")) == sorted(
        f"gpio{n}" for n in range(2, 28)
    )
    assert [physical(f"gpio{n}") for n in (2, 4, 14, 17, 18, 21, 26)] == [3, 7, 8, 11, 12, 40, 37]


@settings(deadline=None)
@given(
    st.sampled_from(ON_A_PIN),
    st.sampled_from(ON_A_PIN),
    st.integers(2, 27).filter(lambda n: n != 12),
)
def test_any_two_parts_on_one_pin_are_refused(one: str, other: str, gpio: int) -> None:
    found = problems(made({"driver": one, "gpio": gpio}, {"driver": other, "gpio": gpio}))
    assert codes(found) == {"wiring-pin-twice"}
    (failure,) = found
    assert "(s0)" in failure.what.en
    assert "(s1)" in failure.what.en
    assert str(physical(f"gpio{gpio}")) in failure.what.ko


@settings(deadline=None)
@given(st.sampled_from(ON_A_PIN), st.sampled_from(["siren", "lamp", "relay"]))
def test_a_part_on_the_pin_of_an_output_is_refused(driver: str, output: str) -> None:
    conf = made({"driver": driver, "gpio": 22}, **{output: {"gpio": 22}})
    assert codes(problems(conf)) == {"wiring-pin-twice"}


@pytest.mark.parametrize(
    ("sensor", "pins"),
    [
        ({"driver": "sht4x"}, {2, 3}),
        ({"driver": "ds18b20", "id": "28-00000a1b2c3d"}, {4}),
        ({"driver": "mcp3008", "channel": 0}, {7, 8, 9, 10, 11}),
        ({"driver": "co_cell", "na_per_ppm": 1.8, "adc": {**MCP, "device": 1}}, {7, 8, 9, 10, 11}),
        ({"driver": "ze07_co"}, {14, 15}),
        ({"driver": "i2s_mic", "card": "c", "part": "inmp441"}, {16, 18, 19, 20, 21}),
        ({"driver": "mq2", "adc": {"chip": "ads1115", "channel": 1}}, {2, 3}),
    ],
)  # fmt: skip
def test_a_pin_that_an_enabled_bus_has_is_refused_to_others(
    sensor: dict[str, Any], pins: set[int]
) -> None:
    refused = set()
    for gpio in range(2, 28):
        if gpio == 12:
            continue
        found = problems(made(sensor, {"driver": "button", "gpio": gpio}))
        if found:
            refused.add(gpio)
            assert codes(found) <= {"wiring-bus-pin", "wiring-pin-twice"}
    assert refused == pins


@pytest.mark.parametrize(
    "sensor",
    [
        {"driver": "mq2", "adc": MCP, "divider": 1.0},
        {"driver": "mq5", "adc": MCP, "divider": 0.9},
        {"driver": "flame_adc", "adc": MCP, "supply_v": 5.0},
        {"driver": "analog_noise", "adc": MCP, "gain": 100.0, "supply_v": 5.0},
        {"driver": "mq2", "adc": {"chip": "ads1115", "channel": 0}, "divider": 1.0},
    ],
)
def test_5_v_on_an_input_is_refused_with_what_to_do(sensor: dict[str, Any]) -> None:
    (found,) = problems(made(sensor))
    assert found.code == "wiring-over-voltage"
    assert "연결하지 마세요" in found.remedy.ko
    assert "Do not connect" in found.remedy.en


@given(st.floats(0.1, 1.0), st.floats(4.5, 5.5))
def test_a_divider_is_judged_by_what_arrives(share: float, supply_v: float) -> None:
    conf = made({"driver": "mq2", "adc": MCP, "divider": share, "supply_v": supply_v})
    assert bool(problems(conf)) is (share * supply_v > MOST_V)


def test_too_much_from_the_3_3_v_is_refused() -> None:
    sensors: list[dict[str, Any]] = [
        {"driver": "scd41", "bus": 1},
        *({"driver": "flame_ir", "gpio": n} for n in (5, 6)),
    ]
    assert not problems(made(*sensors))
    hungry = made(*sensors, *({"driver": "flame_ir", "gpio": n} for n in range(13, 28)))
    more = made(*sensors, *({"driver": "adpd188bi", "bus": 1},) * 9)
    assert currents_ma(plan(hungry))["3V3"] < MOST_MA["3V3"]
    assert "wiring-3v3-overload" in codes(problems(more))


def test_two_parts_on_one_input_or_at_one_address_are_refused() -> None:
    cell = {"driver": "co_cell", "na_per_ppm": 1.8, "adc": MCP}
    assert codes(problems(made(cell, {"driver": "mq2", "adc": MCP}))) == {"wiring-input-twice"}
    two = made({"driver": "sht4x"}, {"driver": "sht4x"})
    assert codes(problems(two)) == {"wiring-address-twice"}


def test_a_driver_that_the_book_does_not_know_is_said_in_words() -> None:
    less = msgspec.structs.replace(
        book(), parts={key: each for key, each in book().parts.items() if key != "button"}
    )
    (found,) = problems(made({"driver": "button", "gpio": 5}), less)
    assert found.code == "wiring-part-unknown"


def test_the_lines_of_config_txt_are_those_of_the_buses_in_use() -> None:
    conf = made({"driver": "sht4x"}, {"driver": "ds18b20", "id": "28-00000a1b2c3d"})
    assert config_lines(plan(conf)) == ["dtoverlay=w1-gpio", "dtparam=i2c_arm=on"]
    assert config_lines(plan(made({"driver": "button", "gpio": 5}))) == []


def test_parts_of_an_ads1115_hang_on_its_inputs_within_the_bus() -> None:
    adc = {"chip": "ads1115", "channel": 2}
    boxes = plan(made({"driver": "sht4x"}, {"driver": "mq5", "adc": adc}))
    assert [each.key for each in box(boxes, "i2c").inside] == ["s0", "ads1115@0x48", "s1"]
    assert box(boxes, "s1").terminals[-1].net == "AIN2@0x48"


def test_a_part_on_an_adapter_takes_no_pin() -> None:
    port = "/dev/serial/by-id/usb-adapter"
    found = made({"driver": "ld2410", "port": port}, {"driver": "button", "gpio": 15})
    assert not problems(found)
    assert box(plan(found), "s0").terminals[0].net == "usb"


def test_the_setup_page_shows_the_wiring_of_each_profile() -> None:
    for name, each in profiles().items():
        assert name_at(place_of(name)) == name
        svg = picture_of(each)
        assert svg.startswith(b"<svg ")
        assert each.title.ko.encode() in svg
    assert not name_at("/wiring/../secret")
