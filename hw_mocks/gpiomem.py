"""Simulated `/dev/gpiomem`: the registers by which a program takes pins from the kernel."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hw_mocks.gpio import SimPins

_SELECT, _SET, _CLEAR, _LEVEL = 0, 0x1C // 4, 0x28 // 4, 0x34 // 4
_INPUT, _OUTPUT, ALT0 = 0b000, 0b001, 0b100
_PINS = (2, 3)


class SimGpioMem:
    """GPFSEL0, GPSET0, GPCLR0 and GPLEV0 of GPIO 2 and 3, which begin as the I2C controller's.

    A pin is an output or, with the header's own 1.8 kΩ pull-up, an input; at the controller it
    does not move. Not imitated: other pins and registers, a kernel that writes at the same time.
    """

    def __init__(self, pins: "SimPins") -> None:
        self._pins = pins
        self.functions = dict.fromkeys(_PINS, ALT0)
        self._latched = dict.fromkeys(_PINS, False)

    def __getitem__(self, index: int, /) -> int:
        if index == _SELECT:
            return sum(function << 3 * gpio for gpio, function in self.functions.items())
        if index == _LEVEL:
            return sum(self._pins.wire(gpio).level << gpio for gpio in _PINS)
        return 0

    def __setitem__(self, index: int, value: int, /) -> None:
        for gpio in _PINS:
            if index in {_SET, _CLEAR} and value >> gpio & 1:
                self._latched[gpio] = index == _SET
            elif index == _SELECT:
                self.functions[gpio] = value >> 3 * gpio & 7
        for gpio, function in self.functions.items():
            pin = self._pins.wire(gpio)
            if function == _OUTPUT:
                pin.output_with_state(int(self._latched[gpio]))
            elif pin.function != "input":
                pin.input_with_pull("up")
