from typing import Any

import adafruit_dht
import msgspec
import pytest
from adafruit_blinka.microcontroller.bcm283x.pulseio import PulseIn
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.dht import DhtReader
from drivers.dht22 import Dht22, Dht22Config
from drivers.sensor import ChecksumError, NotReadyError, Quantity, SensorError, WrongDeviceError
from hw_mocks.chips.dht import DhtSim
from tests.drivers.dht_line import GPIO, Frame, on_the_wire

CELSIUS, HUMIDITY = Quantity.TEMPERATURE_C, Quantity.RELATIVE_HUMIDITY_PCT


def opened(gpio: int = GPIO) -> Dht22:
    driver = Dht22Config(name="ceiling", gpio=gpio).build(Board())
    driver.open()
    return driver


@pytest.mark.parametrize(
    ("data", "celsius", "humidity_pct"),
    [
        ((0x02, 0x8C, 0x01, 0x5F, 0xEE), 35.1, 65.2),  # the datasheet's example
        ((0x02, 0x8C, 0x80, 0x65, 0x73), -10.1, 65.2),  # its example below zero
        ((0x00, 0x00, 0x00, 0x00, 0x00), 0.0, 0.0),
        ((0x03, 0xE8, 0x03, 0x20, 0x0E), 80.0, 100.0),
        ((0x00, 0xC8, 0x81, 0x90, 0xD9), -40.0, 20.0),
    ],
)
def test_reads_the_frames_of_the_datasheet(
    data: tuple[int, ...], celsius: float, humidity_pct: float
) -> None:
    with on_the_wire(Frame(*data)):
        assert opened().read() == {CELSIUS: celsius, HUMIDITY: humidity_pct}


@pytest.mark.parametrize(
    ("celsius", "data"), [(35.1, (0x02, 0x8C, 0x01, 0x5F, 0xEE)), (-10.1, (2, 0x8C, 128, 101, 115))]
)
def test_the_simulated_part_sends_the_frames_of_the_datasheet(
    celsius: float, data: tuple[int, ...]
) -> None:
    assert DhtSim(celsius, 65.2).pulses_us() == Frame(*data).pulses_us()


@settings(deadline=None)
@given(st.integers(-400, 800), st.integers(0, 999))
def test_every_value_in_range_comes_through(tenths_c: int, tenths_pct: int) -> None:
    with on_the_wire(DhtSim(tenths_c / 10, tenths_pct / 10)):
        assert opened().read() == {CELSIUS: tenths_c / 10, HUMIDITY: tenths_pct / 10}


def test_an_unplugged_sensor_is_an_oserror() -> None:
    part = DhtSim()
    part.fault = "absent"
    with (
        on_the_wire(part),
        pytest.raises(OSError, match="gpio4: DHT sensor not found, check wiring"),
    ):
        opened().read()


def test_an_empty_pin_is_an_oserror() -> None:
    with pytest.raises(OSError, match="check wiring"):
        opened(gpio=5).read()


def test_a_dht11_in_its_place_is_the_wrong_device() -> None:
    part = DhtSim()
    part.fault = "wrong_chip"
    with on_the_wire(part), pytest.raises(WrongDeviceError, match="DHT11"):
        opened().read()


@settings(deadline=None)
@given(st.integers(0, 39))
def test_any_single_flipped_bit_is_seen(bit: int) -> None:
    data = bytearray((0x02, 0x8C, 0x01, 0x5F, 0xEE))
    data[bit // 8] ^= 0x80 >> bit % 8
    with on_the_wire(Frame(*data)), pytest.raises(ChecksumError):
        opened().read()


def test_a_frame_that_comes_too_late_is_an_error_and_no_value() -> None:
    part = DhtSim()
    part.fault = "slow"
    with on_the_wire(part), pytest.raises(SensorError, match="full buffer"):
        opened().read()


def test_a_stuck_part_repeats_itself_and_follows_again_when_freed() -> None:
    part = DhtSim(20.0)
    with on_the_wire(part):
        driver = opened()
        part.fault = "stuck"
        part.celsius = 70.0
        assert driver.read()[CELSIUS] == 20.0
        part.fault = "none"
        assert driver.read()[CELSIUS] == 70.0


@pytest.mark.parametrize("celsius", [81.0, 120.0, 900.0])
def test_hotter_than_it_can_tell_reads_as_saturated(celsius: float) -> None:
    with on_the_wire(DhtSim(celsius)):
        assert opened().read()[CELSIUS] == Dht22Config.spans[CELSIUS].saturates


def test_after_a_failed_read_the_old_value_never_comes_back() -> None:
    part = DhtSim(20.0)
    with on_the_wire(part):
        driver = opened()
        assert driver.read()[CELSIUS] == 20.0
        part.fault = "absent"
        for _ in range(3):  # the library itself would give 20.0 from the second time on
            with pytest.raises(OSError, match="check wiring"):
                driver.read()
        part.fault, part.celsius = "none", 55.0
        assert driver.read()[CELSIUS] == 55.0


def test_the_library_does_give_old_values_again_which_is_why_its_object_is_used_once() -> None:
    part = DhtSim(20.0)
    with on_the_wire(part):
        library = adafruit_dht.DHT22(Board().blinka_pin(GPIO), use_pulseio=False)
        library.measure()
        part.celsius = 70.0
        assert library.temperature == 20.0


def test_a_failed_read_before_any_success_is_an_error_and_not_none() -> None:
    part = DhtSim()
    part.fault = "corrupted"
    with on_the_wire(part):
        driver = opened()
        for _ in range(3):
            with pytest.raises(ChecksumError):
                driver.read()


@pytest.mark.parametrize("poll_us", [0.5, 4.0, 12.0, 20.0])
def test_a_host_that_looks_every_twenty_microseconds_reads_right(poll_us: float) -> None:
    with on_the_wire(DhtSim(35.1, 65.2), poll_us=poll_us):
        assert opened().read() == {CELSIUS: 35.1, HUMIDITY: 65.2}


@pytest.mark.parametrize("poll_us", [200.0, 1000.0, 20000.0])
def test_a_host_that_misses_pulses_gives_no_value(poll_us: float) -> None:
    with on_the_wire(DhtSim(35.1, 65.2), poll_us=poll_us):
        driver = opened()
        with pytest.raises((OSError, SensorError)):
            driver.read()


def test_two_parts_on_two_pins_do_not_mix() -> None:
    with on_the_wire(DhtSim(20.0), gpio=4), on_the_wire(DhtSim(30.0), gpio=5):
        assert [opened(4).read()[CELSIUS], opened(5).read()[CELSIUS]] == [20.0, 30.0]


def test_reading_starts_no_helper_process() -> None:
    with on_the_wire(DhtSim()):
        opened().read()
    assert (PulseIn.procs, PulseIn.queues) == ([], [])


def test_it_is_not_ready_before_it_was_opened() -> None:
    with pytest.raises(NotReadyError):
        Dht22Config(name="ceiling", gpio=GPIO).build(Board()).read()


def test_a_pin_that_the_machine_lacks_is_an_oserror() -> None:
    reader = DhtReader(Board(), 99, adafruit_dht.DHT22)
    with pytest.raises(OSError, match="99"):
        reader.open()


def test_all_dhts_share_one_thread_and_each_claims_its_pin() -> None:
    config = Dht22Config(name="ceiling", gpio=17)
    assert (config.wire(), config.claims()) == ("dht", frozenset({"gpio17"}))


@pytest.mark.parametrize(
    "table",
    [
        {"driver": "dht22", "name": "a", "gpio": 4, "every_s": 1.0},
        {"driver": "dht22", "name": "a", "gpio": 28},
        {"driver": "dht22", "name": "a"},
    ],
)
def test_a_table_out_of_bounds_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Dht22Config)
