"""libcamera's Python bindings, simulated: as much of them as the real picamera2 0.3.38 uses.

`hw_mocks.camera.install` puts this package in their place. One sensor, an IMX219, whose frames come
from a `SimCamera`. Not imitated: raw pictures, YUV streams, exposure, gain and white balance, and a
second camera.
"""

from hw_mocks.libcamera import controls
from hw_mocks.libcamera.controls import (
    ControlId,
    ControlInfo,
    ControlType,
    properties,
)
from hw_mocks.libcamera.geometry import (
    ColorSpace,
    Orientation,
    Point,
    Rectangle,
    Size,
    Transform,
)
from hw_mocks.libcamera.manager import Camera, CameraManager
from hw_mocks.libcamera.streams import (
    CameraConfiguration,
    FrameBuffer,
    FrameMetadata,
    PixelFormat,
    Request,
    SensorConfiguration,
    Stream,
    StreamConfiguration,
    StreamFormats,
    StreamRole,
)

__all__ = [
    "Camera",
    "CameraConfiguration",
    "CameraManager",
    "ColorSpace",
    "ControlId",
    "ControlInfo",
    "ControlType",
    "FrameBuffer",
    "FrameMetadata",
    "Orientation",
    "PixelFormat",
    "Point",
    "Rectangle",
    "Request",
    "SensorConfiguration",
    "Size",
    "Stream",
    "StreamConfiguration",
    "StreamFormats",
    "StreamRole",
    "Transform",
    "controls",
    "properties",
]
