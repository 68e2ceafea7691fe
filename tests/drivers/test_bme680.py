import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.sensor import NotReadyError, Quantity, WrongDeviceError
from hw_mocks import bosch
from tests.drivers.i2c_rig import Rig, rig

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT
PRESSURE, GAS = Quantity.PRESSURE_HPA, Quantity.GAS_KOHM


@pytest.fixture
def bme680(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "bme680") as made:
        yield made


@settings(deadline=None, max_examples=40)
@given(st.floats(-40, 85), st.floats(0, 100), st.floats(300, 1100), st.floats(1, 5000))
def test_every_value_in_range_comes_through(
    celsius: float, humidity_pct: float, hpa: float, gas_kohm: float
) -> None:
    """The library's integer formulas agree with the data sheet's floating-point ones."""
    with rig(Path("/nowhere"), "bme680") as made:
        chip = made.chip
        chip.celsius, chip.humidity_pct, chip.hpa, chip.gas_kohm = (
            celsius,
            humidity_pct,
            hpa,
            gas_kohm,
        )
        reading = made.opened().read()
    assert reading[CELSIUS] == pytest.approx(celsius, abs=0.02)
    assert reading[HUMIDITY] == pytest.approx(humidity_pct, abs=0.2)
    assert reading[PRESSURE] == pytest.approx(hpa, abs=0.3)
    assert reading[GAS] == pytest.approx(gas_kohm, rel=0.005)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 0xFFF), st.integers(700, 0xFFF))
def test_the_humidity_is_calibrated_by_the_data_sheet_and_not_by_the_library(
    h1: int, h2: int
) -> None:
    """adafruit_bme680 3.7.16 takes the low four bits of H1 for those of H2, and the reverse."""
    with rig(Path("/nowhere"), "bme680") as made:
        made.chip._registers.put(0xE1, bytes([h2 >> 4, (h2 & 15) << 4 | h1 & 15, h1 >> 4]))
        raw = int.from_bytes(made.chip._counts()[8:10], "big")
        linear = (raw - h1 * 16) * h2 / 262144
        linear *= 1 + bosch._H4 / 16384 * 21 + bosch._H5 / 1048576 * 21 * 21
        true = linear + (bosch._H6 / 16384 + bosch._H7 / 2097152 * 21) * linear * linear
        reading = made.opened().read()[HUMIDITY]
    assert reading == pytest.approx(min(100.0, max(0.0, true)), abs=0.2)


def test_each_read_is_a_measurement_of_its_own(bme680: Rig) -> None:
    driver = bme680.opened()
    for celsius in (20.0, 60.0, 21.0):
        bme680.chip.celsius = celsius
        assert driver.read()[CELSIUS] == pytest.approx(celsius, abs=0.02)


def test_a_heater_that_does_not_heat_is_no_gas_reading(bme680: Rig) -> None:
    driver = bme680.opened()
    bme680.chip.heats = False
    with pytest.raises(NotReadyError, match="heater"):
        driver.read()
    bme680.chip.heats = True
    driver.open()
    assert driver.read()[GAS] == pytest.approx(150.0, abs=0.5)


def test_a_measurement_that_never_ends_is_a_timeout(bme680: Rig) -> None:
    driver = bme680.opened()
    bme680.chip.fault = "slow"
    with pytest.raises(TimeoutError, match="i2c-1:0x77"):
        driver.read()


def test_a_replugged_chip_is_set_up_anew(bme680: Rig) -> None:
    driver = bme680.opened()
    bme680.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x77") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    bme680.chip.fault = "none"
    driver.open()
    assert driver.read()[CELSIUS] == pytest.approx(21.0, abs=0.02)


def test_a_bme280_in_its_place_is_the_wrong_device(bme680: Rig) -> None:
    bme680.chip.fault = "wrong_chip"
    with pytest.raises(WrongDeviceError, match="0x60"):
        bme680.opened()
