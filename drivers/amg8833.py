"""Panasonic Grid-EYE AMG8833, 8 x 8 infrared thermometers, on I2C."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers.board import Board
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.sensor import NotReadyError, Quantity, Span
from drivers.sheet import Sheet

_PIXELS, _FRAME_BYTES = b"\x80", 128  # T01L, and two bytes a pixel
# normal mode, initial reset, no interrupts, 10 frames a second
_SET_UP = (b"\x00\x00", b"\x01\x3f", b"\x03\x00", b"\x02\x00")
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
    is_private: ClassVar[bool] = True  # 64 pixels are a picture, if a coarse one
    library: ClassVar[str] = "haetae"
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
            "The frame is never kept and never leaves the driver: only the hottest surface does. "
            "Register code of our own: adafruit_amg88xx takes 64 transfers for a frame, and its "
            "adafruit_register has one buffer for all threads, which two buses spoil for each other"
        ),
        library="haetae",
        source="Panasonic Grid-EYE reference specifications 2017; AMG88 I2C communication",
    )

    def build(self, board: Board) -> "Amg8833":
        """Make the driver; opens nothing yet."""
        return Amg8833(board, self.bus, self.address)


class Amg8833:
    """The hottest of 8 x 8 surfaces in a view of 60°, 0 to 80 °C ±2.5 °C, ten times a second.

    A frame is one transfer.
    """

    def __init__(self, board: Board, bus: int, address: int) -> None:
        self._chip = I2cChip(board, bus, address)
        self._is_set_up = False

    def open(self) -> None:
        """Reset it, unless that was done: it would take 0.1 s to its next frame.

        Raises:
            OSError: No such bus, or nobody answers.
        """
        if self._is_set_up:
            return  # after losing its power it measures by itself, ten times a second
        for pair in _SET_UP:
            self._chip.write(pair)
        self._is_set_up = True

    def read(self) -> dict[Quantity, float]:
        """°C of the hottest pixel.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            NotReadyError: It has no frame yet, or is not open.
        """
        if not self._is_set_up:
            raise NotReadyError(f"{self._chip.place}: not open")
        frame = self._chip.exchange(_PIXELS, _FRAME_BYTES)
        if not any(frame):  # no scene has 0.00 °C all over
            raise NotReadyError(f"{self._chip.place}: no frame since its reset")
        return {Quantity.SURFACE_TEMPERATURE_C: max(map(_celsius, frame[::2], frame[1::2]))}

    def close(self) -> None:
        """Leave it measuring, which takes 4.5 mA."""
        self._is_set_up = False


def _celsius(low: int, high: int) -> float:
    """12 bits, two's complement."""
    raw = (high & 0x0F) << 8 | low
    return (raw - 0x1000 if raw & 0x800 else raw) * _CELSIUS_PER_BIT
