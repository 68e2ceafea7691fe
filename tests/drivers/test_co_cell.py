import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import catalog
from drivers.board import Board
from drivers.co_cell import CoCellConfig, ppm
from drivers.mcp3008_input import Mcp3008Adc
from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.chips.co_cell import CoCellSim
from hw_mocks.chips.mcp3008 import Mcp3008Sim
from hw_mocks.faults import Fault
from hw_mocks.gpio import SimPins
from hw_mocks.spi import SpiWire


def config(**changes: Any) -> CoCellConfig:
    table = {"name": "co", "driver": "co_cell", "na_per_ppm": 2.0}
    adc = {"chip": "mcp3008", "channel": 1}
    made = catalog.decode(table | {"adc": adc} | changes)
    assert isinstance(made, CoCellConfig)
    return made


@settings(deadline=None)
@given(
    found=st.floats(-20, 1000),
    na_per_ppm=st.floats(0.5, 2.5),
)
def test_the_concentration_is_the_one_that_makes_the_voltage(
    found: float, na_per_ppm: float
) -> None:
    volts = 0.5 + found * na_per_ppm * 1e-9 * 1e6  # bias + I x R
    assert ppm(volts, config(na_per_ppm=na_per_ppm)) == pytest.approx(found, abs=1e-6)


def test_each_code_of_the_converter_is_a_reading_within_the_span_or_a_cut_wire() -> None:
    pins, chip, codes = SimPins(), Mcp3008Sim(), itertools.count()
    chip.sources[1] = lambda: next(codes) * 3.3 / 1024
    SpiWire(pins, chip)
    made = config()
    sensor, span, cut = made.build(Board(pins=pins)), made.spans[Quantity.CO_PPM], 0
    sensor.open()
    for _ in range(1024):
        try:
            assert span.low <= sensor.read()[Quantity.CO_PPM] <= span.high
        except DisconnectedError:
            cut += 1
    assert cut == 143  # up to 0.46 V, 40 mV below the bias


def test_at_its_end_it_says_at_least_so_much_and_that_counts_as_the_hazard() -> None:
    pins, chip, cell = SimPins(), Mcp3008Sim(), CoCellSim()
    chip.sources[1] = cell.at_adc_v
    SpiWire(pins, chip)
    made = config()
    sensor = made.build(Board(pins=pins))
    sensor.open()
    cell.fault = Fault.SATURATED
    saturates = made.spans[Quantity.CO_PPM].saturates
    assert saturates is not None
    assert sensor.read()[Quantity.CO_PPM] >= saturates


def test_a_cut_wire_is_not_clean_air() -> None:
    pins, chip = SimPins(), Mcp3008Sim()
    SpiWire(pins, chip)
    sensor = config().build(Board(pins=pins))
    sensor.open()
    with pytest.raises(DisconnectedError, match=r"spi0\.0:ch1: 0\.000 V, far below `bias_v`"):
        sensor.read()


def test_an_amplifier_that_ends_too_early_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="rail is below 1000 ppm"):
        config(na_per_ppm=5.0)


def test_an_amplifier_that_cannot_tell_a_cut_wire_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="`bias_v` is too low"):
        config(bias_v=0.1, feedback_kohm=2500.0)


def test_the_sensitivity_must_be_given_since_each_cell_has_its_own() -> None:
    table = {"name": "co", "driver": "co_cell", "adc": {"chip": "mcp3008", "channel": 1}}
    with pytest.raises(msgspec.ValidationError, match="na_per_ppm"):
        catalog.decode(table)


def test_it_claims_its_input_alone() -> None:
    made = CoCellConfig(name="co", adc=Mcp3008Adc(channel=1), na_per_ppm=2.0)
    assert made.wire() == "spi0"
    assert set(made.claims()) == {"spi0.0:ch1"}
