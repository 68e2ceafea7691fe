"""ST LIS3MDL magnetometer on I2C: a car over it moves the earth's field."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from drivers import kept
from drivers.board import Board
from drivers.field import Field, measure_field, shift_ut
from drivers.i2c_chip import I2cChip, I2cConfig
from drivers.pose import Vector
from drivers.sensor import NotReadyError, Quantity, SensorError, Span, WrongDeviceError
from drivers.sheet import Sheet

_WHO_AM_I, _CTRL_1, _STATUS, _OUT, _NEXT = 0x0F, 0x20, 0x27, 0x28, 0x80  # table 16, §5.1.1
_LIS3MDL = 0x3D
# CTRL_REG1 to 5: ultra-high performance at 10 Hz in all axes, ±4 gauss, continuous, whole samples
_MEASURE = bytes([0x70, 0x00, 0x00, 0x0C, 0x40])
_FRESH = 0x08  # ZYXDA
_PER_UT = 68.42  # 6842 for a gauss, at ±4 gauss (table 3)
_LEAST_UT, _END_UT = 5.0, 400.0  # the earth's field is 22 to 67 µT everywhere


class Lis3mdlConfig(I2cConfig, frozen=True, kw_only=True, tag="lis3mdl"):
    """`address` is 0x1C, or 0x1E with SA1 at 3.3 V. The empty place is measured once."""

    address: Annotated[int, Meta(ge=0x1C, le=0x1E)] = 0x1C

    spans: ClassVar[Mapping[Quantity, Span]] = {
        Quantity.MAGNETIC_SHIFT_UT: Span(0.0, 1660.0, saturates=_END_UT, frozen_after_s=3600.0)
    }
    library: ClassVar[str] = "haetae"
    sheet: ClassVar[Sheet] = Sheet(
        part="ST LIS3MDL",
        purpose="presence",
        range="0 to 400 µT from the field of the empty place",
        accuracy="0.3 to 0.4 µT of noise; a car's floor over it gives tens of µT, one in the next "
        "bay a few",
        rate="10 Hz",
        warm_up="none",
        price="€",
        wiring="I2C at 0x1C (0x1E with SA1 at 3.3 V), 3.3 V; in the ground or the kerb of the bay, "
        "below the car's middle or an axle, turned by nothing afterwards; the wire short, or a "
        "bus extender",
        limits=(
            "no reading before the empty place was measured; steel that comes or goes for good, "
            "and being turned, shift it until it is measured anew. It tells iron, not cars: a "
            "lorry that passes close by counts while it is there. No checksum; a field below 5 µT "
            "is refused, for nowhere on earth has it"
        ),
        library="haetae: a few registers of our own",
        source="ST DocID024204 (LIS3MDL)",
    )

    def __post_init__(self) -> None:
        """Refuse an address that it cannot have.

        Raises:
            ValueError: msgspec makes it an error that names the place.
        """
        if self.address == 0x1D:
            raise ValueError("`address` is 0x1C, or 0x1E with SA1 at 3.3 V")

    def build(self, board: Board) -> "Lis3mdl":
        """Make the driver; the stored field is looked for in the board's state directory."""
        return Lis3mdl(board, self)


class Lis3mdl:
    """How far the field is from that of the empty place, 0 to 400 µT, ten times a second."""

    def __init__(self, board: Board, config: Lis3mdlConfig) -> None:
        self._chip = I2cChip(board, config.bus, config.address)
        self._name, self._path = config.name, kept.path(board.state, config.name)
        self._empty: Vector | None = None

    def open(self) -> None:
        """See whether it is one, and have it measure.

        Raises:
            OSError: No such bus, or nobody answers.
            WrongDeviceError: Another chip answers.
        """
        (found,) = self._chip.exchange(bytes([_WHO_AM_I]), 1)
        if found != _LIS3MDL:
            raise WrongDeviceError(f"{self._chip.place}: identity {found:#04x}, not 0x3d")
        self._chip.write(bytes([_CTRL_1 | _NEXT]) + _MEASURE)

    def read(self) -> dict[Quantity, float]:
        """µT from the empty place's field.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: No new sample, none that could be, or the empty place is not known.
        """
        now = self.sample()
        if self._empty is None:
            remedy = f"keep the place empty and run `haetae probe --baseline {self._name}`"
            found = kept.load(self._path, Field, what="field of the empty place", remedy=remedy)
            self._empty = found.empty
        return {Quantity.MAGNETIC_SHIFT_UT: shift_ut(now, self._empty)}

    def sample(self) -> Vector:
        """The field now in µT along its axes, for storing.

        Raises:
            OSError: Nobody answers, or the bus is locked.
            SensorError: No new sample, or a field that is nowhere.
        """
        (status,) = self._chip.exchange(bytes([_STATUS]), 1)
        if not status & _FRESH:
            raise NotReadyError(f"{self._chip.place}: no sample since the last")
        raw = self._chip.exchange(bytes([_OUT | _NEXT]), 6)
        x, y, z = (count / _PER_UT for count in struct.unpack("<3h", raw))
        if math.hypot(x, y, z) < _LEAST_UT:
            raise SensorError(f"{self._chip.place}: no field at all: stuck, or a part that broke")
        return x, y, z

    def commission(
        self, samples: Sequence[tuple[float, ...]], *, taken_at: str, heated_h: float
    ) -> str:
        """Keep the field of the empty place; it is not heated.

        Raises:
            NotReadyError: There are no samples, or something moved meanwhile.
            OSError: The disk is full, read-only or broken; the old field stays.
        """
        del heated_h
        field = measure_field([(x, y, z) for x, y, z in samples], taken_at=taken_at)
        kept.store(self._path, field)
        self._empty = field.empty
        return f"empty place: {math.hypot(*field.empty):.1f} µT"

    def close(self) -> None:
        """Leave it measuring, which takes 0.3 mA."""
