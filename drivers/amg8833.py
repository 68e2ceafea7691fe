"""Panasonic Grid-EYE AMG8833, 8 x 8 infrared thermometers, on I2C, through adafruit_amg88xx."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensor import NotReadyError, Quantity, Span
from drivers.sheet import Sheet

if TYPE_CHECKING:
    from adafruit_amg88xx import AMG88XX

_PIXELS, _FRAME_BYTES = b"\x80", 128  # T01L, and two bytes a pixel
_CELSIUS_PER_BIT = 0.25


class Amg8833Config(I2cConfig, frozen=True, kw_only=True, tag="amg8833"):
    """`address` is 0x69, or 0x68 with AD_SELECT at ground."""

    address: Annotated[int, Meta(ge=0x68, le=0x69)] = 0x69

    spans: ClassVar[Mapping[Quantity, Span]] = {
        # 12 bits; rated 0 to 80 °C
        Quantity.SURFACE_TEMPERATURE_C: Span(
            -512.0, 511.75, saturates=80.0, frozen_after_s=6 * 3600.0
        )
    }
    warm_up_s: ClassVar[float] = 15.0  # "setup time" to a stable output
    library: ClassVar[str] = "adafruit_amg88xx"
    sheet: ClassVar[Sheet] = Sheet(
        part="Panasonic AMG8833",
        purpose="heat and climate",
        range="hottest of 64 surfaces, 0 to 80 °C (saturates), steps of 0.25 °C",
        accuracy="±2.5 °C",
        rate="0.1 s",
        warm_up="15 s",
        price="€€€",
        wiring="I2C at 0x69 (0x68 with AD_SELECT at ground), 3.3 V",
        limits=(
            "a person within 7 m is a warm surface like another. It has neither identity nor "
            "checksum, so another part at its address is not told from it but by what it says. "
            "The frame is never kept and never leaves the driver: only the hottest surface does"
        ),
        library="adafruit-circuitpython-amg88xx, Blinka",
        source="Panasonic Grid-EYE reference specifications 2017; AMG88 I2C communication",
    )

    def build(self, board: Board) -> "Amg8833":
        """Make the driver; opens nothing yet."""
        return Amg8833(board, self.bus, self.address)


class Amg8833:
    """The hottest of 8 x 8 surfaces in a view of 60°, 0 to 80 °C ±2.5 °C, ten times a second.

    The library reads each pixel apart; here the frame is one transfer, which saves the processor
    sixty-three more.
    """

    def __init__(self, board: Board, bus: int, address: int) -> None:
        self._chip = I2cChip(board, bus, address)
        self._library: AMG88XX | None = None

    def open(self) -> None:
        """Reset it, unless that was done: it would take 0.1 s to its next frame.

        Raises:
            OSError: No such bus, or nobody answers.
        """
        from adafruit_amg88xx import AMG88XX  # noqa: PLC0415  # only where wired

        if self._library is not None and not self._chip.is_stale():
            return  # after losing its power it measures by itself, ten times a second
        self._library, bus = None, self._chip.bus()
        with self._chip.errors():
            self._library = AMG88XX(bus, self._chip.address)

    def read(self) -> dict[Quantity, float]:
        """°C of the hottest pixel.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            NotReadyError: It has no frame yet, or is not open.
        """
        if self._library is None:
            raise NotReadyError(f"{self._chip.place}: not open")
        frame = self._chip.exchange(_PIXELS, _FRAME_BYTES)
        if not any(frame):  # no scene has 0.00 °C all over
            raise NotReadyError(f"{self._chip.place}: no frame since its reset")
        return {Quantity.SURFACE_TEMPERATURE_C: max(map(_celsius, frame[::2], frame[1::2]))}

    def close(self) -> None:
        """Leave it measuring, which takes 4.5 mA."""
        self._library = None


def _celsius(low: int, high: int) -> float:
    """12 bits, two's complement."""
    raw = (high & 0x0F) << 8 | low
    return (raw - 0x1000 if raw & 0x800 else raw) * _CELSIUS_PER_BIT
