import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.sensor import ChecksumError, NotReadyError, Quantity, WrongDeviceError
from tests.drivers.i2c_rig import Answers, Rig, rig

CO2 = Quantity.CO2_PPM


@pytest.fixture
def scd41(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "scd41") as made:
        yield made


def test_reads_the_measurement_of_the_data_sheet(
    scd41: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SCD4x data sheet, read_measurement: 500 ppm, 25 °C, 37 %
    sent = bytes.fromhex("01 f4 33 66 67 a2 5e b9 3c")
    monkeypatch.setattr(type(scd41.chip), "_measured", lambda _: sent)
    reading = scd41.opened().read()
    assert reading[CO2] == 500.0
    assert reading[Quantity.TEMPERATURE_C] == pytest.approx(25.0, abs=0.01)
    assert reading[Quantity.RELATIVE_HUMIDITY_PCT] == pytest.approx(37.0, abs=0.01)


def test_without_a_new_measurement_the_last_one_is_not_given_again(scd41: Rig) -> None:
    driver = scd41.opened()
    assert driver.read()[CO2] == 450.0
    scd41.chip.ready = False
    with pytest.raises(NotReadyError, match="no new measurement"):
        driver.read()


def test_opening_again_does_not_begin_the_measurement_anew(
    scd41: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = scd41.opened()
    told: list[bytes] = []
    monkeypatch.setattr(scd41.chip, "write", told.append)
    driver.open()
    assert not told


def test_a_chip_that_measures_nothing_is_started_anew(scd41: Rig) -> None:
    driver = scd41.opened()
    scd41.chip.measures = False  # a brown-out that nobody noticed
    for _ in range(3):
        driver.open()
        with pytest.raises(NotReadyError):
            driver.read()
    driver.open()
    assert driver.read()[CO2] == 450.0


def test_a_replugged_chip_is_started_anew(scd41: Rig) -> None:
    driver = scd41.opened()
    scd41.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x62") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    scd41.chip.fault = "none"
    assert not scd41.chip.measures
    driver.open()
    assert driver.read()[CO2] == 450.0


def test_no_ppm_at_all_is_no_reading(scd41: Rig) -> None:
    driver = scd41.opened()
    scd41.chip.co2_ppm = 0
    with pytest.raises(NotReadyError):
        driver.read()


def test_it_is_set_up_before_it_measures(tmp_path: Path) -> None:
    with rig(tmp_path, "scd41", self_calibration=False, altitude_m=850) as made:
        made.opened()
        assert made.chip.told == {0x2416: 0, 0x2427: 850}


def test_another_chip_at_its_address_is_the_wrong_device(scd41: Rig) -> None:
    scd41.wiring.buses[1].chips[0x62] = Answers(b"\x55" * 9)
    with pytest.raises(WrongDeviceError, match="i2c-1:0x62"):
        scd41.opened()


def test_another_chip_put_in_later_is_found_out_at_the_next_opening(scd41: Rig) -> None:
    driver = scd41.opened()
    scd41.wiring.buses[1].chips[0x62] = Answers(b"\x55" * 9)
    with pytest.raises(ChecksumError):
        driver.read()
    with pytest.raises(WrongDeviceError):
        driver.open()


def test_it_is_never_asked_faster_than_it_measures() -> None:
    with pytest.raises(ValueError, match="every_s"), rig(Path("/nowhere"), "scd41", every_s=2.0):
        pass


def test_a_bus_that_was_opened_anew_is_an_oserror_and_then_a_reading(scd41: Rig) -> None:
    driver = scd41.opened()
    scd41.board.close()  # as the recovery of a bus that hangs does
    with pytest.raises(OSError, match="opened anew"):
        driver.read()
    driver.open()
    assert driver.read()[CO2] == 450.0
