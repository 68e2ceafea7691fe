"""libcamera's controls, metadata and properties, as far as picamera2 looks at them."""

import enum
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hw_mocks.libcamera.geometry import Rectangle, Size


class ControlType(enum.Enum):
    """What kind of value a control takes."""

    Null = 0
    Bool = 1
    Byte = 2
    Integer32 = 3
    Integer64 = 4
    Float = 5
    String = 6
    Rectangle = 7
    Size = 8
    Point = 9


@dataclass(frozen=True)
class ControlId:
    """A control, a piece of metadata or a property."""

    id: int
    name: str
    type: ControlType


@dataclass(frozen=True)
class ControlInfo:
    """The bounds of a control and its default."""

    min: Any
    max: Any
    default: Any = None


class NoiseReductionModeEnum(enum.IntEnum):
    """`controls.draft.NoiseReductionModeEnum`."""

    Off = 0
    Fast = 1
    HighQuality = 2
    Minimal = 3
    ZSL = 4


class ColorFilterArrangementEnum(enum.IntEnum):
    """`properties.draft.ColorFilterArrangementEnum`."""

    RGGB = 0
    GRBG = 1
    GBRG = 2
    BGGR = 3
    RGB = 4
    MONO = 5


draft = SimpleNamespace(NoiseReductionModeEnum=NoiseReductionModeEnum)
properties = SimpleNamespace(
    draft=SimpleNamespace(ColorFilterArrangementEnum=ColorFilterArrangementEnum)
)

ExposureTime = ControlId(1, "ExposureTime", ControlType.Integer32)
AnalogueGain = ControlId(2, "AnalogueGain", ControlType.Float)
ExposureTimeMode = ControlId(3, "ExposureTimeMode", ControlType.Integer32)
AnalogueGainMode = ControlId(4, "AnalogueGainMode", ControlType.Integer32)
FrameDurationLimits = ControlId(5, "FrameDurationLimits", ControlType.Integer64)
NoiseReductionMode = ControlId(6, "NoiseReductionMode", ControlType.Integer32)
ScalerCrop = ControlId(7, "ScalerCrop", ControlType.Rectangle)
SensorTimestamp = ControlId(101, "SensorTimestamp", ControlType.Integer64)  # nanoseconds

WIDTH, HEIGHT = 3280, 2464  # an IMX219
_WHOLE = Rectangle(0, 0, WIDTH, HEIGHT)

CONTROLS = {
    ExposureTime: ControlInfo(60, 11_767_556, 20_000),
    AnalogueGain: ControlInfo(1.0, 16.0, 1.0),
    ExposureTimeMode: ControlInfo(0, 1, 0),
    AnalogueGainMode: ControlInfo(0, 1, 0),
    FrameDurationLimits: ControlInfo(16_666, 1_000_000, 33_333),  # microseconds
    NoiseReductionMode: ControlInfo(0, 4, 0),
    ScalerCrop: ControlInfo(Rectangle(0, 0, 64, 64), _WHOLE, _WHOLE),
}
PROPERTIES = {
    ControlId(201, "Model", ControlType.String): "sim_imx219",
    ControlId(202, "PixelArraySize", ControlType.Size): Size(WIDTH, HEIGHT),
    ControlId(203, "ColorFilterArrangement", ControlType.Integer32): 3,
    ControlId(204, "Location", ControlType.Integer32): 2,
    ControlId(205, "Rotation", ControlType.Integer32): 180,
}
