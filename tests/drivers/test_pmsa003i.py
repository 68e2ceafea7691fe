import errno
from collections.abc import Iterator
from types import SimpleNamespace

import adafruit_pm25.i2c
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.pmsa003i import Pmsa003i, Pmsa003iConfig
from drivers.sensor import ChecksumError, NotReadyError, Quantity, WrongDeviceError
from hw_mocks import blinka
from hw_mocks.chips.pmsa003i import ADDRESS, Pmsa003iSim
from hw_mocks.i2c import SimI2C

PM1_0, PM2_5, PM10 = Quantity.PM1_0_UG_M3, Quantity.PM2_5_UG_M3, Quantity.PM10_UG_M3
# A frame of a real part: 5, 13 and 22 µg/m³, 765 particles beyond 0.3 µm in 0.1 L
FRAME = bytes.fromhex(
    "42 4d 00 1c 00 05 00 0d 00 16 00 05 00 0d 00 1602 fd 00 fc 00 1d 00 0f 00 06 00 06 97 00 03 c5"
)


class Answers:
    """A chip that sends these bytes, whatever they are."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def write(self, data: bytes) -> None:
        pass

    def read(self, count: int) -> bytes:
        return self.data[:count]


@pytest.fixture
def bus() -> Iterator[SimI2C]:
    wires, bus = blinka.install(), SimI2C()
    wires.attach_i2c(1, bus)
    yield bus
    wires.detach_i2c(1)


@pytest.fixture
def chip(bus: SimI2C) -> Pmsa003iSim:
    chip = Pmsa003iSim()
    bus.chips[ADDRESS] = chip
    return chip


def built() -> Pmsa003i:
    return Pmsa003iConfig(name="particles").build(Board())


def opened() -> Pmsa003i:
    driver = built()
    driver.open()
    return driver


def test_reads_a_frame_of_a_real_part(bus: SimI2C) -> None:
    bus.chips[ADDRESS] = Answers(FRAME)
    assert opened().read() == {PM1_0: 5.0, PM2_5: 13.0, PM10: 22.0}


def test_gives_the_column_for_air_and_not_the_one_for_metal_dust(bus: SimI2C) -> None:
    frame = bytearray(FRAME)
    frame[7], frame[13] = 200, 100  # "standard" and "atmospheric environment" PM2.5
    frame[30:] = sum(frame[:30]).to_bytes(2, "big")
    bus.chips[ADDRESS] = Answers(bytes(frame))
    assert opened().read()[PM2_5] == 100.0


@settings(deadline=None)
@given(*[st.integers(0, 1000)] * 3)
def test_every_value_in_range_comes_through(pm1_0: int, pm2_5: int, pm10: int) -> None:
    wires, chip = blinka.install(), Pmsa003iSim(pm2_5, pm1_0_ug_m3=pm1_0, pm10_ug_m3=pm10)
    wires.attach_i2c(1, SimI2C({ADDRESS: chip}))
    try:
        assert opened().read() == {PM1_0: pm1_0, PM2_5: pm2_5, PM10: pm10}
    finally:
        wires.detach_i2c(1)


@settings(deadline=None)
@given(st.integers(2 * 8, 32 * 8 - 1))
def test_any_single_flipped_bit_is_seen(bit: int) -> None:
    wires, frame = blinka.install(), bytearray(FRAME)
    frame[bit // 8] ^= 1 << bit % 8
    wires.attach_i2c(1, SimI2C({ADDRESS: Answers(bytes(frame))}))
    try:
        driver = opened()
        with pytest.raises(ChecksumError):
            driver.read()
    finally:
        wires.detach_i2c(1)


def test_an_unplugged_sensor_is_an_oserror_at_once(
    bus: SimI2C, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_sleep(_: float) -> None:
        pytest.fail("the library waits for a chip that is not there")

    monkeypatch.setattr(adafruit_pm25.i2c, "time", SimpleNamespace(sleep=no_sleep))
    assert not bus.chips
    with pytest.raises(OSError, match="i2c-1:0x12") as caught:
        built().open()
    assert caught.value.errno == errno.EREMOTEIO


def test_a_sensor_unplugged_later_is_an_oserror_and_comes_back(chip: Pmsa003iSim) -> None:
    driver = opened()
    chip.fault = "absent"
    with pytest.raises(OSError, match="i2c-1:0x12") as caught:
        driver.read()
    assert caught.value.errno == errno.EREMOTEIO
    chip.fault = "none"
    driver.open()
    assert driver.read()[PM2_5] == 12.0


def test_a_board_without_that_bus_is_an_oserror() -> None:
    driver = Pmsa003iConfig(name="particles", bus=7).build(Board())
    with pytest.raises(OSError, match="i2c-7"):
        driver.open()


def test_another_chip_at_its_address_is_the_wrong_device(chip: Pmsa003iSim) -> None:
    chip.fault = "wrong_chip"
    with pytest.raises(WrongDeviceError, match="60 61, not 42 4d"):
        built().open()


def test_another_chip_put_in_later_is_no_value_and_then_the_wrong_device(chip: Pmsa003iSim) -> None:
    driver = opened()
    chip.fault = "wrong_chip"
    with pytest.raises(ChecksumError):
        driver.read()
    with pytest.raises(WrongDeviceError):
        driver.open()
    with pytest.raises(NotReadyError):
        driver.read()


def test_a_spoilt_frame_is_a_checksum_error(chip: Pmsa003iSim) -> None:
    driver = opened()
    chip.fault = "corrupted"
    with pytest.raises(ChecksumError):
        driver.read()


@pytest.mark.parametrize("chip_holds_the_clock", [True, False])
def test_a_locked_bus_is_a_timeout_and_comes_back(
    bus: SimI2C, chip: Pmsa003iSim, chip_holds_the_clock: bool
) -> None:
    driver = opened()
    if chip_holds_the_clock:
        chip.fault = "slow"
    else:
        bus.locked = True
    for attempt in (driver.read, driver.open):
        with pytest.raises(TimeoutError) as caught:
            attempt()
        assert caught.value.errno == errno.ETIMEDOUT
    bus.locked, chip.fault = False, "none"
    driver.open()
    assert driver.read()[PM2_5] == 12.0


def test_a_stuck_part_repeats_itself(chip: Pmsa003iSim) -> None:
    driver = opened()
    chip.fault, chip.pm2_5_ug_m3 = "stuck", 400.0
    assert driver.read()[PM2_5] == 12.0


@pytest.mark.parametrize("knob", [1000.0, 20000.0])
def test_more_than_it_can_tell_reads_as_saturated(chip: Pmsa003iSim, knob: float) -> None:
    driver = opened()
    chip.pm2_5_ug_m3 = knob
    assert driver.read()[PM2_5] == Pmsa003iConfig.spans[PM2_5].saturates


def test_a_saturated_part_is_at_its_end_in_every_channel(chip: Pmsa003iSim) -> None:
    driver = opened()
    chip.fault = "saturated"
    assert driver.read() == {PM1_0: 1000.0, PM2_5: 1000.0, PM10: 1000.0}


def test_opening_again_is_harmless(chip: Pmsa003iSim) -> None:
    driver = opened()
    driver.open()
    chip.pm2_5_ug_m3 = 35.0
    assert driver.read()[PM2_5] == 35.0


def test_it_claims_its_address_on_its_bus() -> None:
    config = Pmsa003iConfig(name="particles", bus=3)
    assert (config.wire(), config.claims()) == ("i2c-3", frozenset({"i2c-3:0x12"}))
