"""Microchip MCP3008: eight 10-bit analogue inputs on SPI (datasheet DS21295)."""

import errno
import warnings
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from drivers.board import Board
from drivers.pin_errors import pin_errors_as_oserror, release

if TYPE_CHECKING:
    from gpiozero import MCP3008

_CODES = 1024  # output code = 1024 x V_IN / V_REF, at most 1023 (equation 4-2)
V_REF_MAX = 3.6  # the chip is powered with the header's 3.3 V, and V_REF never exceeds V_DD


class Mcp3008Adc(
    Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="chip", tag="mcp3008"
):
    """One input: `adc = {chip = "mcp3008", channel = 0}`. `device` is the chip select, CE0 or CE1.

    `vref_v` is the voltage at the chip's V_REF pin.
    """

    channel: Annotated[int, Meta(ge=0, le=7)]
    device: Annotated[int, Meta(ge=0, le=1)] = 0
    vref_v: Annotated[float, Meta(ge=0.25, le=V_REF_MAX)] = 3.3

    @property
    def rail_v(self) -> float:
        """The highest voltage that it can tell; it gives this for all above, too."""
        return self.vref_v * (_CODES - 1) / _CODES

    def wire(self) -> str:
        """Both chip selects share clock and data."""
        return "spi0"

    def claims(self) -> frozenset[str]:
        """The input alone: chip and bus are shared."""
        return frozenset({f"spi0.{self.device}:ch{self.channel}"})

    def build(self, board: Board) -> "Mcp3008Input":
        """Make the input; opens nothing yet."""
        return Mcp3008Input(board, self)


class Mcp3008Input:
    """0 V to V_REF in steps of V_REF/1024, ±1 step; one conversion a call, through gpiozero.

    The chip has no identity and no checksum: an absent one reads as 0 V. An open input keeps the
    charge of the one converted before, so that each needs a resistor of about 100 kΩ to ground
    for a cut wire to read as 0 V.
    """

    def __init__(self, board: Board, place: Mcp3008Adc) -> None:
        self._board, self._at = board, place
        self.rail_v = place.rail_v
        self.place = f"spi0.{place.device}:ch{place.channel}"
        self._chip: MCP3008 | None = None

    def open(self) -> None:
        """Claim the bus; again, if it was open.

        Without the kernel's SPI gpiozero would only warn, and move the pins of a chip that it
        takes to be the first: refused, since switching SPI on is the remedy.

        Raises:
            OSError: Pins or bus cannot be had.
        """
        from gpiozero import MCP3008, SPISoftwareFallback  # noqa: PLC0415  # only where wired

        self.close()
        with pin_errors_as_oserror(self.place), warnings.catch_warnings():
            warnings.simplefilter("error", SPISoftwareFallback)
            try:
                self._chip = MCP3008(
                    self._at.channel, port=0, device=self._at.device, pin_factory=self._board.pins()
                )
            except SPISoftwareFallback as error:
                no_spi = f"{self.place}: no kernel SPI: switch it on in raspi-config ({error})"
                raise OSError(errno.ENODEV, no_spi) from error

    def volts(self) -> float:
        """Convert once.

        Raises:
            OSError: It is not open, or the bus refused.
        """
        if self._chip is None:
            raise OSError(errno.ENODEV, f"{self.place}: not open")
        with pin_errors_as_oserror(self.place):
            code: int = self._chip.raw_value
        self._board.note(self.place, f"code {code} of {_CODES}")
        return code * self._at.vref_v / _CODES

    def close(self) -> None:
        """Give the bus back; never raises."""
        chip, self._chip = self._chip, None
        release(chip, self.place)
