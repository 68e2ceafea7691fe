"""Parts as a device has them: two of a kind, unplugged and plugged in again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.sampler import Channel
from agent.values import Failure, Reading
from drivers import catalog
from drivers.board import Board
from drivers.sensor import EdgeSensor, Quantity, Sensor
from hw_mocks.chips import chip as chip_of
from hw_mocks.faults import Fault
from hw_mocks.wiring import Wiring
from tests.drivers.parts import Part, collect

PARTS = tuple(collect())
ELSEWHERE: Mapping[str, Any] = {
    "gpio": 5,
    "adc": {"channel": 3},  # the last that an ADS1115 has, too
    "channel": 3,
    "id": "28-0000000000ff",
    "port": "/dev/serial/by-id/usb-Another_Adapter-if00-port0",
    "bus": 3,
    "number": 1,
}


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[Wiring]:
    wiring = Wiring(tmp_path / "w1")
    yield wiring
    wiring.close()


@pytest.fixture
def board(wiring: Wiring, tmp_path: Path) -> Iterator[Board]:
    board = wiring.board(tmp_path)
    yield board
    board.close()


def elsewhere(part: Part) -> dict[str, Any] | None:
    """The same part in another place of the board; None if there can be only one."""
    fields = {field.name for field in msgspec.structs.fields(type(part.config))}
    for key, place in ELSEWHERE.items():
        if key in fields:
            other = part.table[key] | place if isinstance(place, dict) else place
            if isinstance(place, dict) and other == part.table[key]:
                other = other | {"channel": 0}
            return part.table | {"name": "other", key: other}
    return None


def turned(chip: Any, part: Part, vector: int) -> Mapping[Quantity, float]:
    knobs, reading = part.vectors[vector]
    for knob, value in knobs.items():
        setattr(chip, knob, value)
    return reading


def read(sensor: Sensor) -> Mapping[Quantity, float]:
    reading = sensor.read()
    while isinstance(sensor, EdgeSensor) and sensor.pending():
        reading = sensor.read()
    return reading


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_two_of_a_kind_each_say_their_own(part: Part, wiring: Wiring, board: Board) -> None:
    if (table := elsewhere(part)) is None:
        pytest.skip("a board has one only")
    configs = (part.config, catalog.decode(table))
    assert not configs[0].claims() & configs[1].claims()
    chips = [chip_of(part.driver).plug(wiring, config) for config in configs]
    for config in configs:
        part.prepare(board, config)
    sensors = [config.build(board) for config in configs]
    for sensor in sensors:
        sensor.open()
    said = []
    for turns in ((0, 0), (0, 1)):
        wanted = [turned(chip, part, vector) for chip, vector in zip(chips, turns, strict=True)]
        said.append(([read(sensor) for sensor in sensors], wanted))
    for sensor in sensors:
        sensor.close()
    for readings, wanted in said:
        for reading, each in zip(readings, wanted, strict=True):
            assert reading == pytest.approx(each, abs=part.within)


@pytest.mark.parametrize("part", [p for p in PARTS if Fault.ABSENT in p.faults], ids=str)
def test_a_part_that_is_plugged_in_again_is_read_again_by_itself(
    part: Part, wiring: Wiring, board: Board
) -> None:
    chip = chip_of(part.driver).plug(wiring, part.config)
    part.prepare(board, part.config)
    channel = Channel(part.config.name, part.config.build(board), part.config.every_s)

    def polled(times: int) -> list[Reading | Failure]:
        said: list[Reading | Failure] = []
        for _ in range(times):
            said = channel.poll(lambda: 0.0)
            while channel.waits():
                said = channel.poll(lambda: 0.0)
        return said

    good = turned(chip, part, 0)
    polled(1)
    chip.fault = Fault.ABSENT
    said = polled(3)
    if isinstance(part.faults[Fault.ABSENT], type):
        assert all(isinstance(item, Failure) for item in said)
    chip.fault = Fault.NONE
    said = [*polled(1), *polled(1)]  # some parts give a reading once
    channel.sensor.close()
    values = {item.quantity: item.value for item in said if isinstance(item, Reading)}
    assert values == pytest.approx(good, abs=part.within)
