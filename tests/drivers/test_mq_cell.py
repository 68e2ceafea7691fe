import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import baseline
from drivers.baseline import Baseline
from drivers.board import Board
from drivers.mcp3008_input import Mcp3008Adc
from drivers.mq2 import Mq2Config
from drivers.mq5 import Mq5Config
from drivers.mq_cell import MqCell, rs_kohm
from drivers.sensor import DisconnectedError, NotReadyError, Quantity
from hw_mocks.chips.mcp3008 import Mcp3008Sim
from hw_mocks.chips.mq_cell import MqCellSim
from hw_mocks.faults import Fault
from hw_mocks.gpio import SimPins
from hw_mocks.spi import SpiWire

TAKEN_AT = "2025-01-02T03:04:05+09:00"
kohm = st.floats(0.5, 500)


def plugged(state: Path, cell: MqCellSim, *, divider: float = 2 / 3) -> MqCell:
    pins, chip = SimPins(), Mcp3008Sim()
    chip.sources[0] = cell.at_adc_v
    SpiWire(pins, chip)
    config = Mq2Config(name="gas", adc=Mcp3008Adc(channel=0), divider=divider)
    sensor = config.build(Board(pins=pins, state=state))
    sensor.open()
    return sensor


@settings(deadline=None)
@given(rs=kohm, load=st.floats(0.1, 100), supply=st.floats(4.5, 5.5))
def test_the_resistance_is_the_one_that_makes_the_voltage(
    rs: float, load: float, supply: float
) -> None:
    load_v = supply * load / (rs + load)
    assert rs_kohm(load_v, supply, load) == pytest.approx(rs, rel=1e-6)


@settings(deadline=None)
@given(volts=st.lists(st.floats(0.01, 5.0), min_size=2, max_size=2, unique=True))
def test_more_gas_is_more_voltage_is_less_resistance(volts: list[float]) -> None:
    less, more = sorted(volts)
    assert rs_kohm(less, 5.0, 5.0) > rs_kohm(more, 5.0, 5.0)


def test_an_mq5_without_a_word_has_the_load_of_its_datasheet() -> None:
    config = Mq5Config(name="lpg", adc=Mcp3008Adc(channel=0))
    assert (config.load_kohm, config.supply_v) == (20.0, 5.0)


def test_half_the_supply_at_the_load_is_a_cell_like_its_load() -> None:
    assert rs_kohm(2.5, 5.0, 4.7) == pytest.approx(4.7)


def test_without_a_baseline_it_says_what_to_do_and_gives_no_number(tmp_path: Path) -> None:
    sensor = plugged(tmp_path, MqCellSim())
    with pytest.raises(NotReadyError, match="run `haetae probe --baseline gas`"):
        sensor.read()


def test_a_baseline_taken_while_it_runs_counts_from_the_next_read(tmp_path: Path) -> None:
    cell = MqCellSim(clean_air_kohm=30.0)
    sensor = plugged(tmp_path, cell)
    taken = baseline.measure_r0(
        [sensor.rs_kohm() for _ in range(30)], taken_at=TAKEN_AT, burn_in_h=24.0
    )
    assert taken.r0_kohm == pytest.approx(30.0, rel=0.01)
    baseline.store(tmp_path, "gas", taken)
    assert sensor.read()[Quantity.GAS_RS_R0] == pytest.approx(1.0)
    cell.rs_over_r0 = 0.3
    assert sensor.read()[Quantity.GAS_RS_R0] == pytest.approx(0.3, rel=0.02)


def test_a_broken_wire_is_told_before_the_missing_baseline(tmp_path: Path) -> None:
    cell = MqCellSim()
    sensor = plugged(tmp_path, cell)
    cell.fault = Fault.ABSENT
    with pytest.raises(DisconnectedError, match=r"spi0\.0:ch0: 0\.000 V: cut wire"):
        sensor.read()


def test_more_than_the_supply_is_a_short_or_a_wrong_divider(tmp_path: Path) -> None:
    cell = MqCellSim(divider=1.0)
    cell.fault = Fault.SATURATED
    sensor = plugged(tmp_path, cell, divider=0.5)
    with pytest.raises(DisconnectedError, match="shorted to 5 V, or wrong `divider`"):
        sensor.rs_kohm()


def test_at_the_rail_of_an_undivided_input_it_gives_the_most_it_can_have(tmp_path: Path) -> None:
    cell = MqCellSim(rs_over_r0=0.02, clean_air_kohm=20.0, divider=1.0)
    sensor = plugged(tmp_path, cell, divider=1.0)
    baseline.store(tmp_path, "gas", Baseline(r0_kohm=20.0, taken_at=TAKEN_AT, burn_in_h=24.0))
    at_most = 5.0 * (5.0 / (3.3 * 1023 / 1024) - 1) / 20.0
    assert sensor.read()[Quantity.GAS_RS_R0] == pytest.approx(at_most)


def test_every_reading_that_a_converter_can_give_is_a_span_or_a_fault(tmp_path: Path) -> None:
    pins, chip = SimPins(), Mcp3008Sim()
    codes = itertools.count()
    chip.sources[0] = lambda: next(codes) * 3.3 / 1024
    SpiWire(pins, chip)
    sensor = Mq2Config(name="gas", adc=Mcp3008Adc(channel=0)).build(
        Board(pins=pins, state=tmp_path)
    )
    baseline.store(tmp_path, "gas", Baseline(r0_kohm=20.0, taken_at=TAKEN_AT, burn_in_h=24.0))
    sensor.open()
    told, cut = list[float](), 0
    for _ in range(1024):
        try:
            told.append(sensor.read()[Quantity.GAS_RS_R0])
        except DisconnectedError:
            cut += 1
    assert (cut, len(told)) == (4, 1020)
    assert told == sorted(told, reverse=True)
    assert told[-1] >= 0.0
