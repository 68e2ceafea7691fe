"""The fake pin behaves as gpiozero and a voltmeter expect."""

import pytest
from gpiozero import DigitalInputDevice, DigitalOutputDevice, PinFixedPull
from gpiozero.pins.mock import MockFactory

from hw_mocks.gpio import SimPins


@pytest.fixture
def pins() -> SimPins:
    return SimPins()


def test_it_is_a_factory_of_gpiozero(pins: SimPins) -> None:
    assert isinstance(pins, MockFactory)
    assert "4B" in pins.board_info.description


@pytest.mark.parametrize(("pull_up", "rests"), [(True, True), (False, False)])
def test_an_open_wire_takes_the_level_of_the_pull(
    pins: SimPins, pull_up: bool, rests: bool
) -> None:
    device = DigitalInputDevice(5, pull_up=pull_up, pin_factory=pins)
    assert pins.wire(5).level is rests
    pins.wire(5).drive(not rests)
    assert pins.wire(5).level is not rests
    pins.wire(5).drive(None)
    assert pins.wire(5).level is rests
    device.close()


def test_a_driven_wire_is_not_moved_by_a_pull_or_by_closing(pins: SimPins) -> None:
    wire = pins.wire(5)
    wire.drive(False)
    device = DigitalInputDevice(5, pull_up=True, pin_factory=pins)
    device.close()
    assert not wire.level
    assert not wire.moves


def test_an_output_wins_over_the_wire_until_it_lets_go(pins: SimPins) -> None:
    device = DigitalOutputDevice(5, initial_value=True, pin_factory=pins)
    pins.wire(5).drive(False)
    assert pins.wire(5).level
    device.close()
    assert not pins.wire(5).level


def test_the_callback_comes_in_the_thread_that_moves_the_wire(pins: SimPins) -> None:
    device, levels = DigitalInputDevice(5, pin_factory=pins), list[bool]()
    device.when_activated = lambda: levels.append(True)
    device.when_deactivated = lambda: levels.append(False)
    for level in (True, True, None, False, True):
        pins.wire(5).drive(level)
    assert levels == [True, False, True]
    device.close()


def test_moving_a_wire_says_when(pins: SimPins) -> None:
    first, second = pins.wire(5).drive(True), pins.wire(5).drive(False)
    assert first <= second
    times = [at for at, _ in pins.wire(5).moves]
    assert first <= times[0] <= second <= times[1]


def test_gpio2_has_a_resistor_of_its_own(pins: SimPins) -> None:
    assert pins.wire(2).level
    with pytest.raises(PinFixedPull, match="fixed pull"):
        DigitalInputDevice(2, pull_up=False, pin_factory=pins)
