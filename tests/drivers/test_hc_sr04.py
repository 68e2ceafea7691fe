import pytest

from drivers.board import Board
from drivers.hc_sr04 import HcSr04, HcSr04Config
from drivers.sensor import Quantity, SensorError
from hw_mocks.gpio import SimPins

CONFIG = HcSr04Config(name="range", trigger=20, echo=21)


def opened(pins: SimPins) -> HcSr04:
    sensor = CONFIG.build(Board(pins=pins))
    sensor.open()
    return sensor


def echoing(pins: SimPins, edges: list[tuple[bool, float]]) -> HcSr04:
    """A part that answers the end of each ping with these edges."""
    pinged = list[bool]()

    def triggered(high: bool) -> None:
        if high:
            pinged.append(True)
        elif pinged:
            pinged.clear()
            for level, at in edges:
                pins.wire(21).drive(level, at)

    pins.wire(20).on_output.append(triggered)
    return opened(pins)


# the data sheet: 58 µs to the centimetre, with sound at 340 m/s and rounded
@pytest.mark.parametrize(("width_us", "metres"), [(583, 0.1), (5828, 1.0), (23310, 4.0)])
def test_the_echo_s_length_is_the_way_there_and_back(width_us: float, metres: float) -> None:
    sensor = echoing(SimPins(), [(True, 10.0), (False, 10.0 + width_us * 1e-6)])
    assert sensor.read()[Quantity.DISTANCE_M] == pytest.approx(metres, rel=0.001)
    sensor.close()


def test_one_ping_a_read_and_none_when_opened() -> None:
    pins = SimPins()
    sensor = echoing(pins, [(True, 1.0), (False, 1.01)])
    assert not pins.wire(20).moves
    sensor.read()
    assert [level for _, level in pins.wire(20).moves] == [True, False]
    sensor.close()


def test_a_line_that_stays_high_is_an_oserror() -> None:
    pins = SimPins()
    pins.wire(21).drive(True)
    sensor = opened(pins)
    with pytest.raises(OSError, match="gpio21: the echo line stays high"):
        sensor.read()
    sensor.close()


@pytest.mark.parametrize(
    "edges",
    [
        [(True, 1.0), (False, 1.01), (True, 1.02), (False, 1.03)],
        [(True, 1.0), (False, 0.9)],  # the clock of the time stamps was set
    ],
)
def test_what_is_no_single_pulse_is_not_guessed_over(edges: list[tuple[bool, float]]) -> None:
    sensor = echoing(SimPins(), edges)
    with pytest.raises(SensorError, match="edges are no echo pulse"):
        sensor.read()
    sensor.close()


def test_all_of_a_device_share_a_thread_so_that_none_hears_another() -> None:
    other = HcSr04Config(name="other", trigger=16, echo=17)
    assert CONFIG.wire() == other.wire()
    assert not CONFIG.claims() & other.claims()
