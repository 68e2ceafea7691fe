import pytest
from gpiozero import DigitalOutputDevice
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.board import Board
from drivers.mcp3008 import Mcp3008Config
from drivers.mcp3008_input import Mcp3008Adc, Mcp3008Input
from drivers.sensor import DisconnectedError, Quantity
from hw_mocks.chips.mcp3008 import Mcp3008Sim
from hw_mocks.faults import Fault
from hw_mocks.gpio import SimPins
from hw_mocks.spi import SpiWire


@pytest.fixture
def pins() -> SimPins:
    return SimPins()


def chip_on(pins: SimPins, device: int = 0, *, volts: float = 0.0) -> Mcp3008Sim:
    chip = Mcp3008Sim()
    chip.sources = [lambda: volts] * 8
    SpiWire(pins, chip, device)
    return chip


def opened(pins: SimPins, channel: int = 0, device: int = 0) -> Mcp3008Input:
    made = Mcp3008Adc(channel=channel, device=device).build(Board(pins=pins))
    made.open()
    return made


@settings(deadline=None, max_examples=60)
@given(code=st.integers(0, 1023), channel=st.integers(0, 7))
def test_every_code_of_every_input_comes_through_the_wires(code: int, channel: int) -> None:
    pins, chip = SimPins(), Mcp3008Sim()
    chip.sources[channel] = lambda: code * 3.3 / 1024  # equation 4-2
    SpiWire(pins, chip)
    adc = opened(pins, channel)
    assert adc.volts() == pytest.approx(code * 3.3 / 1024)
    adc.close()


@pytest.mark.parametrize(("volts", "reads"), [(-1.0, 0.0), (3.3, 3.296777), (9.0, 3.296777)])
def test_beyond_its_ends_it_gives_its_ends(pins: SimPins, volts: float, reads: float) -> None:
    chip_on(pins, volts=volts)
    adc = opened(pins)
    assert adc.volts() == pytest.approx(reads)
    assert adc.rail_v == pytest.approx(3.296777)


def test_two_chips_on_one_bus_are_told_apart_by_chip_select(pins: SimPins) -> None:
    chip_on(pins, 0, volts=1.0)
    chip_on(pins, 1, volts=2.0)
    inputs = [opened(pins, channel=3, device=device) for device in (0, 1)]
    assert [each.volts() for each in inputs] == pytest.approx([1.0, 2.0], abs=0.002)


def test_inputs_of_one_chip_share_the_bus_and_close_one_by_one(pins: SimPins) -> None:
    chip_on(pins, volts=1.0)
    first, second = opened(pins, channel=0), opened(pins, channel=1)
    first.close()
    assert second.volts() == pytest.approx(1.0, abs=0.002)
    with pytest.raises(OSError, match=r"spi0\.0:ch0: not open"):
        first.volts()


def test_two_boards_in_one_process_do_not_share_a_bus() -> None:
    boards = SimPins(), SimPins()
    for pins, volts in zip(boards, (1.0, 2.0), strict=True):
        chip_on(pins, volts=volts)
    inputs = [opened(pins) for pins in boards]
    assert [each.volts() for each in inputs] == pytest.approx([1.0, 2.0], abs=0.002)


def test_pins_taken_by_something_else_are_an_oserror(pins: SimPins) -> None:
    taken = DigitalOutputDevice(8, pin_factory=pins)
    with pytest.raises(OSError, match=r"spi0\.0:ch0: pin GPIO8 is already in use"):
        opened(pins)
    taken.close()
    opened(pins).close()


class SwitchedOff(SimPins):
    """A board whose SPI is off in config.txt: /dev/spidev0.0 is not there."""

    def _get_spi_class(self, shared: bool, hardware: bool) -> type:
        if hardware:
            raise FileNotFoundError("can not open SPI device")
        return super()._get_spi_class(shared, hardware)


def test_spi_that_is_switched_off_is_an_oserror_that_names_the_switch() -> None:
    with pytest.raises(OSError, match=r"spi0\.0:ch0: no kernel SPI: switch it on in raspi-config"):
        opened(SwitchedOff())


def test_an_absent_converter_is_not_taken_for_zero_volts(pins: SimPins) -> None:
    chip = chip_on(pins, volts=1.0)
    sensor = Mcp3008Config(name="level", channel=0).build(Board(pins=pins))
    sensor.open()
    assert sensor.read()[Quantity.ANALOG_V] == pytest.approx(1.0, abs=0.002)
    chip.fault = Fault.ABSENT
    with pytest.raises(DisconnectedError, match=r"spi0\.0:ch0: 0\.000 V: cut wire or no converter"):
        sensor.read()


def test_a_source_that_may_rightly_give_nothing_is_configured_so(pins: SimPins) -> None:
    chip_on(pins)
    sensor = Mcp3008Config(name="level", channel=0, live_zero_v=0).build(Board(pins=pins))
    sensor.open()
    assert sensor.read() == {Quantity.ANALOG_V: 0.0}


def test_inputs_are_claimed_one_by_one_on_the_shared_bus() -> None:
    config = Mcp3008Config(name="level", channel=3, device=1)
    assert config.wire() == "spi0"
    assert set(config.claims()) == {"spi0.1:ch3"}
