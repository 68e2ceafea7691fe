"""libcamera's streams, buffers and requests, as far as picamera2 uses them."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hw_mocks.libcamera.controls import HEIGHT, WIDTH, ControlId
from hw_mocks.libcamera.geometry import ColorSpace, Orientation, Size

_ALIGNMENT = 64  # bytes: rows of a Pi's ISP are padded to it
_BYTES = {"BGR888": 3, "RGB888": 3, "XBGR8888": 4, "XRGB8888": 4}
_RAW = "SBGGR10_CSI2P"
# what the first two of an IMX219's modes see is the middle of the picture only
_MODES = [Size(640, 480), Size(1920, 1080), Size(1640, 1232), Size(WIDTH, HEIGHT)]


class StreamRole(enum.Enum):
    """What a stream is for."""

    Raw = 0
    StillCapture = 1
    VideoRecording = 2
    Viewfinder = 3


@dataclass(frozen=True)
class PixelFormat:
    """A DRM format: its letters are those of a little-endian word, so memory has them reversed."""

    name: str

    def __str__(self) -> str:
        return self.name


class StreamFormats:
    """The raw modes of the sensor."""

    pixel_formats: ClassVar = [PixelFormat(_RAW)]

    def sizes(self, pixel_format: PixelFormat) -> list[Size]:
        """The modes of a format."""
        return _MODES if pixel_format in self.pixel_formats else []


class Stream:
    """A key only."""


class StreamConfiguration:
    """One stream of a configuration; `stride` in bytes."""

    def __init__(self, role: StreamRole) -> None:
        self.role, self.stream, self.formats = role, Stream(), StreamFormats()
        self.size, self.buffer_count, self.stride = Size(640, 480), 4, 0
        self.color_space = ColorSpace.Sycc()
        self.pixel_format = PixelFormat(_RAW if role is StreamRole.Raw else "XBGR8888")

    @property
    def frame_size(self) -> int:
        """Bytes of a frame."""
        return self.stride * self.size.height

    def settle(self) -> bool:
        """Find the stride; whether the sensor can do this at all."""
        bytes_each = _BYTES.get(self.pixel_format.name)
        row = self.size.width * 10 // 8 if bytes_each is None else self.size.width * bytes_each
        self.stride = -(-max(self.stride, row) // _ALIGNMENT) * _ALIGNMENT
        return bytes_each is not None or self.pixel_format.name == _RAW


class SensorConfiguration:
    """The sensor's mode."""

    bit_depth = 10
    output_size = Size(WIDTH // 2, HEIGHT // 2)


class CameraConfiguration:
    """All streams. `tiny` has the answer to any wish be 64 by 48 pixels."""

    class Status(enum.Enum):
        """Whether it can be done."""

        Valid = 0
        Adjusted = 1
        Invalid = 2

    def __init__(self, roles: list[StreamRole], *, tiny: bool) -> None:
        self._streams, self._tiny = [StreamConfiguration(role) for role in roles], tiny
        self.orientation = Orientation.Rotate0
        self.sensor_config: SensorConfiguration | None = None

    def at(self, index: int) -> StreamConfiguration:
        """One of the streams."""
        return self._streams[index]

    def __iter__(self) -> Iterator[StreamConfiguration]:
        return iter(self._streams)

    def validate(self) -> Status:
        """Settle what is open; what cannot be had is replaced."""
        if self._tiny:
            for each in self._streams:
                each.size = Size(64, 48)
        can = [each.settle() for each in self._streams]
        if not can or not all(can):
            return self.Status.Invalid
        return self.Status.Adjusted if self._tiny else self.Status.Valid


class FrameMetadata:
    """Of one buffer; `timestamp` in nanoseconds."""

    class Status(enum.Enum):
        """What became of the frame."""

        Success = 0
        Error = 1
        Cancelled = 2
        Startup = 3

    def __init__(self) -> None:
        self.status, self.sequence, self.timestamp = self.Status.Success, 0, 0


class FrameBuffer:
    """Memory of one frame of one stream."""

    class Plane:
        """Where in a file a plane of a buffer lies."""

        fd = -1
        offset = 0
        length = 0

    def __init__(self, planes: list[Plane], cookie: int = 0) -> None:
        self.planes, self.cookie, self.metadata = planes, cookie, FrameMetadata()


@dataclass(eq=False)
class Request:
    """A buffer for each stream, which comes back filled."""

    class Status(enum.Enum):
        """Where it is."""

        Pending = 0
        Complete = 1
        Cancelled = 2

    cookie: int
    buffers: dict[Stream, FrameBuffer] = field(default_factory=dict)
    metadata: dict[ControlId, Any] = field(default_factory=dict)
    controls: dict[ControlId, Any] = field(default_factory=dict)
    status: Status = Status.Pending

    def add_buffer(self, stream: Stream, buffer: FrameBuffer) -> None:
        """Have this buffer filled by that stream."""
        self.buffers[stream] = buffer

    def set_control(self, control: ControlId, value: Any) -> None:
        """Have the control set by this frame."""
        self.controls[control] = value

    def reuse(self) -> None:
        """Be as new, with the same buffers."""
        self.status, self.metadata, self.controls = self.Status.Pending, {}, {}
