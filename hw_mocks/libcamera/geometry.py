"""libcamera's plain values: sizes, rectangles, transforms, colour spaces (its Python bindings).

picamera2 gives some of these classes methods of its own and uses transforms and colour spaces as
keys; so equality and hash are those of the values.
"""

import enum
from dataclasses import dataclass
from typing import Self


@dataclass(unsafe_hash=True)
class Size:
    """Pixels."""

    width: int = 0
    height: int = 0


@dataclass(unsafe_hash=True)
class Point:
    """Pixels."""

    x: int = 0
    y: int = 0


@dataclass(unsafe_hash=True)
class Rectangle:
    """Pixels."""

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0


class Transform:
    """Mirrored and turned; `Transform(other)` is a copy, as in the bindings."""

    def __init__(
        self,
        other: "Transform | None" = None,
        *,
        hflip: bool = False,
        vflip: bool = False,
        transpose: bool = False,
    ) -> None:
        if other is not None:
            hflip, vflip, transpose = other.hflip, other.vflip, other.transpose
        self.hflip: bool = bool(hflip)  # picamera2 gives 1, too
        self.vflip: bool = bool(vflip)
        self.transpose: bool = bool(transpose)

    def __hash__(self) -> int:
        return hash((self.hflip, self.vflip, self.transpose))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Transform) and hash(self) == hash(other)

    def __str__(self) -> str:
        return f"Transform(hflip={self.hflip}, vflip={self.vflip}, transpose={self.transpose})"


class Orientation(enum.Enum):
    """How a picture lies, in EXIF's numbers."""

    Rotate0 = 1
    Rotate0Mirror = 2
    Rotate180 = 3
    Rotate180Mirror = 4
    Rotate90Mirror = 5
    Rotate270 = 6
    Rotate270Mirror = 7
    Rotate90 = 8


class ColorSpace:
    """Of a stream; picamera2 alters copies of it."""

    class Primaries(enum.Enum):
        """What its primary colours are."""

        Raw = 0
        Smpte170m = 1
        Rec709 = 2

    class TransferFunction(enum.Enum):
        """How light becomes numbers."""

        Linear = 0
        Srgb = 1
        Rec709 = 2

    class YcbcrEncoding(enum.Enum):
        """How brightness and colour are parted."""

        Null = 0
        Rec601 = 1
        Rec709 = 2

    class Range(enum.Enum):
        """Whether all of the numbers are used."""

        Full = 0
        Limited = 1

    def __init__(
        self,
        primaries: "ColorSpace | Primaries",
        transfer: TransferFunction = TransferFunction.Linear,
        encoding: YcbcrEncoding = YcbcrEncoding.Null,
        range_: Range = Range.Full,
    ) -> None:
        if isinstance(primaries, ColorSpace):
            other = primaries
            primaries, transfer = other.primaries, other.transferFunction
            encoding, range_ = other.ycbcrEncoding, other.range
        self.primaries: ColorSpace.Primaries = primaries
        self.transferFunction: ColorSpace.TransferFunction = transfer
        self.ycbcrEncoding: ColorSpace.YcbcrEncoding = encoding
        self.range: ColorSpace.Range = range_

    def __hash__(self) -> int:
        return hash(self.primaries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColorSpace) and vars(self) == vars(other)

    def __str__(self) -> str:
        return f"ColorSpace({self.primaries.name})"

    @classmethod
    def Raw(cls) -> Self:  # noqa: N802  # the bindings' name
        """Straight from the sensor."""
        return cls(cls.Primaries.Raw)

    @classmethod
    def Sycc(cls) -> Self:  # noqa: N802  # as above
        """Of still pictures."""
        return cls(cls.Primaries.Rec709, cls.TransferFunction.Srgb, cls.YcbcrEncoding.Rec601)

    @classmethod
    def Smpte170m(cls) -> Self:  # noqa: N802  # as above
        """Of small video."""
        limited = cls.Range.Limited
        return cls(
            cls.Primaries.Smpte170m, cls.TransferFunction.Rec709, cls.YcbcrEncoding.Rec601, limited
        )

    @classmethod
    def Rec709(cls) -> Self:  # noqa: N802  # as above
        """Of large video."""
        limited = cls.Range.Limited
        return cls(
            cls.Primaries.Rec709, cls.TransferFunction.Rec709, cls.YcbcrEncoding.Rec709, limited
        )
