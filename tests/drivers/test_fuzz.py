"""Whatever a chip on the bus answers, a driver fails as expected: anything else ends the agent."""

import contextlib
import math
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.sensor import SensorError
from hw_mocks.chips import chip as chip_of
from hw_mocks.wiring import Wiring
from tests.drivers.parts import Part, collect

ON_I2C = [part for part in collect() if part.config.wire().startswith("i2c-")]


class Babbling:
    """A chip whose answers are spoilt now and then, and its acknowledge lost."""

    def __init__(self, chip: Any, source: random.Random, share: float) -> None:
        self._chip, self._source, self._share = chip, source, share

    def write(self, data: bytes) -> None:
        if self._source.random() < self._share / 4:
            raise OSError(121, "Remote I/O error")
        self._chip.write(data)

    def read(self, count: int) -> bytes:
        answer = self._chip.read(count)
        if self._source.random() < self._share:
            return self._source.choice(
                [self._source.randbytes(count), bytes(count), b"\xff" * count]
            )
        return bytes(answer)


@pytest.mark.parametrize("part", ON_I2C, ids=str)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.02, 0.2, 1.0]))
def test_a_babbling_chip_is_an_expected_failure(
    part: Part, tmp_path_factory: pytest.TempPathFactory, seed: int, share: float
) -> None:
    folder, source = tmp_path_factory.mktemp("fuzz"), random.Random(seed)
    wiring = Wiring(folder / "w1")
    board = wiring.board(folder)
    try:
        chip_of(part.driver).plug(wiring, part.config)
        part.prepare(board, part.config)
        for bus in wiring.buses.values():
            for address, chip in list(bus.chips.items()):
                bus.chips[address] = Babbling(chip, source, share)
        sensor = part.config.build(board)
        for _ in range(12):
            with contextlib.suppress(OSError, SensorError):
                sensor.open()
                for _ in range(4):
                    assert all(map(math.isfinite, sensor.read().values()))
        sensor.close()
    finally:
        board.close()
        wiring.close()
