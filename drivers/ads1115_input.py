"""Texas Instruments ADS1115: four 16-bit analogue inputs on I2C (SBAS444E)."""

import errno
from typing import Annotated, Literal

from msgspec import Meta, Struct

from drivers.board import Board
from drivers.i2c_chip import BusNumber, I2cChip, place
from drivers.sensor import WrongDeviceError
from drivers.sysfs import KernelDevice

Range = Literal["6.144", "4.096", "2.048", "1.024", "0.512", "0.256"]
_GAINS = {"6.144": 0, "4.096": 1, "2.048": 2, "1.024": 3, "0.512": 4, "0.256": 5}  # table 8
_CONVERSION, _CONFIGURATION = 0x00, 0x01
_START, _SINGLE_SHOT, _NO_COMPARATOR = 0x8000, 0x0100, 0x0003
_RATE_250, _CONVERSION_S = 5 << 5, 1.1 / 250  # its clock may be 10 % slow
_POLL_S, _POLLS = 1e-3, 10
_STEPS = 32768


class Ads1115Adc(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="chip", tag="ads1115"
):
    """One input: `adc = {chip = "ads1115", channel = 0}`. `address` is 0x48 to 0x4B by ADDR.

    `range_v` is the voltage of the highest code, a word: "4.096" for inputs up to a supply of
    3.3 V. `sysfs`: read the kernel's `ads1015`, which drives both.
    """

    channel: Annotated[int, Meta(ge=0, le=3)]
    bus: BusNumber = 1
    address: Annotated[int, Meta(ge=0x48, le=0x4B)] = 0x48
    range_v: Range = "4.096"
    sysfs: bool = False

    @property
    def rail_v(self) -> float:
        """The highest voltage that it can tell; it gives this for all above, too."""
        return float(self.range_v) * (_STEPS - 1) / _STEPS

    def wire(self) -> str:
        """Its bus."""
        return f"i2c-{self.bus}"

    def claims(self) -> frozenset[str]:
        """The input alone: chip and bus are shared."""
        return frozenset({f"{place(self.bus, self.address)}:ain{self.channel}"})

    def build(self, board: Board) -> "Ads1115Input | KernelInput":
        """Make the input; opens nothing yet."""
        return KernelInput(board, self) if self.sysfs else Ads1115Input(board, self)


class Ads1115Input:
    """0 V to the supply, ±0.01 % of its range; one conversion a call, 250 a second.

    Register code of our own: adafruit_ads1x15 3.0.5 asks for the end of a conversion without an
    end of its own, so that one chip could stop every sensor of the bus, and in its continuous mode
    never changes the input. An open input reads anything, so each needs a resistor of about 100 kΩ
    to ground for a cut wire to read as 0 V.
    """

    def __init__(self, board: Board, at: Ads1115Adc) -> None:
        self._chip, self._wait = I2cChip(board, at.bus, at.address), board.pace.wait
        self.rail_v, self._step_v = at.rail_v, float(at.range_v) / _STEPS
        self.place = f"{self._chip.place}:ain{at.channel}"
        gain = _GAINS[at.range_v] << 9
        self._word = (4 + at.channel) << 12 | gain | _SINGLE_SHOT | _RATE_250 | _NO_COMPARATOR

    def open(self) -> None:
        """See whether its configuration can be written and read back: it has no identity.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: Another chip answers.
        """
        self._configure(self._word)
        if (found := self._register(_CONFIGURATION)) & ~_START != self._word:
            raise WrongDeviceError(f"{self.place}: told {self._word:#06x}, says {found:#06x}")

    def volts(self) -> float:
        """Convert once.

        Raises:
            OSError: Nobody answers, or the conversion does not end.
        """
        self._configure(self._word | _START)
        self._wait(_CONVERSION_S)
        for _ in range(_POLLS):
            found = self._register(_CONFIGURATION)
            if found & ~_START != self._word:  # it has lost its power in between
                raise OSError(errno.EIO, f"{self.place}: forgot what it was told: {found:#06x}")
            if found & _START:
                raw = self._register(_CONVERSION)
                return (raw - 0x10000 if raw & 0x8000 else raw) * self._step_v
            self._wait(_POLL_S)
        raise OSError(errno.ETIMEDOUT, f"{self.place}: a conversion that does not end")

    def close(self) -> None:
        """It sleeps between conversions."""

    def _configure(self, word: int) -> None:
        self._chip.write(bytes([_CONFIGURATION]) + word.to_bytes(2, "big"))

    def _register(self, number: int) -> int:
        return int.from_bytes(self._chip.exchange(bytes([number]), 2), "big")


class KernelInput:
    """The same input, converted by the kernel's driver; its range is the kernel's own."""

    def __init__(self, board: Board, at: Ads1115Adc) -> None:
        self._device = KernelDevice(board, "ads1015", at.bus, at.address)
        self._channel = f"in_voltage{at.channel}"
        self.place, self.rail_v = f"{self._device.place}:ain{at.channel}", at.rail_v

    def open(self) -> None:
        """Find the device.

        Raises:
            OSError: No driver of the kernel has it.
        """
        self._device.open()

    def volts(self) -> float:
        """Convert once.

        Raises:
            OSError: Nobody answers.
            SensorError: The kernel's answer is no number.
        """
        return self._device.value(self._channel) / 1000

    def close(self) -> None:
        """Leave it to the kernel."""
