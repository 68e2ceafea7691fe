import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.sensirion import crc8, packed, unpacked
from drivers.sensor import ChecksumError, NotReadyError, Quantity, WrongDeviceError
from hw_mocks.sensirion import with_checksums
from tests.drivers.i2c_rig import Answers, Rig, rig

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT


@pytest.fixture
def sht4x(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path, "sht4x") as made:
        yield made


def test_the_checksum_is_the_data_sheets() -> None:
    assert crc8(b"\xbe\xef") == 0x92  # SHT4x data sheet, table 7
    # SGP40 data sheet, table 10
    assert packed(0x8000, 0x6666, 0x0000, 0xFFFF).hex(" ") == "80 00 a2 66 66 93 00 00 81 ff ff ac"


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=4))
def test_words_come_back_as_they_went(words: list[int]) -> None:
    assert unpacked(packed(*words), "here") == words
    assert packed(*words) == with_checksums(*words)


@given(st.integers(0, 0xFFFF), st.integers(0, 23))
def test_any_single_flipped_bit_is_seen(word: int, bit: int) -> None:
    data = bytearray(packed(word))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ChecksumError, match="here"):
        unpacked(bytes(data), "here")


def test_reads_the_ticks_of_the_data_sheet(sht4x: Rig) -> None:
    driver = sht4x.opened()
    sht4x.wiring.buses[1].chips[0x44] = Answers(bytes.fromhex("66 66 93 72 b0 dc"))
    assert driver.read() == pytest.approx({CELSIUS: 25.0, HUMIDITY: 50.0}, abs=0.002)


@settings(deadline=None, max_examples=30)
@given(st.floats(-45, 130), st.floats(-6, 119))
def test_every_value_in_range_comes_through(celsius: float, humidity_pct: float) -> None:
    with rig(Path("/nowhere"), "sht4x") as made:
        made.chip.celsius, made.chip.humidity_pct = celsius, humidity_pct
        reading = made.opened().read()
    assert reading[CELSIUS] == pytest.approx(celsius, abs=0.0014)
    assert reading[HUMIDITY] == pytest.approx(min(100, max(0, humidity_pct)), abs=0.001)


def test_an_unplugged_sensor_is_an_oserror_and_comes_back(sht4x: Rig) -> None:
    driver = sht4x.opened()
    sht4x.chip.fault = "absent"
    for attempt in (driver.read, driver.open):
        with pytest.raises(OSError, match="i2c-1:0x44") as caught:
            attempt()
        assert caught.value.errno == errno.EREMOTEIO
    sht4x.chip.fault = "none"
    driver.open()
    assert driver.read()[CELSIUS] == pytest.approx(21.0, abs=0.01)


def test_a_locked_bus_is_a_timeout(sht4x: Rig) -> None:
    driver = sht4x.opened()
    sht4x.wiring.buses[1].locked = True
    for attempt in (driver.read, driver.open):
        with pytest.raises(TimeoutError):
            attempt()


def test_a_flipped_bit_in_the_serial_number_is_asked_again(
    sht4x: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_read, spoilt = sht4x.chip.read, [True, True]

    def read(count: int) -> bytes:
        data: bytes = true_read(count)
        return b"\xff" + data[1:] if spoilt and spoilt.pop() else data

    monkeypatch.setattr(sht4x.chip, "read", read)
    sht4x.opened()
    assert not spoilt


def test_another_chip_is_the_wrong_device_and_gives_no_reading(sht4x: Rig) -> None:
    sht4x.wiring.buses[1].chips[0x44] = Answers(b"\xff" * 6)
    driver = sht4x.built()
    with pytest.raises(WrongDeviceError, match="i2c-1:0x44"):
        driver.open()
    with pytest.raises(NotReadyError):
        driver.read()


def test_two_of_a_kind_on_one_bus_are_told_apart(tmp_path: Path) -> None:
    with rig(tmp_path, "sht4x") as made:
        other = Rig(made.wiring, tmp_path, {"driver": "sht4x", "address": 0x45})
        made.chip.celsius, other.chip.celsius = 20.0, 60.0
        assert made.opened().read()[CELSIUS] == pytest.approx(20.0, abs=0.01)
        assert other.opened().read()[CELSIUS] == pytest.approx(60.0, abs=0.01)
        assert not made.config.claims() & other.config.claims()


def test_provoked_it_measures_the_heat_of_its_own_heater_and_no_longer(sht4x: Rig) -> None:
    driver = sht4x.opened()
    sht4x.chip.celsius, sht4x.chip.heater_c = 20.0, 45.0
    driver.provoke(on=True)
    assert driver.read()[CELSIUS] == pytest.approx(65.0, abs=0.01)
    driver.provoke(on=False)
    assert driver.read()[CELSIUS] == pytest.approx(20.0, abs=0.01)
    driver.provoke(on=True)
    driver.open()
    assert driver.read()[CELSIUS] == pytest.approx(20.0, abs=0.01), "opened anew it is at rest"


def test_one_that_is_not_open_is_not_provoked(sht4x: Rig) -> None:
    with pytest.raises(NotReadyError):
        sht4x.built().provoke(on=True)
