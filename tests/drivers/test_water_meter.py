from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.sensor import NotReadyError, Quantity
from drivers.water_meter import WaterMeter, WaterMeterConfig
from hw_mocks.chips.water_meter import WaterMeterSim
from hw_mocks.gpio import SimPins

CONFIG = WaterMeterConfig(name="mains_water", gpio=16, litres_per_pulse=10)
KEPT = "counters/mains_water.json"


def counting(pins: SimPins, state: Path) -> WaterMeter:
    meter = CONFIG.build(Board(pins=pins, state=state))
    meter.open()
    return meter


def litres(meter: WaterMeter) -> float:
    return meter.read()[Quantity.WATER_L]


def test_the_count_is_taken_up_again_after_a_restart(tmp_path: Path) -> None:
    pins = SimPins()
    dial = WaterMeterSim(pins.wire(16), 10)
    first = counting(pins, tmp_path)
    dial.litres = 70
    first.close()
    second = counting(pins, tmp_path)
    assert litres(second) == 70.0
    dial.litres = 90
    assert litres(second) == 90.0
    second.close()


def test_a_power_cut_loses_less_than_100_l(tmp_path: Path) -> None:
    pins = SimPins()
    dial = WaterMeterSim(pins.wire(16), 10)
    meter = counting(pins, tmp_path)
    for each in range(10, 1000, 10):
        dial.litres = each
        litres(meter)
    pins.wire(16).close()  # the power went; nobody closed the driver
    after = litres(counting(SimPins(), tmp_path))
    assert 990 - 100 < after <= 990


def test_it_writes_to_the_card_once_for_each_100_l(tmp_path: Path) -> None:
    pins, kept = SimPins(), tmp_path / KEPT
    dial = WaterMeterSim(pins.wire(16), 10)
    meter, seen = counting(pins, tmp_path), list[bytes]()
    for each in range(10, 1010, 10):
        dial.litres = each
        litres(meter)
        if kept.exists() and (not seen or kept.read_bytes() != seen[-1]):
            seen.append(kept.read_bytes())
    assert len(seen) == 10
    meter.close()


def test_a_restart_that_counted_nothing_writes_nothing(tmp_path: Path) -> None:
    counting(SimPins(), tmp_path).close()
    assert not (tmp_path / KEPT).exists()


def test_a_full_disk_does_not_stop_the_count(tmp_path: Path) -> None:
    pins = SimPins()
    dial = WaterMeterSim(pins.wire(16), 10)
    (tmp_path / "counters").write_text("in the way of the folder")
    meter = counting(pins, tmp_path)
    dial.litres = 500
    assert litres(meter) == 500.0
    (tmp_path / "counters").unlink()
    dial.litres = 510
    assert litres(meter) == 510.0
    meter.close()
    assert litres(counting(SimPins(), tmp_path)) == 510.0


def test_a_garbled_count_is_told_and_never_taken_for_zero(tmp_path: Path) -> None:
    (tmp_path / "counters").mkdir()
    (tmp_path / KEPT).write_text('{"pulses": -3, "starts": 0}')
    with pytest.raises(NotReadyError, match=r"kept count garbled .* remove mains_water\.json"):
        counting(SimPins(), tmp_path)


def test_opening_again_after_a_failure_loses_no_pulse(tmp_path: Path) -> None:
    pins = SimPins()
    dial = WaterMeterSim(pins.wire(16), 10)
    meter = counting(pins, tmp_path)
    dial.litres = 30
    meter.open()
    dial.litres = 50
    assert litres(meter) == 50.0
    meter.close()


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(days=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=6))
def test_over_any_restarts_the_count_never_exceeds_the_dial_nor_falls_behind_by_more_than_told(
    tmp_path_factory: pytest.TempPathFactory, days: list[tuple[int, bool]]
) -> None:
    state, cuts, pulses = tmp_path_factory.mktemp("state"), 0, 0
    for each, was_cut in days:
        pins = SimPins()
        dial, meter = WaterMeterSim(pins.wire(16), 10), counting(pins, state)
        dial.litres = each * 10
        litres(meter)
        pulses += each
        if was_cut:
            cuts += 1
        else:
            meter.close()
    found = litres(counting(SimPins(), state))
    assert pulses * 10 - 100 * cuts <= found <= pulses * 10
