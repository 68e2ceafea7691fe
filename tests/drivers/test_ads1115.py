import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import baseline, catalog
from drivers.baseline import Baseline
from drivers.sensor import DisconnectedError, Quantity, WrongDeviceError
from hw_mocks.chips import chip as chip_of
from tests.drivers.i2c_rig import Answers, Rig, rig

VOLTS = Quantity.ANALOG_V
ON_ADS1115 = {"chip": "ads1115", "channel": 3}


@pytest.fixture
def ads1115(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "ads1115", channel=0) as made:
        yield made


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 3), st.sampled_from(["6.144", "4.096", "0.256"]), st.integers(200, 32767))
def test_every_code_of_every_input_and_range_comes_through(
    channel: int, range_v: str, code: int
) -> None:
    with rig(Path("/nowhere"), "ads1115", channel=channel, range_v=range_v, live_zero_v=0) as made:
        made.chip.volts = code * float(range_v) / 32768
        assert made.opened().read()[VOLTS] == pytest.approx(made.chip.volts, rel=1e-9)


def test_a_conversion_is_asked_for_as_the_data_sheet_says(ads1115: Rig) -> None:
    driver, bus = ads1115.opened(), ads1115.wiring.buses[1]
    bus.chips[0x48] = spy = Answers(bytes.fromhex("c3 a3"))
    with pytest.raises(DisconnectedError):  # for it sends c3 a3 as the voltage, too
        driver.read()
    # start, AIN0 to ground, 4.096 V, single shot, 250 a second, no comparator
    assert spy.told[0] == bytes.fromhex("01 c3 a3")


def test_a_negative_code_is_a_cut_wire_and_no_high_voltage(ads1115: Rig) -> None:
    ads1115.chip.volts = -0.001
    with pytest.raises(DisconnectedError, match=r"i2c-1:0x48:ain0: -0\.0010 V"):
        ads1115.opened().read()


def test_a_conversion_that_does_not_end_is_a_timeout_and_not_for_ever(ads1115: Rig) -> None:
    driver = ads1115.opened()
    ads1115.chip.fault = "slow"
    with pytest.raises(TimeoutError, match="does not end"):
        driver.read()


def test_power_lost_within_a_conversion_is_no_reading(
    ads1115: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, chip = ads1115.opened(), ads1115.chip.chip
    monkeypatch.setattr(chip, "configuration", 0x8583)
    monkeypatch.setattr(chip, "write", lambda data: setattr(chip, "_pointer", data[0]))
    with pytest.raises(OSError, match="forgot") as caught:
        driver.read()
    assert caught.value.errno == errno.EIO


def test_inputs_of_one_chip_do_not_get_each_others_voltage(tmp_path: Path) -> None:
    with rig(tmp_path, "ads1115", channel=0) as made:
        other = Rig(made.wiring, tmp_path, {"driver": "ads1115", "channel": 1})
        made.chip.volts, other.chip.volts = 1.0, 2.0
        first, second = made.opened(), other.opened()
        for _ in range(3):
            assert first.read()[VOLTS] == pytest.approx(1.0, abs=2e-4)
            assert second.read()[VOLTS] == pytest.approx(2.0, abs=2e-4)
        assert not made.config.claims() & other.config.claims()


def test_an_unplugged_chip_is_an_oserror_and_comes_back(ads1115: Rig) -> None:
    driver = ads1115.opened()
    ads1115.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x48") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    ads1115.chip.fault = "none"
    driver.open()
    assert driver.read()[VOLTS] == pytest.approx(1.0, abs=2e-4)


def test_another_chip_at_its_address_is_the_wrong_device(ads1115: Rig) -> None:
    ads1115.chip.fault = "wrong_chip"
    with pytest.raises(WrongDeviceError, match="told 0x"):
        ads1115.opened()


def plugged(made: Rig, table: dict[str, Any]) -> tuple[Any, Any]:
    config: Any = catalog.decode(table | {"name": "cell", "adc": ON_ADS1115})
    return chip_of(table["driver"]).plug(made.wiring, config), config


def test_an_mq2_reads_through_it(ads1115: Rig) -> None:
    cell, config = plugged(ads1115, {"driver": "mq2"})
    clean = Baseline(r0_kohm=20.0, taken_at="2025-01-02T03:04:05Z", burn_in_h=24.0)
    baseline.store(ads1115.board.state, config.name, clean)
    driver = config.build(ads1115.board)
    driver.open()
    cell.rs_over_r0 = 0.2
    assert driver.read() == pytest.approx({Quantity.GAS_RS_R0: 0.2}, abs=0.001)
    assert (config.wire(), config.claims()) == ("i2c-1", frozenset({"i2c-1:0x48:ain3"}))


def test_a_co_cell_reads_through_it_and_its_cut_wire_is_seen(ads1115: Rig) -> None:
    cell, config = plugged(ads1115, {"driver": "co_cell", "na_per_ppm": 2.0})
    driver = config.build(ads1115.board)
    driver.open()
    cell.ppm = 70.0
    assert driver.read() == pytest.approx({Quantity.CO_PPM: 70.0}, abs=0.1)
    cell.fault = "absent"
    with pytest.raises(DisconnectedError):
        driver.read()
