import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.dht11 import Dht11, Dht11Config
from drivers.sensor import ChecksumError, Quantity, WrongDeviceError
from hw_mocks.chips.dht import DhtSim
from tests.drivers.dht_line import GPIO, Frame, on_the_wire

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT


def opened() -> Dht11:
    driver = Dht11Config(name="ceiling", gpio=GPIO).build(Board())
    driver.open()
    return driver


@pytest.mark.parametrize(
    ("data", "celsius", "humidity_pct"),
    [
        ((0x35, 0x00, 0x18, 0x00, 0x4D), 24.0, 53.0),  # the datasheet's example 1
        ((0x35, 0x00, 0x18, 0x04, 0x51), 24.4, 53.0),  # newer parts send tenths
    ],
)
def test_reads_the_frames_of_the_datasheet(
    data: tuple[int, ...], celsius: float, humidity_pct: float
) -> None:
    with on_the_wire(Frame(*data)):
        assert opened().read() == {CELSIUS: celsius, HUMIDITY: humidity_pct}


def test_the_datasheets_frame_with_a_wrong_sum_is_refused() -> None:
    with on_the_wire(Frame(0x35, 0x00, 0x18, 0x00, 0x49)), pytest.raises(ChecksumError):
        opened().read()  # its example 2: "not correct, give up"


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(20, 90))
def test_every_value_in_range_comes_through(tenths_c: int, humidity_pct: int) -> None:
    with on_the_wire(DhtSim(tenths_c / 10, humidity_pct, dht11=True)):
        assert opened().read() == {CELSIUS: pytest.approx(tenths_c / 10), HUMIDITY: humidity_pct}


@settings(deadline=None)
@given(st.integers(-400, 800), st.integers(0, 999))
def test_a_dht22_in_its_place_is_the_wrong_device(tenths_c: int, tenths_pct: int) -> None:
    part = DhtSim(tenths_c / 10, tenths_pct / 10, dht11=True)
    part.fault = "wrong_chip"
    with on_the_wire(part), pytest.raises(WrongDeviceError, match="DHT22"):
        opened().read()


def test_an_unplugged_sensor_is_an_oserror() -> None:
    part = DhtSim(dht11=True)
    part.fault = "absent"
    with on_the_wire(part), pytest.raises(OSError, match="check wiring"):
        opened().read()


@pytest.mark.parametrize("fault", ["corrupted", "slow"])
def test_a_spoilt_frame_is_an_error_and_no_value(fault: str) -> None:
    part = DhtSim(dht11=True)
    part.fault = fault
    with on_the_wire(part), pytest.raises(ChecksumError):
        opened().read()


def test_hotter_than_it_can_tell_reads_as_saturated() -> None:
    with on_the_wire(DhtSim(95.0, dht11=True)):
        assert opened().read()[CELSIUS] == Dht11Config.spans[CELSIUS].saturates
