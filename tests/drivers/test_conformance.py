"""What every driver promises, shown on its simulated part through the real library.

What of it a sound part on a real wire can be asked for, tests/hil/on_target.py asks on the device
itself (docs/hil.md); tests/hil/test_wires.py sends it there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drivers import catalog
from drivers.board import Board
from drivers.sensor import EdgeSensor, Quantity, Sensor, SensorError
from hw_mocks.chips import chip as chip_of
from hw_mocks.faults import Fault
from hw_mocks.wiring import Wiring
from tests.drivers.parts import Part, collect

Readings = Mapping[Quantity, float]
PARTS = tuple(collect())


def fault_rows() -> list[Any]:
    return [
        pytest.param(part, fault, id=f"{part}-{fault}") for part in PARTS for fault in part.faults
    ]


every_part = pytest.mark.parametrize("part", PARTS, ids=str)
every_fault = pytest.mark.parametrize(("part", "fault"), fault_rows())


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


@pytest.fixture
def chip(wiring: Wiring, part: Part) -> Any:
    return chip_of(part.driver).plug(wiring, part.config)


@pytest.fixture
def sensor(wiring: Wiring, part: Part, chip: Any, tmp_path: Path) -> Iterator[Sensor]:
    board = wiring.board(tmp_path)
    part.prepare(board, part.config)
    made = part.config.build(board)
    yield made
    made.close()
    board.close()


def turn(chip: Any, part: Part, vector: int) -> Readings:
    knobs, reading = part.vectors[vector]
    for knob, value in knobs.items():
        setattr(chip, knob, value)
    return reading


def read(sensor: Sensor) -> Readings:
    """The newest reading: the last of the edges that wait."""
    reading = sensor.read()
    while isinstance(sensor, EdgeSensor) and sensor.pending():
        reading = sensor.read()
    return reading


@pytest.mark.parametrize("driver", catalog.DRIVERS)
def test_every_driver_of_the_catalogue_is_held_to_this(driver: str) -> None:
    (config,) = catalog.config_types([driver])
    assert config.__struct_config__.tag == driver
    assert [part for part in PARTS if part.driver == driver]


@every_part
def test_every_knob_of_the_part_is_there_and_what_it_feels_is_a_knob(part: Part, chip: Any) -> None:
    found = chip_of(part.driver)
    assert all(hasattr(chip, knob) for knob in found.knobs)
    assert {sense.knob for sense in found.senses} <= set(found.knobs)
    assert {knob for knobs, _ in part.vectors for knob in knobs} <= set(found.knobs)


@every_part
def test_every_fault_that_the_part_can_show_has_its_answer(part: Part, chip: Any) -> None:
    can_show = type(chip).__dict__["fault"].can_show
    assert set(part.faults) | {Fault.NONE, Fault.STUCK} == can_show | {Fault.STUCK}


@every_part
def test_reads_what_the_part_feels(part: Part, chip: Any, sensor: Sensor) -> None:
    sensor.open()
    for vector in range(len(part.vectors)):
        expected = turn(chip, part, vector)
        assert read(sensor) == pytest.approx(expected, abs=part.within)


@every_part
def test_every_quantity_has_a_span_and_stays_within_it(
    part: Part, chip: Any, sensor: Sensor
) -> None:
    sensor.open()
    told = set[Quantity]()
    for vector in range(len(part.vectors)):
        turn(chip, part, vector)
        reading = read(sensor)
        told |= reading.keys()
        for quantity, value in reading.items():
            span = part.config.spans[quantity]
            assert span.low <= value <= span.high
    assert told == part.config.spans.keys()


@every_fault
def test_a_fault_shows_as_what_it_is_and_goes_when_mended(
    part: Part, fault: Fault, chip: Any, sensor: Sensor
) -> None:
    good, expected = turn(chip, part, 0), part.faults[fault]
    sensor.open()
    read(sensor)
    chip.fault = fault
    if isinstance(expected, type):
        with pytest.raises(expected) as raised:
            opened_anew(sensor)
        assert str(raised.value), "a failure says where and why"
    else:
        assert opened_anew(sensor) == pytest.approx(expected, abs=part.within)
    chip.fault = Fault.NONE
    assert opened_anew(sensor) == pytest.approx(good, abs=part.within)


def opened_anew(sensor: Sensor) -> Readings:
    """As the sampler does after a failure."""
    sensor.open()
    return read(sensor)


@every_fault
def test_a_fault_at_start_is_an_expected_failure_or_a_reading(
    part: Part, fault: Fault, chip: Any, sensor: Sensor
) -> None:
    turn(chip, part, 0)
    chip.fault = fault
    try:
        reading = opened_anew(sensor)
    except (OSError, SensorError):
        return
    assert reading.keys() <= part.config.spans.keys()


@every_part
def test_a_stuck_part_goes_on_saying_the_same(part: Part, chip: Any, sensor: Sensor) -> None:
    if Fault.STUCK not in type(chip).__dict__["fault"].can_show:
        pytest.skip("cannot stick")
    said = turn(chip, part, 0)
    sensor.open()
    chip.fault = Fault.STUCK
    turn(chip, part, 1)
    assert read(sensor) == pytest.approx(said, abs=part.within)


@every_part
def test_building_touches_no_wire(part: Part, tmp_path: Path) -> None:
    part.config.build(Board(w1_devices=tmp_path / "nowhere", state=tmp_path / "nothing"))


@every_part
def test_opening_twice_and_closing_twice_do_no_harm(part: Part, chip: Any, sensor: Sensor) -> None:
    expected = turn(chip, part, 0)
    sensor.open()
    sensor.open()
    assert read(sensor) == pytest.approx(expected, abs=part.within)
    sensor.close()
    sensor.close()
    assert opened_anew(sensor) == pytest.approx(expected, abs=part.within)


@every_part
def test_a_closed_sensor_fails_as_expected_or_reads_truly(
    part: Part, chip: Any, sensor: Sensor
) -> None:
    expected = turn(chip, part, 0)
    sensor.close()
    try:
        reading = read(sensor)
    except (OSError, SensorError):
        return
    assert reading == pytest.approx(expected, abs=part.within)


@every_part
def test_claims_and_wire_can_be_named(part: Part) -> None:
    assert part.config.wire()
    assert part.config.claims()


@every_part
def test_an_unknown_key_is_refused(part: Part) -> None:
    with pytest.raises(msgspec.ValidationError, match="gpoi"):
        catalog.decode(part.table | {"name": "x", "gpoi": 4})
