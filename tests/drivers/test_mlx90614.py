import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.mlx90614 import crc8
from drivers.sensor import ChecksumError, NotReadyError, Quantity, WrongDeviceError
from tests.drivers.i2c_rig import Answers, Rig, rig

SURFACE, CELSIUS = Quantity.SURFACE_TEMPERATURE_C, Quantity.TEMPERATURE_C


@pytest.fixture
def mlx90614(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "mlx90614") as made:
        yield made


def test_the_error_code_is_the_data_sheets() -> None:
    # section 8.4.3.1: address 0x5A, command 0x07, 0x3AD2, PEC 0x30
    assert crc8(bytes.fromhex("b4 07 b5 d2 3a")) == 0x30
    assert crc8(bytes.fromhex("b4 07 b5 d2 3a 30")) == 0


def test_reads_the_word_of_the_data_sheet(mlx90614: Rig) -> None:
    driver = mlx90614.opened()
    mlx90614.chip.surface_celsius = 0x3AD2 * 0.02 - 273.15  # 28.01 °C
    assert driver.read()[SURFACE] == pytest.approx(28.01)


@settings(deadline=None, max_examples=40)
@given(st.floats(-70, 382), st.integers(0, 23))
def test_any_single_flipped_bit_is_seen(celsius: float, bit: int) -> None:
    with rig(Path("/nowhere"), "mlx90614") as made:
        driver = made.opened()
        made.chip.surface_celsius = celsius
        made.chip.write(b"\x07")
        sent = bytearray(made.chip.read(3))
        sent[bit // 8] ^= 1 << bit % 8
        made.wiring.buses[1].chips[0x5A] = Answers(bytes(sent))
        with pytest.raises(ChecksumError):
            driver.read()


def test_a_value_that_the_part_flags_as_wrong_is_no_reading(mlx90614: Rig) -> None:
    driver = mlx90614.opened()
    mlx90614.chip.flagged = True
    with pytest.raises(NotReadyError, match="flagged"):
        driver.read()


def test_nothing_but_ones_is_another_device(mlx90614: Rig) -> None:
    mlx90614.wiring.buses[1].chips[0x5A] = Answers(b"\xff\xff\xff")
    with pytest.raises(WrongDeviceError):
        mlx90614.opened()


def test_one_at_another_address_is_found_there(tmp_path: Path) -> None:
    with rig(tmp_path, "mlx90614", address=0x2A) as made:
        made.chip.surface_celsius = 150.0
        assert made.opened().read()[SURFACE] == pytest.approx(150.0, abs=0.011)


def test_an_unplugged_sensor_is_an_oserror_and_comes_back(mlx90614: Rig) -> None:
    driver = mlx90614.opened()
    mlx90614.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x5a") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    mlx90614.chip.fault = "none"
    driver.open()
    assert driver.read()[CELSIUS] == pytest.approx(21.0, abs=0.011)
