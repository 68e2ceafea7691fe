"""The fake bus under gpiozero's own bit-banging."""

import warnings

from gpiozero import SPIDevice
from hypothesis import given, settings
from hypothesis import strategies as st

from hw_mocks.gpio import SimPins
from hw_mocks.spi import MISO, SpiWire


class Echo:
    """Gives each bit back on the clock after it came, as a shift register of one bit does."""

    def __init__(self) -> None:
        self.selected = 0
        self._bit = False

    def select(self) -> None:
        self.selected += 1
        self._bit = False

    def rise(self, bit: bool) -> None:
        self._bit = bit

    def fall(self) -> bool:
        return self._bit


class Master(SPIDevice):  # type: ignore[misc]  # gpiozero has no types
    def transfer(self, data: bytes) -> bytes:
        return bytes(self._spi.transfer(list(data)))


@settings(deadline=None)
@given(data=st.binary(min_size=1, max_size=8))
def test_every_bit_goes_down_and_up_the_wires(data: bytes) -> None:
    pins, chip = SimPins(), Echo()
    SpiWire(pins, chip)
    with Master(pin_factory=pins) as master:
        echoed = int.from_bytes(master.transfer(data))
    assert echoed == int.from_bytes(data) >> 1
    assert chip.selected == 1


def test_only_the_selected_chip_is_heard() -> None:
    pins, chips = SimPins(), (Echo(), Echo())
    for device, chip in enumerate(chips):
        SpiWire(pins, chip, device)
    with Master(port=0, device=1, pin_factory=pins) as master:
        master.transfer(b"\xff")
    assert [chip.selected for chip in chips] == [0, 1]


def test_miso_is_open_when_nobody_is_selected() -> None:
    pins = SimPins()
    SpiWire(pins, Echo())
    with Master(pin_factory=pins) as master:
        master.transfer(b"\xff")
        assert not pins.wire(MISO).level


def test_the_bus_is_had_without_a_word_of_warning() -> None:
    pins = SimPins()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        Master(shared=True, pin_factory=pins).close()
    assert not said
